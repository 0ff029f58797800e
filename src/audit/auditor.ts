/**
 * The audit side without its thread (audit-thread.ts): receives slabs of frames from the door, drives the sessions' pipelines, and writes the journal; inline
 * (`threads: 0`) it is called in the I/O thread. While the journal accepts no more, slabs are kept and no credit goes back: the door's policy decides what
 * that means for the players.
 */
import { randomFillSync } from 'node:crypto';
import { KIND, type Kind, readFrames } from '../capture/frames.js';
import type { TimeUs } from '../contract.js';
import { AuditError } from '../errors.js';
import { goingHeads, Passing } from '../handover/passing.js';
import { Taking } from '../handover/taking.js';
import type { MaskSet } from '../mask/masker.js';
import { Ids, Salts } from '../record/id.js';
import { NodeScribe } from '../record/scribe.js';
import type { AuditFigures } from '../run/metrics.js';
import { Board } from '../spool/board.js';
import type { Claim } from '../spool/give-up.js';
import { Journal } from '../spool/journal.js';
import { RoomAlarm } from '../spool/room-alarm.js';
import { type Heads, noHeads } from '../spool/state.js';
import { within } from '../threads/within.js';
import type { AuditChange, AuditorData, AuditorEvents, NodeFact } from './auditor-data.js';
import { Checkpoints } from './checkpoints.js';
import { Counts } from './counts.js';
import { Keepings } from './keepings.js';
import { MaskAlarm } from './mask-alarm.js';
import { gapOf, NodeRecord } from './node-record.js';
import { Modules } from './providers.js';
import { Queue } from './queue.js';
import { Sessions } from './sessions.js';

/** How often there is a checkpoint, though nothing is recorded: what is older is proven whole. */
const CHECKPOINT_MS = 60_000;

export class Auditor {
  readonly #events: AuditorEvents;
  /** Where records go: the journal, or after a handover out. */
  #ledger: Journal | Passing;
  /** undefined: another process owns the spool. */
  #journal: Journal | undefined;
  #taking: Taking | undefined;
  readonly #scribe: NodeScribe;
  readonly #node: NodeRecord;
  readonly #sessions: Sessions;
  readonly #queue: Queue;
  readonly #keepings: Keepings;
  /** Who reads the journal, by index on the board; the journal looks at the same list. */
  readonly #claims: Claim[];
  readonly #counts = new Counts();
  #alarm: MaskAlarm | undefined;
  #checkpoints: Checkpoints | undefined;
  /** The door's ticks end when nobody is there; checkpoints do not. */
  #minute: NodeJS.Timeout | undefined;
  readonly #visit = (kind: Kind, session: number, at: TimeUs, bytes: Buffer): void => this.#frame(kind, session, at, bytes);

  /**
   * Opens the journal.
   * @param modules those of AUDIT_PROVIDERS, loaded
   * @throws AuditError AUDIT_SPOOL, and the system's errors, where that fails; AUDIT_MASK_..., AUDIT_EVENT where something does not compile
   */
  constructor(data: AuditorData, events: AuditorEvents, modules = Modules.none) {
    this.#events = events;
    this.#keepings = new Keepings(data, modules);
    modules.onFailed = (name, code) => this.#node.providerFailed(name, code);
    this.#claims = [...data.callbacks];
    const journal = data.passing ? undefined : this.#openJournal(data);
    this.#journal = journal;
    this.#ledger = journal ?? this.#passing(goingHeads(data.passing?.sessions ?? []), data.passing?.waiting ?? 0);
    this.#queue = this.#makeQueue();
    this.#scribe = this.#makeScribe(data, journal);
    const stands = (): boolean => this.#queue.stands;
    this.#node = new NodeRecord({ scribe: this.#scribe, counts: this.#counts, stands });
    this.#sessions = new Sessions({
      keepings: this.#keepings,
      scribe: this.#scribe,
      node: this.#node,
      heads: () => this.#ledger.heads,
      accepts: () => !stands() && this.#ledger.accepts(),
      began: () => this.#alarm?.sessionBegan(),
    });
    if (journal) this.#own(journal, data);
    else this.#pass();
  }

  #makeQueue(): Queue {
    return new Queue({
      accepts: () => this.#ledger.accepts(),
      read: (slab, used) => {
        readFrames(slab, used, this.#visit);
        this.#events.returned(slab);
      },
      seal: (batch, settle) => this.#seal(batch, settle),
    });
  }

  #makeScribe({ origin }: AuditorData, journal: Journal | undefined): NodeScribe {
    const { heads } = this.#ledger;
    return new NodeScribe(
      {
        origin,
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
        this.#node.spoolFault(code);
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
    const given = await this.#standDurable(journal, timeoutMs);
    if (given) {
      await this.#disown(journal);
      this.#pass();
      this.#events.gaveUp?.(this.#sessions.all.map(({ id, scribe }) => ({ id, seq: scribe.chain.seq })));
    }
    this.#queue.letGo();
    this.#goOn();
    return given;
  }

  /** Stands still behind what was taken until now, once that is durable. */
  async #standDurable(journal: Journal, timeoutMs: number): Promise<boolean> {
    const until = Date.now() + timeoutMs;
    if (!(await this.#queue.stand(timeoutMs))) return false;
    const durable = journal.flushed().then(() => true);
    return (await within(durable, Math.max(0, until - Date.now()))) ?? false;
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
    return this.#queue.drafts(batch);
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
    const { sessions } = this.#ledger.heads;
    if (this.#journal)
      this.#endCrashed(
        ids.filter((id) => sessions.has(id)),
        at,
      );
    await this.#ledger.flushed();
  }

  #endCrashed(ids: readonly string[], at: TimeUs): void {
    const { sessions } = this.#ledger.heads;
    for (const id of ids) {
      const head = sessions.get(id);
      if (head) this.#node.endCrashed(id, head, at);
      sessions.delete(id);
    }
  }

  /**
   * The configuration was read again. New sessions keep what it says; those under way mask by it from what is said next on, and keep `in` and `out` of it.
   * @throws AuditError AUDIT_MASK_..., AUDIT_EVENT where something does not compile; then nothing has changed
   */
  adopt(change: AuditChange, modules = Modules.none): void {
    const before = this.#keepings.sets;
    this.#keepings.change(change, Date.now() * 1000, modules);
    modules.onFailed = (name, code) => this.#node.providerFailed(name, code);
    this.#claims.splice(0, this.#claims.length, ...change.callbacks);
    this.#masksChanged(before);
  }

  /** @param before the sets until now, which go unless they are among those that are */
  #masksChanged(before: readonly MaskSet[]): void {
    const { sets } = this.#keepings;
    this.#counts.masksGo(before.filter((set) => !sets.includes(set)));
    this.#alarm?.adopt(sets);
    this.#sessions.adopt();
  }

  /**
   * Which of these sessions (the door's numbers) have all that was handed over of them in durable records, or in none; resolves once that is so. None
   * where slabs wait: ask again.
   */
  async durable(sessions: readonly number[]): Promise<readonly number[]> {
    if (!this.#queue.isEmpty) return [];
    const idle = this.#sessions.idle(sessions);
    if (idle.length > 0) await this.#ledger.flushed();
    return idle;
  }

  /** What was written since this began, by names. */
  figures(): AuditFigures {
    return this.#counts.figures(this.#keepings.sets);
  }

  /** Says what the start found: damage, and the sessions that a crash left open. */
  #tellRecovery(faults: Journal['faults'], alive: ReadonlySet<string>): void {
    const at = Date.now() * 1000;
    for (const { code, count } of faults) this.#node.fault({ code, stage: 'spool', count }, at);
    if (this.#alarm?.damaged) this.#node.fault({ code: 'mask-hits', stage: 'mask', count: 1 }, at);
    const open = [...this.#ledger.heads.sessions.keys()];
    this.#endCrashed(
      open.filter((id) => !alive.has(id)),
      at,
    );
    if (this.#checkpoints?.uncovered) this.#checkpoint('start', at);
  }

  #checkpoint(...what: Parameters<Checkpoints['write']>): void {
    try {
      this.#checkpoints?.write(...what);
    } catch {
      // Nothing can be written now: the next one covers it too.
    }
  }

  /** Takes a slab over; it is given back through `returned` once its frames are read. */
  take(slab: ArrayBuffer, used: number): void {
    this.#queue.slab(slab, used);
  }

  /** There is room again: for what waited for a module, then for what waits in slabs. */
  #goOn(): void {
    this.#node.goOn();
    this.#sessions.goOn();
    this.#queue.goOn();
  }

  #frame(kind: Kind, session: number, at: TimeUs, bytes: Buffer): void {
    if (kind === KIND.tick) this.#tick(at);
    else this.#sessions.frame(kind, session, at, bytes);
    if (this.#checkpoints?.due) this.#checkpoint('count', at);
  }

  #tick(at: TimeUs): void {
    const { sets } = this.#keepings;
    if (this.#keepings.settles(at)) this.#masksChanged(sets);
    this.#listenForMasks(at);
    this.#sessions.tick(at);
  }

  #listenForMasks(at: TimeUs): void {
    try {
      for (const fault of this.#alarm?.tick(at) ?? []) this.#node.fault(fault, at);
    } catch {
      // Nothing can be written now; the journal has trouble of its own.
    }
  }

  /** Writes a record of the node and resolves once it is durable. Takes room from the reserve where the spool is full. */
  async declare(fact: NodeFact): Promise<void> {
    const at = Date.now() * 1000;
    this.#node.say(fact, at);
    // What is erased is proven to be that, and no damage, once a checkpoint covers the word of it.
    if (fact.topic === 'access.redact' && fact.data?.done === true) this.#checkpoint('redact', at);
    await this.#ledger.flushed();
  }

  /**
   * Writes the record of a look and resolves with true once it is durable. Whoever looks can do so as often as they like, so it waits for its turn, and takes
   * room as what is said does: false where there was none within the time, in milliseconds; then nothing is written.
   */
  async look(fact: NodeFact, timeoutMs: number): Promise<boolean> {
    if (!(await this.#queue.inTurn(timeoutMs, () => this.#node.say(fact, Date.now() * 1000)))) return false;
    await this.#ledger.flushed();
    return true;
  }

  /** Begins a new segment, gives its number, and leaves all before it alone until `release`: see Journal.hold. Throws AUDIT_SPOOL behind a handover. */
  async hold(): Promise<number> {
    if (!this.#journal) throw new AuditError('AUDIT_SPOOL', 'the spool was handed over; ask its new owner');
    const { segment } = await this.#journal.hold(() => {
      for (const { scribe } of this.#sessions.all) scribe.renew();
      this.#taking?.renew();
    });
    return segment;
  }

  release(): void {
    this.#journal?.release();
  }

  /** Makes everything durable that was taken, and closes the journal. Slabs that it does not accept within `timeoutMs` are left: then it gives false. */
  async close(timeoutMs: number): Promise<boolean> {
    const all = await this.#queue.close(timeoutMs);
    this.#sessions.settle();
    await this.#sessions.answers();
    if (this.#journal) await this.#disown(this.#journal);
    else if (this.#ledger instanceof Passing) await this.#ledger.close();
    return all;
  }
}
