/**
 * The small MUD of `wirescribe demo`: the world of world.ts behind telnetlib's server, on loopback. A stranger's bytes reach telnetlib here, so its
 * faults are kept from biting: see FRAGILE, `flushPolicy`, and `#goAhead`.
 */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import telnetlib, { type TelnetSocket } from 'telnetlib';
import { Visitor, World } from './world.js';

/**
 * Options whose handlers in telnetlib 1.0.2 throw out of the socket's data event at a malformed subnegotiation (GMCP, a short NAWS), hold a zlib
 * stream for every client that names them (MCCP), or change how input is cut (SGA). None is offered, so each is only ever refused.
 */
const FRAGILE = { SGA: 3, NAWS: 31, MCCP: 86, GMCP: 201 };

/** Longest line that is obeyed, in UTF-16 units; the rest of a longer one is dropped. */
const MAX_LINE = 1_024;
/** Bytes of one read that telnetlib collects; more is an error, which ends the session. Node reads 64 KiB at once. */
const RECEIVE_BYTES = 65_536;
/** Bytes that may wait for a client that does not read, before it is let go. */
const MAX_WAITING = 262_144;
/** Milliseconds between two things that happen by themselves. */
const AMBIENT_MS = 12_000;
/** Milliseconds that a client has to end its side once we have ended ours. */
const LEAVE_MS = 5_000;
const MAX_CLIENTS = 100;

export interface Mud {
  readonly port: number;
  /** Ends every connection and the listener. */
  close(): Promise<void>;
}

/** Cuts what somebody types into lines, ended by CR LF, CR NUL, CR or LF (clients differ), over any packets. */
export class TypedLines {
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #afterReturn = false;

  /** Gives the lines that end in these bytes, without their ends. */
  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    for (const char of this.#decoder.write(bytes)) {
      const second = this.#afterReturn && (char === '\n' || char === '\0');
      this.#afterReturn = char === '\r';
      if (second) continue;
      if (char === '\r' || char === '\n') {
        lines.push(this.#line);
        this.#line = '';
      } else if (this.#line.length < MAX_LINE) this.#line += char;
    }
    return lines;
  }
}

/** One client: writes text for a terminal, and a prompt after it. */
class Terminal {
  readonly #client: TelnetSocket;
  #atPrompt = false;
  #leaving = false;

  constructor(client: TelnetSocket) {
    this.#client = client;
  }

  hear(text: string): void {
    if (this.#leaving) return;
    this.#client.write(`${this.#atPrompt ? '\r\n' : ''}${text.replaceAll('\n', '\r\n')}\r\n`);
    this.#atPrompt = false;
    if (this.#waiting > MAX_WAITING) this.#client.socket.destroy();
  }

  leave(): void {
    this.#leaving = true;
    this.#client.end();
    this.#client.socket.setTimeout(LEAVE_MS, () => this.#client.socket.destroy());
  }

  /** The person has pressed Enter: the cursor stands on a new line. */
  entered(): void {
    this.#atPrompt = false;
  }

  prompt(): void {
    if (this.#leaving || this.#atPrompt) return;
    this.#client.write('> ');
    this.#goAhead();
    this.#atPrompt = true;
  }

  /** telnetlib puts commands in front of text that waits in its writer, so a mark is only sent where nothing does. */
  #goAhead(): void {
    if (this.#client.writer.writableLength === 0) this.#client.writer.writeCommand(telnetlib.constants.commands.GA);
  }

  get #waiting(): number {
    const { writer, socket } = this.#client;
    return writer.writableLength + writer.readableLength + socket.writableLength;
  }
}

function serve(world: World, client: TelnetSocket, prompts: Set<() => void>): void {
  client.reader.flushPolicy.endOfChunk = true; // otherwise a line that ends in a lone CR or LF is never given to us
  const terminal = new Terminal(client);
  const lines = new TypedLines();
  const prompt = () => terminal.prompt();
  const visitor = new Visitor(world, terminal);
  prompts.add(prompt);
  client.on('data', (bytes: Buffer) => {
    for (const line of lines.push(bytes)) {
      terminal.entered();
      visitor.obey(line);
      promptAll(prompts);
    }
  });
  client.on('error', () => client.socket.destroy());
  client.socket.on('close', () => {
    prompts.delete(prompt);
    visitor.gone();
    promptAll(prompts);
  });
  prompt();
}

/** After whatever happened, each who heard something is given a prompt. */
function promptAll(prompts: Set<() => void>): void {
  for (const prompt of prompts) prompt();
}

/**
 * Starts the MUD. It takes telnetlib's options handlers out of use in this process.
 * @param options.port 0, the default, for any free one
 * @param options.ambientMs milliseconds between two things that happen by themselves
 */
export async function startMud(options: { readonly port?: number; readonly host?: string; readonly ambientMs?: number } = {}): Promise<Mud> {
  const { port = 0, host = '127.0.0.1', ambientMs = AMBIENT_MS } = options;
  for (const [name, code] of Object.entries(FRAGILE)) telnetlib.defineOption(name, code, telnetlib.TelnetOption);
  const world = new World();
  const prompts = new Set<() => void>();
  const clients = new Set<TelnetSocket>();
  const server = telnetlib.createServer({ noDelay: true, receiveBufferMax: RECEIVE_BYTES }, (client) => {
    clients.add(client);
    client.socket.on('close', () => clients.delete(client));
    serve(world, client, prompts);
  });
  server.maxConnections = MAX_CLIENTS;
  server.listen(port, host);
  await once(server, 'listening');
  const timer = setInterval(() => {
    world.stir(Math.random());
    promptAll(prompts);
  }, ambientMs);
  return { port: (server.address() as AddressInfo).port, close: () => closeAll(server, clients, timer) };
}

async function closeAll(server: Server, clients: Set<TelnetSocket>, timer: NodeJS.Timeout): Promise<void> {
  clearInterval(timer);
  for (const client of clients) client.socket.destroy();
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
