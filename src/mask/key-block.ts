/**
 * Private keys over many lines (RFC 7468's PEM, OpenSSH's, PGP's armor of RFC 9580 6.2). Receives the texts of one direction of one session in order,
 * gives the spans of what stands between BEGIN and END, also where each line is an utterance of its own. Remembers that a block is open, never its text.
 */
import type { Span } from './spans.js';

/** A block that has no END is over after so many lines, or so many UTF-16 units: an RSA key of 16,384 bits takes 200 and 13,000. */
const MOST_LINES = 200;
const MOST_UNITS = 16 * 1024;
/** And after so many lines in a row that are no part of a key: who only says the first line of one must not hide for long what is said after it. */
const MOST_STRANGE = 8;
/** What stands in front of BEGIN (`| `, `say `) stands in front of the other lines too, and stays to be read there. Units; longer is no such thing. */
const LONGEST_PREFIX = 64;

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gi;
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gi;
/** Behind BEGIN: nothing but what closes a quote or a frame; or the key at once, without a blank, or with one where it is long enough to be a key. */
const OPENS = /^(?:[\s"'`|*)\]}.,;]*$|[^\s"'`|*)\]}.,;]|\s+(?:[a-z0-9+/=]{16}|Proc-Type:|Version:|Comment:))/i;
/** What a key's lines have: a long run of base64, nothing else than base64, or a header of the armor. */
const KEY_LIKE = /[a-z0-9+/=]{16}|^[^a-z0-9]*[a-z0-9+/=]*[^a-z0-9]*$|^\W*[a-z-]{2,20}: /i;

interface Open {
  readonly prefix: string;
  readonly lines: number;
  readonly units: number;
  readonly strange: number;
}

export class KeyBlocks {
  readonly #mask: number;
  /** How it stood where the last line began (for that may go on), and how at its end. */
  #atLine: Open | undefined;
  #now: Open | undefined;

  /** @param mask index of the mask that its spans name */
  constructor(mask: number) {
    this.#mask = mask;
  }

  /** True while a block is open: the next line is a part of it. */
  get open(): boolean {
    return this.#now !== undefined;
  }

  /**
   * The spans of private keys in `text`, in order, line by line. To be called with every utterance of the direction, once each.
   * @param before what stood on the same line in front of `text` (Utterance.before)
   */
  spans(text: string, before: string): Span[] {
    if (!this.#now && !this.#atLine && !(before + text).includes('-----')) return [];
    const spans: Span[] = [];
    let at = -before.length;
    const lines = (before + text).split('\n');
    for (const [index, line] of lines.entries()) {
      const goesOn = index === 0 && before !== '';
      if (!goesOn) this.#atLine = this.#now;
      this.#now = this.#read(line, at, goesOn ? this.#lineOf(line) : this.#atLine, spans);
      at += line.length + 1;
    }
    return spans.filter(({ end }) => end > 0).map((span) => ({ ...span, start: Math.max(0, span.start) }));
  }

  /** How it stood where a line began that goes on. Its head may be lost (`before` is bounded), and a BEGIN in it. */
  #lineOf(line: string): Open | undefined {
    if (this.#atLine || !this.#now) return this.#atLine;
    return line.search(BEGIN) >= 0 ? undefined : this.#now;
  }

  /** Reads one line, adds its spans, and gives how it stands behind it. */
  #read(line: string, at: number, open: Open | undefined, spans: Span[]): Open | undefined {
    let state = open;
    let from = open && line.startsWith(open.prefix) ? open.prefix.length : 0;
    while (from <= line.length) {
      const mark = markIn(line, from, state ? END : BEGIN);
      if (state) {
        this.#hide(line, from, mark?.start ?? line.length, at, spans);
        if (!mark) return state === open ? counted(state, line) : state;
        state = undefined;
      } else {
        if (!mark) return undefined;
        if (OPENS.test(line.slice(mark.end))) state = begun(line.slice(0, mark.start));
      }
      from = mark.end;
    }
    return state;
  }

  /** Hides what is not blank from `from` to `end`; signs that close a quote or a frame are not worth a star. */
  #hide(line: string, from: number, end: number, at: number, spans: Span[]): void {
    const part = line.slice(from, end);
    if (!/[a-z0-9]/i.test(part)) return;
    const start = from + part.length - part.trimStart().length;
    spans.push({ start: at + start, end: at + from + part.trimEnd().length, mask: this.#mask });
  }
}

function markIn(line: string, from: number, mark: RegExp): { readonly start: number; readonly end: number } | undefined {
  mark.lastIndex = from;
  const hit = mark.exec(line);
  return hit ? { start: hit.index, end: hit.index + hit[0].length } : undefined;
}

/** By way of bytes: a slice of a string holds all of that string. */
function begun(prefix: string): Open {
  const kept = prefix.length > LONGEST_PREFIX ? '' : Buffer.from(prefix, 'utf16le').toString('utf16le');
  return { prefix: kept, lines: 0, units: 0, strange: 0 };
}

/** One line more; undefined where that was the last that counts. */
function counted({ prefix, lines, units, strange }: Open, line: string): Open | undefined {
  const body = line.startsWith(prefix) ? line.slice(prefix.length) : line;
  const next = { prefix, lines: lines + 1, units: units + line.length + 1, strange: KEY_LIKE.test(body) ? 0 : strange + 1 };
  return next.lines >= MOST_LINES || next.units >= MOST_UNITS || next.strange >= MOST_STRANGE ? undefined : next;
}
