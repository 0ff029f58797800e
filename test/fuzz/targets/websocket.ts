/** A WebSocket's handshake and frames, both ways: the same messages in every splitting, none longer than its bound, however they were compressed. */
import type { Direction, WireEvent } from '../../../src/contract.js';
import { Handshake } from '../../../src/decode/websocket/handshake.js';
import { MAX_MESSAGE, type WebSocketEvent } from '../../../src/decode/websocket/messages.js';
import { WebSocketDecoder } from '../../../src/decode/websocket/websocket.js';
import { type Input, isData, type Target } from '../input.js';
import { webSession } from '../words.js';

function wordOf(event: WebSocketEvent): string {
  if (event.type !== 'message') return JSON.stringify(event);
  if (event.bytes.length > MAX_MESSAGE) throw new Error(`a message of ${event.bytes.length} bytes was kept`);
  return `${event.binary ? 'binary' : 'text'} ${Buffer.from(event.bytes).toString('latin1')}`;
}

function say(input: Input): readonly string[] {
  const said = { RCV: [] as string[], SND: [] as string[] };
  const unread = { RCV: 0, SND: 0 };
  const handshake = new Handshake();
  const emit = (way: Direction) => (event: WireEvent) => {
    if (event.type === 'unread') unread[way] += event.length;
    else said[way].push('code' in event ? `${event.type} ${event.code}` : event.type);
  };
  const decoderOf = (way: Direction) => new WebSocketDecoder(way, handshake, (event) => void said[way].push(wordOf(event)));
  const decoders = { RCV: decoderOf('RCV'), SND: decoderOf('SND') };
  for (const part of input) if (isData(part)) decoders[part[0]].push(part[1], emit(part[0]));
  for (const way of ['RCV', 'SND'] as const) {
    decoders[way].end(emit(way));
    said[way].push(`unread ${unread[way]}`);
  }
  return [...said.RCV, ...said.SND];
}

export const websocket: Target = { name: 'websocket', splits: true, make: webSession, say };
