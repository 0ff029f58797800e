/**
 * The listeners of a process and their sessions. Receives connections, dials the server for each, and joins the two; a client whose server cannot be
 * reached is told so and let go. Gives every session's beginning, bytes and end to the recorder.
 */
import type { Server, Socket } from 'node:net';
import type { SessionOpen } from '../contract.js';
import { type Address, formatAddress, protocolOf, type SocketAddress, wireOf } from './address.js';
import { type Arrived, arrive, type Facts, factsOf, type Step } from './arrive.js';
import type { Dialled } from './dial.js';
import { type Conduit, endOfAccepted } from './end.js';
import { listen } from './listen.js';
import { linger, NO_RECORDER, type Policy, type Recorder, Relay } from './relay.js';

export interface BridgeListener {
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: Address;
  /** What a client goes through before its session begins; none for a plain one. */
  readonly arrival: readonly Step[];
  /** Reaches the server for a client, whose session has this id. */
  readonly reach: Reach;
  /** What a client is told when the server cannot be reached; one line. */
  readonly onDown: string;
  readonly handshakeMs: number;
  readonly policy: Policy;
  /** False: nothing of this listener is recorded. */
  readonly active: boolean;
}

/** Calls `done` once, never before it has returned. @returns gives up: `done` is not called any more, and nothing is left of it */
export type Reach = (
  client: Facts,
  session: string,
  options: { readonly timeoutMs: number; readonly done: (dialled: Dialled) => void },
) => () => void;

export interface BridgeOptions {
  readonly listeners: readonly BridgeListener[];
  readonly recorder: Recorder;
  /** Makes a session's id. */
  readonly newId: () => string;
}

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #servers: Server[] = [];
  readonly #relays = new Set<Relay>();
  /** Ends each session whose server is being dialled. */
  readonly #dialling = new Set<() => void>();
  /** Gives up on each client that is on its way in. */
  readonly #arriving = new Set<() => void>();
  /** Clients that are being told that there is no server. */
  readonly #turnedAway = new Set<Conduit>();
  #allEnded: (() => void) | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Opens all listeners, or none. Throws AUDIT_LISTEN. Returns the addresses in use, ports that were 0 filled in. */
  async open(): Promise<{ name: string; listen: SocketAddress; upstream: Address }[]> {
    const opened: { name: string; listen: SocketAddress; upstream: Address }[] = [];
    try {
      for (const listener of this.#options.listeners) {
        const server = await listen(listener.listen, (accepted) => this.#accept(listener, accepted));
        this.#servers.push(server);
        opened.push({ name: listener.name, listen: inUse(listener.listen, server), upstream: listener.upstream });
      }
    } catch (error) {
      for (const server of this.#servers) server.close();
      throw error;
    }
    return opened;
  }

  get sessions(): number {
    return this.#relays.size + this.#dialling.size;
  }

  #accept(listener: BridgeListener, accepted: Socket): void {
    if (listener.arrival.length === 0) {
      // Asked in this order: the address goes with the handle.
      const facts = factsOf(accepted);
      return this.#begin(listener, { end: endOfAccepted(accepted), facts });
    }
    const giveUp = arrive(accepted, {
      steps: listener.arrival,
      timeoutMs: listener.handshakeMs,
      done: (arrived) => {
        this.#arriving.delete(giveUp);
        if (arrived) this.#begin(listener, arrived);
      },
    });
    this.#arriving.add(giveUp);
  }

  #begin(listener: BridgeListener, arrived: Arrived): void {
    const client = arrived.end.socket;
    const recorder = listener.active ? this.#options.recorder : NO_RECORDER;
    if (listener.policy === 'close' && recorder.full) return void client.destroy();
    // Until the relay listens: a client that fails while its server is dialled must not throw.
    client.on('error', () => undefined);
    const open = this.#describe(listener, arrived.facts);
    const session = recorder.open(open, listener.policy);
    const giveUp = (): void => {
      abandon();
      client.destroy();
      recorder.end(session, { reason: 'shutdown', by: 'wirescribe', bytesIn: 0, bytesOut: 0 });
    };
    this.#dialling.add(giveUp);
    const done = (dialled: Dialled): void => {
      this.#dialling.delete(giveUp);
      this.#dialled(listener, { arrived, recorder, session }, dialled);
    };
    const abandon = listener.reach(arrived.facts, open.id, { timeoutMs: listener.handshakeMs, done });
  }

  #describe({ name, listen, upstream }: BridgeListener, { wire, ...facts }: Facts): SessionOpen {
    return {
      id: this.#options.newId(),
      listener: name,
      wire: wire ?? wireOf(listen, upstream),
      protocol: protocolOf(listen),
      upstream: formatAddress(upstream),
      ...facts,
    };
  }

  #dialled(listener: BridgeListener, to: { arrived: Arrived; recorder: Recorder; session: number }, dialled: Dialled): void {
    const { arrived, recorder, session } = to;
    const { end } = arrived;
    const client = end.socket;
    if ('failure' in dialled) {
      recorder.end(session, { reason: dialled.failure, by: 'server', bytesIn: 0, bytesOut: 0 });
      return this.#turnAway(client, listener.onDown);
    }
    if (client.destroyed) {
      dialled.end.socket.destroy();
      return recorder.end(session, { reason: 'closed', by: 'client', bytesIn: 0, bytesOut: 0 });
    }
    const onEnd = (relay: Relay): void => {
      this.#relays.delete(relay);
      if (this.#relays.size === 0) this.#allEnded?.();
    };
    const relay = new Relay({ client: end, server: dialled.end, recorder, session, policy: listener.policy, onEnd });
    this.#relays.add(relay);
    if (listener.policy === 'pause' && recorder.full) relay.hold();
  }

  /** Tells a client that there is no server, and lets it go: what it sent meanwhile is read away, so that the words arrive. */
  #turnAway(client: Conduit, words: string): void {
    if (client.destroyed) return;
    this.#turnedAway.add(client);
    client.once('close', () => this.#turnedAway.delete(client));
    client.on('end', () => client.destroy());
    client.end(`${words}\r\n`);
    client.resume();
    linger(client);
  }

  /** The recorder has no room: sessions wait or end as their policy says. */
  full(): void {
    for (const relay of this.#relays) {
      if (relay.policy === 'pause') relay.hold();
      else if (relay.policy === 'close') relay.stop('audit-failed');
    }
  }

  /** The recorder has room again. */
  room(): void {
    for (const relay of this.#relays) relay.release();
  }

  /** Accepts no more, ends every session, and resolves when all are gone; after `graceMs` they are cut off. */
  async close(graceMs: number): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    const ended = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
    });
    const cutOff = setTimeout(() => {
      for (const relay of this.#relays) relay.destroy();
    }, graceMs);
    for (const relay of this.#relays) relay.stop('shutdown');
    for (const giveUp of this.#arriving) giveUp();
    this.#arriving.clear();
    for (const giveUp of this.#dialling) giveUp();
    this.#dialling.clear();
    for (const client of this.#turnedAway) client.destroy();
    if (this.#relays.size > 0) await ended;
    await Promise.all(closed);
    clearTimeout(cutOff);
  }
}

function inUse(address: SocketAddress, server: Server): SocketAddress {
  const bound = server.address();
  if (address.scheme === 'unix' || bound === null || typeof bound === 'string') return address;
  return { ...address, port: bound.port };
}
