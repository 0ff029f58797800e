/**
 * The sessions that are recorded: receives the door's frames, drives a pipeline for each session, and keeps those that have ended until their last records
 * are written. Never throws for what comes of a session: a fault of ours, met by hostile bytes, is that session's and not the end of the audit.
 */
import { type Gap, KIND, type Kind } from '../capture/frames.js';
import type { SessionEnd, SessionOpen, TimeUs } from '../contract.js';
import { SessionPipeline } from '../pipeline.js';
import type { NodeScribe, SessionScribe } from '../record/scribe.js';
import type { Heads } from '../spool/state.js';
import type { Keepings } from './keepings.js';
import type { NodeRecord } from './node-record.js';

/** How long a stop waits for modules of AUDIT_PROVIDERS, which have at most a second for each answer. */
const ANSWERS_MS = 500;

/** One of them: its id and listener, and what its records come from. */
export interface Session {
  readonly id: string;
  readonly listener: string;
  readonly pipeline: SessionPipeline;
  readonly scribe: SessionScribe;
}

export interface SessionsParts {
  readonly keepings: Keepings;
  readonly scribe: NodeScribe;
  readonly node: NodeRecord;
  /** The ends of open chains; others after a handover. */
  readonly heads: () => Heads;
  /** Records can be written now. */
  readonly accepts: () => boolean;
  /** One has begun that nobody knew. */
  readonly began: () => void;
}

export class Sessions {
  readonly #parts: SessionsParts;
  /** By the door's numbers. */
  readonly #sessions = new Map<number, Session>();
  /** Those that have ended and whose last records wait for modules of AUDIT_PROVIDERS. */
  readonly #ending = new Map<number, Session>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** Sessions that go on, and those whose last records are not written. */
  get all(): readonly Session[] {
    return [...this.#sessions.values(), ...this.#ending.values()];
  }

  /** Reads a frame of the door. Never throws. */
  frame(kind: Kind, session: number, at: TimeUs, bytes: Buffer): void {
    try {
      this.#read(kind, session, at, bytes);
    } catch {
      this.#failed(session, at);
      if (kind === KIND.end) this.#sessions.delete(session);
    }
  }

  #read(kind: Kind, session: number, at: TimeUs, bytes: Buffer): void {
    switch (kind) {
      case KIND.RCV:
        return this.#sessions.get(session)?.pipeline.data('RCV', bytes, at);
      case KIND.SND:
        return this.#sessions.get(session)?.pipeline.data('SND', bytes, at);
      case KIND.open:
        return this.#begin(session, JSON.parse(bytes.toString()), at);
      case KIND.end:
        return this.#end(session, JSON.parse(bytes.toString()), at);
      case KIND.terminal:
        return this.#sessions.get(session)?.pipeline.terminal(JSON.parse(bytes.toString()), at);
      case KIND.gap:
        return this.#gap(session, JSON.parse(bytes.toString()), at);
      case KIND.node:
        return this.#parts.node.say(JSON.parse(bytes.toString()), at);
    }
  }

  #begin(session: number, open: SessionOpen, at: TimeUs): void {
    const { keepings, scribe: nodeScribe, node, heads, accepts, began } = this.#parts;
    const keeping = keepings.of(open.listener, at);
    if (!keeping) return;
    const { sessions } = heads();
    const known = sessions.get(open.id);
    const scribe = nodeScribe.session(open, keeping.allowSparse, known);
    if (!known) sessions.set(open.id, Object.assign(scribe.chain, { listener: open.listener, protocol: open.protocol }));
    const pipeline = new SessionPipeline(open, keeping, scribe, (fault, faultAt) => node.fault(fault, faultAt), accepts);
    this.#sessions.set(session, { id: open.id, listener: open.listener, pipeline, scribe });
    if (known) return pipeline.resume(at);
    began();
    pipeline.begin(at);
  }

  #end(session: number, end: SessionEnd, at: TimeUs): void {
    const found = this.#sessions.get(session);
    if (!found) return;
    found.pipeline.end(end, at);
    this.#sessions.delete(session);
    this.#ending.set(session, found);
    found.pipeline.records.whenWritten(() => {
      this.#ending.delete(session);
      this.#parts.heads().sessions.delete(found.id);
    });
  }

  #gap(session: number, gap: Gap, at: TimeUs): void {
    if (session !== 0) return this.#sessions.get(session)?.pipeline.gap(gap, at);
    this.#parts.node.gap(gap, at);
  }

  /** What was read last threw: its session goes on behind a gap; where that throws too it is given up, and what still comes of it is ignored. */
  #failed(session: number, at: TimeUs): void {
    const found = this.#sessions.get(session);
    try {
      if (found) found.pipeline.fail(at);
      else this.#parts.node.fault({ code: 'internal', stage: 'pipeline', count: 1 }, at);
    } catch {
      this.#sessions.delete(session);
      if (found) this.#parts.node.givenUp(found.scribe, at);
    }
  }

  /** Time goes on. */
  tick(at: TimeUs): void {
    this.#each(
      (pipeline) => pipeline.tick(at),
      () => at,
    );
  }

  /** What waits in sessions that go on is written as it stands. */
  settle(): void {
    this.#each(
      (pipeline) => pipeline.settle(),
      () => Date.now() * 1000,
    );
  }

  #each(work: (pipeline: SessionPipeline) => void, at: () => TimeUs): void {
    for (const [session, { pipeline }] of this.#sessions) {
      try {
        work(pipeline);
      } catch {
        this.#failed(session, at());
      }
    }
  }

  /** Masks are others: those that go on take them from what is said next on. */
  adopt(): void {
    for (const { listener, pipeline } of this.#sessions.values()) {
      const kept = this.#parts.keepings.now(listener);
      if (kept) pipeline.adopt(kept);
    }
  }

  /** There is room again, for what waited for a module. */
  goOn(): void {
    for (const { pipeline } of this.all) pipeline.records.goOn();
  }

  /** Of these (the door's numbers) those of which nothing waits, or nothing is known. */
  idle(sessions: readonly number[]): number[] {
    return sessions.filter((session) => (this.#sessions.get(session)?.pipeline.idle ?? true) && !this.#ending.has(session));
  }

  /** Waits for the modules that have not answered, a while; then the records go as they are. */
  async answers(): Promise<void> {
    if (!this.all.some(({ pipeline }) => pipeline.records.waits)) return;
    const written = this.all.map(({ pipeline }) => new Promise<void>((resolve) => pipeline.records.whenWritten(resolve)));
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise((resolve) => {
      timer = setTimeout(resolve, ANSWERS_MS);
    });
    await Promise.race([Promise.all(written), enough]);
    clearTimeout(timer);
    for (const { pipeline } of this.all) pipeline.records.settle();
  }
}
