/** Decoder events as short words, for tests that compare them over splittings. */
import type { Direction, WireEvent } from '../../src/contract.js';
import { TelnetDecoder } from '../../src/decode/telnet.js';

type Word = Exclude<WireEvent, { type: 'text' | 'unread' }>;

/** What a decoder says of these chunks: runs of text joined, and so the lengths of what was unread. */
export function say(chunks: readonly Uint8Array[], direction: Direction = 'SND'): string[] {
  const said: string[] = [];
  let text = '';
  let unread = 0;
  const flush = () => {
    if (text) said.push(`text ${text}`);
    if (unread > 0) said.push(`unread ${unread}`);
    text = '';
    unread = 0;
  };
  const decoder = new TelnetDecoder(direction);
  const take = (event: WireEvent): void => {
    if (event.type === 'text') text += Buffer.from(event.bytes).toString('latin1');
    else if (event.type === 'unread') unread += event.length;
    else {
      flush();
      said.push(wordOf(event));
    }
  };
  for (const chunk of chunks) decoder.push(chunk, take);
  flush();
  return said;
}

export function wordOf(event: Word): string {
  switch (event.type) {
    case 'command':
      return `command ${event.code}`;
    case 'negotiate':
      return `${event.verb} ${event.option}`;
    case 'subnegotiation':
      return `sub ${event.option} ${Buffer.from(event.payload).toString('hex')} ${event.length}`;
    case 'readable':
      return 'readable';
    case 'opaque':
    case 'blind':
    case 'fault':
      return `${event.type} ${event.code}`;
  }
}

/** Every way to cut `bytes` once, and the way of single bytes. */
export function* splittings(bytes: Uint8Array): Generator<[name: string, chunks: Uint8Array[]]> {
  yield ['in one piece', [bytes]];
  yield ['byte by byte', Array.from(bytes, (byte) => Uint8Array.of(byte))];
  for (let cut = 1; cut < bytes.length; cut++) yield [`cut at ${cut}`, [bytes.subarray(0, cut), bytes.subarray(cut)]];
}
