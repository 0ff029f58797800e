/**
 * The line of a terminal's screen that a client types on. Receives what the server sends, control sequences and all (ECMA-48; a terminal that scrolls),
 * gives what stands on the line behind the prompt. Keeps the lines above it, as far as a shell goes back to them over its list of completions.
 *
 * A line is one however long, also where the terminal shows it on several rows; only what moves the cursor by rows asks how wide they are.
 * A letter of double width takes one cell.
 */

/** The width of a terminal that nobody has told, as on the VT100. */
export const COLUMNS = 80;
/** Cells of one line; what is written behind them is not kept. */
const MAX_LINE = 4_096;
/** Lines that are kept, and cells of all of them, some 16 bytes each. */
const MAX_LINES = 64;
const MAX_CELLS = 8_192;

/**
 * One thing that is no character on the line: control strings; a CSI sequence, its parameters and final byte; other escapes; single controls, a blank and
 * CR being one, by which readline goes to the next row behind the last column.
 */
const MOTION =
  /\x1b[\]PX^_][^\x07\x1b\r\n]{0,4096}(?:\x07|\x1b\\)|\x1b\[([0-?]*)[ -/]*([@-~]?)|\x1b[ -/]*[0-~]?| \r(?!\n)|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

export class ScreenLine {
  /** What stood on the line in front of the place where typing began. */
  readonly prompt: string;
  readonly #lines: string[][] = [[]];
  #line = 0;
  /** The cursor's cell. */
  #at = 0;
  readonly #columns: number;
  /** Where typing began; a line below 0 is one that is gone. */
  #begunLine: number;
  readonly #begunAt: number;

  /** @param before what was sent before the client typed, from the start of that line on @param columns of the terminal */
  constructor(before: string, columns = COLUMNS) {
    this.#columns = columns;
    this.#begunLine = 0;
    this.#begunAt = 0;
    this.write(before);
    this.#begunLine = this.#line;
    this.#begunAt = this.#at;
    this.prompt = this.#cells.slice(0, this.#at).join('');
  }

  get #cells(): string[] {
    return this.#lines[this.#line] as string[];
  }

  /** What stands on the cursor's line: from where typing began, or, on another line, behind the same prompt; else all of it. */
  get text(): string {
    const cells = this.#cells;
    let end = cells.length;
    while (end > this.#at && cells[end - 1] === ' ') end--;
    if (this.#line === this.#begunLine) return cells.slice(this.#begunAt, end).join('');
    const line = cells.slice(0, end).join('');
    return line.startsWith(this.prompt) ? line.slice(this.prompt.length) : line;
  }

  write(sent: string): void {
    let done = 0;
    for (const motion of sent.matchAll(MOTION)) {
      this.#print(sent.slice(done, motion.index));
      done = motion.index + motion[0].length;
      if (motion[2]) this.#sequence(motion[2], motion[1] as string);
      else if (motion[0] === ' \r') this.#blankReturn();
      else if (motion[0].length === 1) this.#control(motion[0]);
    }
    this.#print(sent.slice(done));
  }

  #print(text: string): void {
    for (const letter of text) {
      if (this.#at >= MAX_LINE) return;
      this.#fill();
      this.#cells[this.#at++] = letter;
    }
  }

  /** Blanks up to where the cursor was moved to. */
  #fill(): void {
    const cells = this.#cells;
    while (cells.length < this.#at) cells.push(' ');
  }

  #goTo(at: number): void {
    this.#at = Math.min(Math.max(0, at), MAX_LINE);
  }

  #control(code: string): void {
    if (code === '\b') this.#goTo(this.#at - 1);
    else if (code === '\t') this.#goTo(this.#at - (this.#at % 8) + 8);
    else if (code === '\r') this.#at = this.#row;
    else if (code === '\n') this.#down(1, true);
  }

  /** Where the cursor's row begins. One that stands behind the last column is still on the row that it filled. */
  get #row(): number {
    const filled = this.#at > 0 && this.#at % this.#columns === 0 && this.#at >= this.#cells.length;
    return this.#at - (filled ? this.#columns : this.#at % this.#columns);
  }

  #blankReturn(): void {
    const at = this.#at;
    this.#print(' ');
    this.#at = at > 0 && at % this.#columns === 0 ? at : this.#row;
  }

  #up(rows: number): void {
    const at = this.#at - rows * this.#columns;
    if (at >= 0 || this.#line === 0) return this.#goTo(at >= 0 ? at : this.#at % this.#columns);
    this.#line = Math.max(0, this.#line - rows);
    this.#goTo(this.#at % this.#columns);
  }

  /** @param feed by a line feed, which begins a line where there is none, at its start: servers that send it alone mean that */
  #down(rows: number, feed = false): void {
    const at = this.#at + rows * this.#columns;
    if (at - (at % this.#columns) < this.#cells.length) return this.#goTo(at);
    if (feed) return this.#nextLine();
    this.#line = Math.min(this.#lines.length - 1, this.#line + rows);
  }

  #nextLine(): void {
    this.#at = 0;
    this.#line++;
    if (this.#line === this.#lines.length) this.#lines.push([]);
    while (this.#line > 0 && (this.#lines.length > MAX_LINES || cellsOf(this.#lines) > MAX_CELLS)) {
      this.#lines.shift();
      this.#line--;
      this.#begunLine--;
    }
  }

  #sequence(final: string, parameters: string): void {
    if (parameters >= '<') return; // Private ones, which begin with < = > or ?, move nothing.
    const [first = 0, second = 0] = parameters.split(';').map(Number);
    const count = Math.min(first || 1, MAX_LINE);
    switch (final) {
      case 'A':
        return this.#up(count);
      case 'B':
        return this.#down(count);
      case 'C':
        return this.#goTo(this.#at + count);
      case 'D':
        return this.#goTo(this.#at - count);
      case 'G':
        return this.#goTo(this.#row + count - 1);
      case 'H':
      case 'f':
        return this.#elsewhere(second);
      case 'J':
        return this.#eraseScreen(first);
      case 'K':
        return this.#eraseLine(first);
      default:
        return this.#shift(final, count);
    }
  }

  /** DCH, ICH, ECH: cells go, come or become blank at the cursor. */
  #shift(final: string, count: number): void {
    const cells = this.#cells;
    if (this.#at >= cells.length) return;
    if (final === 'P') cells.splice(this.#at, count);
    else if (final === '@') cells.splice(this.#at, 0, ...Array<string>(Math.min(count, MAX_LINE - cells.length)).fill(' '));
    else if (final === 'X') cells.fill(' ', this.#at, this.#at + count);
  }

  /** EL: to the row's end (0), from its start (1), all of it (2). */
  #eraseLine(part: number): void {
    const cells = this.#cells;
    const row = this.#row;
    const from = part === 0 ? this.#at : row;
    const to = part === 1 ? this.#at + 1 : row + this.#columns;
    if (to >= cells.length) cells.length = Math.min(cells.length, from);
    else cells.fill(' ', from, to);
  }

  /** ED: what is behind and below the cursor (0), in front and above (1), everything (2, 3). */
  #eraseScreen(part: number): void {
    const cells = this.#cells;
    if (part === 1) cells.fill(' ', 0, this.#at + 1);
    else {
      cells.length = part === 0 ? Math.min(cells.length, this.#at) : 0;
      this.#lines.length = this.#line + 1;
    }
  }

  /** CUP: a row of which nothing is known, as after the screen was erased. */
  #elsewhere(column: number): void {
    this.#lines.length = 0;
    this.#lines.push([]);
    this.#line = 0;
    this.#begunLine = -1;
    this.#goTo((column || 1) - 1);
  }
}

const cellsOf = (lines: readonly string[][]): number => lines.reduce((sum, { length }) => sum + length, 0);
