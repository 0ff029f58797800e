/** The PROXY header: read as its bytes come, it says the same as at once; nothing but MalformedHeader is thrown; and what we write is read back. */
import { MAX_V2, MalformedHeader, readProxyHeader, V2_SIGNATURE } from '../../../src/bridge/proxy-header.js';
import { writeProxyHeader } from '../../../src/bridge/proxy-write.js';
import type { Dice } from '../../harness.js';
import { type Input, isData, type Target } from '../input.js';
import { bytesOf, mutate, pick } from '../words.js';

const IPS = ['192.0.2.1', '203.0.113.7', '2001:db8::1', '::1', '::ffff:192.0.2.1', '0.0.0.0', 'fe80::1'];
const FAMILIES = [0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x41, 0x1f];

const tlv = (dice: Dice): Buffer => {
  const value = dice.between(1, 4) === 1 && dice.between(1, 2) === 1 ? tlv(dice) : dice.bytes(dice.between(0, 20));
  const head = Buffer.from([pick(dice, [1, 2, 3, 4, 5, 0x20, 0x21, 0x22, 0x30, 0xee]), 0, value.length]);
  return Buffer.concat([head, value]);
};

function v2(dice: Dice): Buffer {
  const body = Buffer.concat([dice.bytes(pick(dice, [0, 12, 36, 216])), ...Array.from({ length: dice.between(0, 6) }, () => tlv(dice))]);
  const head = Buffer.from([pick(dice, [0x20, 0x21, 0x21, 0x21]), pick(dice, FAMILIES), 0, 0]);
  head.writeUInt16BE(dice.between(1, 6) === 1 ? dice.between(0, 65_535) : body.length, 2);
  return Buffer.concat([V2_SIGNATURE, head, body]);
}

const v1 = (dice: Dice): Buffer =>
  bytesOf(
    `PROXY ${pick(dice, ['TCP4', 'TCP6', 'UNKNOWN', 'UDP4', ''])} ${pick(dice, IPS)} ${pick(dice, IPS)} ${dice.between(0, 70_000)} ${dice.between(0, 70_000)}\r\n`,
  );

const ours = (dice: Dice): Buffer => {
  const client = { ip: pick(dice, IPS), port: dice.between(0, 65_535), to: { ip: pick(dice, IPS), port: dice.between(0, 65_535) } };
  const header = writeProxyHeader(pick(dice, ['v1', 'v2']), client, '019b7cc5-9d88-7000-8000-000000000001');
  if (readProxyHeader(header)?.length !== header.length) throw new Error('what we wrote is not read back');
  return header;
};

function make(dice: Dice): Input {
  const header = pick(dice, [v1, v2, v2, ours])(dice);
  const rest = pick(dice, [Buffer.alloc(0), bytesOf('look\r\n'), dice.bytes(40)]);
  return [['RCV', Buffer.concat([dice.between(1, 2) === 1 ? mutate(dice, header) : header, rest])]];
}

function say(input: Input): readonly string[] {
  let bytes = Buffer.alloc(0);
  for (const part of input) {
    if (!isData(part)) continue;
    bytes = Buffer.concat([bytes, part[1]]);
    try {
      const header = readProxyHeader(bytes);
      if (header && header.length > bytes.length) throw new Error('a header that is not all there');
      if (header) return [JSON.stringify(header)];
    } catch (error) {
      if (!(error instanceof MalformedHeader)) throw error;
      return [error.message];
    }
    if (bytes.length > MAX_V2) throw new Error('more is asked for than a header can have');
  }
  return ['more'];
}

export const proxy: Target = { name: 'proxy', splits: true, make, say };
