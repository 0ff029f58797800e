/**
 * Clients that negotiate, for tests: one answers as PuTTY does (character mode), one as Mudlet (MCCP2, GMCP). Receives a server's bytes, answers its
 * options, inflates MCCP2, and gives the rest to a LineClient. It shares nothing with src/decode, and reads what real servers send, not all that is legal.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { createInflate, type Inflate } from 'node:zlib';
import { LineClient } from './clients.js';

const [SE, SB, WILL, WONT, DO, DONT, IAC] = [240, 250, 251, 252, 253, 254, 255] as const;
const [ECHO, SGA, TTYPE, EOR, NAWS, TSPEED, ENVIRON, MCCP2, GMCP] = [1, 3, 24, 25, 31, 32, 39, 86, 201] as const;

/** First byte of a subnegotiation that tells (RFC 1091, 1079, 1572). */
const IS = 0;

/** How a client behaves. */
export interface Manners {
  /** Sent at once, before the server says anything: verb and option. */
  readonly offers: readonly (readonly [number, number])[];
  /** Options that it lets the server have (answers WILL by DO), and those that it has itself (answers DO by WILL); it refuses all others. */
  readonly lets: readonly number[];
  readonly has: readonly number[];
  /** What it says in subnegotiations: once asked (TTYPE, TSPEED, NEW-ENVIRON), or as soon as the option is on (NAWS, GMCP). */
  readonly tells: { readonly [option: number]: readonly Buffer[] };
}

const WINDOW = Buffer.from([0, 80, 0, 24]);
const is = (text: string): Buffer[] => [Buffer.from([IS, ...Buffer.from(text)])];

/** As PuTTY 0.7x begins every telnet session. */
export const PUTTY: Manners = {
  offers: [
    [WILL, NAWS],
    [WILL, TSPEED],
    [WILL, TTYPE],
    [WILL, ENVIRON],
    [DO, ECHO],
    [WILL, SGA],
    [DO, SGA],
  ],
  lets: [ECHO, SGA],
  has: [NAWS, TSPEED, TTYPE, ENVIRON, SGA],
  tells: { [NAWS]: [WINDOW], [TSPEED]: is('38400,38400'), [TTYPE]: is('XTERM'), [ENVIRON]: [Buffer.from([IS])] },
};

/** As Mudlet does, which begins nothing. */
export const MUDLET: Manners = {
  offers: [],
  lets: [ECHO, EOR, MCCP2, GMCP],
  has: [TTYPE, NAWS],
  tells: {
    [NAWS]: [WINDOW],
    [TTYPE]: is('MUDLET'),
    [GMCP]: ['Core.Hello { "client": "Mudlet", "version": "4.17.2" }', 'Core.Supports.Set [ "Char 1", "Char.Login 1", "Room 1" ]'].map((one) =>
      Buffer.from(one),
    ),
  },
};

const doubled = (bytes: Buffer): number[] => [...bytes].flatMap((byte) => (byte === IAC ? [IAC, IAC] : [byte]));

/** A GMCP message as it stands on the wire. @param message package, and behind a blank its JSON */
export const gmcp = (message: string): Buffer => subnegotiation(GMCP, Buffer.from(message));

const subnegotiation = (option: number, payload: Buffer): Buffer => Buffer.from([IAC, SB, option, ...doubled(payload), IAC, SE]);

/** Answers options and inflates; what comes out is the server's plain stream, telnet commands still in it. */
class Negotiator extends Transform {
  readonly #manners: Manners;
  readonly #socket: Socket;
  /** The last verb said of each option on each side: it is not said twice, so that no answer is answered for ever. */
  readonly #said = new Map<string, number>();
  #open = Buffer.alloc(0);
  #inflate: Inflate | undefined;

  constructor(socket: Socket, manners: Manners) {
    super();
    this.#socket = socket;
    this.#manners = manners;
    for (const [verb, option] of manners.offers) this.#say(verb, option);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#inflate) this.#inflate.write(chunk);
    else this.#read(chunk);
    done();
  }

  /** Gives on what is whole, and keeps a command that is not. */
  #read(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#open, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const next = this.#inflate ? bytes.length : this.#commandEnd(bytes, at);
      if (next < 0) break;
      if (bytes[at] === IAC) this.#obey(bytes.subarray(at, next));
      this.push(bytes.subarray(at, next));
      at = next;
      if (this.#inflate) {
        this.#inflate.write(bytes.subarray(at));
        at = bytes.length;
      }
    }
    this.#open = bytes.subarray(at);
  }

  /** Where the text or the command that begins here ends; -1: not yet here. */
  #commandEnd(bytes: Buffer, at: number): number {
    const behind = (end: number, length: number): number => (end < 0 || end + length > bytes.length ? -1 : end + length);
    if (bytes[at] !== IAC) return bytes.includes(IAC, at) ? bytes.indexOf(IAC, at) : bytes.length;
    const verb = bytes[at + 1];
    if (verb === SB) return behind(bytes.indexOf(Buffer.from([IAC, SE]), at), 2);
    return behind(at, verb !== undefined && verb >= WILL && verb <= DONT ? 3 : 2);
  }

  #obey(command: Buffer): void {
    const [, verb = 0, option = 0] = command;
    if (verb === WILL) this.#say(this.#manners.lets.includes(option) ? DO : DONT, option);
    if (verb === WONT) this.#say(DONT, option);
    if (verb === DO) this.#say(this.#manners.has.includes(option) ? WILL : WONT, option);
    if (verb === DONT) this.#say(WONT, option);
    if ((verb === DO && option === NAWS) || (verb === WILL && option === GMCP)) this.#tell(option);
    if (verb === SB && option !== GMCP && option !== MCCP2) this.#tell(option);
    if (verb === SB && option === MCCP2) this.#startInflating();
  }

  #say(verb: number, option: number): void {
    const side = `${verb === WILL || verb === WONT ? 'ours' : 'theirs'} ${option}`;
    if (this.#said.get(side) === verb) return;
    this.#said.set(side, verb);
    this.#send(Uint8Array.of(IAC, verb, option));
  }

  #tell(option: number): void {
    for (const payload of this.#manners.tells[option] ?? []) {
      this.#send(subnegotiation(option, payload));
    }
  }

  /** A server may ask after we have said that we end. */
  #send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** From here to the end of the connection: no server here ends its stream before. */
  #startInflating(): void {
    this.#inflate = createInflate();
    this.#inflate.on('data', (chunk: Buffer) => this.#readInflated(chunk));
    this.#inflate.on('error', () => this.#socket.destroy());
  }

  #readInflated(chunk: Buffer): void {
    const inflate = this.#inflate;
    this.#inflate = undefined;
    this.#read(chunk);
    this.#inflate = inflate;
  }
}

/** Connects to a port of 127.0.0.1 and behaves so. */
export async function dialAs(port: number, manners: Manners): Promise<LineClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return new LineClient(socket, socket.pipe(new Negotiator(socket, manners)));
}
