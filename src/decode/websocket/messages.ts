/**
 * The messages of a WebSocket (RFC 6455 5.4 to 5.6, RFC 7692): receives the frames of one direction, joins fragments, inflates what is compressed, gives
 * whole messages and the close. Holds one message of at most 1 MiB and one window; a longer message is counted and given as lost. Never throws: what breaks
 * the rules is a fault, and its message is lost.
 */
import type { Direction, WireEvent } from '../../contract.js';
import { type Frame, type FrameSink, OPCODE } from './frames.js';
import type { Handshake } from './handshake.js';
import { type MessageInflated, MessageInflater } from './inflate.js';

/** Bytes of a message that is read, inflated. Games' largest (a map drawn in HTML) are some hundred KiB. */
export const MAX_MESSAGE = 1_048_576;
/** First room for a message: most are a few dozen bytes. */
const SMALL_MESSAGE = 512;
/** RFC 6455 5.5. */
const MAX_CONTROL = 125;

/** What a WebSocket says beside faults. `bytes` is borrowed: valid until the call returns. */
export type WebSocketEvent =
  /** The server's answer to the handshake. */
  | { readonly type: 'open'; readonly status: number; readonly subprotocol: string | undefined; readonly deflate: boolean }
  | { readonly type: 'message'; readonly binary: boolean; readonly bytes: Uint8Array }
  /** A message that could not be read, or was too long. */
  | { readonly type: 'lost' }
  | { readonly type: 'close'; readonly code: number | undefined; readonly reason: string };

export type Hear = (event: WebSocketEvent) => void;
export type Emit = (event: WireEvent) => void;

/** What is done with the frame that is being read. */
type Use = 'message' | 'control' | 'skip';

interface Message {
  readonly binary: boolean;
  readonly compressed: boolean;
  /** Bytes of it on the wire. */
  sent: number;
  /** Bytes of it, inflated. */
  length: number;
  lost: boolean;
}

export class MessageReader implements FrameSink {
  readonly #direction: Direction;
  readonly #handshake: Handshake;
  readonly #hear: Hear;
  /** Set by whoever pushes frames. */
  emit: Emit = () => undefined;
  /** Nothing that follows can be read: its code. */
  broken: string | undefined;
  #message: Message | undefined;
  #room = new Uint8Array(0);
  #inflater: MessageInflater | undefined;
  #frame: Frame | undefined;
  #use: Use = 'skip';
  readonly #control = new Uint8Array(MAX_CONTROL);
  #controlLength = 0;

  constructor(direction: Direction, handshake: Handshake, hear: Hear) {
    this.#direction = direction;
    this.#handshake = handshake;
    this.#hear = hear;
  }

  begin(frame: Frame): void {
    this.#frame = frame;
    if (frame.masked !== (this.#direction === 'RCV')) this.#fault('websocket-masking');
    this.#use = frame.opcode >= OPCODE.close ? this.#beginControl(frame) : this.#beginData(frame);
    if (this.#use === 'skip' && frame.length > 0) this.emit({ type: 'unread', length: frame.length });
  }

  #beginControl({ fin, opcode, length, rsv1, reserved }: Frame): Use {
    this.#controlLength = 0;
    if (opcode > OPCODE.pong) this.#fault('websocket-opcode');
    else if (!fin || length > MAX_CONTROL || rsv1 || reserved) this.#fault('websocket-control');
    else return 'control';
    return 'skip';
  }

  #beginData(frame: Frame): Use {
    const { opcode, rsv1, reserved } = frame;
    if (opcode > OPCODE.binary) {
      this.#fault('websocket-opcode');
      return 'skip';
    }
    const goesOn = opcode === OPCODE.continuation;
    if (goesOn !== (this.#message !== undefined)) {
      this.#fault('websocket-fragment');
      if (goesOn) return 'skip';
      this.#lose();
    }
    this.#message ??= { binary: opcode === OPCODE.binary, compressed: rsv1, sent: 0, length: 0, lost: false };
    const unknown = reserved || (rsv1 && (goesOn || this.#handshake.deflate === false));
    if (unknown) {
      this.#fault('websocket-reserved');
      this.#lost(this.#message);
    }
    return 'message';
  }

  payload(piece: Uint8Array): void {
    if (this.#use === 'message') this.#data(this.#message as Message, piece);
    else if (this.#use === 'control') {
      this.#control.set(piece, this.#controlLength);
      this.#controlLength += piece.length;
    }
  }

  end(): void {
    const { fin, opcode } = this.#frame as Frame;
    if (this.#use === 'control' && opcode === OPCODE.close) this.#close(this.#control.subarray(0, this.#controlLength));
    else if (this.#use === 'message' && fin) this.#finish(this.#message as Message);
  }

  #data(message: Message, piece: Uint8Array): void {
    message.sent += piece.length;
    if (!message.compressed) this.#add(message, piece);
    else if (!this.broken) {
      this.#inflater ??= new MessageInflater();
      this.#inflated(this.#inflater.push(piece, (made) => this.#add(message, made)));
    }
  }

  #inflated(outcome: MessageInflated): void {
    if (outcome !== 'more') this.broken = `websocket-${outcome}`;
  }

  #add(message: Message, piece: Uint8Array): void {
    const from = message.length;
    message.length += piece.length;
    if (message.lost) return;
    if (message.length > MAX_MESSAGE) {
      this.#fault('websocket-message-long');
      return this.#lost(message);
    }
    if (message.length > this.#room.length) {
      const larger = new Uint8Array(Math.min(MAX_MESSAGE, Math.max(SMALL_MESSAGE, message.length, this.#room.length * 2)));
      larger.set(this.#room.subarray(0, from));
      this.#room = larger;
    }
    this.#room.set(piece, from);
  }

  #lost(message: Message): void {
    message.lost = true;
    this.#room = new Uint8Array(0);
  }

  #finish(message: Message): void {
    if (message.compressed && this.#inflater && !this.broken) this.#inflated(this.#inflater.finish((made) => this.#add(message, made)));
    if (message.lost || this.broken) return this.#lose();
    this.#message = undefined;
    this.#hear({ type: 'message', binary: message.binary, bytes: this.#room.subarray(0, message.length) });
    if (this.#room.length > SMALL_MESSAGE) this.#room = new Uint8Array(0);
  }

  /** Gives up the message that is being read: what came of it is unread. Nothing comes of it any more. */
  #lose(): void {
    const { sent } = this.#message ?? { sent: 0 };
    this.#message = undefined;
    this.#room = new Uint8Array(0);
    if (sent > 0) this.emit({ type: 'unread', length: sent });
    this.#hear({ type: 'lost' });
  }

  /** Nothing more comes, or nothing that can be read. */
  stop(): void {
    if (this.#message) this.#lose();
    this.#inflater = undefined;
  }

  #close(payload: Uint8Array): void {
    const code = payload.length >= 2 ? (payload[0] as number) * 256 + (payload[1] as number) : undefined;
    const reason = Buffer.from(payload.buffer, payload.byteOffset, payload.length).subarray(2).toString('utf8');
    this.#hear({ type: 'close', code, reason });
  }

  #fault(code: string): void {
    this.emit({ type: 'fault', code });
  }
}
