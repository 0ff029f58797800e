/** The report of `verify` for people and machines, its exit code, and the line that shows how far long work is. */
import type { WriteStream } from 'node:tty';
import { EXIT } from '../errors.js';
import type { Report, UseOfKey } from './verify.js';

const count = (number: number, one: string, many: string): string => `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

/** Things that are no damage, unless with `--strict`. */
function counted(report: Report): string[] {
  const { doubles, parts, unfinished, redacted, declared, clockSetBack, clockSetBackMostMs } = report;
  return [
    ...(redacted ? [count(redacted, 'redacted part', 'redacted parts')] : []),
    ...(declared ? [count(declared, 'record declared lost to this copy', 'records declared lost to this copy')] : []),
    ...(doubles ? [count(doubles, 'record that came twice', 'records that came twice')] : []),
    ...(parts ? [count(parts, 'part of a session or node', 'parts of sessions or nodes')] : []),
    ...(unfinished ? [count(unfinished, 'last line being written', 'last lines being written')] : []),
    ...(clockSetBack
      ? [`${count(clockSetBack, 'time', 'times')} that a clock was set back, by up to ${(clockSetBackMostMs / 1000).toFixed(0)} s`]
      : []),
  ];
}

const useOf = ({ checkpoints, from, until }: UseOfKey): string =>
  `${count(checkpoints, 'checkpoint', 'checkpoints')}${from === null ? '' : ` from ${from} to ${until}`}`;

/** What signatures prove, and up to when. */
function proof({ keys, unproven, lastCheckpoints }: Report): string[] {
  const until = lastCheckpoints.map(({ node, time }) => `${time ?? 'never'} (node ${JSON.stringify(node)})`).join(', ');
  if (!keys.length) return [`NOT PROVEN: no --key was given; last checkpoint: ${until}`];
  return [
    `proven up to ${until}${unproven ? `; NOT PROVEN: ${count(unproven, 'record', 'records')} that no signed checkpoint covers` : ''}`,
    ...keys.map(({ path, fingerprint, ...use }) => `key ${path}: ${fingerprint}, ${useOf(use)}`),
  ];
}

function people(report: Report): string {
  const { damage, damaged, firstTime, lastTime } = report;
  const more = damaged > damage.length ? [`... and ${(damaged - damage.length).toLocaleString('en')} more`] : [];
  const scope = `${count(report.records, 'record', 'records')} of ${count(report.sessions, 'session', 'sessions')} in ${count(report.files, 'file', 'files')}`;
  const also = counted(report);
  return [
    ...damage.map(({ place, code, what }) => `${place}: ${code}: ${what}`),
    ...more,
    `${report.ok ? 'good' : `DAMAGED (${count(damaged, 'place', 'places')})`}: ${scope}, ${firstTime} to ${lastTime}`,
    ...(also.length ? [`counted, no damage: ${also.join(', ')}`] : []),
    ...proof(report),
    '',
  ].join('\n');
}

/** The report as text that ends with a line end. @param json one JSON object, the members of Report, instead of text for people */
export function printReport(report: Report, { json = false }: { readonly json?: boolean } = {}): string {
  return json ? `${JSON.stringify(report)}\n` : people(report);
}

/** 0 where nothing is damaged, else 1. @param strict what is only counted or not proven makes 1 too */
export function exitOf(report: Report, { strict = false }: { readonly strict?: boolean } = {}): number {
  return report.ok && !(strict && (counted(report).length || report.unproven)) ? EXIT.done : EXIT.no;
}

const REDRAW_MS = 250;
const MIB = 1024 * 1024;

/**
 * A progress for `verify` that redraws one line on a terminal, from a quarter of a second on; elsewhere it shows nothing. `clear` it before printing.
 * @param now milliseconds; a test's own clock
 */
export function progressOn(terminal: Pick<WriteStream, 'isTTY' | 'write'>, now: () => number = Date.now) {
  let next = now() + REDRAW_MS;
  let shown = false;
  return {
    show(doneBytes: number, allBytes: number): void {
      if (!terminal.isTTY || now() < next) return;
      next = now() + REDRAW_MS;
      shown = true;
      terminal.write(`\r\x1b[Kverifying: ${Math.floor(doneBytes / MIB)} of ${Math.ceil(allBytes / MIB)} MiB`);
    },
    clear(): void {
      if (shown) terminal.write('\r\x1b[K');
    },
  };
}
