/**
 * Puts the rooms together and runs them: bridge and door in this thread, the audit side in another, one thread a callback. Receives settings, gives a
 * handle. What ends unexpectedly is started again where it stands, and said in the audit. The parts of a run stand in run/.
 */
import { randomFillSync } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import type { AuditSide } from './audit/audit-side.js';
import { Bridge, type BridgeListener, type SharedSocket } from './bridge/bridge.js';
import { Door } from './capture/door.js';
import type { Chores } from './chores/chores.js';
import type { Settings } from './config/settings.js';
import { AuditError } from './errors.js';
import { Ids } from './record/id.js';
import { countMeant, type Redacted, type Tell } from './redact/redact.js';
import { answerAdmin } from './run/answers.js';
import { DeliverySide } from './run/delivery-side.js';
import { Figures } from './run/figures.js';
import { auditChangeOf, groundOf, listenersOf, viewedOf } from './run/of-settings.js';
import { Owner } from './run/owner.js';
import { reloadable, sayWaiting, type Waiting } from './run/reload.js';
import type { Running, RunOptions } from './run/running.js';
import { Teller } from './run/teller.js';
import { Turns } from './run/turns.js';
import { type RunningCallback, startInline, startWorker } from './spool/delivery/workers.js';
import type { RedactRequest } from './spool/redact/select.js';
import type { View } from './threads/view-side.js';
import { within } from './threads/within.js';
import type { LookFact } from './view/looks.js';

/** How long ended sessions may take to flush when we stop. */
const GOODBYE_MS = 1_000;
/** How long the record of a look may take to become durable. */
const LOOK_MS = 5_000;

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

/** Does a redaction where nobody owns the spool: as its owner, without listeners and callbacks; counts as anybody. Throws as `run`, and as src/redact/redact.ts. */
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
  readonly #teller: Teller;
  readonly #delivery: DeliverySide;
  readonly #owner: Owner;
  readonly #figures: Figures;
  readonly #ids = new Ids(randomFillSync);
  /** Redactions, reloads and the handover. */
  readonly #turns = new Turns();
  #view: View | undefined;
  listeners: Running['listeners'] = [];
  lost = false;
  #stopping = false;
  #left = false;

  constructor(settings: Settings, options: RunOptions) {
    this.#settings = settings;
    this.#options = options;
    const now = (): Settings => this.#settings;
    this.#door = this.#makeDoor();
    const [door, teller] = [this.#door, new Teller(this.#door, options.log)];
    this.#teller = teller;
    this.#delivery = this.#makeDelivery();
    const listeners = this.#plan(settings);
    const newId = (): string => this.#newId();
    const onRefused = (count: number): void => teller.fault('refused-connections', 'bridge', count);
    this.#bridge = new Bridge({ listeners, recorder: door, newId, onRefused });
    const shared = { options, settings: now, door, delivery: this.#delivery, teller, turns: this.#turns };
    const mustOwn = (refusal: string): void => this.#mustOwn(refusal);
    this.#owner = new Owner({ ...shared, asked: { stats: () => this.stats(), looked: (fact) => this.looked(fact) }, newId, mustOwn });
    this.#figures = new Figures({ ...shared, version: options.version, bridge: this.#bridge, owner: this.#owner });
  }

  #makeDoor(): Door {
    const { slabs } = this.#options;
    return new Door({
      ...(slabs === undefined ? {} : { slabs }),
      send: (slab, used) => this.#owner.side?.send(slab, used),
      onFull: () => {
        this.#bridge.full();
        this.#owner.guests?.full();
      },
      onRoom: () => {
        this.#bridge.room();
        this.#owner.guests?.room();
        this.#teller.room();
      },
    });
  }

  #makeDelivery(): DeliverySide {
    const { spool, callbacks, node, folder } = this.#settings;
    const { threads, log } = this.#options;
    return new DeliverySide(callbacks, {
      start: threads === 0 ? startInline : startWorker,
      folder: spool.dir,
      node,
      configFolder: folder,
      log,
      onFault: ({ code, count }) => this.#teller.fault(code, 'callback', count),
      declare: (fact) => this.#owner.side?.declare(fact) ?? Promise.resolve(false),
    });
  }

  /** The listeners that settings ask for. Throws AUDIT_CONFIG_FILE. */
  #plan(settings: Settings): BridgeListener[] {
    const opened = this.#options.alone || this.#options.forExec ? [] : settings.listeners;
    return listenersOf(settings, opened, (code) => this.#teller.peerFault(code));
  }

  #newId(): string {
    const id = this.#ids.next(Date.now());
    this.#owner.leaving?.began(id);
    return id;
  }

  async start(): Promise<void> {
    const { alone, forExec, sockets } = this.#options;
    if (alone || forExec || this.#settings.listeners.some(({ audit }) => audit.active)) await this.#owner.start();
    if (alone || forExec) return;
    await this.#openAdmin();
    this.listeners = await this.#bridge.open(sockets);
  }

  async #openAdmin(): Promise<void> {
    const { threads, log } = this.#options;
    const main = {
      healthy: () => this.healthy,
      unready: () => this.#figures.unready({ starting: this.listeners.length === 0, stopping: this.#stopping }),
      metrics: () => this.metrics(),
      stats: () => this.stats(),
      declare: (fact: Parameters<AuditSide['look']>[0]) => this.#owner.side?.look(fact) ?? Promise.resolve(false),
      redact: (...asked: Parameters<Running['redact']>) => this.redact(...asked),
      wrongToken: () => this.#teller.peerFault('wrong-token', 'view'),
      warn: (message: string) => log.warn(message),
    };
    this.#view = await answerAdmin(this.#settings, main, { threads, restarted: () => this.#teller.fault('view-thread', 'process', 1) });
  }

  get settings(): Settings {
    return this.#settings;
  }

  get sessions(): number {
    return this.#bridge.sessions;
  }

  get guests(): number {
    return this.#owner.guests?.count ?? 0;
  }

  get callbacks(): readonly RunningCallback[] {
    return this.#delivery.running;
  }

  get auditThread(): Worker | undefined {
    return this.#owner.side?.thread;
  }

  get admin(): string | undefined {
    return this.#view?.url;
  }

  get healthy(): boolean {
    return this.#figures.healthy;
  }

  /** Where there is a spool. */
  get chores(): Chores {
    return this.#owner.chores;
  }

  stats(): Promise<object> {
    return this.#figures.stats();
  }

  metrics(): Promise<{ readonly text: string; readonly type: string }> {
    return this.#figures.metrics();
  }

  redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted> {
    return this.#owner.erasing.redact(request, look, tell);
  }

  /** Records that somebody looks. Rejects with AUDIT_SPOOL where that could not be made durable. */
  async looked(fact: LookFact): Promise<void> {
    const durable = await within(this.#owner.side?.look(fact) ?? Promise.resolve(false), LOOK_MS);
    if (!durable) throw new AuditError('AUDIT_SPOOL', 'the look could not be recorded; see what the running wirescribe says of its spool');
  }

  reload(next: Settings): Promise<readonly Waiting[]> {
    return this.#turns.take(() => this.#reload(next));
  }

  async #reload(next: Settings): Promise<readonly Waiting[]> {
    this.#mustOwn('takes up no new configuration');
    const { settings, waiting } = reloadable(this.#settings, next);
    const listeners = this.#plan(settings);
    if (this.#owner.side) await this.#reloadAudit(this.#owner.side, settings, waiting);
    this.#bridge.adopt(listeners);
    if (JSON.stringify(viewedOf(settings)) !== JSON.stringify(viewedOf(this.#settings))) await this.#view?.adopt(viewedOf(settings));
    this.#settings = settings;
    for (const one of waiting) this.#options.log.info(sayWaiting(one));
    return waiting;
  }

  /** Masks first, for they are the ones that refuse; where a callback then does, they are taken back. */
  async #reloadAudit(side: AuditSide, settings: Settings, waiting: readonly Waiting[]): Promise<void> {
    const change = this.#delivery.plan(settings.callbacks);
    await side.adopt(auditChangeOf(settings, change.claims));
    try {
      await this.#delivery.change(change);
    } catch (error) {
      await side.adopt(auditChangeOf(this.#settings, this.#delivery.claims));
      throw error;
    }
    await this.#owner.retiring.sayChange(settings, waiting, change);
  }

  #mustOwn(refusal: string): void {
    if (this.#stopping) throw new AuditError('AUDIT_USAGE', `the proxy is stopping, and ${refusal}`);
    if (this.#left) throw new AuditError('AUDIT_USAGE', `this proxy has handed over, and ${refusal}; ask the new one`);
  }

  share(): readonly SharedSocket[] {
    return this.#bridge.share();
  }

  leave(): Promise<void> {
    return this.#turns.take(() => this.#leave());
  }

  async #leave(): Promise<void> {
    this.#mustOwn('hands over to nobody');
    await this.#owner.giveUp(async () => this.#view?.endLooks());
    this.#left = true;
    this.#bridge.leave();
    await this.#view?.close();
    this.#view = undefined;
    this.#owner.release();
  }

  get deserted(): boolean {
    return this.#left && this.sessions + this.#bridge.arriving + (this.#owner.leaving?.held ?? 0) === 0;
  }

  async stop(drainS: number = this.#settings.drainTimeoutS): Promise<void> {
    this.#stopping = true;
    await this.#owner.rest(drainS * 1000);
    if (this.#left) return this.#stopLeft(drainS);
    this.#owner.guests?.stop();
    await this.#view?.endLooks();
    await this.#bridge.close(GOODBYE_MS);
    const leftMs = untilEnd(drainS);
    await this.#owner.drain(leftMs);
    this.lost = !(await this.#owner.close(leftMs));
    await within(Promise.all(this.callbacks.map(({ ended }) => ended)), leftMs());
    await this.#delivery.pause(0);
    await this.#view?.close();
    this.#figures.close();
    this.#owner.release();
  }

  /** Behind `leave`: ends the sessions and passes on what is left of them. */
  async #stopLeft(drainS: number): Promise<void> {
    this.#owner.leaving?.ending();
    await this.#bridge.close(GOODBYE_MS);
    this.lost = !(await this.#owner.passRest(untilEnd(drainS)));
    this.#figures.close();
  }
}

/** Milliseconds that are left of so many seconds from now on. */
function untilEnd(seconds: number): () => number {
  const deadline = Date.now() + seconds * 1000;
  return () => Math.max(0, deadline - Date.now());
}
