/**
 * The listeners of a process and their sessions. Receives connections, dials the server for each, and joins the two; a client whose server cannot be
 * reached is told so and let go. Gives every session's beginning, bytes and end to the recorder.
 */
import type { Server, Socket } from 'node:net';
import type { SessionOpen } from '../contract.js';
import { type Address, formatAddress, protocolOf, type SocketAddress, wireOf } from './address.js';
import type { Arrived, Facts } from './arrive.js';
import type { Dialled } from './dial.js';
import { type BridgeListener, Entrance } from './entrance.js';
import { endWith, Farewells } from './farewell.js';
import type { Gate } from './gate.js';
import { type Dismissal, type Limits, type Refusal, WORDS } from './limits.js';
import { leave, listen, listenOn } from './listen.js';
import { duplicate } from './pty/libc.js';
import type { Spawn } from './pty/pty.js';
import { NO_RECORDER, type Recorder, Relay } from './relay.js';
import type { TrafficFigures } from './traffic.js';

export type { BridgeListener, Reach } from './entrance.js';

export interface BridgeOptions {
  readonly listeners: readonly BridgeListener[];
  readonly recorder: Recorder;
  /** Makes a session's id. */
  readonly newId: () => string;
  /** So many connections were refused and not recorded each, because they were too many: at most every ten seconds for a listener, and at the end. */
  readonly onRefused?: (count: number) => void;
}

/** A listening socket for another process: its listener's name, where that was told to listen, and a number of its own. */
export interface SharedSocket {
  readonly name: string;
  readonly listen: string;
  readonly fd: number;
}

/** How often sessions are looked after, in milliseconds: `Entrance.second`. */
const SECOND_MS = 1_000;
/** Of a WebSocket whose server cannot be reached: 1013. */
const TRY_AGAIN_LATER = 1013;

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #entrances: readonly Entrance[];
  readonly #servers: Server[] = [];
  readonly #relays = new Set<Relay>();
  /** Ends each session whose server is being dialled. */
  readonly #dialling = new Set<() => void>();
  readonly #farewells = new Farewells();
  #seconds: NodeJS.Timeout | undefined;
  #allEnded: (() => void) | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#entrances = options.listeners.map(
      (listener) =>
        new Entrance(listener, {
          farewells: this.#farewells,
          begin: (entrance, arrived) => this.#begin(entrance, arrived),
          refused: (entrance, facts, reason) => this.#refused(entrance.listener, facts, reason),
        }),
    );
  }

  /**
   * Opens all listeners, or none. Throws AUDIT_LISTEN. Returns the addresses in use, ports that were 0 filled in.
   * @param passed numbers of sockets that are open already, by the listener's name: those are listened on, wherever they are
   */
  async open(passed: ReadonlyMap<string, number> = new Map()): Promise<{ name: string; listen: SocketAddress; upstream: Address }[]> {
    const opened: { name: string; listen: SocketAddress; upstream: Address }[] = [];
    try {
      for (const entrance of this.#entrances) {
        const { listener } = entrance;
        const fd = passed.get(listener.name);
        const accept = (accepted: Socket): void => entrance.accept(accepted);
        const server = await (fd === undefined ? listen(listener.listen, accept) : listenOn(fd, listener.listen, accept));
        this.#servers.push(server);
        opened.push({ name: listener.name, listen: inUse(listener.listen, server, fd !== undefined), upstream: listener.upstream });
      }
    } catch (error) {
      for (const server of this.#servers) server.close();
      throw error;
    }
    this.#seconds = setInterval(() => this.#second(), SECOND_MS).unref();
    return opened;
  }

  /** Counts and limits of a listener; undefined where there is none of this name. */
  gateOf(name: string): Gate | undefined {
    return this.#entrances.find(({ listener }) => listener.name === name)?.gate;
  }

  /** Replaces what a listener allows. Its sessions go on; `lineBytes` counts for those that begin afterwards, all else for all. */
  update(name: string, limits: Limits): void {
    this.gateOf(name)?.update(limits);
  }

  /** Clients from now on come in by these; a listener that is not among them stays as it is, and none is opened or closed. */
  adopt(listeners: readonly BridgeListener[]): void {
    for (const entrance of this.#entrances) {
      const next = listeners.find(({ name }) => name === entrance.listener.name);
      if (next) entrance.adopt(next);
    }
  }

  /** What passed over each listener since the start, and how many sessions each has. */
  figures(): (TrafficFigures & { readonly name: string; readonly sessions: number })[] {
    return this.#entrances.map(({ listener, gate, traffic }) => ({ name: listener.name, sessions: gate.sessions, ...traffic.figures }));
  }

  get sessions(): number {
    return this.#relays.size + this.#dialling.size;
  }

  /** Clients that are on their way in, and may become sessions. */
  get arriving(): number {
    return this.#entrances.reduce((sum, { arriving }) => sum + arriving, 0);
  }

  /** The listening sockets once more, for somebody who goes on with them; the caller closes what it gets. One that cannot be had is left out. */
  share(): SharedSocket[] {
    return this.#entrances.flatMap(({ listener: { name, listen } }, index) => {
      const { fd = -1 } = (this.#servers[index] as unknown as { readonly _handle?: { readonly fd: number } | null } | undefined)?._handle ?? {};
      const copy = fd < 0 ? -1 : duplicate(fd);
      return copy < 0 ? [] : [{ name, listen: formatAddress(listen), fd: copy }];
    });
  }

  /** Accepts no more, for another process has the sockets too. Sessions go on, and who is on the way in still gets one. */
  leave(): void {
    for (const server of this.#servers.splice(0)) leave(server);
  }

  #second(): void {
    const now = performance.now();
    for (const entrance of this.#entrances) this.#tellRefused(entrance.second(now, (relay, why) => this.#dismiss(entrance.listener, relay, why)));
  }

  #tellRefused(count: number): void {
    if (count > 0) this.#options.onRefused?.(count);
  }

  /** Ends a session that may not go on, with words. */
  #dismiss({ listen }: BridgeListener, relay: Relay, why: Dismissal): void {
    endWith(relay.client, WORDS[why], listen, '\r\n');
    relay.stop(why);
  }

  /** A session that never was, for the record. */
  #refused(listener: BridgeListener, facts: Facts, reason: Refusal): boolean {
    const { recorder } = this.#options;
    if (!listener.active) return true;
    if (recorder.full) return false;
    const session = recorder.open(this.#describe(listener, facts), listener.policy);
    recorder.end(session, { reason, by: 'wirescribe', bytesIn: 0, bytesOut: 0 });
    return true;
  }

  #begin(entrance: Entrance, came: Arrived): void {
    const { listener, gate } = entrance;
    const arrived = listener.dress ? listener.dress(came) : came;
    const client = arrived.end.socket;
    const recorder = listener.active ? this.#options.recorder : NO_RECORDER;
    if (listener.policy === 'close' && recorder.full) {
      gate.leave(arrived.facts.ip);
      return void client.destroy();
    }
    // Until the relay listens: a client that fails while its server is dialled must not throw.
    client.on('error', () => undefined);
    const { reach } = listener;
    if (typeof reach !== 'function') return this.#spawn(entrance, { arrived, recorder }, reach.spawn);
    const open = this.#describe(listener, arrived.facts);
    const session = recorder.open(open, listener.policy);
    entrance.traffic.open();
    const giveUp = (): void => {
      abandon();
      client.destroy();
      gate.leave(arrived.facts.ip);
      recorder.end(session, { reason: 'shutdown', by: 'wirescribe', bytesIn: 0, bytesOut: 0 });
    };
    this.#dialling.add(giveUp);
    const done = (dialled: Dialled): void => {
      this.#dialling.delete(giveUp);
      this.#dialled(entrance, { arrived, recorder, session }, dialled);
    };
    const abandon = reach(arrived.facts, open.id, { timeoutMs: listener.handshakeMs, done });
  }

  /** A server of this client's own, which is there at once and belongs in the session's first record. */
  #spawn(entrance: Entrance, { arrived, recorder }: { arrived: Arrived; recorder: Recorder }, spawn: Spawn): void {
    const { listener } = entrance;
    const open = this.#describe(listener, arrived.facts);
    const spawned = spawn(arrived.facts, open.id);
    const facts = 'end' in spawned ? spawned.facts : {};
    const session = recorder.open({ ...open, ...facts }, listener.policy);
    entrance.traffic.open();
    this.#dialled(entrance, { arrived, recorder, session }, spawned);
  }

  #describe({ name, listen, upstream }: BridgeListener, { wire, to: _to, terminal: _terminal, ...facts }: Facts): SessionOpen {
    return {
      id: this.#options.newId(),
      listener: name,
      wire: wire ?? wireOf(listen, upstream),
      protocol: protocolOf(listen),
      upstream: formatAddress(upstream),
      ...facts,
    };
  }

  #dialled(entrance: Entrance, to: { arrived: Arrived; recorder: Recorder; session: number }, dialled: Dialled): void {
    const { listener, gate, watch, traffic } = entrance;
    const { arrived, recorder, session } = to;
    const { end, facts } = arrived;
    const client = end.socket;
    if ('failure' in dialled) {
      gate.leave(facts.ip);
      recorder.end(session, { reason: dialled.failure, by: 'server', bytesIn: 0, bytesOut: 0 });
      return this.#farewells.tell(client, { line: listener.onDown, closeCode: TRY_AGAIN_LATER }, listener.listen);
    }
    if (client.destroyed) {
      gate.leave(facts.ip);
      dialled.end.socket.destroy();
      return recorder.end(session, { reason: 'closed', by: 'client', bytesIn: 0, bytesOut: 0 });
    }
    const onEnd = (relay: Relay): void => {
      gate.leave(facts.ip);
      watch.delete(relay);
      traffic.delete(relay);
      this.#relays.delete(relay);
      if (this.#relays.size === 0) this.#allEnded?.();
    };
    // Frames that pass as they come have no lines.
    const lineBytes = facts.wire === 'websocket' ? null : gate.limits.lineBytes;
    const line =
      lineBytes === null ? {} : { line: { maxBytes: lineBytes, onTooLong: (relay: Relay) => this.#dismiss(listener, relay, 'line-too-long') } };
    const relay = new Relay({ client: end, server: dialled.end, recorder, session, policy: listener.policy, onEnd, ...line });
    this.#relays.add(relay);
    watch.add(relay, performance.now());
    traffic.add(relay);
    if (listener.policy === 'pause' && recorder.full) relay.hold();
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
    clearInterval(this.#seconds);
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    const ended = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
    });
    const cutOff = setTimeout(() => {
      for (const relay of this.#relays) relay.destroy();
    }, graceMs);
    for (const relay of this.#relays) relay.stop('shutdown');
    for (const entrance of this.#entrances) this.#tellRefused(entrance.close());
    for (const giveUp of this.#dialling) giveUp();
    this.#dialling.clear();
    this.#farewells.close();
    if (this.#relays.size > 0) await ended;
    await Promise.all(closed);
    clearTimeout(cutOff);
  }
}

function inUse(address: SocketAddress, server: Server, passed: boolean): SocketAddress {
  const bound = server.address();
  if (address.scheme === 'unix' || bound === null || typeof bound === 'string') return address;
  return { ...address, port: bound.port, ...(passed ? { host: bound.address } : {}) };
}
