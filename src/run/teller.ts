/**
 * What the node says of itself in its audit, by way of the door: facts in their order, faults, and that the spool cannot be written. Receives what happened;
 * holds what finds no room until there is some. Never says anything of a session.
 */
import type { NodeFact } from '../audit/auditor-data.js';
import type { Door } from '../capture/door.js';
import type { Log } from '../contract.js';
import { Rarely } from '../spool/retry.js';

/** Facts that wait for room at the door. */
const MAX_FACTS = 256;

export class Teller {
  readonly #door: Pick<Door, 'node'>;
  readonly #log: Log;
  readonly #facts: NodeFact[] = [];
  /** By their codes. */
  readonly #peerFaults = new Map<string, Rarely>();
  #troubles = 0;

  constructor(door: Pick<Door, 'node'>, log: Log) {
    this.#door = door;
    this.#log = log;
  }

  /** Puts a fact about the node into the audit, as soon as there is room. */
  tell(fact: NodeFact): void {
    if (this.#facts.length === 0 && this.#door.node(JSON.stringify(fact))) return;
    if (this.#facts.length < MAX_FACTS) this.#facts.push(fact);
  }

  /** There is room at the door again. */
  room(): void {
    while (this.#facts[0] && this.#door.node(JSON.stringify(this.#facts[0]))) this.#facts.shift();
  }

  /** A fault of the node: its code, where it came up, and how often. */
  fault(code: string, stage: string, count: number): void {
    this.tell({ topic: 'audit.fault', data: { code, stage, count } });
  }

  /** Strangers can cause these as often as they like: each code at once, then once a minute. */
  peerFault(code: string, stage = 'bridge'): void {
    const known = this.#peerFaults.get(code) ?? new Rarely((name, count) => this.fault(name, stage, count));
    this.#peerFaults.set(code, known);
    known.happened(code);
  }

  /** Whether the journal's writes fail just now. */
  get isTroubled(): boolean {
    return this.#troubles > 0;
  }

  /** The journal's writes fail with this name, or work again (undefined). Said once on stderr, and in the audit when it can be. */
  trouble(code: string | undefined): void {
    if (code === undefined) {
      this.fault('spool-write', 'spool', this.#troubles);
      this.#log.info('AUDIT_SPOOL: the spool can be written again');
      this.#troubles = 0;
    } else if (this.#troubles++ === 0) {
      this.#log.warn(`AUDIT_SPOOL: the spool cannot be written (${code}); records wait, and it is tried again`);
    }
  }
}
