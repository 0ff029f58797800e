/** Says to a client why it is let go, and lets it go. Receives its side of the connection and the words; holds a bounded number that are being told. */
import { Socket } from 'node:net';
import { isWebSocket, type SocketAddress } from './address.js';
import type { Conduit } from './end.js';
import type { Words } from './limits.js';
import { linger } from './relay.js';

/** Clients that are being told something at a time; more are let go without words. */
const MAX_TOLD = 1_024;

/**
 * Ends a client's side with words, in the form that it understands. A socket that carries frames of which we know nothing is ended without.
 *
 * @param listen where the client came in
 * @param before what a line of text begins with: a line end, where it comes in the middle of a session
 */
export function endWith(client: Conduit, { line, closeCode }: Words, listen: SocketAddress, before = ''): void {
  if (client.destroyed || client.writableEnded) return;
  if (client.farewell) client.farewell(line, closeCode);
  else if (isWebSocket(listen) && client instanceof Socket) client.end();
  else client.end(`${before}${line}\r\n`);
}

/** The clients of a bridge that are being told why they have no session. */
export class Farewells {
  readonly #told = new Set<Conduit>();

  get size(): number {
    return this.#told.size;
  }

  /** Tells a client, and lets it go: what it sent meanwhile is read away, so that the words arrive. */
  tell(client: Conduit, words: Words, listen: SocketAddress): void {
    if (client.destroyed) return;
    if (this.#told.size >= MAX_TOLD) return void client.destroy();
    this.#told.add(client);
    client.once('close', () => this.#told.delete(client));
    client.on('end', () => client.destroy());
    endWith(client, words, listen);
    client.resume();
    linger(client);
  }

  /** Cuts off all that are being told. */
  close(): void {
    for (const client of this.#told) client.destroy();
  }
}
