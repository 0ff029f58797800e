/**
 * Telnet as seen from outside (RFC 854, 855): receives the bytes of one direction in any splitting, gives text, commands, negotiations and
 * subnegotiations as events; what is compressed (MCCP) is inflated and read by the same state machine. It answers nothing, holds at most one
 * subnegotiation and one inflate window, and never throws: what is malformed is a `fault` event and reading goes on behind it. The state machine
 * stands in one place, to be read beside the RFC; that is why it has many cases.
 */
import type { Decoder, Direction, WireEvent } from '../contract.js';
import { DO, DONT, FIRST_COMMAND, IAC, OPTION_COMPRESS, OPTION_ENCRYPT, OPTION_START_TLS, SB, SE, WILL, WONT } from './bytes.js';
import { Inflater } from './inflate.js';
import { Agreed, isCompression, MarkerSearch, startsIn } from './mccp.js';

/** Bytes of one subnegotiation that are kept; of a longer one only the length is known. GMCP's largest frames in the wild are below 32 KiB. */
export const MAX_SUBNEGOTIATION = 65_536;
/** First room for a payload: most are a few dozen bytes. */
const SMALL_PAYLOAD = 256;

/** RFC 2946: the subcommand behind which ENCRYPT's sender is encrypted; START_TLS's is FOLLOWS. */
const ENCRYPT_START = 3;
const START_TLS_FOLLOWS = 1;

const VERBS = { [WILL]: 'WILL', [WONT]: 'WONT', [DO]: 'DO', [DONT]: 'DONT' } as const;
type Verb = keyof typeof VERBS;

enum State {
  Text,
  Command,
  Option,
  SubOption,
  SubData,
  SubCommand,
}

/** How the bytes of the wire are to be taken. */
enum Layer {
  Plain,
  /** They inflate to telnet. */
  Compressed,
  /** They may be compressed, nobody knows how: until the next marker. */
  Blind,
  /** Encrypted, for good. */
  Opaque,
}

type Emit = (event: WireEvent) => void;

/** The byte that `IAC IAC` stands for. */
const LITERAL_IAC = Uint8Array.of(IAC);

export class TelnetDecoder implements Decoder {
  #state = State.Text;
  #layer = Layer.Plain;
  #verb: Verb = WILL;
  #option = 0;
  #payload = new Uint8Array(0);
  #length = 0;
  readonly #direction: Direction;
  readonly #agreed: Agreed;
  readonly #search: MarkerSearch;
  #inflater: Inflater | undefined;

  /** @param agreed one for both directions of a session: without it, a gap in which compression began is not noticed */
  constructor(direction: Direction, agreed = new Agreed()) {
    this.#direction = direction;
    this.#agreed = agreed;
    this.#search = new MarkerSearch(direction);
  }

  /**
   * @param bytes the next bytes of this direction, any number of them; borrowed until the call returns
   * @param emit gets each event at once; the bytes in an event are borrowed too
   */
  push(bytes: Uint8Array, emit: Emit): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#layer === Layer.Plain) at = this.#read(bytes, at, emit);
      else if (this.#layer === Layer.Compressed) at = this.#inflate(bytes, at, emit);
      else if (this.#layer === Layer.Blind) at = this.#seek(bytes, at, emit);
      else return emit({ type: 'unread', length: bytes.length - at });
    }
  }

  /** Nothing more comes. A subnegotiation that was never closed has swallowed what came behind it: that is said, and counted as unread. */
  end(emit: Emit): void {
    const open = this.#state === State.SubData || this.#state === State.SubCommand;
    if (!open || this.#length === 0) return;
    emit({ type: 'fault', code: 'telnet-subnegotiation-open' });
    emit({ type: 'unread', length: this.#length });
  }

  /** Bytes were lost here. A stream with a hole cannot be read, nor what follows a hole in which one may have begun. */
  lose(emit: Emit): void {
    if (this.#layer === Layer.Opaque) return;
    const known = this.#layer === Layer.Plain && !this.#agreed.mayBegin(this.#direction);
    if (known) this.#forget();
    else if (this.#layer === Layer.Blind) this.#search.reset();
    else this.#goBlind('compressed-lost', emit);
  }

  /** Reads telnet from `at` on; returns where that ended: with the bytes, or behind what begins another layer. */
  #read(bytes: Uint8Array, from: number, emit: Emit): number {
    const layer = this.#layer;
    let at = from;
    while (at < bytes.length && this.#layer === layer) {
      if (this.#state === State.Text) at = this.#text(bytes, at, emit);
      else this.#step(bytes[at++] as number, emit);
    }
    return at;
  }

  #inflate(bytes: Uint8Array, from: number, emit: Emit): number {
    const inflater = this.#inflater as Inflater;
    const outcome = inflater.push(bytes, from, (piece) => {
      this.#read(piece, 0, emit);
      return this.#layer === Layer.Compressed;
    });
    if (outcome === 'end') this.#layer = Layer.Plain;
    else if (outcome === 'corrupt' || outcome === 'bomb') this.#goBlind(`compressed-${outcome}`, emit);
    else if (outcome === 'stopped') {
      emit({ type: 'unread', length: inflater.blockUsed });
      inflater.stop();
    }
    return inflater.at;
  }

  /** Nothing tells where plain text begins again: only a marker does, which stands outside of any stream. */
  #seek(bytes: Uint8Array, from: number, emit: Emit): number {
    const found = this.#search.find(bytes, from);
    const end = found < 0 ? bytes.length : found;
    emit({ type: 'unread', length: end - from });
    this.#inflater?.pay(end - from);
    if (found < 0 || !this.#begin()) return end;
    emit({ type: 'readable' });
    return end;
  }

  #begin(): boolean {
    this.#inflater ??= new Inflater();
    if (!this.#inflater.start()) return false;
    this.#layer = Layer.Compressed;
    return true;
  }

  #goBlind(code: string, emit: Emit): void {
    this.#forget();
    this.#inflater?.stop();
    this.#search.reset();
    this.#layer = Layer.Blind;
    emit({ type: 'blind', code });
  }

  /** What follows stands at no known place of the protocol. */
  #forget(): void {
    this.#state = State.Text;
    this.#length = 0;
  }

  /** Gives the run of text from `at` on; returns where it ended, behind the IAC that ended it. */
  #text(bytes: Uint8Array, at: number, emit: Emit): number {
    const iac = bytes.indexOf(IAC, at);
    const end = iac < 0 ? bytes.length : iac;
    if (end > at) emit({ type: 'text', bytes: bytes.subarray(at, end) });
    if (iac < 0) return end;
    this.#state = State.Command;
    return iac + 1;
  }

  #step(byte: number, emit: Emit): void {
    switch (this.#state) {
      case State.Command:
        return this.#command(byte, emit);
      case State.Option:
        this.#state = State.Text;
        this.#agreed.hear(this.#direction, this.#verb, byte);
        return emit({ type: 'negotiate', verb: VERBS[this.#verb], option: byte });
      case State.SubOption:
        this.#option = byte;
        this.#length = 0;
        this.#state = State.SubData;
        return;
      case State.SubData:
        return this.#subData(byte, emit);
      case State.SubCommand:
        return this.#subCommand(byte, emit);
    }
  }

  #command(byte: number, emit: Emit): void {
    this.#state = State.Text;
    if (byte === IAC) return emit({ type: 'text', bytes: LITERAL_IAC });
    if (byte === SB) this.#state = State.SubOption;
    else if (byte in VERBS) {
      this.#verb = byte as Verb;
      this.#state = State.Option;
    } else if (byte === SE) emit({ type: 'fault', code: 'telnet-stray-se' });
    else if (byte >= FIRST_COMMAND) emit({ type: 'command', code: byte });
    else {
      // An undoubled FF of an 8-bit charset, or rubbish. The byte behind it may be the first of a command line: it stays text.
      emit({ type: 'fault', code: 'telnet-unknown-command' });
      emit({ type: 'text', bytes: Uint8Array.of(byte) });
    }
  }

  #subData(byte: number, emit: Emit): void {
    if (byte === IAC) this.#state = State.SubCommand;
    else {
      this.#keep(byte, emit);
      // MCCP1 starts behind `IAC SB 85 WILL SE`: its authors forgot the IAC.
      if (this.#option === OPTION_COMPRESS && this.#length === 2 && this.#payload[0] === WILL && byte === SE) this.#finish(emit);
    }
  }

  #subCommand(byte: number, emit: Emit): void {
    this.#state = State.SubData;
    if (byte === SE) return this.#finish(emit);
    if (byte === IAC) return this.#keep(IAC, emit);
    emit({ type: 'fault', code: 'telnet-subnegotiation-broken' });
    if (byte > SE) {
      // A command inside: the sender never closed it. What was gathered is given up, the command stands.
      this.#length = 0;
      return this.#command(byte, emit);
    }
    // A real engine sends GMCP with FF undoubled: both bytes are data.
    this.#keep(IAC, emit);
    this.#keep(byte, emit);
  }

  #keep(byte: number, emit: Emit): void {
    if (this.#length === this.#payload.length && this.#length < MAX_SUBNEGOTIATION) {
      const larger = new Uint8Array(Math.max(SMALL_PAYLOAD, this.#payload.length * 2));
      larger.set(this.#payload);
      this.#payload = larger;
    }
    if (this.#length < MAX_SUBNEGOTIATION) this.#payload[this.#length] = byte;
    this.#length++;
    if (this.#length === MAX_SUBNEGOTIATION + 1) emit({ type: 'fault', code: 'telnet-subnegotiation-long' });
  }

  #finish(emit: Emit): void {
    this.#state = State.Text;
    const payload = this.#payload.subarray(0, Math.min(this.#length, MAX_SUBNEGOTIATION));
    emit({ type: 'subnegotiation', option: this.#option, payload, length: this.#length });
    const opaque = opaqueBehind(this.#option, payload);
    if (this.#payload.length > SMALL_PAYLOAD) this.#payload = new Uint8Array(0);
    this.#length = 0;
    if (isCompression(this.#option)) return this.#compress(emit);
    if (!opaque) return;
    this.#layer = Layer.Opaque;
    emit({ type: 'opaque', code: opaque });
  }

  /** A marker. One inside of a stream, or from the side that it is not for, starts nothing: the peer reads on as before, and so do we. */
  #compress(emit: Emit): void {
    if (this.#layer === Layer.Compressed) emit({ type: 'fault', code: 'compressed-twice' });
    else if (!startsIn(this.#direction, this.#option)) emit({ type: 'fault', code: 'compressed-wrong-side' });
    else if (!this.#begin()) this.#goBlind('compressed-bomb', emit);
  }
}

/** What makes the bytes behind this subnegotiation unreadable, if anything does. */
function opaqueBehind(option: number, payload: Uint8Array): string | undefined {
  if (option === OPTION_START_TLS && payload[0] === START_TLS_FOLLOWS) return 'encrypted-tls';
  if (option === OPTION_ENCRYPT && payload[0] === ENCRYPT_START) return 'encrypted';
  return undefined;
}
