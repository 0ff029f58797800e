/**
 * Tells the game who the client is, in the client's own words: an opt-in that EDITS THE STREAM from client to game. Into each NEW-ENVIRON IS (RFC 1572,
 * MNES) the client's real address is put as IPADDRESS, in place of one that the client made up; in MTTS (the answer to TTYPE, RFC 1091) the bit PROXY is
 * set. No other byte is touched; of what is edited nothing leaves before its end has come. Where the client begins to compress (MCCP3) nothing is edited any more.
 */
import type { Arrived } from './arrive.js';
import type { Source } from './end.js';

const IAC = 255;
const SB = 250;
const SE = 240;
const TTYPE = 24;
const NEW_ENVIRON = 39;
const MCCP3 = 87;
const IS = 0;
const INFO = 2;
/** Within NEW-ENVIRON. */
const VAR = 0;
const VALUE = 1;
const ESC = 2;
const USERVAR = 3;
/** Of MTTS: a proxy stands between, and passes everything on. */
const PROXY_BIT = 128;
/** Bytes of a subnegotiation that are held for its end; a longer one passes as it is. */
const MAX_HELD = 4_096;

type State = 'text' | 'iac' | 'sb' | 'held' | 'heldIac' | 'passed' | 'passedIac' | 'blind';

/** Edits one client's bytes. */
export class GameTeller {
  readonly #address: Buffer;
  #state: State = 'text';
  #option = 0;
  /** Bytes of the subnegotiation behind its option, as they stood on the wire. */
  #held: number[] = [];

  /** @param ip the client's address */
  constructor(ip: string) {
    this.#address = Buffer.from(ip);
  }

  /** What goes to the game of what the client sent. */
  edit(chunk: Buffer): Buffer {
    if (this.#state === 'blind' || (this.#state === 'text' && !chunk.includes(IAC))) return chunk;
    const out: number[] = [];
    let at = 0;
    for (; at < chunk.length && !this.#isBlind(); at++) this.#step(chunk[at] ?? 0, out);
    return Buffer.concat([Buffer.from(out), chunk.subarray(at)]);
  }

  #isBlind(): boolean {
    return this.#state === 'blind';
  }

  /** What is held when the client has ended. */
  end(): Buffer {
    const held = Buffer.from(this.#state === 'heldIac' ? [...this.#held, IAC] : this.#held);
    this.#held = [];
    this.#state = 'blind';
    return held;
  }

  #step(byte: number, out: number[]): void {
    switch (this.#state) {
      case 'text':
        this.#state = byte === IAC ? 'iac' : 'text';
        break;
      case 'iac':
        this.#state = byte === SB ? 'sb' : 'text';
        break;
      case 'sb':
        this.#option = byte;
        this.#state = byte === NEW_ENVIRON || byte === TTYPE ? 'held' : byte === IAC ? 'passedIac' : 'passed';
        break;
      case 'passed':
        if (byte === IAC) this.#state = 'passedIac';
        break;
      case 'passedIac':
        this.#state = byte === SE ? this.#afterEnd() : 'passed';
        break;
      default:
        return this.#hold(byte, out);
    }
    out.push(byte);
  }

  #afterEnd(): State {
    return this.#option === MCCP3 ? 'blind' : 'text';
  }

  #hold(byte: number, out: number[]): void {
    if (this.#state === 'held' && byte === IAC) {
      this.#state = 'heldIac';
      return;
    }
    if (this.#state === 'heldIac' && byte === SE) {
      out.push(...this.#edited(), IAC, SE);
      this.#held = [];
      this.#state = 'text';
      return;
    }
    if (this.#state === 'heldIac') this.#held.push(IAC);
    this.#held.push(byte);
    // IAC and anything but SE or IAC: broken, and a new command perhaps. It passes as it is.
    const broken = this.#state === 'heldIac' && byte !== IAC;
    this.#state = 'held';
    if (!broken && this.#held.length <= MAX_HELD) return;
    out.push(...this.#held);
    this.#held = [];
    this.#state = broken ? (byte === SB ? 'sb' : 'text') : 'passed';
  }

  #edited(): readonly number[] {
    const [kind] = this.#held;
    if (this.#option === TTYPE) return kind === IS ? withProxyBit(this.#held) : this.#held;
    return kind === IS || kind === INFO ? this.#withAddress(kind) : this.#held;
  }

  /** Without the client's own IPADDRESS, and in IS with ours at the end. */
  #withAddress(kind: number): readonly number[] {
    const kept = variablesOf(this.#held.slice(1)).filter(({ name }) => name.toUpperCase() !== 'IPADDRESS');
    const ours = kind === IS ? [VAR, ...Buffer.from('IPADDRESS'), VALUE, ...this.#address] : [];
    return [kind, ...kept.flatMap(({ bytes }) => bytes), ...ours];
  }
}

/** The variables of IS, each with its type, name and value as they stood. */
function variablesOf(bytes: readonly number[]): { readonly name: string; readonly bytes: readonly number[] }[] {
  const found: { name: string; bytes: number[]; named: boolean }[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === VAR || byte === USERVAR || found.length === 0) found.push({ name: '', bytes: [], named: false });
    const last = found.at(-1);
    if (!last) break;
    last.bytes.push(byte);
    if (byte === VALUE) last.named = true;
    if (byte === ESC && at + 1 < bytes.length) last.bytes.push(bytes[++at] ?? 0);
    if (!last.named && byte !== VAR && byte !== USERVAR) last.name += String.fromCharCode(byte === ESC ? (bytes[at] ?? 0) : byte);
  }
  return found;
}

function withProxyBit(held: readonly number[]): readonly number[] {
  const text = Buffer.from(held.slice(1)).toString('latin1');
  const [, word, number] = /^(MTTS )(\d{1,9})$/i.exec(text) ?? [];
  return word === undefined ? held : [IS, ...Buffer.from(`${word}${Number(number) | PROXY_BIT}`)];
}

/** The client's end of a session, what it says edited on its way. One whose address is not known is left as it is. */
export function tellGame(arrived: Arrived): Arrived {
  const { end, facts } = arrived;
  if (facts.ip === undefined) return arrived;
  const teller = new GameTeller(facts.ip);
  const source: Source = { take: () => undefined };
  const pass = (bytes: Buffer): void => {
    if (bytes.length > 0) source.take(bytes);
  };
  end.source.take = (chunk) => pass(teller.edit(chunk));
  // Before the relay hears of the end: what is held goes in front of it.
  end.socket.once('end', () => pass(teller.end()));
  const { prefix, ...rest } = end;
  const edited = prefix && teller.edit(prefix);
  return { facts, end: { ...rest, source, ...(edited && edited.length > 0 ? { prefix: edited } : {}) } };
}
