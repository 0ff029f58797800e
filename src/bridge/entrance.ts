/**
 * One listener at work: receives what was accepted, asks the gate, takes a client through the steps of its way in, and gives those that may have a
 * session. Who may not is told so where it can be, and recorded, a few each second; the rest are counted.
 */
import type { Socket } from 'node:net';
import type { Address, SocketAddress } from './address.js';
import { type Arrived, arrive, type Facts, factsOf, type Step } from './arrive.js';
import type { Dialled } from './dial.js';
import { type Conduit, endOfAccepted } from './end.js';
import type { Farewells } from './farewell.js';
import { Gate } from './gate.js';
import { type Dismissal, type Limits, NO_LIMITS, type Refusal, WORDS } from './limits.js';
import type { Spawn } from './pty/pty.js';
import { Refusals } from './refusals.js';
import type { Policy, Relay } from './relay.js';
import { Traffic } from './traffic.js';
import { Watch } from './watch.js';

/** Clients of one listener that are on their way in at a time. One more, and who has been on it for the longest time gives way: whoever dawdles loses. */
const MAX_ARRIVING = 1_000;

/** A listener, ready to work: what its settings (listener.ts) come to. */
export interface BridgeListener {
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: Address;
  /** What a client goes through before its session begins; none for a plain one. */
  readonly arrival: readonly Step[];
  /** Puts something between a client that has arrived and its session; absent: nothing. */
  readonly dress?: (arrived: Arrived) => Arrived;
  /** Reaches the server for a client, whose session has this id; or starts it. */
  readonly reach: Reach | { readonly spawn: Spawn };
  /** What a client is told when the server cannot be reached; one line. */
  readonly onDown: string;
  readonly handshakeMs: number;
  readonly policy: Policy;
  /** False: nothing of this listener is recorded. */
  readonly active: boolean;
  /** None where absent. */
  readonly limits?: Limits;
  /** Networks of proxies that say who their clients are: those are judged, not they. */
  readonly trusted?: readonly string[];
}

/** Calls `done` once, never before it has returned. @returns gives up: `done` is not called any more, and nothing is left of it */
export type Reach = (
  client: Facts,
  session: string,
  options: { readonly timeoutMs: number; readonly done: (dialled: Dialled) => void },
) => () => void;

export interface EntranceOptions {
  readonly farewells: Farewells;
  /** A client that the gate let in: `gate.leave` is owed for it, with the same address. */
  readonly begin: (entrance: Entrance, arrived: Arrived) => void;
  /** Records a session that never was. @returns false where there is no room to record it */
  readonly refused: (entrance: Entrance, facts: Facts, reason: Refusal) => boolean;
}

interface Arriving {
  readonly facts: Facts;
  giveUp: () => void;
}

export class Entrance {
  #listener: BridgeListener;
  readonly gate: Gate;
  readonly traffic = new Traffic();
  readonly watch = new Watch<Relay>();
  readonly #options: EntranceOptions;
  readonly #refusals = new Refusals();
  /** The oldest first. */
  readonly #arriving = new Set<Arriving>();

  constructor(listener: BridgeListener, options: EntranceOptions) {
    const { limits, trusted, listen } = listener;
    this.#listener = listener;
    this.gate = new Gate({ ...(limits ? { limits } : {}), ...(trusted ? { trusted } : {}), unix: listen.scheme === 'unix' });
    this.#options = options;
  }

  get listener(): BridgeListener {
    return this.#listener;
  }

  /** Clients that are on their way in. */
  get arriving(): number {
    return this.#arriving.size;
  }

  /** Clients from now on come in by what this says; those that are in or on their way stay. Its address is not looked at. */
  adopt(listener: BridgeListener): void {
    this.#listener = listener;
    this.gate.update(listener.limits ?? NO_LIMITS, listener.trusted);
  }

  /** Takes over a paused socket. */
  accept(accepted: Socket): void {
    // Asked first: the address goes with the handle.
    const facts = factsOf(accepted);
    // A client that is gone already, as a health check may be: the kernel knows its address no more.
    if (facts.ip === undefined && this.listener.listen.scheme !== 'unix') return void accepted.destroy();
    if (this.listener.arrival.length > 0) return this.#takeIn(accepted, facts);
    const refusal = this.gate.judge(facts.ip) ?? this.gate.enter(facts.ip);
    if (refusal) return this.#refuse(accepted, facts, refusal);
    this.#options.begin(this, { end: endOfAccepted(accepted), facts });
  }

  /** Who is refused before a handshake is let go without words: it could not read them. */
  #takeIn(accepted: Socket, facts: Facts): void {
    const { gate } = this;
    const refusal = (gate.trusts(facts.ip) ? undefined : gate.judge(facts.ip)) ?? gate.arrive(facts.ip);
    if (refusal) {
      accepted.destroy();
      return this.#record(facts, refusal);
    }
    if (this.#arriving.size >= MAX_ARRIVING) this.#evict();
    const arriving: Arriving = { facts, giveUp: () => accepted.destroy() };
    this.#arriving.add(arriving);
    const giveUp = arrive(accepted, {
      steps: this.listener.arrival,
      timeoutMs: this.listener.handshakeMs,
      done: (arrived, isLate) => {
        this.#gone(arriving);
        if (arrived) this.#arrived(arrived, facts);
        else if (isLate) this.#record(facts, 'handshake-timeout');
      },
    });
    arriving.giveUp = giveUp;
  }

  #gone(arriving: Arriving): void {
    if (this.#arriving.delete(arriving)) this.gate.arrived(arriving.facts.ip);
  }

  #evict(): void {
    const [oldest] = this.#arriving;
    if (!oldest) return;
    this.#gone(oldest);
    oldest.giveUp();
    this.#record(oldest.facts, 'refused-busy');
  }

  /** @param own what was known of the socket, which was judged unless it is a trusted proxy's */
  #arrived(arrived: Arrived, own: Facts): void {
    const { gate } = this;
    const { facts, end } = arrived;
    const isJudged = facts.ip === own.ip && !gate.trusts(own.ip);
    const refusal = (isJudged ? undefined : gate.judge(facts.ip)) ?? gate.enter(facts.ip);
    if (refusal) this.#refuse(end.socket, facts, refusal);
    else this.#options.begin(this, arrived);
  }

  #refuse(client: Conduit, facts: Facts, refusal: Refusal): void {
    client.on('error', () => undefined);
    if (refusal === 'denied' || refusal === 'handshake-timeout') client.destroy();
    else this.#options.farewells.tell(client, WORDS[refusal], this.listener.listen);
    this.#record(facts, refusal);
  }

  #record(facts: Facts, refusal: Refusal): void {
    if (this.#refusals.add() && !this.#options.refused(this, facts, refusal)) this.#refusals.miss();
  }

  /** A second has passed. @returns how many refusals are to be told of as a number, because they were too many to record each */
  second(nowMs: number, over: (relay: Relay, why: Dismissal) => void): number {
    this.watch.look(this.gate.limits, nowMs, over);
    return this.#refusals.second();
  }

  /** Gives up on each client that is on its way in. @returns as `second` */
  close(): number {
    for (const arriving of this.#arriving) {
      this.#gone(arriving);
      arriving.giveUp();
    }
    return this.#refusals.rest();
  }
}
