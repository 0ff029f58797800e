/**
 * The other sides of the chaos law: a web server and a syslog collector that fail in all the ways that such have, and the source of a callback of an
 * operator's own that throws, hangs, exits and refuses. Each keeps what it has taken, in the order in which it came. They fail only while they are told to.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Dice } from '../harness.js';

/** A server on a port that stays its own, also while it is away. */
abstract class Peer {
  readonly dice: Dice;
  /** It fails now and then. */
  bad = false;
  port = 0;
  protected readonly sockets = new Set<Socket>();
  #server: Server | HttpServer | undefined;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  protected abstract serve(): Server | HttpServer;

  get isAway(): boolean {
    return this.#server === undefined;
  }

  /** Comes, or comes back. */
  async come(): Promise<void> {
    if (this.#server) return;
    const server = this.serve();
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Goes: nobody is answered, and what was on its way is lost. */
  async go(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }
}

/** A line with this word in it is never taken by the web server. */
export const MALFORMED = 'malformed-line';
/** Nor is a larger body. */
const MOST_BODY_BYTES = 200_000;

/** Takes bodies of lines; keeps every one that it says 2xx to, and some that it says nothing to. */
export class WebServer extends Peer {
  readonly kept: string[] = [];

  protected serve(): HttpServer {
    return createHttpServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => void pieces.push(piece));
      request.on('end', () => this.#answer(Buffer.concat(pieces).toString(), request, response));
      request.on('error', () => undefined);
    });
  }

  #answer(body: string, { socket }: IncomingMessage, response: ServerResponse): void {
    const say = (status: number, headers = {}): void => void response.writeHead(status, headers).end();
    const luck = this.bad ? this.dice.next() : 1;
    if (luck < 0.1) return say(503);
    if (luck < 0.2) return say(429, { 'retry-after': this.dice.between(0, 1) });
    if (luck < 0.25) return;
    if (luck < 0.35) return void socket.destroy();
    if (body.length > MOST_BODY_BYTES) return say(413);
    if (body.includes(MALFORMED)) return say(400);
    this.kept.push(...body.split('\n').slice(0, -1));
    if (luck < 0.45) return void socket.destroy();
    if (luck < 0.55) return void response.writeHead(200, { 'content-length': 2 }).write('o', () => socket.destroy());
    say(this.dice.between(200, 204));
  }
}

/** Takes syslog's messages over tcp, counted by octets; keeps those that it read whole and that no part was cut off. */
export class Collector extends Peer {
  readonly kept: string[] = [];

  protected serve(): Server {
    return createServer((socket) => {
      let open: Buffer = Buffer.alloc(0);
      socket.on('data', (piece: Buffer) => {
        if (this.bad && this.dice.next() < 0.03) return void socket.resetAndDestroy();
        open = this.#read(open.length > 0 ? Buffer.concat([open, piece]) : piece);
      });
    });
  }

  /** Gives what is left of `bytes` behind the last whole message. */
  #read(bytes: Buffer): Buffer {
    for (let at = 0; ; ) {
      const blank = bytes.indexOf(0x20, at);
      const end = blank < 0 ? Number.POSITIVE_INFINITY : blank + 1 + Number(bytes.toString('latin1', at, blank));
      if (end > bytes.length) return bytes.subarray(at);
      this.#keep(bytes.toString('utf8', blank + 1, end));
      at = end;
    }
  }

  #keep(message: string): void {
    const line = message.indexOf('{');
    if (line >= 0 && !message.slice(0, line).includes(' cut="')) this.kept.push(message.slice(line));
  }

  /** Hears no more of what is sent to it, until it goes. */
  stopReading(): void {
    for (const socket of this.sockets) socket.pause();
  }

  /** Nobody is connected: all that was sent to it was read, or is lost. */
  get isQuiet(): boolean {
    return this.sockets.size === 0;
  }
}

/** Records whose id ends so are refused by the keeper, always: one in 256. */
const REFUSED = 'e5';

/**
 * The callback of an operator's own, as source. Keeps lines in the file of its option `out`. With `moods`, it does what the file `mood` says: 'bad' (throws,
 * before, in the middle of or behind its work; ends its thread; seldom hangs), 'down' (throws always), 'hangs'; and it refuses some records for good.
 */
export const KEEPER = `
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** A kill may have cut the last line. */
function endsTorn(path) {
  if (!existsSync(path)) return false;
  const fd = openSync(path, 'r');
  const last = Buffer.alloc(1, '\\n');
  readSync(fd, last, 0, 1, Math.max(0, fstatSync(fd).size - 1));
  closeSync(fd);
  return last[0] !== 10;
}

const keep = (path, records) => appendFileSync(path, (endsTorn(path) ? '\\n' : '') + records.map(({ line }) => line + '\\n').join(''));

export default async ({ out, moods }, context) => ({
  async write(records) {
    const mood = moods && existsSync('mood') ? readFileSync('mood', 'utf8') : '';
    const luck = mood === 'bad' ? Math.random() : 1;
    if (mood === 'down' || luck < 0.08) throw new Error('down');
    if (mood === 'hangs' || luck < 0.085) await new Promise(() => {});
    if (luck < 0.1) process.exit(3);
    const refused = moods ? records.filter(({ id }) => id.endsWith('${REFUSED}')) : [];
    const taken = records.filter((record) => !refused.includes(record));
    if (luck < 0.15) {
      keep(out, taken.slice(0, taken.length / 2));
      throw new Error('half of it');
    }
    keep(out, taken);
    if (luck < 0.2) throw new Error('behind it');
    if (luck < 0.22) process.exit(3);
    if (refused.length > 0) {
      throw Object.assign(new Error('refused'), { name: 'RefusedRecords', refused: refused.map((record) => ({ record, reason: 'unwanted' })) });
    }
  },
  async close() {},
});
`;
