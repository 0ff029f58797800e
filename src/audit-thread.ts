/**
 * The audit thread: receives slabs of frames from the door, drives the sessions' pipelines, and writes the journal. `Auditor` is all of it but the
 * thread; inline (`threads: 0`) the same is called in the I/O thread. While the journal accepts no more, slabs are kept and no credit goes back: the
 * door's policy decides what that means for the players.
 */
import { type KeyObject, randomFillSync } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { type Gap, KIND, type Kind, readFrames } from './capture/frames.js';
import { Checkpoints } from './checkpoints.js';
import type { SessionEnd, SessionOpen, TimeUs, Topic } from './contract.js';
import { Counts } from './counts.js';
import { AuditError, nameOf, type Place } from './errors.js';
import { type GoingSession, goingHeads, type PassedDraft, Passing, type PassingData } from './handover/passing.js';
import { Taking } from './handover/taking.js';
import { type KeepingSettings, Keepings } from './keepings.js';
import { compileMasks, type MaskSet, scrubData } from './mask/masker.js';
import { MaskAlarm } from './mask-alarm.js';
import type { AuditFigures } from './metrics.js';
import { SessionPipeline } from './pipeline.js';
import type { ProviderFault } from './provider-round.js';
import { Modules } from './providers.js';
import { Ids, Salts } from './record/id.js';
import { formatTime } from './record/line.js';
import { NodeScribe, type Origin, type SessionScribe } from './record/scribe.js';
import { Board } from './spool/board.js';
import type { Claim } from './spool/give-up.js';
import { type Fsync, Journal } from './spool/journal.js';
import { Rarely } from './spool/retry.js';
import { RoomAlarm } from './spool/room-alarm.js';
import { type Heads, noHeads } from './spool/state.js';
import { within } from './within.js';

/** All that the audit side needs, as plain data that a thread can be given. */
export interface AuditorData extends KeepingSettings {
  readonly origin: Origin;
  readonly spool: { readonly folder: string; readonly maxBytes: number; readonly fsync: Fsync; readonly segmentBytes?: number };
  /** The private key that signs checkpoints, where there is one. */
  readonly signingKey?: KeyObject;
  /** How often there is a checkpoint, where not every minute. */
  readonly checkpointMs?: number;
  readonly board: SharedArrayBuffer;
  /** Who reads the journal, by index on the board. */
  readonly callbacks: readonly Claim[];
  /** The journal begins held: the thread was started again while somebody rewrites closed segments. */
  readonly held?: true;
  /** Ids of sessions that go on (the thread was started again); all others that the spool knows as open ended with a crash. */
  readonly alive: readonly string[];
  /** The spool was handed over, and the thread was started again since: no journal is opened, records go out as drafts. */
  readonly passing?: PassingData;
}

/** A fact about the node, as the door's `node` frames carry it. */
export interface NodeFact {
  readonly topic: Topic;
  readonly data?: { readonly [name: string]: unknown };
}

export interface AuditorEvents {
  /** All frames of the slab were read; it may be filled again. */
  returned(slab: ArrayBuffer): void;
  /** The journal's writes fail with this name, or work again (undefined). */
  trouble(code: string | undefined): void;
  /** A line for people; nothing of any record. */
  warn(message: string): void;
  /** The journal is closed: what is recorded of these sessions from now on, and of the node, comes by `drafts`. */
  gaveUp?(sessions: readonly GoingSession[]): void;
  /** Drafts for the new owner. They are the receiver's, who says when they are durable (`passed`). */
  drafts?(drafts: readonly PassedDraft[]): void;
}

/** How often there is a checkpoint, though nothing is recorded: what is older is proven whole. */
const CHECKPOINT_MS = 60_000;

/** How long a stop waits for modules of AUDIT_PROVIDERS, which have at most a second for each answer. */
const ANSWERS_MS = 500;

/** What waits in its order: a slab; drafts of another process; somebody who does something once all before is read, and before anything behind it is. */
type Work =
  | { readonly slab: ArrayBuffer; readonly used: number }
  | { readonly drafts: Uint8Array; readonly settle: (count: number | undefined) => void }
  | { readonly reached: () => void };
type Session = { readonly id: string; readonly listener: string; readonly pipeline: SessionPipeline; readonly scribe: SessionScribe };

/** What can be changed while it runs. */
export type AuditChange = KeepingSettings & Pick<AuditorData, 'callbacks'>;

export class Auditor {
  readonly #events: AuditorEvents;
  /** Where records go: the journal, or after a handover out. */
  #ledger: Journal | Passing;
  /** undefined: another process owns the spool. */
  #journal: Journal | undefined;
  #taking: Taking | undefined;
  readonly #scribe: NodeScribe;
  readonly #keepings: Keepings;
  /** Who reads the journal, by index on the board; the journal looks at the same list. */
  readonly #claims: Claim[];
  readonly #counts = new Counts();
  readonly #sessions = new Map<number, Session>();
  /** Those that have ended and whose last records wait for modules of AUDIT_PROVIDERS. */
  readonly #ending = new Map<number, Session>();
  /** What is to be said once the spool is no longer being given up. */
  readonly #onRoom: (() => void)[] = [];
  /** By a module's name and what is wrong with it. */
  readonly #providerFaults = new Map<string, Rarely>();
  readonly #noMasks: MaskSet = compileMasks([]);
  #alarm: MaskAlarm | undefined;
  #checkpoints: Checkpoints | undefined;
  /** The door's ticks end when nobody is there; checkpoints do not. */
  #minute: NodeJS.Timeout | undefined;
  readonly #queue: Work[] = [];
  readonly #visit = (kind: Kind, session: number, at: TimeUs, bytes: Buffer): void => this.#frame(kind, session, at, bytes);
  #scheduled = false;
  /** The spool is being given up: nothing is read. */
  #stands = false;
  #onIdle: (() => void) | undefined;

  /**
   * Opens the journal.
   * @param modules those of AUDIT_PROVIDERS, loaded
   * @throws AuditError AUDIT_SPOOL, and the system's errors, where that fails; AUDIT_MASK_..., AUDIT_EVENT where something does not compile
   */
  constructor(data: AuditorData, events: AuditorEvents, modules = Modules.none) {
    this.#events = events;
    this.#keepings = new Keepings(data, modules);
    modules.onFailed = (name, code) => this.#providerFailed(name, code);
    this.#claims = [...data.callbacks];
    const journal = data.passing ? undefined : this.#openJournal(data);
    this.#journal = journal;
    this.#ledger = journal ?? this.#passing(goingHeads(data.passing?.sessions ?? []), data.passing?.waiting ?? 0);
    const { heads } = this.#ledger;
    this.#scribe = new NodeScribe(
      {
        origin: data.origin,
        ids: new Ids(randomFillSync, heads.lastId || undefined),
        salts: new Salts(randomFillSync),
        append: (line, id, topic) => {
          journal?.append(line, id);
          this.#counts.record(topic);
          this.#checkpoints?.appended();
        },
        moved: heads.moved,
      },
      heads.node,
    );
    if (journal) this.#own(journal, data);
    else this.#pass();
  }

  #openJournal(data: AuditorData): Journal {
    const events = this.#events;
    const room = new RoomAlarm((message) => events.warn(message));
    return new Journal({
      ...data.spool,
      board: new Board(data.board),
      callbacks: this.#claims,
      held: data.held ?? false,
      declare: (given) => {
        room.gaveUp(given.callback);
        return this.declare({ topic: 'audit.gap', data: gapOf({ stage: 'spool', reason: 'given-up', ...given }) });
      },
      onTrouble: (code) => events.trouble(code),
      onLevel: (level, behind) => {
        room.level(level, behind);
        const code = level === 'full' ? 'spool-full' : 'spool-filling';
        const say = (): void => this.#fault({ code, stage: 'spool', count: 1 }, Date.now() * 1000);
        // While it is given up nothing may be written behind what is durable.
        if (this.#stands) this.#onRoom.push(say);
        else say();
      },
      onReady: () => this.#goOn(),
    });
  }

  /** What the owner of a spool does beside recording its own sessions. */
  #own({ heads, faults }: Journal, data: AuditorData): void {
    this.#checkpoints = new Checkpoints({ scribe: this.#scribe, heads, key: data.signingKey });
    this.#taking = new Taking(this.#scribe.sealer(), heads.sessions);
    this.#alarm = new MaskAlarm(data.spool.folder, this.#keepings.sets);
    this.#tellRecovery(faults, new Set(data.alive));
    this.#minute = setInterval(() => this.#ledger.accepts() && this.#checkpoint('time', Date.now() * 1000), data.checkpointMs ?? CHECKPOINT_MS);
    this.#minute.unref();
  }

  #passing(heads: Heads, waiting: number): Passing {
    return new Passing(heads, waiting, { give: (drafts) => this.#events.drafts?.(drafts), onReady: () => this.#goOn() });
  }

  /** From now on records go out. */
  #pass(): void {
    const { sessions } = this.#ledger.heads;
    const passing = this.#ledger instanceof Passing ? this.#ledger : this.#passing({ ...noHeads(), sessions }, 0);
    this.#ledger = passing;
    this.#scribe.pass((draft) => passing.pass(draft));
  }

  /**
   * Gives the spool up: all that was taken until now is durable, the journal closed, and what is recorded from then on goes out as drafts, of which the
   * caller is told by `gaveUp` first. False where that is not durable within the time; then nothing has changed.
   */
  async handOver(timeoutMs: number): Promise<boolean> {
    const journal = this.#journal;
    if (!journal) return false;
    const until = Date.now() + timeoutMs;
    if (
      !(await this.#stand(timeoutMs)) ||
      !(await within(
        journal.flushed().then(() => true),
        Math.max(0, until - Date.now()),
      ))
    ) {
      this.#stands = false;
      this.#goOn();
      return false;
    }
    await this.#disown(journal);
    this.#pass();
    this.#events.gaveUp?.(this.#all().map(({ id, scribe }) => ({ id, seq: scribe.chain.seq })));
    this.#stands = false;
    this.#goOn();
    return true;
  }

  /** Stands still behind what was taken until now. False: it did not come so far in time. */
  #stand(timeoutMs: number): Promise<boolean> {
    return this.#inTurn(timeoutMs, () => {
      this.#stands = true;
    });
  }

  /** Calls `run` behind what was taken until now, when there is room. False: that did not come in time, and it is not called any more. */
  async #inTurn(timeoutMs: number, run: () => void): Promise<boolean> {
    let marker: Work | undefined;
    const reached = new Promise<boolean>((resolve) => {
      const called = (): void => {
        run();
        resolve(true);
      };
      marker = { reached: called };
      this.#queue.push(marker);
      if (!this.#scheduled) this.#work();
    });
    if (await within(reached, timeoutMs)) return true;
    const at = this.#queue.indexOf(marker as Work);
    if (at >= 0) this.#queue.splice(at, 1);
    return false;
  }

  async #disown(journal: Journal): Promise<void> {
    this.#alarm?.close();
    clearInterval(this.#minute);
    this.#checkpoint('stop', Date.now() * 1000);
    [this.#alarm, this.#checkpoints, this.#taking, this.#journal] = [undefined, undefined, undefined, undefined];
    await journal.close();
  }

  /** So many characters of drafts are durable at the owner. */
  passed(count: number): void {
    if (this.#ledger instanceof Passing) this.#ledger.passed(count);
  }

  /**
   * Seals a batch of drafts from another process (Taking.take), in turn with what the door brings. Resolves with their number once they are durable;
   * undefined where they are none, or nothing is owned here any more.
   */
  drafts(batch: Uint8Array): Promise<number | undefined> {
    return new Promise((settle) => {
      this.#queue.push({ drafts: batch, settle });
      if (!this.#scheduled) this.#work();
    });
  }

  #seal(batch: Uint8Array, settle: (count: number | undefined) => void): void {
    const count = this.#taking?.take(batch);
    if (this.#checkpoints?.due) this.#checkpoint('count', Date.now() * 1000);
    if (count === undefined) return settle(undefined);
    void this.#ledger.flushed().then(() => settle(count));
  }

  /** Ends those of these sessions that are open as after a crash: the process that they went on in is gone. Resolves once that is durable. */
  async crashed(ids: readonly string[]): Promise<void> {
    const at = Date.now() * 1000;
    for (const id of this.#journal ? ids : []) {
      const head = this.#ledger.heads.sessions.get(id);
      if (head) this.#endCrashed(id, head, at);
    }
    await this.#ledger.flushed();
  }

  /**
   * The configuration was read again. New sessions keep what it says; those under way mask by it from what is said next on, and keep `in` and `out` of it.
   * @throws AuditError AUDIT_MASK_..., AUDIT_EVENT where something does not compile; then nothing has changed
   */
  adopt(change: AuditChange, modules = Modules.none): void {
    const before = this.#keepings.sets;
    this.#keepings.change(change, Date.now() * 1000, modules);
    modules.onFailed = (name, code) => this.#providerFailed(name, code);
    this.#claims.splice(0, this.#claims.length, ...change.callbacks);
    this.#masksChanged(before);
  }

  /** @param before the sets until now, which go unless they are among those that are */
  #masksChanged(before: readonly MaskSet[]): void {
    const { sets } = this.#keepings;
    this.#counts.masksGo(before.filter((set) => !sets.includes(set)));
    this.#alarm?.adopt(sets);
    for (const { listener, pipeline } of this.#sessions.values()) {
      const kept = this.#keepings.now(listener);
      if (kept) pipeline.adopt(kept);
    }
  }

  /**
   * Which of these sessions (the door's numbers) have all that was handed over of them in durable records, or in none; resolves once that is so. None
   * where slabs wait: ask again.
   */
  async durable(sessions: readonly number[]): Promise<readonly number[]> {
    if (this.#queue.length > 0) return [];
    const all = sessions.filter((session) => (this.#sessions.get(session)?.pipeline.idle ?? true) && !this.#ending.has(session));
    if (all.length > 0) await this.#ledger.flushed();
    return all;
  }

  /** What was written since this began, by names. */
  figures(): AuditFigures {
    return this.#counts.figures(this.#keepings.sets);
  }

  /** Says what the start found: damage, and the sessions that a crash left open. */
  #tellRecovery(faults: Journal['faults'], alive: ReadonlySet<string>): void {
    const at = Date.now() * 1000;
    for (const { code, count } of faults) this.#fault({ code, stage: 'spool', count }, at);
    if (this.#alarm?.damaged) this.#fault({ code: 'mask-hits', stage: 'mask', count: 1 }, at);
    for (const [id, head] of this.#ledger.heads.sessions) if (!alive.has(id)) this.#endCrashed(id, head, at);
    if (this.#checkpoints?.uncovered) this.#checkpoint('start', at);
  }

  #checkpoint(...what: Parameters<Checkpoints['write']>): void {
    try {
      this.#checkpoints?.write(...what);
    } catch {
      // Nothing can be written now: the next one covers it too.
    }
  }

  #endCrashed(id: string, head: { seq: number; hash: string; listener: string; protocol: string }, at: TimeUs): void {
    const { listener, protocol } = head;
    const scribe = this.#scribe.session({ id, listener, protocol }, false, head);
    scribe.event('audit.gap', at, scrubData(this.#noMasks, gapOf({ stage: 'process', reason: 'crash', to: formatTime(at), sessions: 1 })));
    const end = { reason: 'crash', by: 'wirescribe', bytes_in: null, bytes_out: null };
    scribe.event('session.end', at, scrubData(this.#noMasks, end));
    this.#ledger.heads.sessions.delete(id);
  }

  /** Takes a slab over; it is given back through `returned` once its frames are read. */
  take(slab: ArrayBuffer, used: number): void {
    this.#queue.push({ slab, used });
    if (!this.#scheduled) this.#work();
  }

  /** There is room again: for what waited for a module, then for what waits in slabs. */
  #goOn(): void {
    for (const run of this.#onRoom.splice(0)) run();
    for (const { pipeline } of this.#all()) pipeline.records.goOn();
    this.#work();
  }

  /** Sessions that go on, and those whose last records are not written. */
  #all(): readonly Session[] {
    return [...this.#sessions.values(), ...this.#ending.values()];
  }

  /** Reads one slab a turn, so that the journal's callbacks run in between. */
  #work(): void {
    this.#scheduled = false;
    if (this.#stands || this.#queue.length === 0 || !this.#ledger.accepts()) return;
    this.#do(this.#queue.shift() as Work);
    if (this.#queue.length === 0) return this.#onIdle?.();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#work());
  }

  #do(work: Work): void {
    if ('slab' in work) {
      readFrames(work.slab, work.used, this.#visit);
      this.#events.returned(work.slab);
    } else if ('drafts' in work) this.#seal(work.drafts, work.settle);
    else work.reached();
  }

  /** Never throws: a fault of ours, met by hostile bytes, is that session's and not the end of the audit. */
  #frame(kind: Kind, session: number, at: TimeUs, bytes: Buffer): void {
    if (kind === KIND.tick) this.#tick(at);
    else this.#tryToRead(kind, session, at, bytes);
    if (this.#checkpoints?.due) this.#checkpoint('count', at);
  }

  #tryToRead(kind: Kind, session: number, at: TimeUs, bytes: Buffer): void {
    try {
      this.#read(kind, session, at, bytes);
    } catch {
      this.#failed(session, at);
      if (kind === KIND.end) this.#sessions.delete(session);
    }
  }

  #tick(at: TimeUs): void {
    const { sets } = this.#keepings;
    if (this.#keepings.settles(at)) this.#masksChanged(sets);
    this.#listenForMasks(at);
    for (const [session, { pipeline }] of this.#sessions) {
      try {
        pipeline.tick(at);
      } catch {
        this.#failed(session, at);
      }
    }
  }

  #listenForMasks(at: TimeUs): void {
    try {
      for (const fault of this.#alarm?.tick(at) ?? []) this.#fault(fault, at);
    } catch {
      // Nothing can be written now; the journal has trouble of its own.
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
        return this.#node(JSON.parse(bytes.toString()), at);
    }
  }

  /** What was read last threw: its session goes on behind a gap; where that throws too it is given up, and what still comes of it is ignored. */
  #failed(session: number, at: TimeUs): void {
    const found = this.#sessions.get(session);
    try {
      if (found) found.pipeline.fail(at);
      else this.#fault({ code: 'internal', stage: 'pipeline', count: 1 }, at);
    } catch {
      this.#sessions.delete(session);
      if (found) this.#givenUp(found, at);
    }
  }

  /** The chain of the session stays open: the next start ends it, as after a crash. */
  #givenUp({ scribe }: Session, at: TimeUs): void {
    try {
      scribe.event('audit.gap', at, scrubData(this.#noMasks, gapOf({ stage: 'pipeline', reason: 'internal', to: formatTime(at), sessions: 1 })));
    } catch {
      // Nothing can be written now. The fault was said, or the journal has trouble of its own.
    }
  }

  #begin(session: number, open: SessionOpen, at: TimeUs): void {
    const keeping = this.#keepings.of(open.listener, at);
    if (!keeping) return;
    const { sessions } = this.#ledger.heads;
    const known = sessions.get(open.id);
    const scribe = this.#scribe.session(open, keeping.allowSparse, known);
    if (!known) sessions.set(open.id, Object.assign(scribe.chain, { listener: open.listener, protocol: open.protocol }));
    const pipeline = new SessionPipeline(
      open,
      keeping,
      scribe,
      (fault, faultAt) => this.#fault(fault, faultAt),
      () => !this.#stands && this.#ledger.accepts(),
    );
    this.#sessions.set(session, { id: open.id, listener: open.listener, pipeline, scribe });
    if (known) return pipeline.resume(at);
    this.#alarm?.sessionBegan();
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
      this.#ledger.heads.sessions.delete(found.id);
    });
  }

  #gap(session: number, gap: Gap, at: TimeUs): void {
    if (session !== 0) return this.#sessions.get(session)?.pipeline.gap(gap, at);
    const { reason, from, to, bytes, sessions } = gap;
    const times = { from: from === null ? null : formatTime(from), to: formatTime(to) };
    this.#scribe.event('audit.gap', at, scrubData(this.#noMasks, gapOf({ stage: 'capture', reason, ...times, bytes, sessions })));
  }

  #fault(fault: { code: string; stage: string; count: number; mask?: string; provider?: string }, at: TimeUs): void {
    this.#counts.fault(fault);
    this.#scribe.event('audit.fault', at, scrubData(this.#noMasks, fault));
  }

  /** A record went on without what a module would have done: at once, then counted. */
  #providerFailed(provider: string, code: ProviderFault): void {
    if (this.#stands) return void this.#onRoom.push(() => this.#providerFailed(provider, code));
    const key = `${provider} ${code}`;
    const say = (_: string, count: number): void => this.#fault({ code, stage: 'provider', count, provider }, Date.now() * 1000);
    const rarely = this.#providerFaults.get(key) ?? new Rarely(say);
    this.#providerFaults.set(key, rarely);
    try {
      rarely.happened(code);
    } catch {
      // Nothing can be written now; the journal has trouble of its own.
    }
  }

  #node({ topic, data }: NodeFact, at: TimeUs): void {
    if (topic === 'audit.fault') this.#counts.fault(data ?? {});
    this.#scribe.event(topic, at, data && scrubData(this.#noMasks, data));
  }

  /** Writes a record of the node and resolves once it is durable. Takes room from the reserve where the spool is full. */
  async declare(fact: NodeFact): Promise<void> {
    const at = Date.now() * 1000;
    this.#node(fact, at);
    // What is erased is proven to be that, and no damage, once a checkpoint covers the word of it.
    if (fact.topic === 'access.redact' && fact.data?.done === true) this.#checkpoint('redact', at);
    await this.#ledger.flushed();
  }

  /**
   * Writes the record of a look and resolves with true once it is durable. Whoever looks can do so as often as they like, so it waits for its turn, and takes
   * room as what is said does: false where there was none within the time, in milliseconds; then nothing is written.
   */
  async look(fact: NodeFact, timeoutMs: number): Promise<boolean> {
    if (!(await this.#inTurn(timeoutMs, () => this.#node(fact, Date.now() * 1000)))) return false;
    await this.#ledger.flushed();
    return true;
  }

  /** Begins a new segment, gives its number, and leaves all before it alone until `release`: see Journal.hold. Throws AUDIT_SPOOL behind a handover. */
  async hold(): Promise<number> {
    if (!this.#journal) throw new AuditError('AUDIT_SPOOL', 'the spool was handed over; ask its new owner');
    const { segment } = await this.#journal.hold(() => {
      for (const { scribe } of this.#all()) scribe.renew();
      this.#taking?.renew();
    });
    return segment;
  }

  release(): void {
    this.#journal?.release();
  }

  /** What waits in sessions that go on is written as it stands. */
  #settle(): void {
    for (const [session, { pipeline }] of this.#sessions) {
      try {
        pipeline.settle();
      } catch {
        this.#failed(session, Date.now() * 1000);
      }
    }
  }

  /** Waits for the modules that have not answered, a while; then the records go as they are. */
  async #answers(): Promise<void> {
    const written = this.#all().map(({ pipeline }) => new Promise<void>((resolve) => pipeline.records.whenWritten(resolve)));
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise((resolve) => {
      timer = setTimeout(resolve, ANSWERS_MS);
    });
    await Promise.race([Promise.all(written), enough]);
    clearTimeout(timer);
    for (const { pipeline } of this.#all()) pipeline.records.settle();
  }

  /** Makes everything durable that was taken, and closes the journal. Slabs that it does not accept within `timeoutMs` are left: then it gives false. */
  async close(timeoutMs: number): Promise<boolean> {
    if (this.#queue.length > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        timer = setTimeout(resolve, timeoutMs);
        this.#work();
      });
      clearTimeout(timer);
    }
    const all = !this.#queue.some((work) => 'slab' in work);
    for (const work of this.#queue.splice(0)) if ('drafts' in work) work.settle(undefined);
    this.#settle();
    if (this.#all().some(({ pipeline }) => pipeline.records.waits)) await this.#answers();
    if (this.#journal) await this.#disown(this.#journal);
    else if (this.#ledger instanceof Passing) await this.#ledger.close();
    return all;
  }
}

/** A gap's data in the record's order; null where nothing is said. */
function gapOf({ stage, reason, ...known }: { readonly stage: string; readonly reason: string; readonly [name: string]: string | number | null }) {
  const unknown = { direction: null, from: null, to: null, records: null, bytes: null, sessions: null, callback: null };
  return { stage, reason, ...unknown, ...known };
}

/** What the two threads say to each other. */
export type ToAudit =
  | { readonly type: 'slab'; readonly slab: ArrayBuffer; readonly used: number }
  | { readonly type: 'ping' }
  | { readonly type: 'declare'; readonly number: number; readonly fact: NodeFact }
  | { readonly type: 'look'; readonly number: number; readonly fact: NodeFact; readonly timeoutMs: number }
  | { readonly type: 'adopt'; readonly number: number; readonly change: AuditChange }
  | { readonly type: 'figures'; readonly number: number }
  | { readonly type: 'durable'; readonly number: number; readonly sessions: readonly number[] }
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | { readonly type: 'drafts'; readonly number: number; readonly batch: Uint8Array }
  | { readonly type: 'crashed'; readonly number: number; readonly sessions: readonly string[] }
  | { readonly type: 'hand-over'; readonly number: number; readonly timeoutMs: number }
  | { readonly type: 'passed'; readonly count: number }
  | { readonly type: 'close'; readonly timeoutMs: number };
export type FromAudit =
  | { readonly type: 'ready' | 'pong' }
  | { readonly type: 'declared'; readonly number: number }
  | { readonly type: 'answer'; readonly number: number; readonly answer: unknown }
  | { readonly type: 'refused'; readonly number: number; readonly code: string; readonly message: string; readonly place: Place | undefined }
  | { readonly type: 'held'; readonly segment: number }
  | { readonly type: 'warn'; readonly message: string }
  | { readonly type: 'closed'; readonly all: boolean }
  | { readonly type: 'gave-up'; readonly sessions: readonly GoingSession[] }
  | { readonly type: 'drafts'; readonly drafts: readonly PassedDraft[] }
  | { readonly type: 'returned'; readonly slab: ArrayBuffer }
  | { readonly type: 'trouble'; readonly code: string | undefined };

if (parentPort && (workerData as { audit?: AuditorData } | null)?.audit) {
  const port = parentPort;
  const say = (message: FromAudit, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const answer = async (number: number, work: () => unknown): Promise<void> => {
    try {
      say({ type: 'answer', number, answer: await work() });
    } catch (error) {
      const { message, place } = error instanceof AuditError ? error : { message: 'the configuration cannot be taken', place: undefined };
      say({ type: 'refused', number, code: error instanceof AuditError ? error.code : nameOf(error), message, place });
    }
  };
  const data = (workerData as { audit: AuditorData }).audit;
  const events: AuditorEvents = {
    returned: (slab) => say({ type: 'returned', slab }, [slab]),
    trouble: (code) => say({ type: 'trouble', code }),
    warn: (message) => say({ type: 'warn', message }),
    gaveUp: (sessions) => say({ type: 'gave-up', sessions }),
    drafts: (drafts) => say({ type: 'drafts', drafts }),
  };
  const auditor = new Auditor(data, events, await Modules.load(data.listeners));
  const adopt = async (change: AuditChange): Promise<void> => auditor.adopt(change, await Modules.load(change.listeners));
  port.on('message', (message: ToAudit) => {
    if (message.type === 'slab') auditor.take(message.slab, message.used);
    else if (message.type === 'ping') say({ type: 'pong' });
    else if (message.type === 'declare') void auditor.declare(message.fact).then(() => say({ type: 'declared', number: message.number }));
    else if (message.type === 'look') void answer(message.number, () => auditor.look(message.fact, message.timeoutMs));
    else if (message.type === 'adopt') void answer(message.number, () => adopt(message.change));
    else if (message.type === 'figures') void answer(message.number, () => auditor.figures());
    else if (message.type === 'durable') void answer(message.number, () => auditor.durable(message.sessions));
    else if (message.type === 'hold') void auditor.hold().then((segment) => say({ type: 'held', segment }));
    else if (message.type === 'release') auditor.release();
    else if (message.type === 'drafts') void auditor.drafts(message.batch).then((count) => answer(message.number, () => count));
    else if (message.type === 'crashed') void auditor.crashed(message.sessions).then(() => answer(message.number, () => true));
    else if (message.type === 'hand-over') void auditor.handOver(message.timeoutMs).then((given) => answer(message.number, () => given));
    else if (message.type === 'passed') auditor.passed(message.count);
    else void auditor.close(message.timeoutMs).then((all) => say({ type: 'closed', all }));
  });
  say({ type: 'ready' });
}
