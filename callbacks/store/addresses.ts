/** Addresses as 16 bytes that compare, and networks as ranges of them; IPv4 stands where IPv6 maps it (::ffff:0:0/96). Reads text, refuses nothing. */
import { isIP, isIPv4 } from 'node:net';

const BITS = 128;
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** Bytes of an address; undefined: it is none. A zone (`%eth0`) does not count. */
export function addressBytes(text: string): Buffer | undefined {
  const plain = text.split('%')[0] as string;
  if (isIP(plain) === 0) return undefined;
  return isIPv4(plain) ? Buffer.concat([MAPPED, fourBytes(plain)]) : sixteenBytes(plain);
}

const fourBytes = (text: string): Buffer => Buffer.from(text.split('.').map(Number));

function sixteenBytes(text: string): Buffer {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const hex = dotted ? fourBytes(dotted[2] as string).toString('hex') : '';
  const whole = dotted ? `${dotted[1]}${hex.slice(0, 4)}:${hex.slice(4)}` : text;
  const [head = '', tail] = whole.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':').map((group) => group.padStart(4, '0')));
  const [front, back] = [groups(head), groups(tail ?? '')];
  return Buffer.from([...front, ...Array(8 - front.length - back.length).fill('0000'), ...back].join(''), 'hex');
}

/** First and last address of a network in CIDR, or of one address; undefined: it is neither. */
export function rangeOf(network: string): readonly [Buffer, Buffer] | undefined {
  const [address = '', bits, more] = network.split('/');
  const bytes = addressBytes(address);
  if (!bytes || more !== undefined) return undefined;
  if (bits === undefined) return [bytes, bytes];
  const most = isIPv4(address) ? 32 : BITS;
  const given = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(given <= most)) return undefined;
  const fixed = given + BITS - most;
  const edge = (fill: 0 | 0xff): Buffer => {
    const mask = (index: number): number => 0xff00 >> Math.min(8, Math.max(0, fixed - index * 8));
    return Buffer.from(bytes.map((byte, index) => (byte & mask(index) & 0xff) | (fill & ~mask(index) & 0xff)));
  };
  return [edge(0), edge(0xff)];
}
