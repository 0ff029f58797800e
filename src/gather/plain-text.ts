/**
 * From characters as sent to text as a person would read it (DESIGN 4, `text`): line ends become `\n`, the last one is dropped, tabs stay, ANSI and
 * other control characters go, cursor moves and erasures of the screen count as line ends, backspaces erase. Pure functions over strings.
 */
import { CONTROLS } from './charset.js';

/**
 * One thing to remove or turn into a line end, in this order: whole OSC, DCS, SOS, PM and APC strings (ECMA-48 5.6; window titles, sixels); line ends
 * (`\n\r` is Diku's); CSI sequence, its final byte captured; other escapes; backspace and delete; single controls (ECMA-48 5.3 to 5.5).
 */
const SHOWN =
  /\x1b[\]PX^_][^\x07\x1b\r\n]{0,4096}(?:\x07|\x1b\\)|(\r\n|\r\0|\n\r(?!\n)|\r|\n)|\x1b\[[0-?]*[ -/]*([@-~]?)|\x1b[ -/]*[0-~]?|([\b\x7f])|[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f]/g;

/** The same that have begun and not ended: a sequence (a client's cursor keys also begin with ESC O), and in what a server sends a string. */
const OPEN_SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*|[ -/]*)$/;
const OPEN_KEY = /\x1b(?:\[[0-?]*[ -/]*|[ -/]*|O)$/;
const OPEN_STRING = /\x1b[\]PX^_][^\x07\x1b\r\n]{0,4096}\x1b?$/;
/** Bytes behind which nothing is waited for any more: the longest string, and its ends. */
const LONGEST_STRING = 4_100;
const ESC = 0x1b;

/**
 * How many bytes at the end begin a control sequence that is not whole. A cut must not fall inside: half a sequence is text to whoever reads it alone, and
 * would stand in the middle of a command that a mask looks for.
 *
 * @param shown true for what a server sends, where control strings are sequences too
 */
export function unfinishedSequence(bytes: Buffer, shown: boolean): number {
  const last = bytes.lastIndexOf(ESC);
  if (last < 0 || bytes.length - last > LONGEST_STRING) return 0;
  const before = shown && last > 0 && last === bytes.length - 1 ? bytes.lastIndexOf(ESC, last - 1) : -1;
  const tail = bytes.toString('latin1', before >= 0 && bytes.length - before <= LONGEST_STRING ? before : last);
  const open = shown ? (OPEN_STRING.exec(tail) ?? OPEN_SEQUENCE.exec(tail)) : OPEN_KEY.exec(tail);
  return open ? open[0].length : 0;
}

/** CSI finals that move the cursor to another place or erase the screen: CUU CUD CUF CUB CNL CPL CHA CUP ED VPA HVP. */
const MOVES = 'ABCDEFGHJdf';

const LINE_END = /(?:\r\n|\r\0|\n\r|\r|\n)$/;

/** Drops one line end at the end. */
export function withoutLastEnd(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  if (last !== 10 && last !== 13 && last !== 0) return text;
  return text.replace(LINE_END, '');
}

/**
 * What a person would read of what a server sent: the text alone where there was little to do, else all that the walk over it found.
 *
 * @param raw decoded characters as they were sent, with or without their last line end
 * @param controls which kinds of control characters are in it (charset.ts); the ways without `walk` are for the many that have none but colours
 */
export function read(raw: string, controls: number): string | Walked {
  if (controls & CONTROLS.other) return walk(raw);
  const ends = withoutLastEnd(raw).replaceAll('\r\n', '\n');
  const text = controls & CONTROLS.escape ? withoutColours(ends) : ends;
  return text.includes('\r') || (controls & CONTROLS.escape && text.includes('\x1b')) ? walk(raw) : text;
}

const LETTER_M = 109;
const SEMICOLON = 59;

/**
 * Without Select Graphic Rendition (ECMA-48 8.3.117), the colours: by far the most of what is removed. By hand, for a regular expression looks at every
 * character where `indexOf` leaps from escape to escape.
 */
function withoutColours(text: string): string {
  let result = '';
  let done = 0;
  for (let at = text.indexOf('\x1b['); at >= 0; at = text.indexOf('\x1b[', at + 2)) {
    let end = at + 2;
    let code = text.charCodeAt(end);
    while (code >= 48 && code <= SEMICOLON) code = text.charCodeAt(++end);
    if (code !== LETTER_M) continue;
    result += text.slice(done, at);
    done = end + 1;
  }
  return result + text.slice(done);
}

/** For each UTF-16 unit of the text of `read(raw)`, its index in `raw`. */
export const plainOffsets = (raw: string): readonly number[] => walk(raw).offsets;

/** `raw` with stars where these units stand, which were erased: erased typing may have been a secret. */
export function starred(raw: string, erased: readonly number[]): string {
  if (erased.length === 0) return raw;
  const units = raw.split('');
  for (const index of erased) units[index] = '*';
  return units.join('');
}

/** What a walk finds. */
export interface Walked {
  text: string;
  /** For each UTF-16 unit of `text`, its index in what was sent. */
  readonly offsets: number[];
  /** Where what was sent has units that its backspaces erased. */
  readonly erased: number[];
  /** How many characters they erase in front of it, on the line that it goes on with. */
  erasedBefore: number;
  /** Whether it left a full-screen program on the screen, where it switched. */
  alternate: boolean | undefined;
}

/** DEC private modes of the alternate screen (xterm, 47, 1047 and 1049), alone or among others. */
const SWITCHES = /\x1b\[\?(?:\d+;)*(?:47|1047|1049)(?:;\d+)*[hl]/g;
const ALTERNATE = new RegExp(`^${SWITCHES.source}$`);

/** The same in bytes, and what they leave: undefined where they do not switch. */
export function alternateAfter(bytes: Buffer): boolean | undefined {
  if (!bytes.includes('\x1b[?')) return undefined;
  return bytes.toString('latin1').match(SWITCHES)?.at(-1)?.endsWith('h');
}

/** The one definition of the removal, unit by unit; the quick ways above give the same. */
function walk(raw: string): Walked {
  const units: string[] = [];
  const walked: Walked = { text: '', offsets: [], erased: [], erasedBefore: 0, alternate: undefined };
  const put = (unit: string, at: number) => {
    units.push(unit);
    walked.offsets.push(at);
  };
  const end = withoutLastEnd(raw).length;
  let at = 0;
  const copy = (to: number) => {
    for (; at < to; at++) put(raw[at] as string, at);
  };
  for (const item of raw.slice(0, end).matchAll(SHOWN)) {
    copy(item.index);
    at = item.index + item[0].length;
    if (item[1] !== undefined) put('\n', item.index);
    else if (item[2] && MOVES.includes(item[2])) breakLine(units, () => put('\n', item.index));
    else if (item[3] !== undefined) erase(units, walked);
    else if ((item[2] === 'h' || item[2] === 'l') && ALTERNATE.test(item[0])) walked.alternate = item[2] === 'h';
  }
  copy(end);
  walked.text = units.join('');
  return walked;
}

/** A cursor move is a line end only where it ends something. */
function breakLine(units: readonly string[], put: () => void): void {
  if (units.length > 0 && units.at(-1) !== '\n') put();
}

/** Takes back the last character of the line, both halves of it where it is beyond U+FFFF. */
function erase(units: string[], walked: Walked): void {
  if (units.length === 0) walked.erasedBefore++;
  const take = () => {
    const last = units.at(-1);
    if (last === undefined || last === '\n') return undefined;
    walked.erased.push(walked.offsets.pop() as number);
    return units.pop();
  };
  const low = take()?.charCodeAt(0) ?? 0;
  if (low >= 0xdc00 && low <= 0xdfff) take();
}
