/**
 * A session's records as what happened when: what the screen was sent piece by piece, what was typed, how large the window was. Receives parsed records
 * in order of id, gives events in order of time. An output is recorded when it has ended and an input when it was judged, so events are held for a while
 * and put in order; what comes later than that is given at the time of what went before. Holds a bounded number. Never throws at what a record holds.
 */
import type { AuditRecord } from '../contract.js';

export type Happening = {
  /** Microseconds since 1970, never less than that of the event before. */
  at: number;
} & (
  | { readonly type: 'start' | 'other' }
  /** As a terminal takes it: control sequences as they were, line ends as CR LF. */
  | { readonly type: 'output'; readonly text: string; readonly endsLine: boolean }
  /** `shownBack`: the server sends it back, or ends the line, so the screen needs nothing from us. */
  | { readonly type: 'input'; readonly text: string; readonly exchange: number; shownBack: boolean }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'gap' }
  | { readonly type: 'end'; readonly exit: number | string | undefined }
);

type Input = Extract<Happening, { type: 'input' }>;

/** How long an event waits for earlier ones, in microseconds: an input is judged within 5 s, an output ends within some; a line typed slowly takes longer. */
const HELD_US = 60_000_000;
/** And how many wait at most. */
const MOST_HELD = 50_000;
/** Window sizes that are believed: what a client says of itself is no reason to draw a billion columns. */
const MOST_CELLS = 2_000;

/** Control characters other than tabs and line ends: without any, `raw` is no terminal's text but markup (a web client's HTML). */
const CONTROLS = /[^\P{Cc}\t\r\n]/u;
/** It puts things in places on the screen, so its line feeds may mean what they say. */
const DRAWS = /\x1b\[[\d;]*[ABCDEFGHJSTdfr]|\x1b\[\?\d+[hl]|\x1b[78M]/;
/** What looks like a prompt: the cursor stays behind it. */
const PROMPT = /[ \t]$|[:>$#%]$/;

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
const textOf = (value: unknown): string => (typeof value === 'string' ? value.toWellFormed() : '');

/** Microseconds since 1970 of a record's `time`; 0 where it is none. */
export function timeOf(time: unknown): number {
  const [, second = '', micros = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(String(time)) ?? [];
  const ms = Date.parse(`${second}Z`);
  return Number.isNaN(ms) ? 0 : ms * 1000 + Number(micros.padEnd(6, '0'));
}

/** One session's timeline: `push` its records in order, `end` behind the last. */
export class Timeline {
  #held: Happening[] = [];
  #oldest = Number.POSITIVE_INFINITY;
  #given = 0;
  #newest = 0;
  /** Typed, and nothing said since. */
  #unanswered: Input[] = [];

  /** Takes the next record, gives what nothing can come before any more. One without a time is passed over. */
  push(record: AuditRecord): Happening[] {
    const at = timeOf(record.time);
    if (at === 0) return [];
    for (const one of this.#eventsOf(record, at)) {
      this.#held.push(one);
      this.#oldest = Math.min(this.#oldest, one.at);
    }
    this.#newest = Math.max(this.#newest, at);
    if (this.#held.length > MOST_HELD) return this.#release(Number.POSITIVE_INFINITY);
    const due = this.#newest - HELD_US;
    return this.#oldest <= due ? this.#release(due) : [];
  }

  end(): Happening[] {
    return this.#release(Number.POSITIVE_INFINITY);
  }

  #release(due: number): Happening[] {
    this.#held.sort((a, b) => a.at - b.at);
    const count = this.#held.findIndex(({ at }) => at > due);
    const ready = this.#held.splice(0, count < 0 ? this.#held.length : count);
    this.#oldest = this.#held[0]?.at ?? Number.POSITIVE_INFINITY;
    for (const one of ready) {
      one.at = Math.max(one.at, this.#given);
      this.#given = one.at;
    }
    return ready;
  }

  #eventsOf(record: AuditRecord, at: number): Happening[] {
    const data = (typeof record.data === 'object' && record.data !== null ? record.data : {}) as { readonly [name: string]: unknown };
    switch (record.topic) {
      case 'session.start':
        return [{ at, type: 'start' }];
      case 'session.output':
        return this.#output(record, at);
      case 'session.input':
        return this.#input(record, at);
      case 'session.resize':
        return resized(at, data);
      case 'session.end': {
        const { exit } = data;
        return [{ at, type: 'end', exit: typeof exit === 'number' || typeof exit === 'string' ? exit : undefined }];
      }
      case 'audit.gap':
        return [{ at, type: 'gap' }];
      default:
        return [{ at, type: 'other' }];
    }
  }

  #input(record: AuditRecord, at: number): Happening[] {
    const input: Input = { at, type: 'input', text: textOf(record.text), exchange: numberOf(record.exchange) ?? 0, shownBack: false };
    this.#unanswered.push(input);
    return [input];
  }

  #output(record: AuditRecord, at: number): Happening[] {
    const said = saidBy(record);
    const back = /^[\r\n]/.test(said.text);
    for (const input of this.#unanswered) input.shownBack = back || (input.text !== '' && textOf(record.text).startsWith(input.text));
    this.#unanswered = [];
    const pieces = piecesOf(said, record.timing);
    return pieces.map(({ after, text }, index) => ({ at: at + after, type: 'output', text, endsLine: said.endsLine && index === pieces.length - 1 }));
  }
}

function resized(at: number, { columns, rows }: { readonly [name: string]: unknown }): Happening[] {
  const [wide, high] = [numberOf(columns) ?? 0, numberOf(rows) ?? 0];
  return wide < 1 || high < 1 || wide > MOST_CELLS || high > MOST_CELLS
    ? []
    : [{ at, type: 'resize', columns: Math.floor(wide), rows: Math.floor(high) }];
}

/** What an output sent to the screen. */
interface Said {
  /** As `timing` counts it. */
  readonly text: string;
  /** A line feed alone ends a line there. */
  readonly plain: boolean;
  /** What the record does not tell any more: the last line end. */
  readonly tail: string;
  readonly endsLine: boolean;
}

/** `raw`, where it is a terminal's; else `text`, which looks like a prompt, or had a line end. */
function saidBy({ raw, text, cut, protocol }: AuditRecord): Said {
  const sent = textOf(raw);
  if (CONTROLS.test(sent)) return { text: sent, plain: protocol !== 'pty' && !DRAWS.test(sent), tail: '', endsLine: /[\r\n]$/.test(sent) };
  const read = textOf(text);
  const open = cut === 'prompt' || cut === 'idle' || cut === 'size' || PROMPT.test(read);
  return { text: read, plain: true, tail: open ? '' : '\r\n', endsLine: !open };
}

interface Piece {
  /** Microseconds after the record's time. */
  readonly after: number;
  readonly text: string;
}

/** When which part of it came, as `timing` says: pairs of milliseconds and UTF-16 units. What does not fit comes with the last that did. */
function piecesOf({ text, plain, tail }: Said, timing: unknown): Piece[] {
  const pieces: Piece[] = [];
  let [from, after] = [0, 0];
  const cut = (to: number, end: string): void => {
    const part = text.slice(from, to);
    const shown = `${plain ? withReturns(part, text[from - 1]) : part}${end}`;
    if (shown !== '') pieces.push({ after, text: shown });
    from = to;
  };
  let unit = 0;
  for (const entry of Array.isArray(timing) ? (timing as readonly unknown[]) : []) {
    const [late, many] = (Array.isArray(entry) ? (entry as readonly unknown[]) : []).map(numberOf);
    if (late === undefined || many === undefined || many < 0) break;
    if (unit > 0) cut(inCharacter(text, unit) ? unit + 1 : unit, '');
    unit = Math.min(text.length, unit + Math.floor(many));
    after = Math.max(after, late * 1000);
  }
  cut(text.length, tail);
  return pieces;
}

/** Each line feed with a carriage return in front of it. @param before the character in front of the text */
const withReturns = (text: string, before: string | undefined): string =>
  text.replace(/\n/g, (feed, at: number) => ((at === 0 ? before : text[at - 1]) === '\r' ? feed : `\r${feed}`));

const inCharacter = (text: string, at: number): boolean => /[\udc00-\udfff]/.test(text[at] ?? '') && /[\ud800-\udbff]/.test(text[at - 1] ?? '');
