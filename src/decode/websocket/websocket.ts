/**
 * A WebSocket as seen from outside (RFC 6455): receives the bytes of one direction, from the first of its handshake on and in any splitting, gives its
 * messages. Answers nothing, sends nothing, never throws. What cannot be read is counted: a connection that became no WebSocket, one whose frames make no
 * sense, and everything behind a gap, for nothing in the bytes tells where a frame begins.
 */
import type { Decoder, Direction } from '../../contract.js';
import { FrameReader } from './frames.js';
import { type Handshake, HeadReader } from './handshake.js';
import { type Emit, type Hear, MessageReader } from './messages.js';

/** Answers before the one that counts: 100 Continue, 103 Early Hints (RFC 9110 15.2). */
const isInterim = (status: number | undefined): boolean => status !== undefined && status >= 100 && status < 200 && status !== 101;

export class WebSocketDecoder implements Decoder {
  readonly #direction: Direction;
  readonly #handshake: Handshake;
  readonly #hear: Hear;
  readonly #messages: MessageReader;
  readonly #frames = new FrameReader();
  #head: HeadReader | undefined = new HeadReader();
  #blind = false;

  /** @param handshake one for both directions of a session @param hear is told of messages, in order with the events of `push` */
  constructor(direction: Direction, handshake: Handshake, hear: Hear) {
    this.#direction = direction;
    this.#handshake = handshake;
    this.#hear = hear;
    this.#messages = new MessageReader(direction, handshake, hear);
  }

  push(bytes: Uint8Array, emit: Emit): void {
    this.#messages.emit = emit;
    let at = this.#head && !this.#blind ? this.#readHead(this.#head, bytes, emit) : 0;
    if (at === bytes.length) return;
    if (this.#handshake.refused && !this.#blind) this.#goBlind('websocket-refused', emit);
    if (!this.#blind) at = this.#readFrames(bytes, at, emit);
    if (at < bytes.length) emit({ type: 'unread', length: bytes.length - at });
  }

  #readFrames(bytes: Uint8Array, from: number, emit: Emit): number {
    const at = this.#frames.push(bytes, from, this.#messages);
    const code = this.#messages.broken ?? (this.#frames.senseless ? 'websocket-length' : undefined);
    if (code) this.#goBlind(code, emit);
    return at;
  }

  /** Reads heads until one is the last; returns where that ended. */
  #readHead(reader: HeadReader, bytes: Uint8Array, emit: Emit): number {
    for (let at = 0; at < bytes.length; ) {
      const held = reader.length;
      const end = reader.push(bytes, at);
      if (end === undefined) {
        this.#goBlind('websocket-head-long', emit);
        emit({ type: 'unread', length: held });
        return at;
      }
      if (end < 0) return bytes.length;
      at = end;
      const head = reader.take();
      if (this.#direction === 'SND') this.#handshake.hear(head);
      if (this.#direction === 'SND' && isInterim(this.#handshake.status)) this.#handshake.status = undefined;
      else {
        this.#head = undefined;
        if (this.#direction === 'SND') this.#opened(emit);
        return at;
      }
    }
    return bytes.length;
  }

  #opened(emit: Emit): void {
    const { status = 0, subprotocol, deflate = false, refused } = this.#handshake;
    this.#hear({ type: 'open', status, subprotocol, deflate });
    if (refused) this.#goBlind('websocket-refused', emit);
  }

  #goBlind(code: string, emit: Emit): void {
    this.#messages.emit = emit;
    this.#messages.stop();
    this.#blind = true;
    this.#head = undefined;
    emit({ type: 'blind', code });
  }

  /** What was begun and never ended: a head, or the rest of a message. */
  end(emit: Emit): void {
    if (this.#blind) return;
    if (this.#head && this.#head.length > 0) emit({ type: 'unread', length: this.#head.length });
    this.#messages.emit = emit;
    this.#messages.stop();
  }

  lose(emit: Emit): void {
    if (!this.#blind) this.#goBlind('websocket-lost', emit);
  }
}
