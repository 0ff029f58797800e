/**
 * The telnet end of a session whose other side knows no telnet (RFC 854, 855): receives telnet bytes, gives their text and the subnegotiations of agreed
 * options, answers negotiations itself; the other way it writes text and asides as telnet. It agrees to little: what a terminal behind a WebSocket does
 * anyway. Holds one subnegotiation and what waits for an option; never throws. The state machine stands in one place, to be read beside the RFC.
 */
import { IAC, NvtWriter } from './nvt.js';
import type { Pass, Speech, Stream } from './speech.js';

const SE = 240;
const SB = 250;
const WILL = 251;
const WONT = 252;
const DO = 253;
const DONT = 254;
const NUL = 0;
const CR = 13;

/** Bytes of a subnegotiation; a longer one is left out. A MUD's largest messages (maps, inventories) are below 64 KiB. */
export const MAX_SUBNEGOTIATION = 1_048_576;
/** First room for one. */
const SMALL = 256;
/** Bytes of asides that wait for their option to be agreed on; what comes beyond is left out. */
const MAX_WAITING = 65_536;

/** What we agree to. Options by their number. */
export interface TelnetOptions {
  /** Ours where the other asks for it (DO). */
  readonly ours: readonly number[];
  /** The other's where it offers it (WILL). */
  readonly theirs: readonly number[];
  /** Of these: what we offer or ask for at the beginning. */
  readonly offered?: readonly number[];
}

enum State {
  Text,
  AfterCr,
  Command,
  Option,
  SubOption,
  SubData,
  SubCommand,
}

export class TelnetEnd implements Stream {
  readonly #pass: Pass;
  readonly #options: TelnetOptions;
  readonly #nvt: NvtWriter;
  /** Options that are on, and those we have spoken of first. */
  readonly #ours = new Set<number>();
  readonly #theirs = new Set<number>();
  readonly #asked = new Set<number>();
  readonly #waiting: { readonly option: number; readonly payload: Buffer }[] = [];
  #waitingBytes = 0;
  #state = State.Text;
  #verb = WILL;
  #option = 0;
  #payload = Buffer.alloc(0);
  #length = 0;

  /** @param as what we are in this telnet connection */
  constructor(pass: Pass, as: 'client' | 'server', options: TelnetOptions) {
    this.#pass = pass;
    this.#options = options;
    this.#nvt = new NvtWriter(as);
  }

  begin(): void {
    for (const option of this.#options.offered ?? []) {
      this.#asked.add(option);
      this.#say(this.#options.ours.includes(option) ? WILL : DO, option);
    }
  }

  text(bytes: Buffer): void {
    this.#pass(this.#nvt.write(bytes));
  }

  /** Of an option that may still be agreed on it waits; of any other it is left out. */
  aside(option: number, payload: Buffer): void {
    if (this.#ours.has(option) || this.#theirs.has(option)) return this.#sayAside(option, payload);
    const { ours, theirs } = this.#options;
    const fits = this.#waitingBytes + payload.length <= MAX_WAITING && this.#waiting.length < MAX_WAITING / SMALL;
    if (!fits || !(ours.includes(option) || theirs.includes(option))) return;
    this.#waiting.push({ option, payload: Buffer.from(payload) });
    this.#waitingBytes += payload.length;
  }

  read(bytes: Buffer, to: Speech): void {
    const inText = this.#state === State.Text;
    if (inText && !bytes.includes(IAC) && !bytes.includes(NUL) && bytes.at(-1) !== CR) return to.text(bytes);
    let text = Buffer.allocUnsafe(bytes.length + 1);
    let length = 0;
    const flush = (): void => {
      if (length > 0) to.text(text.subarray(0, length));
      text = text.subarray(length);
      length = 0;
    };
    for (const byte of bytes) {
      if (this.#state === State.AfterCr) {
        this.#state = State.Text;
        if (byte === NUL) continue;
      }
      switch (this.#state) {
        case State.Text:
          if (byte === IAC) this.#state = State.Command;
          else {
            text[length++] = byte;
            if (byte === CR) this.#state = State.AfterCr;
          }
          break;
        case State.Command:
          if (byte === IAC) text[length++] = IAC;
          this.#command(byte);
          break;
        case State.Option:
          this.#state = State.Text;
          this.#negotiate(this.#verb, byte);
          break;
        case State.SubOption:
          this.#option = byte;
          this.#length = 0;
          this.#state = State.SubData;
          break;
        case State.SubData:
          if (byte === IAC) this.#state = State.SubCommand;
          else this.#keep(byte);
          break;
        case State.SubCommand:
          if (byte === IAC) {
            this.#keep(IAC);
            this.#state = State.SubData;
          } else if (byte === SE) {
            flush();
            this.#state = State.Text;
            this.#ended(to);
          } else {
            // It was never ended: what follows is a command of its own.
            this.#command(byte);
          }
      }
    }
    flush();
  }

  #command(byte: number): void {
    this.#state = State.Text;
    if (byte === SB) this.#state = State.SubOption;
    else if (byte >= WILL && byte <= DONT) {
      this.#verb = byte;
      this.#state = State.Option;
    }
  }

  #keep(byte: number): void {
    if (this.#length >= this.#payload.length && this.#length < MAX_SUBNEGOTIATION) {
      const larger = Buffer.allocUnsafe(Math.max(SMALL, this.#length * 2));
      this.#payload.copy(larger, 0, 0, this.#length);
      this.#payload = larger;
    }
    if (this.#length < MAX_SUBNEGOTIATION) this.#payload[this.#length] = byte;
    this.#length++;
  }

  #ended(to: Speech): void {
    const payload = this.#payload;
    this.#payload = Buffer.alloc(0);
    const agreed = this.#theirs.has(this.#option) || this.#ours.has(this.#option);
    if (agreed && this.#length <= MAX_SUBNEGOTIATION) to.aside(this.#option, payload.subarray(0, this.#length));
  }

  /** Answers what changes something, and every offer that is refused; never what is so already (RFC 1143). */
  #negotiate(verb: number, option: number): void {
    const about = verb === WILL || verb === WONT ? this.#theirs : this.#ours;
    const may = about === this.#theirs ? this.#options.theirs : this.#options.ours;
    const [yes, no] = about === this.#theirs ? [DO, DONT] : [WILL, WONT];
    const asked = this.#asked.delete(option);
    if (verb === WONT || verb === DONT) {
      if (about.delete(option)) this.#say(no, option);
    } else if (!may.includes(option)) this.#say(no, option);
    else if (!about.has(option)) {
      about.add(option);
      if (!asked) this.#say(yes, option);
      this.#release(option);
    }
  }

  #release(option: number): void {
    const waiting = this.#waiting.splice(0);
    this.#waitingBytes = 0;
    for (const one of waiting) {
      if (one.option === option) this.#sayAside(option, one.payload);
      else this.aside(one.option, one.payload);
    }
  }

  #say(verb: number, option: number): void {
    this.#pass(Buffer.of(IAC, verb, option));
  }

  #sayAside(option: number, payload: Buffer): void {
    const doubled = Buffer.allocUnsafe(payload.length * 2);
    let length = 0;
    for (const byte of payload) {
      if (byte === IAC) doubled[length++] = IAC;
      doubled[length++] = byte;
    }
    this.#pass(Buffer.concat([Buffer.of(IAC, SB, option), doubled.subarray(0, length), Buffer.of(IAC, SE)]));
  }
}
