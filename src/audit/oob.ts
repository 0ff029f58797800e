/**
 * What both sides of a telnet session say out of band: receives negotiations and subnegotiations in the order of the wire, gives messages for
 * `session.oob` and what else follows from them (window size, charset, ECHO). Answers nothing, writes nothing. Every message goes out, for its secrets
 * must be known; past a number in a second they are marked as not to be kept, and counted.
 */
import { isUtf8 } from 'node:buffer';
import type { Direction, OobMessage, TimeUs } from '../contract.js';
import { Agreement } from '../decode/agreement.js';
import { OPTION_ECHO, OPTION_GMCP, OPTION_MSP, OPTION_MXP, OPTION_NAWS } from '../decode/bytes.js';
import { isCompression } from '../decode/mccp.js';
import { isRead, type OptionEvent, parseOption } from '../decode/options.js';
import { type Charset, decodeText } from '../gather/charset.js';
import { charsetOf, MTTS_UTF8, messagesOf, protocolOf } from './oob-messages.js';

/** Messages that are kept of a session in one second. A busy game sends some 50. */
const MOST_A_SECOND = 1_000;
const SECOND_US = 1_000_000;

/** Told of what was said, in order. None of it has seen a mask. */
export interface OobListener {
  /** @param keep false: too many came in this second; learn its secrets, and write nothing. It is counted in `lost` */
  oob(message: OobMessage, keep: boolean): void;
  /** The client's window. Only when it changed. */
  resize(columns: number, rows: number): void;
  /** Both sides agreed on this charset, or the client said that it is its own. Only when it changed. */
  charset(charset: Charset): void;
  /** The server offers to echo, or takes it back; each time that it says so. */
  echo(on: boolean): void;
  /** For an `audit.fault`. */
  fault(code: string): void;
  /** For an `audit.gap`: so many records were not kept. */
  lost(count: number, from: TimeUs, to: TimeUs): void;
}

type Verb = 'WILL' | 'WONT' | 'DO' | 'DONT';

/** How we know a charset: what was agreed on counts for more than what a client says of itself. */
const BY = { mtts: 1, mnes: 2, option: 3 } as const;

export class OptionReader {
  readonly #listener: OobListener;
  readonly #agreements: { readonly [option: number]: Agreement } = { [OPTION_MXP]: new Agreement(), [OPTION_MSP]: new Agreement() };
  readonly #rate: Rate;
  /** Charsets that each side asked for and had no answer to. */
  readonly #requested: { [direction in Direction]: readonly string[] } = { RCV: [], SND: [] };
  /** The last TTYPE of each side: clients say it again and again, as they are asked. */
  readonly #ttype: { [direction in Direction]: string | undefined } = { RCV: undefined, SND: undefined };
  #charset: Charset | undefined;
  #charsetBy = 0;
  #window = '';

  /** @param charset the listener's, where it names one */
  constructor(listener: OobListener, charset?: Charset) {
    this.#listener = listener;
    this.#charset = charset;
    this.#rate = new Rate(listener);
  }

  negotiate(direction: Direction, verb: Verb, option: number, at: TimeUs): void {
    if (option === OPTION_ECHO && direction === 'SND' && (verb === 'WILL' || verb === 'WONT')) this.#listener.echo(verb === 'WILL');
    const on = this.#agreements[option]?.hear(direction, verb);
    if (on !== undefined) this.#say({ direction, protocol: protocolOf(option), name: on ? 'on' : 'off', value: undefined }, at);
  }

  /** @param payload what was kept of it, borrowed until the call returns @param length of all of it */
  subnegotiation(direction: Direction, option: number, payload: Uint8Array, length: number, at: TimeUs): void {
    if (isCompression(option) || option in this.#agreements) return;
    if (!isRead(option) || (option === OPTION_NAWS && direction === 'SND'))
      return this.#say({ direction, protocol: `option-${option}`, name: '', value: { length } }, at);
    const event = length > payload.length ? undefined : parseOption(option, payload, (bytes) => this.#textOf(bytes));
    if (!event) return this.#broken(direction, option, payload, at);
    this.#take(direction, event, at);
    for (const message of messagesOf(event, direction, length)) {
      if (message.broken) this.#listener.fault('oob-malformed');
      this.#say(message, at);
    }
  }

  /** A message that came by no option of telnet; it counts among the others. */
  tell(message: OobMessage, at: TimeUs): void {
    if (message.broken) this.#listener.fault('oob-malformed');
    this.#say(message, at);
  }

  tick(at: TimeUs): void {
    this.#rate.tick(at);
  }

  /** Nothing more comes. */
  end(at: TimeUs): void {
    this.#rate.flush(at);
  }

  #textOf(bytes: Uint8Array): string {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (isUtf8(buffer)) return buffer.toString('utf8');
    return decodeText(buffer, this.#charset === 'utf-8' ? 'latin-1' : (this.#charset ?? 'latin-1')).text;
  }

  /** Malformed, or longer than what is kept of it. */
  #broken(direction: Direction, option: number, payload: Uint8Array, at: TimeUs): void {
    this.#listener.fault('oob-malformed');
    const head = option === OPTION_GMCP ? parseOption(option, payload.subarray(0, 256)) : undefined;
    this.#say({ direction, protocol: protocolOf(option), name: head?.type === 'gmcp' ? head.package : '', value: undefined, broken: true }, at);
  }

  /** What follows from it, beside the record. */
  #take(direction: Direction, event: OptionEvent, at: TimeUs): void {
    if (event.type === 'naws') this.#resize(event.columns, event.rows, at);
    else if (event.type === 'charset') this.#agree(direction, event);
    else if (direction === 'SND') return;
    else if (event.type === 'ttype' && event.mtts !== undefined) this.#mtts(event.mtts);
    else if (event.type === 'environ')
      for (const { name, value = '' } of event.variables) {
        if (name === 'CHARSET') this.#choose(value, BY.mnes);
        else if (name === 'MTTS' && /^\d{1,9}$/.test(value)) this.#mtts(Number(value));
      }
  }

  #mtts(bits: number): void {
    if (bits & MTTS_UTF8) this.#choose('UTF-8', BY.mtts);
  }

  /** RFC 2066: what one side asked for and the other took. An answer to no question counts for nothing: it would change how we read what is typed. */
  #agree(direction: Direction, { kind, charsets }: Extract<OptionEvent, { type: 'charset' }>): void {
    const other = direction === 'RCV' ? 'SND' : 'RCV';
    if (kind === 'request') this.#requested[direction] = charsets.map((name) => name.toLowerCase());
    else {
      const [name = ''] = charsets;
      if (kind === 'accepted' && this.#requested[other].includes(name.toLowerCase())) this.#choose(name, BY.option);
      this.#requested[other] = [];
    }
  }

  #choose(name: string, by: number): void {
    const charset = charsetOf(name);
    if (!charset || by < this.#charsetBy) return;
    const changed = charset !== this.#charset || this.#charsetBy === 0;
    this.#charsetBy = by;
    this.#charset = charset;
    if (changed) this.#listener.charset(charset);
  }

  #resize(columns: number, rows: number, at: TimeUs): void {
    const window = `${columns} ${rows}`;
    if (window === this.#window) return;
    this.#window = window;
    if (this.#rate.admits(at)) this.#listener.resize(columns, rows);
  }

  #say(message: OobMessage, at: TimeUs): void {
    if (message.protocol === 'ttype' && !message.broken) {
      const said = `${message.name} ${message.value}`;
      if (this.#ttype[message.direction] === said) return;
      this.#ttype[message.direction] = said;
    }
    this.#listener.oob(message, this.#rate.admits(at));
  }
}

/** Counts the records of each second, and those that were too many. */
class Rate {
  readonly #listener: OobListener;
  #from: TimeUs = 0;
  #count = 0;
  #lost = 0;
  #lostFrom: TimeUs = 0;

  constructor(listener: OobListener) {
    this.#listener = listener;
  }

  admits(at: TimeUs): boolean {
    this.tick(at);
    if (this.#count === 0) this.#from = at;
    this.#count++;
    if (this.#count <= MOST_A_SECOND) return true;
    if (this.#lost === 0) {
      this.#lostFrom = at;
      this.#listener.fault('oob-flood');
    }
    this.#lost++;
    return false;
  }

  tick(at: TimeUs): void {
    if (at - this.#from < SECOND_US) return;
    this.flush(at);
    this.#count = 0;
  }

  flush(at: TimeUs): void {
    if (this.#lost > 0) this.#listener.lost(this.#lost, this.#lostFrom, at);
    this.#lost = 0;
  }
}
