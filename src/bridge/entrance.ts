/**
 * One listener at work: receives what was accepted, asks the gate, takes a client through the steps of its way in, and gives those that may have a
 * session. Who may not is told so where it can be, and recorded, a few each second; the rest are counted.
 */
import type { Socket } from 'node:net';
import { type Arrived, arrive, type Facts, factsOf } from './arrive.js';
import type { BridgeListener } from './bridge.js';
import { type Conduit, endOfAccepted } from './end.js';
import type { Farewells } from './farewell.js';
import { Gate } from './gate.js';
import { type Dismissal, NO_LIMITS, type Refusal, WORDS } from './limits.js';
import { Refusals } from './refusals.js';
import type { Relay } from './relay.js';
import { Traffic } from './traffic.js';
import { Watch } from './watch.js';

/** Clients of one listener that are on their way in at a time. One more, and who has been on it for the longest time gives way: whoever dawdles loses. */
const MAX_ARRIVING = 1_000;

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
