/**
 * The server's echo of what a client typed (RFC 857). Receives the line as it stood at Enter and what the server sent around it; tells whether it was
 * sent back, and where its secrets stand in what was sent. Pure functions; nothing here decides what is a secret.
 */
import type { Echo, Utterance } from '../contract.js';
import type { Span } from './spans.js';

/** A line that was typed, and where its secrets stand in it. */
export interface Typed {
  readonly line: string;
  readonly spans: readonly Span[];
}

/** What servers show instead of a secret. */
const SHOWN_INSTEAD = /^[*xX.\u2022\u25cf]+$/;
/** A shorter line that stands at the head of a later one is chance. Characters. */
const SHORTEST = 4;

/** What the server showed of a line. */
export interface Answer {
  /** What had been echoed before its end; that may have come in part behind it. */
  readonly echo: Echo | undefined;
  /** What stood on the screen's line when the server ended it, where that is known. */
  readonly ended: string | undefined;
  /** What it has sent since, some of it. */
  readonly after: string;
  /** Its last open line. */
  readonly prompt: string;
}

/** The screen's line that it was typed on, from its first key on; without the prompt, where that came behind the first key. */
function shownLine({ echo, ended, after, prompt }: Answer): string {
  const line = ended ?? (echo?.line ?? '') + after.slice(0, after.search(/\n|$/));
  return !echo?.prompt && prompt !== '' && line.startsWith(prompt) ? line.slice(prompt.length) : line;
}

/**
 * Whether the server sent `line` back as it stood at Enter: on the line that it was typed on, in front of anything else there, or on a line of its own
 * later (typed ahead), with the prompt in front or without.
 *
 * @param line as the record has it
 * @returns 'here': on its own line; 'later': on another one, which may be chance
 */
export function isSentBack(line: string, answer: Answer): 'here' | 'later' | undefined {
  const own = line.trimEnd();
  if (own === '' || SHOWN_INSTEAD.test(line)) return undefined;
  if (shownLine(answer).startsWith(line)) return 'here';
  const prompts = [answer.echo?.prompt ?? '', answer.prompt].filter((one) => one !== '');
  const lines = answer.after.split('\n');
  return lines.some((one) => one.trimEnd() === own || prompts.some((prompt) => one.startsWith(prompt + line))) ? 'later' : undefined;
}

/**
 * A line for which history or completion was asked, as the server showed it; as it was typed where it showed nothing. What was typed stays known to the
 * masks.
 */
export function asShown(utterance: Utterance, answer: Answer): Utterance {
  if (!utterance.asks) return utterance;
  const text = shownLine(answer).trimEnd();
  if (text === '') return utterance;
  const { direction, at, endAt, encoding, before, cut, unedited = utterance.text } = utterance;
  return { direction, at, endAt, encoding, before, ...(cut ? { cut } : {}), text, raw: text, shape: 'same', pieces: [[at, text.length]], unedited };
}

/**
 * Where the secrets of a typed line stand in the output in front of its end, in which it was echoed key by key. An echo that is not the line, for the
 * cursor was moved or the line redrawn, is hidden as a whole.
 */
export function spansBefore({ text, echo }: Utterance, typed: Typed): Span[] {
  const [first] = typed.spans;
  if (!echo || !first || echo.from >= text.length) return [];
  const came = text.length - echo.from;
  const plain = typed.line.startsWith(echo.line) && echo.line.endsWith(text.slice(echo.from));
  if (!plain) return [{ start: echo.from, end: text.length, mask: first.mask }];
  return moved(typed.spans, echo.from - (echo.line.length - came), echo.from, text.length);
}

/**
 * Where they stand in an output behind the line's end.
 *
 * @param first true for the first output behind it
 * @param shown units of the line that were echoed as it stands before its end; undefined: it is not echoed key by key
 */
export function spansBehind({ text }: Utterance, typed: Typed, first: boolean, shown: number | undefined): Span[] {
  if (typed.spans.length === 0) return [];
  const { line, spans } = typed;
  const found: Span[] = [];
  let at = 0;
  for (const [index, one] of text.split('\n').entries()) {
    const next = first && index === 0;
    const head = next ? line.slice(shown ?? 0) : line;
    if (isEchoLine(one, head, next)) found.push(...moved(spans, at - (line.length - head.length), at, at + one.length));
    else if (next && shown !== undefined && one !== '' && line.endsWith(one))
      found.push(...moved(spans, at - (line.length - one.length), at, at + one.length));
    at += one.length + 1;
  }
  return found;
}

const isEchoLine = (line: string, head: string, next: boolean): boolean =>
  head !== '' && line.startsWith(head) && (next || head.length >= SHORTEST || line.trimEnd() === head);

/** Spans moved by `by`, as far as they stand between `from` and `to`. */
function moved(spans: readonly Span[], by: number, from: number, to: number): Span[] {
  return spans
    .map(({ start, end, mask }) => ({ start: Math.max(from, start + by), end: Math.min(to, end + by), mask }))
    .filter(({ start, end }) => end > start);
}

/** The echo of a line that has not ended, in an output that must leave: the line it began on, the last one, and those on which it may be drawn again. */
export function unfinishedEcho(output: Utterance, mask: number): Span[] {
  const lines = echoLines(output);
  const prompt = output.echo?.prompt.trim() ?? '';
  return lines
    .filter(({ line }, index) => index === 0 || index === lines.length - 1 || (prompt !== '' && line.trimStart().startsWith(prompt)))
    .map(({ line, start }) => ({ start, end: start + line.length, mask }));
}

/** The lines of an output from where the echo in it begins. */
export function echoLines({ text, echo }: Utterance): { readonly line: string; readonly start: number }[] {
  if (!echo || echo.from >= text.length) return [];
  let start = echo.from;
  return text
    .slice(echo.from)
    .split('\n')
    .map((line) => {
      const at = start;
      start += line.length + 1;
      return { line, start: at };
    });
}
