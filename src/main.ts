/**
 * Puts the rooms together and runs them: bridge and door in this thread, the audit side in another, one thread a callback. Receives settings, gives a
 * handle. What ends unexpectedly is started again here, and said in the audit.
 */
import { randomBytes, randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type AuditSide, inlineSide, type SideEvents, ThreadSide } from './audit-side.js';
import type { AuditChange, AuditorData, NodeFact } from './audit-thread.js';
import { type Address, formatAddress, type SocketAddress } from './bridge/address.js';
import { Bridge, type BridgeListener, type SharedSocket } from './bridge/bridge.js';
import { makeListener } from './bridge/listener.js';
import { findAccount } from './bridge/pty/libc.js';
import { Door } from './capture/door.js';
import { Chores } from './chores/chores.js';
import { checkedArchive, checkedDrop } from './chores/requests.js';
import type { Settings } from './config/settings.js';
import type { Log } from './contract.js';
import { type DeliveryChange, DeliverySide } from './delivery-side.js';
import { AuditError, nameOf } from './errors.js';
import { Leaving } from './handover/leaving.js';
import { OldSides } from './handover/old-sides.js';
import { MOST_DRAFT_BYTES } from './handover/taking.js';
import { openTls } from './listener-tls.js';
import type { Metrics, NodeFigures } from './metrics.js';
import { Ids } from './record/id.js';
import { countMeant, finishPending, type Ground, isPending, type Redacted, redact, type StandStill, type Tell } from './redact.js';
import { reloadable, sayWaiting, type Waiting } from './reload.js';
import { Board } from './spool/board.js';
import type { Keeper } from './spool/evidence.js';
import { linkKeyOf } from './spool/link-key.js';
import { type Lock, lockSpool } from './spool/lock.js';
import { checkedRequest, type RedactRequest } from './spool/redact-select.js';
import { findRetired, forgetCursors, type Retired } from './spool/retire.js';
import { Rarely } from './spool/retry.js';
import { readSigningKey } from './spool/signing-key.js';
import { maskStats, spoolStats } from './spool/stats.js';
import { tagKeyOf } from './spool/tag-key.js';
import { type RunningCallback, startInline, startWorker } from './spool/workers.js';
import type { StoreData } from './store-thread.js';
import { askOwner, type Control, openControl } from './view/control.js';
import { EXEC_LISTENER, Intake } from './view/intake/intake.js';
import { checkedLook, type LookFact } from './view/looks.js';
import { openView, type View } from './view-side.js';
import type { RedactAsked } from './view-thread.js';
import { within } from './within.js';

export interface RunOptions {
  readonly version: string;
  readonly log: Log;
  /** 0: everything inline in the calling thread (tests). */
  readonly threads?: 0;
  /** Slabs of the door, where not its own number. */
  readonly slabs?: number;
  readonly segmentBytes?: number;
  /** How often there is a checkpoint, where not every minute. */
  readonly checkpointMs?: number;
  /** The clock that chores go by, milliseconds since 1970, where not the system's; and how often they look at it, where not every minute. */
  readonly now?: () => number;
  readonly choresMs?: number;
  /** Numbers of sockets that were passed to us (src/passed-sockets.ts), by the listener that has each. */
  readonly sockets?: ReadonlyMap<string, number>;
  /** The spool alone: nothing is listened on, nothing delivered. */
  readonly alone?: true;
  /** Alone, and over in a moment: whoever wants the spool waits for it. */
  readonly brief?: true;
  /** For `exec` alone: its intake and delivery, no listeners. `asked` is called when a proxy wants the spool: then it is to stop. */
  readonly forExec?: { readonly asked: () => void };
  /** Answers `run --handover` of another process (handover/succession.ts); absent: it is refused. */
  readonly handOver?: (request: { readonly [name: string]: unknown }) => Promise<unknown>;
}

export interface Running {
  /** Listeners as opened: ports that were 0 are filled in. */
  readonly listeners: readonly { readonly name: string; readonly listen: SocketAddress; readonly upstream: Address }[];
  readonly callbacks: readonly RunningCallback[];
  readonly sessions: number;
  /** Sessions of `exec`, and old sides of handovers that are connected. */
  readonly guests: number;
  /** After `stop`: something that was recorded could not be made durable. */
  readonly lost: boolean;
  /** The audit thread, for tests that harm it; undefined inline. */
  readonly auditThread: Worker | undefined;
  /** Erases parts of what was recorded until now, while sessions go on (src/redact.ts). */
  redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted>;
  stats(): Promise<object>;
  /** The same as Prometheus' text. */
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
  /** Where health and metrics are answered; undefined: nowhere. */
  readonly admin: string | undefined;
  /** The process lives and its audit thread answers. */
  readonly healthy: boolean;
  /**
   * Takes up other settings while sessions go on (src/reload.ts), and gives what of them waits for a restart. New sessions have all that is new; those under
   * way are masked by the new masks from what is said next on. Rejects with what is wrong, AUDIT_CONFIG_..., AUDIT_MASK_..., AUDIT_CALLBACK_...: then
   * nothing has changed.
   */
  reload(next: Settings): Promise<readonly Waiting[]>;
  /** The settings in force. */
  readonly settings: Settings;
  /** The listening sockets once more, for another process; the caller closes them. */
  share(): readonly SharedSocket[];
  /**
   * Gives up the spool and the listening sockets, in turn with redactions and reloads: another process may have both once this has resolved. Sessions go on,
   * and their records are passed on to the owner of the spool. Rejects with AUDIT_SPOOL where what was recorded cannot be made durable now; then nothing
   * has changed.
   */
  leave(): Promise<void>;
  /** Behind `leave`: no session goes on, and all was passed on. */
  readonly deserted: boolean;
  /** Accepts no more, ends the sessions, makes everything durable, delivers what it can in DRAIN_TIMEOUT_S. Behind `leave`: passes on what it can. */
  stop(): Promise<void>;
}

/** How long ended sessions may take to flush when we stop. */
const GOODBYE_MS = 1_000;
/** How long a metric may wait for the audit thread; without an answer its figures are left out. */
const FIGURES_MS = 1_000;
/** An audit thread that has been silent for so long does not answer: it is asked every 5 s. */
const SILENT_MS = 15_000;
/** How often it is looked whether callbacks have taken all, and how long for one that takes its time with a batch. */
const TAKEN_MS = 20;
const STILL_MS = 500;
/** What an owner for `exec` alone may take to give the spool up, beyond DRAIN_TIMEOUT_S; and how often it is looked whether it has. */
const YIELD_MS = 10_000;
const LOCK_MS = 20;
/** An owner that nobody can ask has just begun, or is about to end; or it is one of an older version. */
const SILENT_OWNER_MS = 3_000;
/** How long the record of a look may take to become durable. */
const LOOK_MS = 5_000;
/** What is recorded may take so long to become durable when the spool is given up, before that is refused. */
const LEAVE_MS = 10_000;
/** Facts that wait for room at the door. */
const MAX_FACTS = 256;

/** Runs everything that `settings` ask for. Throws AUDIT_SPOOL..., AUDIT_CALLBACK_LOAD, AUDIT_MASK_..., AUDIT_LISTEN; then nothing is left running. */
export async function run(settings: Settings, options: RunOptions): Promise<Running> {
  const runner = new Runner(settings, options);
  try {
    await runner.start();
  } catch (error) {
    await runner.stop(0);
    throw error;
  }
  return runner;
}

/** Does a redaction where nobody owns the spool: as its owner, without listeners and callbacks; counts as anybody. Throws as `run`, and as src/redact.ts. */
export async function redactAlone(
  settings: Settings,
  options: RunOptions,
  { request, look, tell }: { readonly request: RedactRequest; readonly look: boolean; readonly tell: (progress: unknown) => void },
): Promise<Redacted> {
  const say: Tell = (stage, done, all) => tell({ stage, done, all });
  if (look) return countMeant(groundOf(settings, new AbortController().signal), request, say);
  return asOwner(settings, { ...options, alone: true }, (runner) => runner.redact(request, look, say));
}

/** Does a chore where nobody owns the spool: as its owner, without listeners and callbacks. Throws as `run`, and as src/chores/chores.ts. */
export const choreAlone = <T>(settings: Settings, options: RunOptions, work: (chores: Chores) => Promise<T>): Promise<T> =>
  asOwner(settings, { ...options, alone: true }, (runner) => work(runner.chores));

/** Records a look where nobody owns the spool: as its owner, for a moment. Throws as `run`, AUDIT_SPOOL where it could not be made durable. */
export const lookAlone = (settings: Settings, options: RunOptions, fact: LookFact): Promise<void> =>
  asOwner(settings, { ...options, alone: true, brief: true, threads: 0 }, (runner) => runner.looked(fact));

async function asOwner<T>(settings: Settings, options: RunOptions, work: (runner: Runner) => Promise<T>): Promise<T> {
  const runner = new Runner(settings, options);
  try {
    await runner.start();
    return await work(runner);
  } finally {
    await runner.stop(0);
  }
}

class Runner implements Running {
  #settings: Settings;
  readonly #options: RunOptions;
  readonly #door: Door;
  readonly #bridge: Bridge;
  readonly #ids = new Ids(randomFillSync);
  #intake: Intake | undefined;
  /** By their codes. */
  readonly #peerFaults = new Map<string, Rarely>();
  readonly #delivery: DeliverySide;
  readonly #facts: NodeFact[] = [];
  #lock: Lock | undefined;
  #side: AuditSide | undefined;
  #troubles = 0;
  listeners: Running['listeners'] = [];
  lost = false;
  #control: Control | undefined;
  #view: View | undefined;
  #metrics: Metrics | undefined;
  #stopping = false;
  /** The spool was given up, or is just now; undefined: it was not, or there is none. */
  #leaving: Leaving | undefined;
  #left = false;
  #oldSides: OldSides | undefined;
  #redacting: Promise<unknown> = Promise.resolve();
  #chores: Chores | undefined;
  /** How far a redaction is; undefined: there is none. */
  #redaction: { readonly stage: string; readonly done: number; readonly all: number } | undefined;
  /** Aborted when the time to stop is over: a redaction is left to the next start. */
  readonly #enough = new AbortController();

  constructor(settings: Settings, options: RunOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#delivery = this.#makeDelivery();
    this.#door = new Door({
      ...(options.slabs === undefined ? {} : { slabs: options.slabs }),
      send: (slab, used) => this.#side?.send(slab, used),
      onFull: () => this.#full(),
      onRoom: () => this.#room(),
    });
    const listeners = this.#plan(settings);
    const onRefused = (count: number): void => this.#fault('refused-connections', 'bridge', count);
    this.#bridge = new Bridge({ listeners, recorder: this.#door, newId: () => this.#newId(), onRefused });
  }

  /** The listeners that settings ask for, with the files of their certificates as they are now. Throws AUDIT_CONFIG_FILE. */
  #plan(settings: Settings): BridgeListener[] {
    const { trustedProxies: trusted } = settings;
    const opened = this.#options.alone || this.#options.forExec ? [] : settings.listeners;
    const open = openTls(opened);
    const fault = (code: string): void => this.#peerFault(code);
    return opened.map(({ name, listen, upstream, onDown, handshakeS, audit, limits, ...wire }) => {
      const { onFailure: policy, active } = audit;
      const { servername, verify, acceptProxy, sendProxy, tellGame, subprotocol, origins, user } = wire;
      const tls = open.get(name);
      const ways = { ...(tls ? { tls } : {}), servername, verify, acceptProxy, sendProxy, tellGame, subprotocol, origins, user, fault };
      return makeListener({ name, listen, upstream, onDown, handshakeMs: handshakeS * 1000, policy, active, limits, trusted, ...ways });
    });
  }

  get sessions(): number {
    return this.#bridge.sessions;
  }

  get guests(): number {
    return (this.#intake?.sessions ?? 0) + (this.#intake?.oldSides.length ?? 0);
  }

  get callbacks(): readonly RunningCallback[] {
    return this.#delivery.running;
  }

  get auditThread(): Worker | undefined {
    return this.#side?.thread;
  }

  async start(): Promise<void> {
    const { alone, forExec } = this.#options;
    if (alone || forExec || this.#settings.listeners.some(({ audit }) => audit.active)) await this.#startAudit();
    if (alone || forExec) return;
    await this.#openAdmin();
    this.listeners = await this.#bridge.open(this.#options.sockets);
  }

  async #startAudit(): Promise<void> {
    const { spool } = this.#settings;
    this.#lock = await this.#takeSpool(spool.dir);
    try {
      this.#oldSides = this.#findOldSides(spool.dir);
      this.#side = await this.#startSide();
    } catch (error) {
      if (error instanceof AuditError) throw error;
      throw new AuditError('AUDIT_SPOOL', `the spool ${spool.dir} cannot be used (${nameOf(error)}); check its folder, its disk and its owner`);
    }
    this.#chores = this.#makeChores(this.#side);
    const retired = await this.#findRetired(this.#settings.callbacks);
    const pending = isPending(spool.dir);
    if (!pending && !this.#options.alone) {
      this.#delivery.start();
      await Promise.all(this.callbacks.map(({ ready }) => ready));
    }
    const said = retired.length > 0 ? this.#startRetiring(retired) : this.#sayStart();
    // Callbacks wait for it, for they shall not pass on what goes; the game does not.
    if (pending) this.#redacting = said.then(() => this.#finishRedaction());
    await this.#openControl();
    await this.#openIntake();
    if (this.#options.alone) return;
    this.#oldSides?.watch();
    this.#chores.start(this.#options.choresMs);
  }

  #makeChores(side: AuditSide): Chores {
    return new Chores({
      ground: () => {
        const { spool, folder: configFolder, chores, retentionDays, archive } = this.#settings;
        return { folder: spool.dir, keepers: keepersOf(this.#settings), configFolder, chores, retentionDays, archive };
      },
      declare: (fact) => side.declare(fact),
      fault: (code) => this.#fault(code, 'chore', 1),
      log: this.#options.log,
      now: this.#options.now ?? Date.now,
      alone: this.#options.alone === true,
    });
  }

  /** Where there is a spool. */
  get chores(): Chores {
    return this.#chores as Chores;
  }

  /** For others: a command that has the spool for its own work is gone before theirs is done. */
  get #lasting(): Chores {
    if (this.#options.alone) throw new AuditError('AUDIT_SPOOL_OWNED', 'another command has the spool for its work; ask again when it is done');
    return this.chores;
  }

  #findOldSides(folder: string): OldSides {
    return new OldSides({
      folder,
      connected: () => this.#intake?.oldSides ?? [],
      crashed: async (sessions) => (await this.#side?.crashed(sessions)) ?? false,
    });
  }

  /** For the old side of a handover; and for `exec`, where what it records is kept at all. Throws AUDIT_LISTEN for INTAKE_LISTEN. */
  async #openIntake(): Promise<void> {
    const { spool, intakeListen, audit } = this.#settings;
    if (this.#options.alone) return;
    this.#intake = new Intake({
      folder: spool.dir,
      listen: audit.active ? intakeListen : null,
      exec: audit.active,
      drafts: { take: async (batch) => this.#side?.drafts(batch), mostBytes: MOST_DRAFT_BYTES },
      recorder: this.#door,
      policy: () => this.#settings.audit.onFailure,
      newId: () => this.#newId(),
      linkKey: this.#linkKey(spool.dir),
      userOf: (uid) => findAccount(uid)?.name ?? String(uid),
      durable: (sessions) => this.#side?.durable(sessions) ?? Promise.resolve([]),
      warn: (message) => this.#options.log.warn(message),
    });
    await this.#intake.open();
  }

  /** Where there is none and none can be made, sessions are linked as long as this process lives. */
  #linkKey(folder: string): Uint8Array {
    try {
      return linkKeyOf(folder);
    } catch (error) {
      const why = error instanceof AuditError ? error.message : `${folder}/link.key cannot be made (${nameOf(error)}); check its disk`;
      this.#options.log.warn(`AUDIT_SPOOL: ${why}. Until then what exec records behind a restart names no session before it`);
      return randomBytes(32);
    }
  }

  #newId(): string {
    const id = this.#ids.next(Date.now());
    this.#leaving?.began(id);
    return id;
  }

  #full(): void {
    this.#bridge.full();
    this.#intake?.full();
  }

  /** Who owns it for `exec` alone gives it up where it is asked to; its sessions go on here. Throws AUDIT_SPOOL_OWNED, AUDIT_SPOOL. */
  async #takeSpool(folder: string): Promise<Lock> {
    const until = Date.now() + this.#settings.drainTimeoutS * 1000 + YIELD_MS;
    const silentUntil = Date.now() + SILENT_OWNER_MS;
    const asks = !(this.#options.forExec || this.#options.brief);
    for (let yields = false; ; await sleep(LOCK_MS)) {
      try {
        return lockSpool(folder);
      } catch (error) {
        if (!(error instanceof AuditError) || error.code !== 'AUDIT_SPOOL_OWNED' || !asks || Date.now() > until) throw error;
        const answer: unknown = yields || (await askOwner(folder, { command: 'yield' }, () => undefined).catch(() => false));
        yields = answer === true;
        if (!yields && (answer !== undefined || Date.now() > silentUntil)) throw error;
      }
    }
  }

  /** Where it cannot be opened nobody can ask, and all else works. */
  async #openControl(): Promise<void> {
    const { spool } = this.#settings;
    const answers = {
      stats: () => this.stats(),
      yield: async () => {
        this.#options.forExec?.asked();
        return this.#options.forExec !== undefined || this.#options.brief === true;
      },
      access: async ({ look }: { readonly [name: string]: unknown }) => {
        // It would be gone before it could say that this was done.
        if (this.#options.brief) throw new AuditError('AUDIT_SPOOL_OWNED', 'another command has the spool for a moment; ask again');
        await this.looked(checkedLook(look));
        return true;
      },
      handover: (request: { readonly [name: string]: unknown }) => {
        const { handOver } = this.#options;
        if (!handOver) throw new AuditError('AUDIT_USAGE', 'what owns the spool is no proxy that can hand over (`wirescribe run` is one)');
        return handOver(request);
      },
      redact: ({ request, look }: { readonly [name: string]: unknown }, tell: (progress: unknown) => void) =>
        this.redact(checkedRequest(request), look === true, (stage, done, all) => tell({ stage, done, all })),
      drop: async ({ request }: { readonly [name: string]: unknown }, tell: (progress: unknown) => void) =>
        this.#lasting.drop(checkedDrop(request), (done, all) => tell({ done, all })),
      archive: async ({ request }: { readonly [name: string]: unknown }, tell: (progress: unknown) => void) =>
        this.#lasting.archive(checkedArchive(request), (done, all) => tell({ done, all })),
    };
    try {
      this.#control = await openControl(spool.dir, answers);
    } catch (error) {
      this.#options.log.warn(`AUDIT_SPOOL: ${spool.dir}/control.sock cannot be opened (${nameOf(error)}); stats and redact cannot ask this process`);
    }
  }

  /** What a crash left of a redaction; where that fails it is said, and waits for the next one, or the next start. Starts the callbacks. */
  async #finishRedaction(): Promise<void> {
    try {
      await this.#watched(
        (still, tell) => finishPending(still, tell),
        () => undefined,
      );
    } catch (error) {
      const known = error instanceof AuditError ? `${error.code}: ${error.message}` : `AUDIT_REDACT: ${nameOf(error)}`;
      this.#options.log.warn(`${known} (a redaction that was begun before)`);
    }
    if (this.callbacks.length === 0 && !this.#options.alone && !this.#enough.signal.aborted) this.#delivery.startAgain();
  }

  /** One at a time: what comes meanwhile waits for its turn. Counting does not. */
  redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted> {
    if (look) return countMeant(this.#standStill(), request, tell);
    const turn = this.#redacting.then(() => {
      this.#mustOwn('redacts nothing');
      return this.chores.timed('redact', () => this.#watched((still, watched) => redact(still, request, watched), tell));
    });
    this.#redacting = turn.catch(() => undefined);
    return turn;
  }

  async #watched<T>(work: (still: StandStill, tell: Tell) => Promise<T>, tell: Tell): Promise<T> {
    const watched: Tell = (stage, done, all) => {
      this.#redaction = { stage, done, all };
      tell(stage, done, all);
    };
    try {
      // What is archived meanwhile would stand there whole.
      return await this.chores.without(() => work(this.#standStill(), watched));
    } finally {
      this.#redaction = undefined;
    }
  }

  #standStill(): StandStill {
    const side = this.#side as AuditSide;
    return {
      ...groundOf(this.#settings, this.#enough.signal),
      hold: () => side.hold(),
      release: () => side.release(),
      declare: (fact) => side.declare(fact),
      stopCallbacks: () => this.#delivery.pause(),
      startCallbacks: async () => (this.#options.alone || this.#enough.signal.aborted ? undefined : this.#delivery.startAgain()),
    };
  }

  /** Records that somebody looks. Rejects with AUDIT_SPOOL where that could not be made durable. */
  async looked(fact: LookFact): Promise<void> {
    const durable = await within(this.#side?.look(fact) ?? Promise.resolve(false), LOOK_MS);
    if (!durable) throw new AuditError('AUDIT_SPOOL', 'the look could not be recorded; see what the running wirescribe says of its spool');
  }

  async stats(): Promise<object> {
    const { node, spool } = this.#settings;
    return {
      running: true,
      node,
      version: this.#options.version,
      pid: process.pid,
      uptimeS: Math.round(process.uptime()),
      sessions: this.sessions,
      spool: { ...spoolStats(spool.dir), maxBytes: spool.maxBytes },
      callbacks: [...this.callbacks.map(statsOf), ...this.#delivery.paused.map((callback) => ({ ...statsOf(callback), state: 'paused' }))],
      redaction: this.#redaction ?? null,
      chores: this.#chores?.figures ?? [],
      oldSides: this.#oldSides?.stats ?? [],
      masks: maskStats(spool.dir),
    };
  }

  /** Cursors of callbacks that are gone; before any callback runs, while nothing they point at can go. */
  async #findRetired(callbacks: Settings['callbacks']): Promise<readonly Retired[]> {
    if (this.#options.alone) return [];
    const { spool } = this.#settings;
    try {
      return await findRetired(
        spool.dir,
        callbacks.map(({ name }) => name),
        new Board(this.#delivery.memory).durable,
      );
    } catch {
      // The cursors' folder cannot be read: whoever places a cursor there says so.
      return [];
    }
  }

  /** Says the start, and who is gone. */
  async #startRetiring(retired: readonly Retired[]): Promise<void> {
    void this.#side?.declare({ topic: 'audit.start' });
    await this.#sayRetired({ digest: this.#settings.digest }, retired);
  }

  /** Says what is in force, and who is gone. Their cursors go once that is durable; else the next start says it. */
  async #sayRetired(data: { readonly digest: string; readonly waits?: readonly string[] }, retired: readonly Retired[]): Promise<void> {
    const { dir } = this.#settings.spool;
    for (const { callback, records } of retired) {
      const lost = records === null ? 'what it had not taken is let go' : `${records} records that it had not taken are let go`;
      this.#options.log.info(`AUDIT_CURSOR: callback ${callback} is gone from the configuration; ${lost}`);
    }
    const gone = retired.length > 0 ? { retired } : {};
    if (await this.#side?.declare({ topic: 'audit.config', data: { ...data, ...gone } })) forgetCursors(dir, retired);
  }

  async #sayStart(): Promise<void> {
    this.#tell({ topic: 'audit.start' });
    if (this.#settings.systemEvents) this.#tell({ topic: 'audit.config', data: { digest: this.#settings.digest } });
  }

  #startSide(): Promise<AuditSide> {
    const events: SideEvents = {
      returned: (slab) => this.#door.returned(slab),
      trouble: (code) => this.#trouble(code),
      warn: (message) => this.#options.log.warn(message),
      restarted: (code) => {
        this.#door.restarted();
        this.#fault(code, 'process', 1);
      },
      alive: () => [...this.#door.alive, ...(this.#oldSides?.sessions ?? [])],
      gaveUp: (sessions) => this.#leaving?.gaveUp(sessions),
      drafts: (drafts) => this.#leaving?.add(drafts),
      passing: () => this.#leaving?.state,
    };
    const data = this.#auditorData();
    return this.#options.threads === 0 ? inlineSide(data, events) : ThreadSide.start(data, events, this.#options.log);
  }

  #auditorData(): AuditorData {
    const { node, application, spool, checkpointKey, checkpointKeyPlace } = this.#settings;
    const { segmentBytes, checkpointMs } = this.#options;
    return {
      ...this.#auditChange(this.#settings, this.#delivery.claims),
      origin: { hostname: hostname(), application, version: this.#options.version, pid: process.pid, node },
      spool: { folder: spool.dir, maxBytes: spool.maxBytes, fsync: spool.fsync, ...(segmentBytes ? { segmentBytes } : {}) },
      ...(checkpointKey === undefined ? {} : { signingKey: readSigningKey(checkpointKey, checkpointKeyPlace) }),
      ...(checkpointMs === undefined ? {} : { checkpointMs }),
      board: this.#delivery.memory,
      alive: this.#oldSides?.sessions ?? [],
    };
  }

  /** What of the audit side's data a reload changes. */
  #auditChange({ listeners, spool, audit }: Settings, callbacks: AuditChange['callbacks']): AuditChange {
    const exec = { name: EXEC_LISTENER, charset: null, audit };
    const all = listeners.some(({ name }) => name === EXEC_LISTENER) ? listeners : [...listeners, exec];
    return {
      listeners: all.map(({ name, charset, audit: { active, onFailure, ...kept } }) => ({ name, ...(charset ? { charset } : {}), ...kept })),
      ...(all.some(({ audit }) => audit.active && audit.maskStyle === 'tag') ? { tagKey: tagKeyOf(spool.dir) } : {}),
      callbacks,
    };
  }

  #makeDelivery(): DeliverySide {
    const { spool, callbacks, node, folder } = this.#settings;
    return new DeliverySide(callbacks, {
      start: this.#options.threads === 0 ? startInline : startWorker,
      folder: spool.dir,
      node,
      configFolder: folder,
      log: this.#options.log,
      onFault: ({ code, count }) => this.#fault(code, 'callback', count),
      declare: (fact) => this.#side?.declare(fact) ?? Promise.resolve(false),
    });
  }

  /** In turn with redactions: both stop callbacks. */
  reload(next: Settings): Promise<readonly Waiting[]> {
    const turn = this.#redacting.then(() => this.#reload(next));
    this.#redacting = turn.catch(() => undefined);
    return turn;
  }

  async #reload(next: Settings): Promise<readonly Waiting[]> {
    this.#mustOwn('takes up no new configuration');
    const { settings, waiting } = reloadable(this.#settings, next);
    const listeners = this.#plan(settings);
    if (this.#side) await this.#reloadAudit(this.#side, settings, waiting);
    this.#bridge.adopt(listeners);
    if (JSON.stringify(storeOf(settings)) !== JSON.stringify(storeOf(this.#settings))) await this.#view?.adopt(storeOf(settings));
    this.#settings = settings;
    for (const one of waiting) this.#options.log.info(sayWaiting(one));
    return waiting;
  }

  #mustOwn(refusal: string): void {
    if (this.#stopping) throw new AuditError('AUDIT_USAGE', `the proxy is stopping, and ${refusal}`);
    if (this.#left) throw new AuditError('AUDIT_USAGE', `this proxy has handed over, and ${refusal}; ask the new one`);
  }

  get settings(): Settings {
    return this.#settings;
  }

  share(): readonly SharedSocket[] {
    return this.#bridge.share();
  }

  leave(): Promise<void> {
    const turn = this.#redacting.then(() => this.#leave());
    this.#redacting = turn.catch(() => undefined);
    return turn;
  }

  async #leave(): Promise<void> {
    this.#mustOwn('hands over to nobody');
    if (this.#side) await this.#giveUp(this.#side);
    this.#left = true;
    this.#bridge.leave();
    await this.#view?.close();
    this.#view = undefined;
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** What is read or asked by others goes first; where the journal cannot be closed all of it comes back. */
  async #giveUp(side: AuditSide): Promise<void> {
    await within(this.chores.stop(), GOODBYE_MS);
    await this.#delivery.pause();
    this.#control?.leave();
    this.#intake?.stop();
    await this.#view?.endLooks();
    if (await this.#passFrom(side)) {
      this.#intake?.close(true);
      this.#oldSides?.close();
      this.#delivery.close();
      [this.#control, this.#intake] = [undefined, undefined];
      return;
    }
    this.#intake?.close(false);
    this.#chores = this.#makeChores(side);
    this.#chores.start(this.#options.choresMs);
    await this.#openControl();
    await this.#openIntake();
    this.#delivery.startAgain();
    throw new AuditError('AUDIT_SPOOL', 'what is recorded cannot be made durable now, so the spool is not given up; hand over when its disk works');
  }

  async #passFrom(side: AuditSide): Promise<boolean> {
    const { log } = this.#options;
    try {
      const { dir: folder } = this.#settings.spool;
      this.#leaving = new Leaving({ folder, log, sessions: this.#door.alive, passed: (count) => side.passed(count) });
    } catch {
      return false;
    }
    this.#door.flush();
    if (await side.handOver(LEAVE_MS)) return true;
    this.#leaving.cancel();
    this.#leaving = undefined;
    return false;
  }

  get deserted(): boolean {
    return this.#left && this.sessions + this.#bridge.arriving + (this.#leaving?.held ?? 0) === 0;
  }

  /** Masks first, for they are the ones that refuse; where a callback then does, they are taken back. */
  async #reloadAudit(side: AuditSide, settings: Settings, waiting: readonly Waiting[]): Promise<void> {
    const change = this.#delivery.plan(settings.callbacks);
    await side.adopt(this.#auditChange(settings, change.claims));
    try {
      await this.#delivery.change(change);
    } catch (error) {
      await side.adopt(this.#auditChange(this.#settings, this.#delivery.claims));
      throw error;
    }
    await this.#sayConfig(settings, waiting, change);
  }

  /** Says what is in force, and who is gone; those hold nothing any more, and their cursors go once that is durable. */
  async #sayConfig({ digest, callbacks, systemEvents }: Settings, waiting: readonly Waiting[], change: DeliveryChange): Promise<void> {
    const retired = change.gone.length > 0 ? await this.#findRetired(callbacks) : [];
    this.#delivery.letGo(change);
    const keys = [...new Set(waiting.map(({ key }) => key))];
    const waits = keys.length > 0 ? { waits: keys } : {};
    // What a callback had not taken is lost to it, and said whatever the operator wants to hear.
    if (!systemEvents && retired.length === 0) return;
    await this.#sayRetired({ digest, ...waits }, retired);
  }

  async #figures(): Promise<NodeFigures> {
    const { node, spool } = this.#settings;
    const side = this.#side;
    return {
      version: this.#options.version,
      node,
      listeners: this.#bridge.figures(),
      audit: await side?.figures(FIGURES_MS),
      silentMs: side?.silentMs ?? 0,
      spool: side ? { ...spoolStats(spool.dir), maxBytes: spool.maxBytes } : undefined,
      callbacks: this.callbacks.map((callback) => ({ name: callback.name, ...callback.stats() })),
      chores: this.#chores?.figures ?? [],
    };
  }

  /** Loaded when first asked for: nobody else needs it. */
  async metrics(): Promise<{ readonly text: string; readonly type: string }> {
    if (!this.#metrics) {
      const { Metrics } = await import('./metrics.js');
      this.#metrics ??= new Metrics();
    }
    const text = await this.#metrics.text(await this.#figures());
    return { text, type: this.#metrics.type };
  }

  get admin(): string | undefined {
    return this.#view?.url;
  }

  get healthy(): boolean {
    return this.#side === undefined || this.#side.silentMs < SILENT_MS;
  }

  /** Why no session can be taken and kept just now. */
  #unready(): string[] {
    const reasons = {
      starting: this.listeners.length === 0,
      stopping: this.#stopping,
      'audit-thread': !this.healthy,
      'spool-full': this.#door.full,
      'spool-write': this.#troubles > 0,
    };
    return Object.entries(reasons).flatMap(([reason, holds]) => (holds ? reason : []));
  }

  /** The default, where it is taken, is given up. Throws AUDIT_LISTEN where a configured one cannot be opened. */
  async #openAdmin(): Promise<void> {
    const { adminListen, inForce, spool } = this.#settings;
    if (adminListen === null) return;
    const main = {
      healthy: () => this.healthy,
      unready: () => this.#unready(),
      metrics: () => this.metrics(),
      stats: () => this.stats(),
      declare: (fact: NodeFact) => this.#side?.look(fact) ?? Promise.resolve(false),
      redact: ({ request, look }: RedactAsked) => this.redact(checkedRequest(request), look, () => undefined),
      wrongToken: () => this.#peerFault('wrong-token', 'view'),
      warn: (message: string) => this.#options.log.warn(message),
    };
    const data = { address: adminListen, spool: spool.dir, store: storeOf(this.#settings) };
    try {
      const restarted = (): void => this.#fault('view-thread', 'process', 1);
      this.#view = await openView(data, main, { ...(this.#options.threads === 0 ? { threads: 0 } : {}), restarted });
    } catch (error) {
      if (inForce.find(({ key }) => key === 'ADMIN_LISTEN')?.from !== 'default') throw error;
      this.#options.log.warn(`${error}; health and metrics are answered nowhere`);
    }
  }

  #fault(code: string, stage: string, count: number): void {
    this.#tell({ topic: 'audit.fault', data: { code, stage, count } });
  }

  /** Strangers can cause these as often as they like: each code at once, then once a minute. */
  #peerFault(code: string, stage = 'bridge'): void {
    const known = this.#peerFaults.get(code) ?? new Rarely((name, count) => this.#fault(name, stage, count));
    this.#peerFaults.set(code, known);
    known.happened(code);
  }

  /** Puts a fact about the node into the audit, as soon as there is room. */
  #tell(fact: NodeFact): void {
    if (this.#facts.length === 0 && this.#door.node(JSON.stringify(fact))) return;
    if (this.#facts.length < MAX_FACTS) this.#facts.push(fact);
  }

  #room(): void {
    this.#bridge.room();
    this.#intake?.room();
    while (this.#facts[0] && this.#door.node(JSON.stringify(this.#facts[0]))) this.#facts.shift();
  }

  /** The journal's writes fail, or work again. Said once on stderr, and in the audit when it can be. */
  #trouble(code: string | undefined): void {
    if (code === undefined) {
      this.#fault('spool-write', 'spool', this.#troubles);
      this.#options.log.info('AUDIT_SPOOL: the spool can be written again');
      this.#troubles = 0;
    } else if (this.#troubles++ === 0) {
      this.#options.log.warn(`AUDIT_SPOOL: the spool cannot be written (${code}); records wait, and it is tried again`);
    }
  }

  /**
   * Resolves when callbacks have taken what there is, or get no further, or after the time: what they refuse can be declared only while the journal is open,
   * and behind it nothing may be given. One that fails or hangs is not waited for.
   */
  async #taken(timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    let [records, movedAt] = [-1, Date.now()];
    while (Date.now() < Math.min(end, movedAt + STILL_MS)) {
      const stats = this.callbacks.map((callback) => callback.stats());
      if (!stats.some(({ state }) => state === 'running')) return;
      const now = stats.reduce((sum, one) => sum + one.records, 0);
      if (now !== records) [records, movedAt] = [now, Date.now()];
      await sleep(TAKEN_MS);
    }
  }

  /** Behind `leave`: ends the sessions and passes on what is left of them. */
  async #stopLeft(drainS: number): Promise<void> {
    this.#leaving?.ending();
    await this.#bridge.close(GOODBYE_MS);
    const deadline = Date.now() + drainS * 1000;
    const leftMs = (): number => Math.max(0, deadline - Date.now());
    this.#side?.revive();
    if (this.#side) await within(this.#door.settled(), leftMs());
    this.#door.close();
    const read = (await this.#side?.close(Math.max(GOODBYE_MS, leftMs()))) ?? true;
    const left = (await this.#leaving?.end(Math.max(GOODBYE_MS, leftMs()))) ?? 0;
    this.#metrics?.close();
    if (read && left === 0) return;
    this.lost = true;
    const what = left === 0 ? 'what came last is lost' : `${left} records could not be passed on to the new owner of the spool, and are lost`;
    this.#options.log.warn(`AUDIT_HANDOVER: ${what}; it ends their sessions as after a crash`);
  }

  async stop(drainS: number = this.#settings.drainTimeoutS): Promise<void> {
    this.#stopping = true;
    this.#delivery.close();
    this.#control?.close();
    const idle = this.#chores?.stop();
    await within(this.#redacting, drainS * 1000);
    this.#enough.abort();
    this.#delivery.hurry();
    await within(Promise.all([this.#redacting, idle]), GOODBYE_MS);
    if (this.#left) return this.#stopLeft(drainS);
    const isAwaited = (): boolean => this.#oldSides?.isAnyAlive ?? false;
    this.#intake?.stop(isAwaited());
    await this.#view?.endLooks();
    await this.#bridge.close(GOODBYE_MS);
    const deadline = Date.now() + drainS * 1000;
    const leftMs = (): number => Math.max(0, deadline - Date.now());
    if (this.#side) {
      this.#side.revive();
      await this.#intake?.untilPassed(leftMs(), isAwaited);
      // A full spool has room again when callbacks have let a segment go, and they go on.
      await within(this.#door.settled(), leftMs());
      await this.#taken(leftMs() / 2);
      this.#tell({ topic: 'audit.stop' });
    }
    this.#door.close();
    if (this.#side && !(await this.#side.close(Math.max(GOODBYE_MS, leftMs())))) {
      this.lost = true;
      this.#options.log.warn('AUDIT_SPOOL: the spool did not take all that was recorded; what came last is lost');
    }
    this.#oldSides?.close();
    this.#intake?.close(!this.lost);
    await within(Promise.all(this.callbacks.map(({ ended }) => ended)), leftMs());
    await this.#delivery.pause(0);
    await this.#view?.close();
    this.#metrics?.close();
    this.#lock?.release();
  }
}

const keepersOf = ({ callbacks }: Settings): Keeper[] => callbacks.map(({ name, module, options }) => ({ name, module, options }));

const groundOf = (settings: Settings, signal: AbortSignal): Ground => {
  return { folder: settings.spool.dir, keepers: keepersOf(settings), configFolder: settings.folder, archive: settings.archive, signal };
};

/** Where a store may be read from. */
const storeOf = ({ callbacks, folder }: Settings): StoreData => {
  return { fillers: callbacks.map(({ name, module, options }) => ({ name, module, options })), folder };
};

const statsOf = (callback: RunningCallback) => ({ name: callback.name, ...callback.stats() });

/** A listener in one line for people: `main  telnet://127.0.0.1:4000 -> telnet://127.0.0.1:4201`. */
export const describeListener = ({ name, listen, upstream }: Running['listeners'][number]): string =>
  `${name}  ${formatAddress(listen)} -> ${formatAddress(upstream)}`;
