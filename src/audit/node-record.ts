/**
 * What is recorded of the node, in its own chain: facts, faults, gaps, sessions that a crash left open. Receives what happened and when; writes records, and
 * throws where nothing can be written. Knows no session that goes on.
 */
import type { Gap } from '../capture/frames.js';
import type { TimeUs } from '../contract.js';
import { compileMasks, type MaskSet, scrubData } from '../mask/masker.js';
import { formatTime } from '../record/line.js';
import type { NodeScribe, SessionScribe } from '../record/scribe.js';
import { Rarely } from '../spool/retry.js';
import type { NodeFact } from './auditor-data.js';
import type { Counts } from './counts.js';
import type { ProviderFault } from './provider-round.js';

/** A fault as its record has it: what, where, how often, and whose it is. */
export interface Fault {
  readonly code: string;
  readonly stage: string;
  readonly count: number;
  readonly mask?: string;
  readonly provider?: string;
}

/** The end of a session's chain, as the spool knows it. */
export interface OpenHead {
  readonly seq: number;
  readonly hash: string;
  readonly listener: string;
  readonly protocol: string;
}

export interface NodeRecordParts {
  readonly scribe: NodeScribe;
  readonly counts: Counts;
  /** The spool is being given up: nothing may be written behind what is durable. */
  readonly stands: () => boolean;
}

export class NodeRecord {
  readonly #parts: NodeRecordParts;
  readonly #noMasks: MaskSet = compileMasks([]);
  /** What is to be said once the spool is no longer being given up. */
  readonly #later: (() => void)[] = [];
  /** By a module's name and what is wrong with it. */
  readonly #providerFaults = new Map<string, Rarely>();

  constructor(parts: NodeRecordParts) {
    this.#parts = parts;
  }

  /** A fact about the node. */
  say({ topic, data }: NodeFact, at: TimeUs): void {
    if (topic === 'audit.fault') this.#parts.counts.fault(data ?? {});
    this.#parts.scribe.event(topic, at, data && scrubData(this.#noMasks, data));
  }

  fault(fault: Fault, at: TimeUs): void {
    this.#parts.counts.fault(fault);
    this.#parts.scribe.event('audit.fault', at, scrubData(this.#noMasks, { ...fault }));
  }

  /** The spool's level: now, or once it is no longer being given up. */
  spoolFault(code: 'spool-full' | 'spool-filling'): void {
    const say = (): void => this.fault({ code, stage: 'spool', count: 1 }, Date.now() * 1000);
    if (this.#parts.stands()) this.#later.push(say);
    else say();
  }

  /** A record went on without what a module of AUDIT_PROVIDERS would have done: at once, then counted. Never throws. */
  providerFailed(provider: string, code: ProviderFault): void {
    if (this.#parts.stands()) return void this.#later.push(() => this.providerFailed(provider, code));
    const key = `${provider} ${code}`;
    const say = (_: string, count: number): void => this.fault({ code, stage: 'provider', count, provider }, Date.now() * 1000);
    const rarely = this.#providerFaults.get(key) ?? new Rarely(say);
    this.#providerFaults.set(key, rarely);
    try {
      rarely.happened(code);
    } catch {
      // Nothing can be written now; the journal has trouble of its own.
    }
  }

  /** There is room: says what waited, unless all stands still. */
  goOn(): void {
    if (this.#parts.stands()) return;
    for (const say of this.#later.splice(0)) say();
  }

  /** A gap of the door that is no session's. */
  gap({ reason, from, to, bytes, sessions }: Gap, at: TimeUs): void {
    const times = { from: from === null ? null : formatTime(from), to: formatTime(to) };
    this.#parts.scribe.event('audit.gap', at, scrubData(this.#noMasks, gapOf({ stage: 'capture', reason, ...times, bytes, sessions })));
  }

  /** Ends a session that the process which it went on in left open: a gap, and its end. */
  endCrashed(id: string, head: OpenHead, at: TimeUs): void {
    const { listener, protocol } = head;
    const scribe = this.#parts.scribe.session({ id, listener, protocol }, false, head);
    scribe.event('audit.gap', at, scrubData(this.#noMasks, gapOf({ stage: 'process', reason: 'crash', to: formatTime(at), sessions: 1 })));
    const end = { reason: 'crash', by: 'wirescribe', bytes_in: null, bytes_out: null };
    scribe.event('session.end', at, scrubData(this.#noMasks, end));
  }

  /** A session met a fault of ours twice: a gap. Its chain stays open: the next start ends it, as after a crash. */
  givenUp(scribe: SessionScribe, at: TimeUs): void {
    try {
      scribe.event('audit.gap', at, scrubData(this.#noMasks, gapOf({ stage: 'pipeline', reason: 'internal', to: formatTime(at), sessions: 1 })));
    } catch {
      // Nothing can be written now. The fault was said, or the journal has trouble of its own.
    }
  }
}

/** A gap's data in the record's order; null where nothing is said. */
export function gapOf({
  stage,
  reason,
  ...known
}: {
  readonly stage: string;
  readonly reason: string;
  readonly [name: string]: string | number | null;
}) {
  const unknown = { direction: null, from: null, to: null, records: null, bytes: null, sessions: null, callback: null };
  return { stage, reason, ...unknown, ...known };
}
