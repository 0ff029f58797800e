/** Frames and handshakes as bytes, and what a decoder says of them as short words, for tests that compare it over splittings. */
import type { Direction, WireEvent } from '../../../src/contract.js';
import { Handshake } from '../../../src/decode/websocket/handshake.js';
import type { WebSocketEvent } from '../../../src/decode/websocket/messages.js';
import { WebSocketDecoder } from '../../../src/decode/websocket/websocket.js';

export const REQUEST = Buffer.from(
  'GET /?0n6xz7abcdefghijklmnopqrstuvwxyz&1234&Chrome HTTP/1.1\r\nHost: play.example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n' +
    'Origin: https://play.example.org\r\nUser-Agent: Firefox\r\nCookie: sessionid=never-to-be-seen\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
);

/** @param more headers, each with its line end */
export const response = (more = ''): Buffer =>
  Buffer.from(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n${more}\r\n`,
  );

const KEY = Buffer.from('a1b2c3d4', 'hex');

/** One frame, as a client sends it (masked) or a server. */
export function frame(
  direction: Direction,
  opcode: number,
  payload: string | Uint8Array = '',
  { fin = true, bits = 0, masked = direction === 'RCV' }: { readonly fin?: boolean; readonly bits?: number; readonly masked?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(payload as string);
  const { length } = bytes;
  const long = length > 65_535 ? 8 : length > 125 ? 2 : 0;
  const head = Buffer.alloc(2 + long);
  head[0] = (fin ? 0x80 : 0) | bits | opcode;
  head[1] = (masked ? 0x80 : 0) | (long === 8 ? 127 : long === 2 ? 126 : length);
  if (long === 2) head.writeUInt16BE(length, 2);
  else if (long === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, bytes]);
  return Buffer.concat([head, KEY, bytes.map((byte, index) => byte ^ (KEY[index % 4] as number))]);
}

/** What one direction's decoder says of these chunks; the lengths of what was unread joined. @param before what was said of the other direction */
export function say(chunks: readonly Uint8Array[], direction: Direction, handshake = new Handshake()): string[] {
  const said: string[] = [];
  let unread = 0;
  const decoder = new WebSocketDecoder(direction, handshake, (event) => said.push(wordOf(event)));
  const emit = (event: WireEvent): void => {
    if (event.type === 'unread') unread += event.length;
    else said.push('code' in event ? `${event.type} ${event.code}` : event.type);
  };
  for (const chunk of chunks) decoder.push(chunk, emit);
  decoder.end(emit);
  if (unread > 0) said.push(`unread ${unread}`);
  return said;
}

function wordOf(event: WebSocketEvent): string {
  switch (event.type) {
    case 'open':
      return `open ${event.status} ${event.subprotocol ?? '-'}${event.deflate ? ' deflate' : ''}`;
    case 'message':
      return `${event.binary ? 'binary' : 'text'} ${Buffer.from(event.bytes).toString('latin1')}`;
    case 'lost':
      return 'lost';
    case 'close':
      return `close ${event.code} ${event.reason}`;
  }
}

/** A handshake that both sides know, with these headers of the response. */
export function agreed(more = ''): Handshake {
  const handshake = new Handshake();
  handshake.hear(response(more).toString());
  return handshake;
}
