/**
 * The header of the PROXY protocol, version 1 and 2 (haproxy.org/download/2.9/doc/proxy-protocol.txt): who the client is that a proxy has taken in.
 * Receives the first bytes of a connection, gives what they say; reads no socket, and believes nobody: that only proxies in TRUSTED_PROXIES are asked
 * is proxy.ts's part.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { TlsFacts } from '../contract.js';
import { crc32c } from './crc32c.js';
import { interlinkOf } from './interlink.js';
import { ipOfBytes } from './ip-bytes.js';

/** An address of one of the two ends. */
export interface ProxyAddress {
  readonly ip: string;
  readonly port: number;
}

export interface ProxyHeader {
  /** What it takes on the wire, in bytes. */
  readonly length: number;
  /** 'local': the proxy itself speaks (a health check); 'unknown': it does not say who does; 'client': it speaks for somebody. */
  readonly kind: 'local' | 'unknown' | 'client';
  /** The client; absent where it came by no IP (UNIX). */
  readonly from?: ProxyAddress;
  /** Where the client meant to go. */
  readonly to?: ProxyAddress;
  /** TLS between the client and the proxy. Of version and cipher 'unknown' where the proxy said a server's name alone. */
  readonly tls?: TlsFacts;
  /** The unique id that the proxy gave the connection. */
  readonly interlink?: string;
}

/** Bytes that are no PROXY header, or a broken one. */
export class MalformedHeader extends Error {
  override readonly name = 'MalformedHeader';
}

/** The longest line of version 1 with its CR LF, in bytes (section 2.1). */
const MAX_V1 = 107;
/** Section 2.2 allows 16 + 65,535 bytes; what is known of has a few hundred, certificates apart. */
export const MAX_V2 = 4_096;
/** The longest text of a TLV that is kept, in UTF-16 units. */
const MAX_TEXT = 256;

const V1 = Buffer.from('PROXY ');
/** Section 2.2: no text protocol begins so. */
export const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Signature, version and command, family and protocol, length. */
export const V2_HEAD = 16;

/** Bytes of both addresses and ports, by family (section 2.2: the upper four bits of the 14th byte). */
const ADDRESS_BYTES: { readonly [family: number]: number } = { 1: 12, 2: 36, 3: 216 };

/** Types of TLVs, and of those within SSL (sections 2.2.1 to 2.2.7). */
export const TLV = { authority: 0x02, crc32c: 0x03, uniqueId: 0x05, ssl: 0x20, version: 0x21, commonName: 0x22, cipher: 0x23 } as const;
/** Bits of SSL's first byte: the client used TLS, showed a certificate in this connection, or in the session that it goes on with. */
export const SSL_CLIENT = { ssl: 1, certConn: 2, certSession: 4 } as const;

/** Reads a header from the first bytes of a connection. Undefined: more are needed. Throws MalformedHeader as soon as they can be no header. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (beginsLike(bytes, V1)) return readV1(bytes);
  if (beginsLike(bytes, V2_SIGNATURE)) return readV2(bytes);
  throw new MalformedHeader('no PROXY header');
}

/** Whether the bytes there are begin as `head` does. */
function beginsLike(bytes: Buffer, head: Buffer): boolean {
  const length = Math.min(bytes.length, head.length);
  return bytes.subarray(0, length).equals(head.subarray(0, length));
}

function readV1(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_V1).indexOf('\r\n');
  if (end < 0 && bytes.length < MAX_V1) return undefined;
  const length = end + 2;
  const line = bytes.toString('latin1', 0, Math.max(0, end));
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { length, kind: 'unknown' };
  const [, family, source = '', target = '', sourcePort = '', targetPort = ''] =
    /^PROXY (TCP4|TCP6) ([\da-fA-F.:]+) ([\da-fA-F.:]+) (\d{1,5}) (\d{1,5})$/.exec(line) ?? [];
  const fits = family === 'TCP4' ? isIPv4 : isIPv6;
  if (family === undefined || !fits(source) || !fits(target)) throw new MalformedHeader('a PROXY line that is not of version 1');
  return { length, kind: 'client', from: end1(source, sourcePort), to: end1(target, targetPort) };
}

function end1(ip: string, text: string): ProxyAddress {
  const port = Number(text);
  if (port > 65_535 || String(port) !== text) throw new MalformedHeader('a port that is none');
  return { ip: unmapped(ip), port };
}

/** IPv4 as itself where it is mapped into IPv6. */
const unmapped = (ip: string): string => ip.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');

function readV2(bytes: Buffer): ProxyHeader | undefined {
  const command = bytes[12];
  if (command !== undefined && command !== 0x20 && command !== 0x21) throw new MalformedHeader('neither LOCAL nor PROXY of version 2');
  if (bytes.length < V2_HEAD) return undefined;
  const length = V2_HEAD + bytes.readUInt16BE(14);
  if (length > MAX_V2) throw new MalformedHeader(`a header of more than ${MAX_V2} bytes`);
  if (bytes.length < length) return undefined;
  // Of LOCAL nothing counts but its length, addresses and all.
  if (command === 0x20) return { length, kind: 'local' };
  return readProxied(bytes.subarray(0, length));
}

/** The command PROXY. A family or protocol that is not known counts as unspecified (section 2.2), and its TLVs cannot be found. */
function readProxied(header: Buffer): ProxyHeader {
  const { length } = header;
  const kind = header[13] ?? 0;
  const family = kind >> 4;
  const room = ADDRESS_BYTES[family] ?? 0;
  if (family > 3 || (kind & 15) > 2) return { length, kind: 'unknown' };
  if (V2_HEAD + room > length) throw new MalformedHeader('addresses beyond the end');
  const told = tlvsOf(header, V2_HEAD + room);
  const isStream = (kind & 15) === 1;
  if (family === 0 || !isStream) return { length, kind: 'unknown', ...told };
  if (family === 3) return { length, kind: 'client', ...told };
  const size = family === 1 ? 4 : 16;
  const at = (index: number): ProxyAddress => {
    const start = V2_HEAD + index * size;
    return { ip: unmapped(ipOfBytes(header.subarray(start, start + size))), port: header.readUInt16BE(V2_HEAD + 2 * size + 2 * index) };
  };
  return { length, kind: 'client', from: at(0), to: at(1), ...told };
}

function tlvsOf(header: Buffer, start: number): Pick<ProxyHeader, 'tls' | 'interlink'> {
  const values = new Map<number, Buffer>();
  for (const { type, at, end } of walk(header, start)) {
    if (type === TLV.crc32c) checkCrc(header, at, end);
    values.set(type, header.subarray(at, end));
  }
  const id = values.get(TLV.uniqueId);
  const interlink = id && interlinkOf(id);
  const servername = textOf(values.get(TLV.authority));
  const tls = sslOf(values.get(TLV.ssl)) ?? (servername === undefined ? undefined : { version: 'unknown', cipher: 'unknown' });
  return {
    ...(interlink === undefined ? {} : { interlink }),
    ...(tls === undefined ? {} : { tls: servername === undefined ? tls : { ...tls, servername } }),
  };
}

function* walk(bytes: Buffer, start: number): Generator<{ readonly type: number; readonly at: number; readonly end: number }> {
  for (let next = start; next < bytes.length; ) {
    const at = next + 3;
    const end = at <= bytes.length ? at + bytes.readUInt16BE(next + 1) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new MalformedHeader('a field beyond the end');
    yield { type: bytes[next] ?? 0, at, end };
    next = end;
  }
}

/** Section 2.2.3: the sum of the whole header, its own four bytes taken as zeros. */
function checkCrc(header: Buffer, at: number, end: number): void {
  if (end - at !== 4) throw new MalformedHeader('a checksum that is none');
  const summed = Buffer.from(header).fill(0, at, end);
  if (crc32c(summed) !== header.readUInt32BE(at)) throw new MalformedHeader('a wrong checksum');
}

/** Section 2.2.6: `client` (bits), `verify` (0: a certificate that was verified), then fields of its own. */
function sslOf(value: Buffer | undefined): TlsFacts | undefined {
  if (value === undefined) return undefined;
  if (value.length < 5) throw new MalformedHeader('an SSL field that is none');
  const bits = value[0] ?? 0;
  const fields = new Map([...walk(value, 5)].map(({ type, at, end }) => [type, textOf(value.subarray(at, end))]));
  if ((bits & SSL_CLIENT.ssl) === 0) return undefined;
  const name = fields.get(TLV.commonName);
  const verified = (bits & (SSL_CLIENT.certConn | SSL_CLIENT.certSession)) !== 0 && value.readUInt32BE(1) === 0;
  return {
    version: fields.get(TLV.version) ?? 'unknown',
    cipher: fields.get(TLV.cipher) ?? 'unknown',
    ...(verified && name !== undefined ? { client: { subject: `CN=${name}` } } : {}),
  };
}

/** A field's text: UTF-8 without control characters, bounded; undefined where nothing is left. */
function textOf(value: Buffer | undefined): string | undefined {
  const text = value?.toString('utf8').replace(/\p{C}/gu, '').slice(0, MAX_TEXT).toWellFormed();
  return text === '' ? undefined : text;
}
