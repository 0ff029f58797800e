/**
 * Writes the header of the PROXY protocol (version 1 and 2) that tells a server who the client is. Receives what is known of the client, gives the bytes
 * that go in front of all others; as proxy-header.ts reads them.
 */
import type { Facts } from './arrive.js';
import { bytesOfIp } from './ip-bytes.js';
import { type ProxyAddress, SSL_CLIENT, TLV, V2_SIGNATURE } from './proxy-header.js';

export type ProxyVersion = 'v1' | 'v2';

/** What a header is made of. */
export type ProxyClient = Pick<Facts, 'ip' | 'port' | 'to' | 'tls'>;

/**
 * A header. A client without an address (of a unix socket) is UNKNOWN, or unspecified.
 * @param session the session's id: the unique id of version 2, with which it also says what is known of TLS towards the client
 */
export const writeProxyHeader = (version: ProxyVersion, client: ProxyClient, session: string): Buffer =>
  version === 'v1' ? writeV1(client) : writeV2(client, session);

interface Pair {
  readonly from: ProxyAddress & { readonly bytes: Buffer };
  readonly to: ProxyAddress & { readonly bytes: Buffer };
}

/** Both ends in one family: where they differ, IPv4 is mapped into IPv6. Of an unknown target the address is all zeros. */
function pairOf({ ip, port = 0, to }: ProxyClient): Pair | undefined {
  const from = ip === undefined ? undefined : bytesOfIp(ip);
  if (from === undefined) return undefined;
  const target = (to && bytesOfIp(to.ip)) ?? Buffer.alloc(from.length);
  const six = from.length === 16 || target.length === 16;
  const end = (bytes: Buffer, number: number) => ({ ip: '', port: number, bytes: six && bytes.length === 4 ? mapped(bytes) : bytes });
  return { from: end(from, port), to: end(target, to?.port ?? 0) };
}

const mapped = (bytes: Buffer): Buffer => Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), bytes]);

/** In version 1, IPv6 is written without `::`, which every reader takes; 107 bytes at most. */
function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(':');
}

function writeV1(client: ProxyClient): Buffer {
  const pair = pairOf(client);
  if (!pair) return Buffer.from('PROXY UNKNOWN\r\n');
  const { from, to } = pair;
  const family = from.bytes.length === 4 ? 'TCP4' : 'TCP6';
  return Buffer.from(`PROXY ${family} ${ipText(from.bytes)} ${ipText(to.bytes)} ${from.port} ${to.port}\r\n`);
}

/** Command PROXY, over a stream. */
const PROXY_COMMAND = 0x21;
const UNSPECIFIED = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;

function writeV2(client: ProxyClient, session: string): Buffer {
  const pair = pairOf(client);
  const family = !pair ? UNSPECIFIED : pair.from.bytes.length === 4 ? TCP4 : TCP6;
  const addresses = pair ? [pair.from.bytes, pair.to.bytes, uint16(pair.from.port), uint16(pair.to.port)] : [];
  const body = Buffer.concat([...addresses, ...tlvsOf(client, session)]);
  return Buffer.concat([V2_SIGNATURE, Buffer.from([PROXY_COMMAND, family]), uint16(body.length), body]);
}

function tlvsOf({ tls }: ProxyClient, session: string): Buffer[] {
  const id = tlv(TLV.uniqueId, session);
  if (!tls) return [id];
  const name = /(?:^|, )CN=([^,]*)/.exec(tls.client?.subject ?? '')?.[1];
  const bits = Buffer.from([SSL_CLIENT.ssl | (tls.client ? SSL_CLIENT.certConn : 0)]);
  // 0: a certificate was shown, and is good.
  const verify = Buffer.from([0, 0, 0, tls.client ? 0 : 1]);
  const fields = [tlv(TLV.version, tls.version), ...(name ? [tlv(TLV.commonName, name)] : []), tlv(TLV.cipher, tls.cipher)];
  const authority = tls.servername ? [tlv(TLV.authority, tls.servername)] : [];
  return [...authority, id, tlv(TLV.ssl, Buffer.concat([bits, verify, ...fields]))];
}

function tlv(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([type]), uint16(bytes.length), bytes]);
}

function uint16(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}
