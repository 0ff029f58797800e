import { gunzipSync, gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import t from 'tap';
import type { Message } from '../../../callbacks/kafka/message.js';
import { encode, ticketFor } from '../../../callbacks/kafka/pack.js';

const message = (value: string, headers: readonly string[] = []): Message => ({ topic: 't', key: 'k', value: Buffer.from(value), headers });

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(packed: Buffer): Promise<Buffer>;
}
const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP]() as Codec;

/** What kafkajs makes of empty messages with this value: its first record, behind which the others stand. */
const asEmpty = (value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(6 + value.length) << 1, 0, 0, 0, 1, value.length << 1]), value, Buffer.from([0])]);

t.test('records are encoded as KIP-98 says', async (t) => {
  // length, attributes, time, offset, key, value, number of headers; each number zigzag, so twice itself
  t.equal(
    encode([message('ab'), message('')]).toString('hex'),
    ['12', '00', '00', '00', '026b', '046162', '00', '0e', '00', '00', '02', '026b', '00', '00'].join(''),
  );
});

t.test('headers stand behind the value, each with its name', async (t) => {
  const bytes = encode([message('v', ['application/json', '1.0'])]).toString('latin1');
  t.equal(bytes.slice(8), '\x04\x18content-type\x20application/json\x1cce_specversion\x061.0');
});

t.test('lengths of two, three and four bytes', async (t) => {
  for (const [length, hex] of [
    [63, '7e'],
    [64, '8001'],
    [8_191, 'fe7f'],
    [8_192, '808001'],
    [1_048_576, '80808001'],
  ] as const) {
    const bytes = encode([message('x'.repeat(length))]);
    const at = bytes.indexOf('k') + 1;
    t.equal(bytes.toString('hex', at, at + hex.length / 2), hex, String(length));
    t.equal(bytes.length - bytes.indexOf('x'), length + 1);
  }
});

t.test("where kafkajs compresses a ticket, the ticket's group is packed; it may have grown since", async (t) => {
  const group = [message('one')];
  const ticket = ticketFor(group);
  group.push(message('two'));
  const packed = await codec.compress({ buffer: asEmpty(ticket.value) });
  t.same(gunzipSync(packed), encode(group));
  ticket.release();
  await t.rejects(codec.compress({ buffer: asEmpty(ticket.value) }), { name: 'RangeError' }, 'kafkajs does not try again after one');
});

t.test('what has no ticket is compressed as it stands, for others that use kafkajs in this thread', async (t) => {
  for (const text of ['', 'x', 'x'.repeat(1_000)]) {
    t.equal(gunzipSync(await codec.compress({ buffer: Buffer.from(text) })).toString(), text);
    t.equal((await codec.decompress(gzipSync(text))).toString(), text);
  }
});
