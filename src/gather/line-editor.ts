/**
 * What a client types key by key, as the line that it is when Enter is pressed. Receives the characters of one line as they were sent, gives the line
 * after its editing keys, and the same characters with nothing erased, for a server may know none of these keys. The keys are those of a terminal's
 * line discipline (POSIX, termios: ERASE, KILL, INTR) and of GNU readline in emacs mode. Pure; its time grows with the length of the line alone.
 */

export interface Edited {
  /** The line as it stood at the end. */
  readonly text: string;
  /** For each UTF-16 unit of `text`, where it stands in what was sent. They rise, unless `moved`. */
  readonly offsets: readonly number[];
  /** Where in what was sent the units stand that were erased, in no order. */
  readonly erased: readonly number[];
  /** Something was put in front of what had been typed before it. */
  readonly moved: boolean;
  /** Every character that is no control character and in no control sequence, in the order of typing. */
  readonly unedited: string;
  /** History, completion or something erased was called up: what the line became stands nowhere in what was sent. */
  readonly asks: boolean;
  /** What is left of the line in front of a cut. */
  readonly before: string;
}

/**
 * One key that is no character: a CSI sequence, its parameters and its final byte; a cursor key in application mode (SS3); Meta and a key; a single
 * control. SS3 takes the finals of cursor keys alone: with any letter it could hide the first one of a command.
 */
const KEYS = /\x1b\[([0-?]*)[ -/]*([@-~]?)|\x1bO([A-DFH])|\x1b([.*/]|[ -/]*[0-~\x7f\b]?)|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** Most characters that a move by one word passes, so that a line of such moves is no work without end. */
const LONGEST_WORD = 256;

type Key =
  | 'left'
  | 'right'
  | 'wordLeft'
  | 'wordRight'
  | 'home'
  | 'end'
  | 'erase'
  | 'delete'
  | 'eraseWord'
  | 'deleteWord'
  | 'killToStart'
  | 'killToEnd'
  | 'discard'
  | 'ask';

/** Control characters; INTR, QUIT and SUSP throw away what was typed. The others do nothing to the line. */
const CONTROL_KEYS: { readonly [code: number]: Key } = {
  1: 'home',
  2: 'left',
  3: 'discard',
  4: 'delete',
  5: 'end',
  6: 'right',
  8: 'erase',
  11: 'killToEnd',
  14: 'ask',
  16: 'ask',
  18: 'ask',
  19: 'ask',
  21: 'killToStart',
  23: 'eraseWord',
  25: 'ask',
  26: 'discard',
  28: 'discard',
  31: 'ask',
  127: 'erase',
};

/** By the final byte of CSI and SS3 (xterm, cursor keys); Z is Shift-Tab. */
const CURSOR_KEYS: { readonly [final: string]: Key } = { A: 'ask', B: 'ask', C: 'right', D: 'left', F: 'end', H: 'home', Z: 'ask' };

/** CSI N ~ (VT220, editing keypad); 5 and 6 leaf through the history. */
const KEYPAD: { readonly [parameter: string]: Key } = { 1: 'home', 3: 'delete', 4: 'end', 5: 'ask', 6: 'ask', 7: 'home', 8: 'end' };

/** Meta (Alt) and a key, where it is an editing key of readline. */
const META_KEYS: { readonly [key: string]: Key } = {
  b: 'wordLeft',
  f: 'wordRight',
  d: 'deleteWord',
  '\x7f': 'eraseWord',
  '\b': 'eraseWord',
  ...Object.fromEntries([...'.?*/_<>nplcutry'].map((key): [string, Key] => [key, 'ask'])),
};

const LITERAL_NEXT = '\x16';
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * Reads a line of typing.
 *
 * @param sent decoded characters as they were sent, without their line end
 * @param before what stands in front of them on the same line, where a cut fell inside it; its end is erased where keys reach behind the cut
 */
export function edit(sent: string, before: string): Edited {
  const line = new Line(sent, before);
  let at = 0;
  KEYS.lastIndex = 0;
  for (let found = KEYS.exec(sent); found; found = KEYS.exec(sent)) {
    line.type(at, found.index);
    at = found.index + press(line, found);
    KEYS.lastIndex = at;
  }
  line.type(at, sent.length);
  return line.edited();
}

/** Does what a key does to the line; gives how many units of `sent` it takes. */
function press(line: Line, found: RegExpExecArray): number {
  const [all, parameters = '', final, cursor, meta] = found;
  if (all === LITERAL_NEXT) return CONTROL.test(found.input[found.index + 1] ?? '') ? 2 : 1;
  if (meta && !CONTROL.test(meta)) line.see(found.index + 1, found.index + all.length);
  const key = final || cursor ? cursorKey(parameters, (final || cursor) as string) : meta ? META_KEYS[meta] : CONTROL_KEYS[all.charCodeAt(0)];
  if (key) line[key]();
  return all.length;
}

/** With Control or Meta held (a second parameter above 2, Shift's) the arrows move by words. */
function cursorKey(parameters: string, final: string): Key | undefined {
  if (final === '~') return KEYPAD[parameters];
  const key = CURSOR_KEYS[final];
  const byWord = Number(parameters.split(';')[1] ?? 0) > 2;
  if (byWord && key === 'left') return 'wordLeft';
  return byWord && key === 'right' ? 'wordRight' : key;
}

/**
 * The line while it is typed: a ring of its characters, so that putting in and taking out take the same time anywhere. A character is named by where it
 * stands in what was sent, plus one; 0 is the line's start and end.
 */
class Line implements Record<Key, () => void> {
  readonly #sent: string;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** The character in front of the cursor. */
  #cursor = 0;
  /** Where runs of what was typed begin and end, one after the other. */
  readonly #typed: number[] = [];
  readonly #erased: number[] = [];
  #before: string;
  #asks: boolean;

  constructor(sent: string, before: string) {
    this.#sent = sent;
    this.#next = new Int32Array(sent.length + 1);
    this.#previous = new Int32Array(sent.length + 1);
    this.#before = before;
    this.#asks = sent.includes('\t');
  }

  /** Puts what stands there in what was sent in at the cursor. */
  type(from: number, to: number): void {
    for (let at = from; at < to; at += this.#width(at)) this.#put(at + 1);
    this.see(from, to);
  }

  /** A server without line editing takes them for characters, though they are a part of a key. */
  see(from: number, to: number): void {
    if (from < to) this.#typed.push(from, to);
  }

  /** Units of the character that stands there: both halves of one beyond U+FFFF are one. */
  #width(at: number): number {
    return (this.#sent.codePointAt(at) as number) > 0xffff ? 2 : 1;
  }

  #put(cell: number): void {
    const after = this.#next[this.#cursor] as number;
    this.#next[this.#cursor] = cell;
    this.#previous[cell] = this.#cursor;
    this.#next[cell] = after;
    this.#previous[after] = cell;
    this.#cursor = cell;
  }

  #take(cell: number): void {
    const next = this.#next[cell] as number;
    const previous = this.#previous[cell] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    if (this.#cursor === cell) this.#cursor = previous;
    for (let unit = 0; unit < this.#width(cell - 1); unit++) this.#erased.push(cell - 1 + unit);
  }

  #isBlank(cell: number): boolean {
    return this.#sent[cell - 1] === ' ' || this.#sent[cell - 1] === '\t';
  }

  left(): void {
    if (this.#cursor > 0) this.#cursor = this.#previous[this.#cursor] as number;
  }

  right(): void {
    this.#cursor = (this.#next[this.#cursor] as number) || this.#cursor;
  }

  home(): void {
    this.#cursor = 0;
  }

  end(): void {
    this.#cursor = this.#previous[0] as number;
  }

  wordLeft(): void {
    let left = LONGEST_WORD;
    while (this.#cursor > 0 && this.#isBlank(this.#cursor) && left-- > 0) this.left();
    while (this.#cursor > 0 && !this.#isBlank(this.#cursor) && left-- > 0) this.left();
  }

  wordRight(): void {
    let left = LONGEST_WORD;
    const next = () => this.#next[this.#cursor] as number;
    while (next() > 0 && this.#isBlank(next()) && left-- > 0) this.right();
    while (next() > 0 && !this.#isBlank(next()) && left-- > 0) this.right();
  }

  erase(): void {
    if (this.#cursor > 0) this.#take(this.#cursor);
    else this.#before = withoutLast(this.#before);
  }

  delete(): void {
    const next = this.#next[this.#cursor] as number;
    if (next > 0) this.#take(next);
  }

  /** The blanks in front of the cursor and the word in front of them; it may begin behind a cut. */
  eraseWord(): void {
    while (this.#cursor > 0 && this.#isBlank(this.#cursor)) this.#take(this.#cursor);
    const inWord = this.#cursor > 0;
    while (this.#cursor > 0 && !this.#isBlank(this.#cursor)) this.#take(this.#cursor);
    if (this.#cursor === 0 && this.#before !== '') this.#before = withoutWord(inWord ? this.#before : this.#before.trimEnd());
  }

  deleteWord(): void {
    const next = () => this.#next[this.#cursor] as number;
    while (next() > 0 && this.#isBlank(next())) this.#take(next());
    while (next() > 0 && !this.#isBlank(next())) this.#take(next());
  }

  killToStart(): void {
    while (this.#cursor > 0) this.#take(this.#cursor);
    this.#before = '';
  }

  killToEnd(): void {
    for (let next = this.#next[this.#cursor] as number; next > 0; next = this.#next[this.#cursor] as number) this.#take(next);
  }

  discard(): void {
    this.end();
    this.killToStart();
  }

  ask(): void {
    this.#asks = true;
  }

  edited(): Edited {
    const offsets: number[] = [];
    const parts: string[] = [];
    let moved = false;
    let last = -1;
    for (let cell = this.#next[0] as number; cell > 0; cell = this.#next[cell] as number) {
      const width = this.#width(cell - 1);
      moved ||= cell - 1 < last;
      last = cell - 1;
      parts.push(width === 1 ? (this.#sent[last] as string) : this.#sent.slice(last, last + 2));
      offsets.push(last);
      if (width === 2) offsets.push(last + 1);
    }
    const [erased, asks, before] = [this.#erased, this.#asks, this.#before];
    return { text: parts.join(''), offsets, erased, moved, unedited: this.#unedited(), asks, before };
  }

  #unedited(): string {
    let text = '';
    for (let run = 0; run < this.#typed.length; run += 2) text += this.#sent.slice(this.#typed[run], this.#typed[run + 1]);
    return text;
  }
}

const withoutLast = (text: string): string => text.slice(0, (text.codePointAt(text.length - 2) ?? 0) > 0xffff ? -2 : -1);

const withoutWord = (text: string): string => text.slice(0, Math.max(text.lastIndexOf(' '), text.lastIndexOf('\t')) + 1);
