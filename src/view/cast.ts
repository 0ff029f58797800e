/**
 * A session's events as an asciicast, for asciinema and its kin (docs.asciinema.org/manual/asciicast, versions 2 and 3: a header line, then
 * `[seconds, code, data]` a line, counted from the beginning in version 2 and from the line before in version 3). Receives events in order of time,
 * gives lines.
 */
import { constants } from 'node:os';
import type { Happening } from './timeline.js';

export interface CastOptions {
  readonly version: 2 | 3;
  readonly title: string;
  /** With what was typed: as `i` events, and as labels of the markers. */
  readonly input: boolean;
}

/** The window where a session does not say its own. */
const USUAL = { columns: 80, rows: 24 };
/** A session says how large its window is so long after its start, in microseconds, or it counts as usual until then. */
const OPENING_US = 5_000_000;
/** What the texts were made for, as far as anybody knows. */
const TERMINAL = 'xterm-256color';
const LABEL = 80;
/** What a shell makes of a signal. */
const SIGNALLED = 128;

/** Writes one asciicast: `push` its events in order, `end` behind the last. What they give are whole lines, each with its end. */
export class Cast {
  readonly #options: CastOptions;
  #begun: number | undefined;
  /** What came before the header could be written. */
  #waiting: Happening[] = [];
  #headed = false;
  #lastUs = 0;
  #endsLine = true;

  constructor(options: CastOptions) {
    this.#options = options;
  }

  push(event: Happening): string {
    this.#begun ??= event.at;
    if (this.#headed) return this.#lines(event);
    this.#waiting.push(event);
    return event.type === 'resize' || event.at - this.#begun > OPENING_US ? this.#open() : '';
  }

  end(): string {
    return this.#headed ? '' : this.#open();
  }

  #open(): string {
    this.#headed = true;
    const first = this.#waiting.find((one) => one.type === 'resize');
    const window = first?.type === 'resize' ? first : USUAL;
    const rest = this.#waiting.filter((one) => one !== first);
    this.#waiting = [];
    return `${JSON.stringify(this.#header(window))}\n${rest.map((one) => this.#lines(one)).join('')}`;
  }

  #header({ columns, rows }: { readonly columns: number; readonly rows: number }): object {
    const { version, title } = this.#options;
    const about = { timestamp: Math.floor((this.#begun ?? 0) / 1e6), title };
    return version === 2
      ? { version, width: columns, height: rows, ...about, env: { TERM: TERMINAL } }
      : { version, term: { cols: columns, rows, type: TERMINAL }, ...about };
  }

  #lines(event: Happening): string {
    switch (event.type) {
      case 'output':
        this.#endsLine = event.endsLine;
        return this.#line(event.at, 'o', event.text);
      case 'input':
        return this.#typed(event);
      case 'resize':
        return this.#line(event.at, 'r', `${event.columns}x${event.rows}`);
      case 'gap':
        return this.#line(event.at, 'm', 'gap: something is missing here');
      case 'end':
        return this.#exit(event);
      default:
        return '';
    }
  }

  /** A marker at each request. Where the server does not end the line of a prompt, the client's terminal did. */
  #typed({ at, text, exchange, shownBack }: Extract<Happening, { type: 'input' }>): string {
    const { input } = this.#options;
    const label = input ? text.slice(0, LABEL).toWellFormed() : `request ${exchange}`;
    const lines = [this.#line(at, 'm', label)];
    if (input) lines.push(this.#line(at, 'i', `${text}\r`));
    if (!shownBack && !this.#endsLine) lines.push(this.#line(at, 'o', '\r\n'));
    this.#endsLine ||= !shownBack;
    return lines.join('');
  }

  /** Of a program; version 2 has no word for it. */
  #exit({ at, exit }: Extract<Happening, { type: 'end' }>): string {
    if (this.#options.version === 2 || exit === undefined) return '';
    const signal = typeof exit === 'string' ? constants.signals[exit as NodeJS.Signals] : undefined;
    const status = typeof exit === 'number' ? exit : signal === undefined ? undefined : SIGNALLED + signal;
    return status === undefined ? '' : this.#line(at, 'x', String(status));
  }

  #line(at: number, code: string, data: string): string {
    const us = Math.max(0, at - (this.#begun ?? at));
    const seconds = (this.#options.version === 2 ? us : us - this.#lastUs) / 1e6;
    this.#lastUs = us;
    return `[${seconds.toFixed(6)}, "${code}", ${JSON.stringify(data)}]\n`;
  }
}
