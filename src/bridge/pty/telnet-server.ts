/**
 * A telnet server's end of a connection (RFC 854), as telnetd is one: receives what a client sends, gives what is typed in it, keys, window sizes and the
 * answers that it is owed; makes telnet of what a program says. Bytes in, bytes out: no I/O, never throws. Echo and the window are what it wants, and all
 * else is refused, by RFC 1143: nothing is said twice of an option, so no two ends can go on answering each other.
 */

import * as B from './bytes.js';
import type { Key } from './libc.js';

/** Told of what a client's bytes mean, in their order. */
export interface TelnetInput {
  /** Typed; to keep. */
  text(bytes: Uint8Array): void;
  /** A command that stands for a key of the terminal. */
  key(name: Key): void;
  /** Neither is 0. */
  window(columns: number, rows: number): void;
  /** What the client must be told. */
  answer(bytes: Buffer): void;
}

/** What we perform ourselves, and what we have the client perform. */
const OURS: readonly number[] = [B.ECHO, B.SGA];
const THEIRS: readonly number[] = [B.SGA, B.TTYPE, B.NAWS];

/** BRK and ABORT as telnetd has them. */
const KEYS: { readonly [command: number]: Key } = {
  [B.EOF]: 'eof',
  [B.SUSP]: 'susp',
  [B.ABORT]: 'quit',
  [B.BRK]: 'quit',
  [B.IP]: 'intr',
  [B.EC]: 'erase',
  [B.EL]: 'kill',
};

const YES = Buffer.from('\r\n[Yes]\r\n');

/** No subnegotiation that is read is longer. */
const MOST_SUBNEGOTIATION = 64;

/** Where in the stream it is. `behindCr`: LF and NUL belong to the CR in front of them. */
type Reads = 'text' | 'behindCr' | 'command' | 'option' | 'subnegotiation' | 'commandInside';

/** Of an option (RFC 1143, without what only those need who switch one off by themselves). */
type Is = 'off' | 'asked' | 'on';

/** What a server begins with. TTYPE and NAWS may have been asked for already, by `asked`. */
export const OFFERS = Buffer.from([B.IAC, B.WILL, B.ECHO, B.IAC, B.WILL, B.SGA]);
export const WISHES = Buffer.from([B.IAC, B.DO, B.TTYPE, B.IAC, B.DO, B.NAWS]);

export class TelnetServer {
  readonly #to: TelnetInput;
  #reads: Reads = 'text';
  #verb = 0;
  readonly #inside: number[] = [];
  readonly #ours = new Map<number, Is>([
    [B.ECHO, 'asked'],
    [B.SGA, 'asked'],
  ]);
  readonly #theirs = new Map<number, Is>([
    [B.TTYPE, 'asked'],
    [B.NAWS, 'asked'],
  ]);
  /** The program's last byte was a CR: LF or NUL must follow. */
  #openCr = false;

  /** For a client that has been, or is just being, sent OFFERS and WISHES. */
  constructor(to: TelnetInput) {
    this.#to = to;
  }

  /** Reads what the client sent next. */
  read(bytes: Uint8Array): void {
    const text = Buffer.allocUnsafe(bytes.length);
    let length = 0;
    let given = 0;
    const flush = (): void => {
      if (length > given) this.#to.text(text.subarray(given, length));
      given = length;
    };
    for (const byte of bytes) {
      if (this.#isText(byte)) text[length++] = byte;
      else if (this.#ends(byte)) flush();
      this.#step(byte);
    }
    flush();
  }

  #isText(byte: number): boolean {
    if (this.#reads === 'text') return byte !== B.IAC;
    if (this.#reads === 'behindCr') return byte !== B.IAC && byte !== B.LF && byte !== B.NUL;
    return this.#reads === 'command' && byte === B.IAC;
  }

  /** Whether this byte ends something that must not stand before what was typed in front of it. */
  #ends(byte: number): boolean {
    return this.#reads === 'command' || this.#reads === 'option' || (this.#reads === 'commandInside' && byte === B.SE);
  }

  #step(byte: number): void {
    switch (this.#reads) {
      case 'text':
      case 'behindCr':
        this.#reads = byte === B.IAC ? 'command' : byte === B.CR ? 'behindCr' : 'text';
        return;
      case 'command':
        return this.#command(byte);
      case 'option':
        this.#reads = 'text';
        return this.#negotiate(this.#verb, byte);
      case 'subnegotiation':
        if (byte === B.IAC) this.#reads = 'commandInside';
        else this.#keep(byte);
        return;
      case 'commandInside':
        return this.#insideCommand(byte);
    }
  }

  #command(byte: number): void {
    this.#verb = byte;
    this.#reads = byte === B.SB ? 'subnegotiation' : byte >= B.WILL && byte <= B.DONT ? 'option' : 'text';
    const key = KEYS[byte];
    if (key !== undefined) this.#to.key(key);
    else if (byte === B.AYT) this.#to.answer(YES);
  }

  #keep(byte: number): void {
    if (this.#inside.length < MOST_SUBNEGOTIATION) this.#inside.push(byte);
  }

  /** IAC within a subnegotiation: a doubled one is data; SE ends it, and so does any other command, which then counts for itself. */
  #insideCommand(byte: number): void {
    if (byte === B.IAC) {
      this.#keep(byte);
      this.#reads = 'subnegotiation';
      return;
    }
    const [option, ...said] = this.#inside.splice(0);
    if (byte !== B.SE) return this.#command(byte);
    this.#reads = 'text';
    if (option === B.NAWS) this.#resize(said);
  }

  #resize([c1, c0, r1, r0, ...more]: readonly number[]): void {
    if (c1 === undefined || c0 === undefined || r1 === undefined || r0 === undefined || more.length > 0) return;
    const [columns, rows] = [c1 * 256 + c0, r1 * 256 + r0];
    if (columns > 0 && rows > 0) this.#to.window(columns, rows);
  }

  #negotiate(verb: number, option: number): void {
    const ours = verb === B.DO || verb === B.DONT;
    const [states, wanted, yes, no] = ours ? [this.#ours, OURS, B.WILL, B.WONT] : [this.#theirs, THEIRS, B.DO, B.DONT];
    const is = states.get(option) ?? 'off';
    if (verb === B.DO || verb === B.WILL) {
      if (!wanted.includes(option)) return this.#say(no, option);
      states.set(option, 'on');
      if (is === 'off') this.#say(yes, option);
    } else {
      states.set(option, 'off');
      if (is === 'on') this.#say(no, option);
    }
  }

  #say(verb: number, option: number): void {
    this.#to.answer(Buffer.from([B.IAC, verb, option]));
  }

  /** What a program said, as telnet: IAC doubled, NUL behind a CR that no LF follows. @param bytes taken over; given back where nothing is to be changed */
  write(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const opened = this.#openCr && bytes[0] !== B.LF;
    this.#openCr = bytes[bytes.length - 1] === B.CR;
    const extra = (opened ? 1 : 0) + extraBytes(bytes);
    return extra === 0 ? bytes : escaped(bytes, opened, extra);
  }
}

/** Bytes that telnet needs more. A CR at the end is judged with what follows. */
function extraBytes(bytes: Buffer): number {
  let extra = 0;
  for (let at = bytes.indexOf(B.IAC); at >= 0; at = bytes.indexOf(B.IAC, at + 1)) extra++;
  const last = bytes.length - 1;
  for (let at = bytes.indexOf(B.CR); at >= 0 && at < last; at = bytes.indexOf(B.CR, at + 1)) if (bytes[at + 1] !== B.LF) extra++;
  return extra;
}

function escaped(bytes: Buffer, opened: boolean, extra: number): Buffer {
  const telnet = Buffer.allocUnsafe(bytes.length + extra);
  let to = 0;
  if (opened) telnet[to++] = B.NUL;
  for (const [at, byte] of bytes.entries()) {
    telnet[to++] = byte;
    if (byte === B.IAC) telnet[to++] = byte;
    else if (byte === B.CR && at + 1 < bytes.length && bytes[at + 1] !== B.LF) telnet[to++] = B.NUL;
  }
  return telnet;
}
