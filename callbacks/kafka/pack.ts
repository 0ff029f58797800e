/**
 * Messages in Kafka's record format (magic 2, KIP-98), packed with gzip. Receives the messages of one partition, gives the bytes that stand in a record
 * batch behind its head.
 *
 * kafkajs encodes 20,000 messages a second at best: ten buffers for one with headers. Its plug for codecs is where this steps in: kafkajs is given
 * empty messages, as many as there are, whose value is the ticket of a group of ours; and when it asks the gzip codec to compress what it made of them,
 * the codec gives that group, encoded here in one buffer. What has no ticket is compressed as it stands.
 */
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { HEADERS, type Message } from './message.js';

/** Level 1 takes 7 us for a record of 750 bytes and makes 217 of them, level 6 takes 11 us and makes 206. */
const GZIP = { level: 1 };

/** No one else's value begins so. */
const MAGIC = randomBytes(12);
/** An empty record of kafkajs up to its value: length, attributes, time, offset, no key, length of the value; each one byte in the first record. */
const VALUE_AT = 6;

const groups = new Map<number, readonly Message[]>();
let issued = 0;

/** Stands for a group until it is given back: the value of the messages that kafkajs is given in the group's place. */
export interface Ticket {
  readonly value: Buffer;
  /** From now on kafkajs cannot encode the group any more: a retry that nobody waits for fails, and is not tried again. */
  release(): void;
}

/** Makes a group known to the codec. The group may still grow. */
export function ticketFor(group: readonly Message[]): Ticket {
  const number = issued++ % 2 ** 32;
  const value = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(value);
  value.writeUInt32BE(number, MAGIC.length);
  groups.set(number, group);
  return { value, release: () => groups.delete(number) };
}

/** kafkajs never tries again after a RangeError. */
function compress(encoded: Buffer): Buffer {
  const numberAt = VALUE_AT + MAGIC.length;
  if (encoded.length < numberAt + 4 || MAGIC.compare(encoded, VALUE_AT, numberAt) !== 0) return gzipSync(encoded, GZIP);
  const group = groups.get(encoded.readUInt32BE(numberAt));
  if (!group) throw new RangeError('nobody waits for this send any more');
  return gzipSync(encode(group), GZIP);
}

kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = () => ({
  compress: async (encoder: { readonly buffer: Buffer }) => compress(encoder.buffer),
  decompress: async (packed: Buffer) => gunzipSync(packed),
});

const NAMES: readonly Buffer[] = HEADERS.map((name) => Buffer.concat([Buffer.from([name.length << 1]), Buffer.from(name)]));

/** Bytes of a length or count as a zigzag varint: seven bits a byte, of twice the number. */
const sizeOf = (length: number): number => (length < 0x40 ? 1 : length < 0x2000 ? 2 : length < 0x100000 ? 3 : length < 0x8000000 ? 4 : 5);

/** The records of a batch, one behind the other. All have the batch's own time, and no attributes. */
export function encode(messages: readonly Message[]): Buffer {
  const sizes = messages.map(bodySize);
  let total = 0;
  for (const size of sizes) total += sizeOf(size) + size;
  const writer = new Writer(total);
  for (const [index, message] of messages.entries()) {
    writer.number(sizes[index] as number);
    writer.number(0); // attributes: a byte, of which none is used
    writer.number(0); // time, against the batch's
    writer.number(index);
    writer.text(message.key);
    writer.number(message.value.length);
    writer.bytes(message.value);
    writeHeaders(writer, message.headers);
  }
  return writer.buffer;
}

function bodySize({ key, value, headers }: Message, index: number): number {
  const keySize = Buffer.byteLength(key);
  let size = 2 + sizeOf(index) + sizeOf(keySize) + keySize + sizeOf(value.length) + value.length + sizeOf(headers.length);
  for (let i = 0; i < headers.length; i++) {
    const length = Buffer.byteLength(headers[i] as string);
    size += (NAMES[i] as Buffer).length + sizeOf(length) + length;
  }
  return size;
}

function writeHeaders(writer: Writer, headers: readonly string[]): void {
  writer.number(headers.length);
  for (let i = 0; i < headers.length; i++) {
    writer.bytes(NAMES[i] as Buffer);
    writer.text(headers[i] as string);
  }
}

class Writer {
  readonly buffer: Buffer;
  #at = 0;

  /** @param size bytes, exactly what will be written */
  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  /** A zigzag varint of a number from 0 up to 2^30. */
  number(value: number): void {
    let rest = value << 1;
    for (; rest > 0x7f; rest >>>= 7) this.buffer[this.#at++] = (rest & 0x7f) | 0x80;
    this.buffer[this.#at++] = rest;
  }

  bytes(bytes: Buffer): void {
    bytes.copy(this.buffer, this.#at);
    this.#at += bytes.length;
  }

  text(text: string): void {
    this.number(Buffer.byteLength(text));
    this.#at += this.buffer.write(text, this.#at);
  }
}
