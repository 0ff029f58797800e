/**
 * What the messages of a WebSocket say: receives them from both directions in the order of the wire, with the subprotocol that was agreed on; gives bytes
 * of telnet or text, commands that were typed, HTML that was shown, and messages out of band. Evennia's `[name, args, kwargs]` (its web client, and
 * v1.evennia.com), the subprotocols of mudstandards.org/websocket, FluffOS's and websockify's, and those of nobody: JSON is out of band, where fields can be
 * hidden by their names, anything else is text. Writes nothing, keeps at most three bytes a direction.
 */
import { isUtf8 } from 'node:buffer';
import type { Direction, OobMessage } from '../contract.js';
import { Handshake } from '../decode/websocket/handshake.js';
import type { WebSocketEvent } from '../decode/websocket/messages.js';
import { WebSocketDecoder } from '../decode/websocket/websocket.js';
import { unfinishedUtf8 } from '../gather/charset.js';
import { jsonOf, messagesOf } from './oob-messages.js';

/** Told of what was said, in order. None of it has seen a mask. `bytes` are borrowed. */
export interface WebListener {
  /** Bytes of a telnet stream. */
  telnet(direction: Direction, bytes: Uint8Array): void;
  /** Bytes of text without a protocol. */
  text(direction: Direction, bytes: Uint8Array): void;
  /** A command of the client, whole. */
  typed(command: string): void;
  /** HTML of the server, a line or more. @param prompt it asks: its last line stays open, and a prompt mark stands behind it */
  shown(html: string, prompt: boolean): void;
  oob(message: OobMessage): void;
  /** A message was lost. */
  lost(direction: Direction): void;
  fault(code: string): void;
  /** Bytes of a message of which nothing could be made. */
  unread(direction: Direction, length: number): void;
}

/** Binary messages are a telnet stream: mudstandards.org's, FluffOS's, websockify's. */
const TELNET: readonly string[] = ['telnet.mudstandards.org', 'telnet', 'binary'];
/** The server's messages are pieces of a stream of text, whose lines have ends of their own. */
const STREAMS: readonly string[] = ['terminal.mudstandards.org', 'gmcp.mudstandards.org', 'json.mudstandards.org', 'ascii'];
const GMCP = 'gmcp.mudstandards.org';
const ENVELOPES = 'json.mudstandards.org';

/** A telnet command with what belongs to it (RFC 854, 855); `.` stands for any byte, read as latin-1. */
const TELNET_COMMANDS = /\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[\xf1-\xf9\xff])/gs;
/** Longest name of a message that is taken out of JSON whose form nobody knows, and of a protocol in an envelope. */
const MAX_NAME = 64;
/** Members by which games name their messages. */
const NAMES: readonly string[] = ['type', 'cmd', 'command', 'event', 'action', 'method', 'op', 'package'];
/** Bytes of a message by which telnet is told from other binary forms. */
const MOST_LOOKED_AT = 4_096;
/** engine.io and socket.io put digits in front (`42["chat", ...]`). */
const PACKET = /^\d{0,4}(?=[[{])/;

const LF = 10;
const CR = 13;
const IAC = 255;
const LINE_END = Uint8Array.of(LF);
const NOTHING = new Uint8Array(0);

/** What is known of one direction. */
interface Side {
  /** Its messages end their lines themselves. */
  ends: boolean;
  /** Keys have come, or a part of a letter, and no line end. */
  open: boolean;
  /** The beginning of a letter of UTF-8. */
  tail: Uint8Array;
}

export class WebMessages {
  readonly #listener: WebListener;
  readonly #handshake = new Handshake();
  readonly #sides: { readonly [direction in Direction]: Side } = {
    RCV: { ends: false, open: false, tail: NOTHING },
    SND: { ends: false, open: false, tail: NOTHING },
  };
  #telnet = false;
  /** The code of the first close frame; undefined: none came, or it had none. */
  closeCode: number | undefined;
  #closed = false;

  constructor(listener: WebListener) {
    this.#listener = listener;
  }

  /** The decoder of one direction. */
  decoder(direction: Direction): WebSocketDecoder {
    return new WebSocketDecoder(direction, this.#handshake, (event) => this.#hear(direction, event));
  }

  #hear(direction: Direction, event: WebSocketEvent): void {
    switch (event.type) {
      case 'open':
        return this.#opened(event);
      case 'message':
        return event.binary ? this.#binary(direction, event.bytes) : this.#text(direction, event.bytes);
      case 'lost':
        return this.#listener.lost(direction);
      case 'close':
        return this.#close(direction, event.code, event.reason);
    }
  }

  #opened({ status, subprotocol, deflate }: Extract<WebSocketEvent, { type: 'open' }>): void {
    this.#telnet = TELNET.includes(subprotocol ?? '');
    this.#sides.SND.ends = STREAMS.includes(subprotocol ?? '');
    this.#oob('SND', 'websocket', 'open', {
      status,
      ...(subprotocol === undefined ? {} : { subprotocol }),
      ...(deflate ? { compressed: true } : {}),
    });
  }

  #close(direction: Direction, code: number | undefined, reason: string): void {
    if (!this.#closed) this.closeCode = code;
    this.#closed = true;
    this.#oob(direction, 'websocket', 'close', { code: code ?? null, ...(reason === '' ? {} : { reason }) });
  }

  #oob(direction: Direction, protocol: string, name: string, value: unknown): void {
    this.#listener.oob({ direction, protocol, name, value });
  }

  #binary(direction: Direction, bytes: Uint8Array): void {
    if (!this.#telnet && bytes.includes(IAC)) this.#telnet = isTelnet(bytes);
    if (this.#telnet) return this.#listener.telnet(direction, bytes);
    const side = this.#sides[direction];
    const whole = side.tail.length === 0 ? bytes : Buffer.concat([side.tail, bytes]);
    const rest = unfinishedUtf8(whole);
    if (!isUtf8(whole.subarray(0, whole.length - rest))) {
      side.tail = NOTHING;
      this.#listener.fault('websocket-binary');
      return this.#listener.unread(direction, bytes.length);
    }
    side.tail = Uint8Array.from(whole.subarray(whole.length - rest));
    this.#line(direction, bytes);
  }

  #text(direction: Direction, bytes: Uint8Array): void {
    const { subprotocol } = this.#handshake;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!isUtf8(buffer)) {
      this.#listener.fault('websocket-utf8');
      return this.#line(direction, bytes);
    }
    if (subprotocol === GMCP) return this.#gmcp(direction, buffer.toString());
    if (!this.#json(direction, buffer, subprotocol === ENVELOPES)) this.#line(direction, bytes);
  }

  /** `Package.Name` and perhaps JSON behind a blank. */
  #gmcp(direction: Direction, text: string): void {
    const [, name = '', data = ''] = /^\s*(\S*)\s*(.*)$/s.exec(text) ?? [];
    for (const message of messagesOf({ type: 'gmcp', package: name, data }, direction, text.length)) this.#listener.oob(message);
  }

  /** @returns false: it is no JSON of a message, but text */
  #json(direction: Direction, bytes: Buffer, envelope: boolean): boolean {
    const text = bytes.toString();
    const start = PACKET.exec(text.slice(0, 8).trimStart());
    if (!start) return false;
    const { value, broken } = jsonOf(text.trimStart().slice(start[0].length));
    if (broken || typeof value !== 'object' || value === null) return false;
    if (isEvennia(value)) this.#evennia(direction, value);
    else if (envelope && !Array.isArray(value)) this.#envelope(direction, { ...value });
    else this.#oob(direction, 'json', nameIn(value), value);
    return true;
  }

  #evennia(direction: Direction, [name, args, kwargs]: Evennia): void {
    const said = args.every((one) => typeof one === 'string') && args.length > 0 ? args.join('\n') : undefined;
    if (name === 'text' && said !== undefined && direction === 'RCV') return this.#listener.typed(said);
    if ((name === 'text' || name === 'prompt') && said !== undefined && direction === 'SND') return this.#listener.shown(said, name === 'prompt');
    const named = Object.keys(kwargs).length > 0;
    const value = args.length === 0 ? (named ? kwargs : undefined) : named ? { args, kwargs } : args;
    this.#oob(direction, 'evennia', name, value);
  }

  /** `{"proto", "id", "data"}` of json.mudstandards.org. */
  #envelope(direction: Direction, { proto, id, data }: { readonly [name: string]: unknown }): void {
    const name = typeof id === 'string' ? id : '';
    const said = typeof data === 'string' ? data : undefined;
    if ((proto === 'text' || proto === 'prompt') && said !== undefined) {
      if (direction === 'RCV') this.#listener.typed(said);
      else this.#stream('SND', Buffer.from(said));
    } else if (proto === 'gmcp' && said !== undefined) this.#gmcp(direction, `${name} ${said}`);
    else this.#oob(direction, typeof proto === 'string' ? proto.slice(0, MAX_NAME) : 'json', name, said === undefined ? data : jsonOf(said).value);
  }

  /** A message that is a line where it does not say otherwise: whoever sends whole lines sends no line ends with them. */
  #line(direction: Direction, bytes: Uint8Array): void {
    const side = this.#sides[direction];
    if (bytes.length === 0 && side.ends) return;
    const ended = bytes.length > 0 && isEnd(bytes[bytes.length - 1] as number);
    side.ends ||= ended;
    this.#stream(direction, bytes);
    const keys = !ended && (side.ends || side.open || side.tail.length > 0 || isKey(bytes));
    if (!ended && !keys) this.#listener.text(direction, LINE_END);
    side.open = keys;
  }

  #stream(direction: Direction, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#listener.text(direction, bytes);
  }
}

type Evennia = readonly [name: string, args: readonly unknown[], kwargs: { readonly [name: string]: unknown }];

/** Evennia's own form; arguments and keywords may be left out by other clients. */
function isEvennia(value: object): value is Evennia {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [name, args, kwargs] = value as readonly unknown[];
  return typeof name === 'string' && Array.isArray(args) && typeof kwargs === 'object' && kwargs !== null && !Array.isArray(kwargs);
}

function nameIn(value: object): string {
  const [first] = Array.isArray(value)
    ? (value as readonly unknown[])
    : NAMES.map((name) => (value as { [name: string]: unknown })[name]).filter(isString);
  return isString(first) && first.length <= MAX_NAME ? first : '';
}

const isString = (value: unknown): value is string => typeof value === 'string';

const isEnd = (byte: number): boolean => byte === LF || byte === CR || byte === 0;

/** One key: a letter, a control character, an escape sequence. */
const isKey = (bytes: Uint8Array): boolean =>
  bytes.length <= 8 && /^(?:\x1b.{0,7}|[\x00-\x1f\x7f]+|.)$/su.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());

/** Without its commands it is text: no byte of UTF-8 is FF, and no other binary form is text between commands. */
function isTelnet(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, MOST_LOOKED_AT);
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  const rest = Buffer.from(text.replace(TELNET_COMMANDS, ''), 'latin1');
  return isUtf8(rest.subarray(0, rest.length - unfinishedUtf8(rest)));
}
