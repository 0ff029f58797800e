/**
 * A program as the server of a session: what the client sends is typed into its terminal, what it says goes to the client, at most 64 KiB of either
 * waiting. Towards a telnet client we are its telnet server; all others get and give the terminal's bytes as they are.
 */
import { Duplex } from 'node:stream';
import type { TerminalFact } from '../../contract.js';
import { CR, LF } from './bytes.js';
import type { Key } from './libc.js';
import { Program, type ProgramOptions } from './program.js';
import { OFFERS, TelnetServer } from './telnet-server.js';

/** What waits for a client that does not read, before its program waits; in bytes. So do answers to its telnet, before nothing more is read of it. */
const WAITING_BYTES = 65_536;
/** Columns or rows; no terminal has more, and some programs make tables of its size. */
export const MOST_CELLS = 1_000;
/** How long a program that reads lines may go on behind the end of its input. */
const FAREWELL_MS = 5_000;

export interface PtyOptions extends Omit<ProgramOptions, 'output' | 'ended'> {
  readonly telnet: boolean;
}

export class PtyConduit extends Duplex {
  readonly #program: Program;
  readonly #telnet: TelnetServer | undefined;
  /** What of the chunk that is being written is for the program, in order. */
  readonly #typed: Uint8Array[] = [];
  /** What of it must be answered. */
  readonly #answers: Buffer[] = [];
  /** The last byte typed; a line end where none was. */
  #last = LF;
  /** The chunk is done with, but its answers wait for room. */
  #answered: (() => void) | undefined;
  #farewell: NodeJS.Timeout | undefined;
  #told: ((fact: TerminalFact) => void) | undefined;
  #blind = false;
  #gone: (() => void) | undefined;
  #over = false;

  /** Starts the program. Throws as Program does. */
  constructor({ telnet, ...options }: PtyOptions) {
    super({ allowHalfOpen: false, readableHighWaterMark: WAITING_BYTES, writableHighWaterMark: WAITING_BYTES });
    this.#program = new Program({ ...options, output: (chunk) => this.#say(chunk), ended: () => this.#ended() });
    if (!telnet) return;
    this.#telnet = new TelnetServer({
      text: (bytes) => this.#typed.push(bytes),
      key: (name) => this.#press(name),
      window: (columns, rows) => this.#program.resize(Math.min(columns, MOST_CELLS), Math.min(rows, MOST_CELLS)),
      answer: (bytes) => this.#answers.push(bytes),
    });
    this.push(OFFERS);
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** How the program ended, once it has: its exit status, or the name of a signal. */
  get exit(): number | string | undefined {
    return this.#program.exit;
  }

  watchTerminal(told: (fact: TerminalFact) => void): void {
    this.#told = told;
  }

  /** A password is asked for, or no longer: that is known best where lines are typed. 1 us, so it can be asked at each chunk. */
  #look(): void {
    if (!this.#told) return;
    const blind = this.#program.typesBlind;
    if (blind === this.#blind) return;
    this.#blind = blind;
    this.#told({ blind });
  }

  /** Not only once its turn has come (`_write`): the record has it now. */
  override write(chunk: unknown, ...rest: unknown[]): boolean {
    this.#look();
    return super.write(chunk, ...(rest as []));
  }

  #say(chunk: Buffer): void {
    this.#look();
    if (!this.push(this.#telnet ? this.#telnet.write(chunk) : chunk)) this.#program.pause();
  }

  override _read(): void {
    if (!this.#over) this.#program.resume();
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    if (!this.#telnet) return this.#type(chunk, done);
    this.#telnet.read(chunk);
    if (this.#answers.length > 0) this.push(Buffer.concat(this.#answers.splice(0)));
    const typed = Buffer.concat(this.#typed.splice(0));
    this.#type(typed, () => {
      if (this.readableLength < WAITING_BYTES) done();
      else this.#answered = done;
    });
  }

  #type(bytes: Uint8Array, done: () => void): void {
    if (bytes.length === 0) return done();
    this.#last = bytes[bytes.length - 1] as number;
    this.#program.write(bytes, done);
  }

  #press(name: Key): void {
    const key = this.#program.terminal?.keys[name] ?? 0;
    if (key !== 0) this.#typed.push(Uint8Array.of(key));
  }

  /**
   * The client has no more to say. A program that reads lines gets the end of its input, and some time to go on with what it had; any other is hung up.
   */
  override _final(done: () => void): void {
    const terminal = this.#program.terminal;
    if (this.#over || !terminal?.canonical || terminal.keys.eof === 0) {
      this.#program.hangUp();
      return done();
    }
    // In the midst of a line the first one only hands that line over.
    const ends = Buffer.alloc(this.#last === LF || this.#last === CR ? 1 : 2, terminal.keys.eof);
    this.#farewell = setTimeout(() => this.#program.hangUp(), FAREWELL_MS);
    this.#program.write(ends, () => undefined);
    done();
  }

  #ended(): void {
    this.#over = true;
    clearTimeout(this.#farewell);
    this.push(null);
    this.#gone?.();
  }

  /** Closed is it only when the program has ended. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const gone = (): void => done(error);
    if (this.#over) return gone();
    this.#gone = gone;
    this.#program.close();
  }
}
