/** IP addresses as the bytes that binary protocols carry (RFC 791, RFC 4291). Receives text or bytes, gives the other; opens nothing. */
import { isIP, SocketAddress } from 'node:net';

/** The 4 or 16 bytes of an address; undefined where it is none. A zone (`%eth0`) is left out: it means something on one machine alone. */
export function bytesOfIp(ip: string): Buffer | undefined {
  const [plain = ''] = ip.split('%');
  const version = isIP(plain);
  if (version === 4) return Buffer.from(plain.split('.').map(Number));
  return version === 6 ? bytesOfIp6(plain) : undefined;
}

function bytesOfIp6(ip: string): Buffer {
  const dotted = ip.slice(ip.lastIndexOf(':') + 1);
  const tail = dotted.includes('.') ? dotted.split('.').map(Number) : [];
  const [before = '', after] = (tail.length > 0 ? ip.slice(0, -dotted.length).replace(/([^:]):$/, '$1') : ip).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  const front = groups(before);
  const back = [...(after === undefined ? [] : groups(after)), ...tail];
  return Buffer.from([...front, ...Array<number>(16 - front.length - back.length).fill(0), ...back]);
}

/** The address of 4 or 16 bytes, in its short form (RFC 5952). */
export function ipOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
