/** The table that `npm run bench` prints, and its account of the records. */
import type { ContenderName } from './contenders.js';
import type { Counts } from './records.js';

/** What the load generator prints: its head says what each means. */
export interface Load {
  readonly sent: number;
  readonly requests: number;
  readonly req_s: number;
  readonly p50_us: number;
  readonly p99_us: number;
  readonly lost: number;
}

/** One round of one contender. */
export interface Result extends Load {
  /** CPU that the contender used while the load ran, in microseconds a request. */
  readonly cpuUs: number;
  /** Seconds from SIGTERM to its end. */
  readonly drainS: number;
  /** Of `audited` alone. */
  readonly counts: Counts | undefined;
}

export const LABELS: Record<ContenderName, string> = {
  direct: 'direct',
  pipe: 'plain Node pipe',
  off: 'wirescribe, audit off',
  journal: 'wirescribe, journal only',
  audited: 'wirescribe, audited',
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
};

/** One line of the table; numbers to the right. */
const row = (label: string, cells: readonly string[]): string => label.padEnd(26) + cells.map((cell) => cell.padStart(12)).join('');

/** Medians of all rounds, one line a contender. */
export function table(results: ReadonlyMap<ContenderName, Result[]>): string {
  const of = (name: ContenderName, field: (one: Result) => number) => median((results.get(name) ?? []).map(field));
  const bar = of('pipe', (one) => one.req_s);
  const lines = [...results.keys()].map((name) => {
    const rate = of(name, (one) => one.req_s);
    const lost = (results.get(name) ?? []).reduce((sum, one) => sum + one.lost, 0);
    const micros = [of(name, (one) => one.p50_us), of(name, (one) => one.p99_us), of(name, (one) => one.cpuUs)];
    return row(LABELS[name], [rate.toFixed(0), bar ? (rate / bar).toFixed(2) : '-', ...micros.map((us) => us.toFixed(0)), String(lost)]);
  });
  return [row('', ['requests/s', 'of pipe', 'p50 us', 'p99 us', 'CPU us/req', 'lost']), ...lines].join('\n');
}

/** Inputs that the files should hold and do not, and answers, of so many lines each: an answer may stand in several outputs, if it came in pieces. */
export function lostRecords({ sent, counts }: Result, lines: number): number {
  if (!counts) return 0;
  return Math.max(0, sent - counts.inputs) + Math.max(0, Math.ceil((sent * lines - counts.answered) / lines));
}

/** What one audited round recorded of what was asked. */
export function account(round: number, result: Result): string {
  const { sent, counts, drainS } = result;
  if (!counts) return '';
  const { inputs, outputs, answered, gaps, declared, doubles } = counts;
  const gap = gaps ? `, ${gaps} gaps that declare ${declared} records` : ', no gap';
  const twice = doubles ? `, ${doubles} doubles` : '';
  return `round ${round}: ${sent} requests sent, ${inputs} inputs and ${outputs} outputs (${answered} lines) recorded${gap}${twice}; drained in ${drainS.toFixed(1)} s`;
}
