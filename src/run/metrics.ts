/**
 * The figures of a running proxy as Prometheus' text. Receives plain numbers, made when somebody asks; gives text. Labels are names of the configuration
 * (listeners, callbacks, masks) and of the program (topics, codes, states), so they are few, and nothing that was said is among them.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';

/** What passed over one listener since the start. */
export interface ListenerFigures {
  readonly name: string;
  /** Sessions now, and all since the start. */
  readonly sessions: number;
  readonly opened: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What the audit side has written since it started, counted by names. */
export interface AuditFigures {
  /** Records by topic. */
  readonly records: { readonly [topic: string]: number };
  /** `audit.fault` by `STAGE CODE`, each as often as it was counted. */
  readonly faults: { readonly [stageAndCode: string]: number };
  /** How often each mask was found. */
  readonly masked: { readonly [mask: string]: number };
}

export interface CallbackFigures {
  readonly name: string;
  readonly state: string;
  readonly records: number;
  readonly failures: number;
  readonly restarts: number;
  readonly retries: number;
  readonly deadLetters: number;
  readonly lagBytes: number;
  /** Records a second. */
  readonly rate: number;
  /** Seconds since the oldest record that it has not taken; null: nobody knows. */
  readonly ageS: number | null;
}

export interface NodeFigures {
  readonly version: string;
  readonly node: string;
  readonly listeners: readonly ListenerFigures[];
  /** Undefined where the audit thread did not answer: its figures are left out, not 0. */
  readonly audit: AuditFigures | undefined;
  /** Milliseconds since the audit thread answered last. */
  readonly silentMs: number;
  readonly spool: { readonly bytes: number; readonly segments: number; readonly maxBytes: number } | undefined;
  readonly callbacks: readonly CallbackFigures[];
  readonly chores: readonly ChoreMetrics[];
}

/** The last run of a chore; `lastAt` null: there was none. */
export interface ChoreMetrics {
  readonly name: string;
  /** RFC 3339. */
  readonly lastAt: string | null;
  readonly lastS: number | null;
  /** `done`, or why not. */
  readonly result: string | null;
  /** Null where it has no limit. */
  readonly withinLimit: boolean | null;
}

const NAME = 'wirescribe_';
/** How exactly the delay of the event loop is measured, in milliseconds; each measurement wakes the process. */
const DELAY_MS = 50;
const NANOSECONDS = 1e9;

type Kind = 'gauge' | 'counter';

/** What there is: name, kind, labels, and the sentence that Prometheus shows. */
const METRICS = {
  info: ['gauge', ['version', 'node'], 'Version and node; always 1'],
  sessions: ['gauge', ['listener'], 'Sessions that are open'],
  sessions_total: ['counter', ['listener'], 'Sessions since the start'],
  bytes_total: ['counter', ['listener', 'direction'], 'Bytes passed on, from clients (RCV) and to them (SND)'],
  records_total: ['counter', ['topic'], 'Records written to the spool'],
  gaps_total: ['counter', [], 'Records that say that something is missing (audit.gap)'],
  faults_total: ['counter', ['stage', 'code'], 'What went wrong, as audit.fault counts it'],
  masked_total: ['counter', ['mask'], 'How often a mask was found'],
  audit_silent_seconds: ['gauge', [], 'Since the audit thread answered last'],
  spool_bytes: ['gauge', [], 'Size of the journal'],
  spool_max_bytes: ['gauge', [], 'SPOOL_MAX_BYTES'],
  spool_segments: ['gauge', [], 'Files of the journal'],
  callback_records_total: ['counter', ['callback'], 'Records that a callback is past since it exists'],
  callback_failures_total: ['counter', ['callback'], 'Writes that failed'],
  callback_restarts_total: ['counter', ['callback'], 'Times that its thread was started again'],
  callback_dead_letters_total: ['counter', ['callback'], 'Records put to its dead letters'],
  callback_retries: ['gauge', ['callback'], 'Writes in a row that failed, until now'],
  callback_lag_bytes: ['gauge', ['callback'], 'Bytes of the journal that it has not taken'],
  callback_rate: ['gauge', ['callback'], 'Records a second, over the last 10 s'],
  callback_age_seconds: ['gauge', ['callback'], 'Since the oldest record that it has not taken'],
  chore_last_start_seconds: ['gauge', ['chore'], 'When it began last, in seconds since 1970'],
  chore_last_duration_seconds: ['gauge', ['chore'], 'How long it took then'],
  chore_last_done: ['gauge', ['chore'], '1 where it was done then; 0: it failed, or was interrupted'],
  chore_within_limit: ['gauge', ['chore'], '1 where it took no longer than its limit_s'],
  callback_state: ['gauge', ['callback', 'state'], 'What it is at; 1 for the state that it is in'],
  event_loop_delay_seconds: ['gauge', ['quantile'], 'Delay of the I/O thread since it was asked last'],
  resident_memory_bytes: ['gauge', [], 'Memory of the process'],
  cpu_seconds_total: ['counter', ['mode'], 'Processor time of the process'],
} as const satisfies { readonly [name: string]: readonly [Kind, readonly string[], string] };

type MetricName = keyof typeof METRICS;
type SetMetric = (labels: Record<string, string>, value: number) => void;

export class Metrics {
  /** Made anew for each answer: what has no value just now stands in none. */
  #registry = new Registry();
  #metrics = new Map<MetricName, SetMetric>();
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: DELAY_MS });

  constructor() {
    this.#delay.enable();
  }

  /** The content type of what `text` gives. */
  get type(): string {
    return this.#registry.contentType;
  }

  close(): void {
    this.#delay.disable();
  }

  #make(name: MetricName): SetMetric {
    const [kind, labelNames, help] = METRICS[name];
    const options = { name: NAME + name, help, labelNames, registers: [this.#registry] };
    const metric = kind === 'gauge' ? new Gauge(options) : new Counter(options);
    return (labels, value) => metric.inc(labels, value);
  }

  /** All of it, as it is now. */
  text(figures: NodeFigures): Promise<string> {
    this.#registry = new Registry();
    this.#metrics = new Map();
    this.#set('info', { version: figures.version, node: figures.node }, 1);
    for (const listener of figures.listeners) this.#listener(listener);
    if (figures.audit) this.#audit(figures.audit);
    this.#set('audit_silent_seconds', {}, figures.silentMs / 1000);
    this.#spool(figures.spool);
    for (const callback of figures.callbacks) this.#callback(callback);
    for (const chore of figures.chores) this.#chore(chore);
    this.#process();
    return this.#registry.metrics();
  }

  #set(name: MetricName, labels: Record<string, string>, value: number): void {
    const set = this.#metrics.get(name) ?? this.#make(name);
    this.#metrics.set(name, set);
    set(labels, value);
  }

  #listener({ name: listener, sessions, opened, bytesIn, bytesOut }: ListenerFigures): void {
    this.#set('sessions', { listener }, sessions);
    this.#set('sessions_total', { listener }, opened);
    this.#set('bytes_total', { listener, direction: 'RCV' }, bytesIn);
    this.#set('bytes_total', { listener, direction: 'SND' }, bytesOut);
  }

  #audit({ records, faults, masked }: AuditFigures): void {
    for (const [topic, count] of Object.entries(records)) this.#set('records_total', { topic }, count);
    this.#set('gaps_total', {}, records['audit.gap'] ?? 0);
    for (const [both, count] of Object.entries(faults)) {
      const [stage = '', code = ''] = both.split(' ');
      this.#set('faults_total', { stage, code }, count);
    }
    for (const [mask, count] of Object.entries(masked)) this.#set('masked_total', { mask }, count);
  }

  #spool(spool: NodeFigures['spool']): void {
    if (!spool) return;
    this.#set('spool_bytes', {}, spool.bytes);
    this.#set('spool_max_bytes', {}, spool.maxBytes);
    this.#set('spool_segments', {}, spool.segments);
  }

  #callback({ name: callback, state, ageS, ...numbers }: CallbackFigures): void {
    this.#set('callback_records_total', { callback }, numbers.records);
    this.#set('callback_failures_total', { callback }, numbers.failures);
    this.#set('callback_restarts_total', { callback }, numbers.restarts);
    this.#set('callback_dead_letters_total', { callback }, numbers.deadLetters);
    this.#set('callback_retries', { callback }, numbers.retries);
    this.#set('callback_lag_bytes', { callback }, numbers.lagBytes);
    this.#set('callback_rate', { callback }, numbers.rate);
    if (ageS !== null) this.#set('callback_age_seconds', { callback }, ageS);
    this.#set('callback_state', { callback, state }, 1);
  }

  #chore({ name: chore, lastAt, lastS, result, withinLimit }: ChoreMetrics): void {
    if (lastAt === null) return;
    this.#set('chore_last_start_seconds', { chore }, Date.parse(lastAt) / 1000);
    this.#set('chore_last_duration_seconds', { chore }, lastS ?? 0);
    this.#set('chore_last_done', { chore }, result === 'done' ? 1 : 0);
    if (withinLimit !== null) this.#set('chore_within_limit', { chore }, withinLimit ? 1 : 0);
  }

  #process(): void {
    for (const quantile of [50, 99])
      this.#set('event_loop_delay_seconds', { quantile: String(quantile / 100) }, this.#delayS(this.#delay.percentile(quantile)));
    this.#set('event_loop_delay_seconds', { quantile: '1' }, this.#delayS(this.#delay.max));
    this.#delay.reset();
    this.#set('resident_memory_bytes', {}, process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    this.#set('cpu_seconds_total', { mode: 'user' }, user / 1e6);
    this.#set('cpu_seconds_total', { mode: 'system' }, system / 1e6);
  }

  /** What is measured is the time between two beats: the delay is what is over. */
  #delayS(nanoseconds: number): number {
    return Math.max(0, nanoseconds / NANOSECONDS - DELAY_MS / 1000);
  }
}
