/**
 * The line of a terminal's screen that a client types on. Receives what the server sends, control sequences and all (ECMA-48; a terminal that scrolls),
 * gives what stands on the line behind the prompt. Keeps the lines above it as far as a shell goes back to them from its list of completions.
 * It does not know how wide the screen is, so a line never wraps, and a letter of double width takes one cell.
 */

/** Cells of one line; what is written behind them is not kept. */
const MAX_COLUMNS = 4_096;
/** Lines that are kept, and cells of all of them, some 16 bytes each. */
const MAX_ROWS = 64;
const MAX_CELLS = 8_192;

/**
 * One thing that is no character on the line: control strings; a CSI sequence, its parameters and final byte; other escapes; single controls (as in
 * plain-text.ts, but each by itself).
 */
const MOTION = /\x1b[\]PX^_][^\x07\x1b\r\n]{0,4096}(?:\x07|\x1b\\)|\x1b\[([0-?]*)[ -/]*([@-~]?)|\x1b[ -/]*[0-~]?|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

type Cells = string[];

export class ScreenLine {
  /** What stood on the line in front of the place where typing began. */
  readonly prompt: string;
  readonly #rows: Cells[] = [[]];
  #row = 0;
  #column = 0;
  /** Where typing began; row -1 once it was dropped, or erased. */
  #begunRow: number;
  readonly #begunColumn: number;

  /** @param before what was sent before the client typed, from the start of that line on */
  constructor(before: string) {
    this.#begunRow = 0;
    this.#begunColumn = 0;
    this.write(before);
    this.#begunRow = this.#row;
    this.#begunColumn = this.#column;
    this.prompt = this.#cells.slice(0, this.#column).join('');
  }

  get #cells(): Cells {
    return this.#rows[this.#row] as Cells;
  }

  /** What stands on the cursor's line: from where typing began, or, on another line, behind the same prompt; else all of it. */
  get text(): string {
    const cells = this.#cells;
    let end = cells.length;
    while (end > this.#column && cells[end - 1] === ' ') end--;
    if (this.#row === this.#begunRow) return cells.slice(this.#begunColumn, end).join('');
    const line = cells.slice(0, end).join('');
    return line.startsWith(this.prompt) ? line.slice(this.prompt.length) : line;
  }

  write(sent: string): void {
    let at = 0;
    for (const motion of sent.matchAll(MOTION)) {
      this.#print(sent.slice(at, motion.index));
      at = motion.index + motion[0].length;
      if (motion[2]) this.#sequence(motion[2], motion[1] as string);
      else if (motion[0].length === 1) this.#control(motion[0]);
    }
    this.#print(sent.slice(at));
  }

  #print(text: string): void {
    for (const letter of text) {
      if (this.#column >= MAX_COLUMNS) return;
      this.#fill(this.#column);
      this.#cells[this.#column++] = letter;
    }
  }

  /** Blanks up to a column that the cursor was moved to. */
  #fill(column: number): void {
    const cells = this.#cells;
    while (cells.length < column) cells.push(' ');
  }

  #control(code: string): void {
    if (code === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (code === '\t') this.#goTo(this.#column - (this.#column % 8) + 8);
    else if (code === '\r') this.#column = 0;
    else if (code === '\n') this.#nextLine();
  }

  #goTo(column: number): void {
    this.#column = Math.min(Math.max(0, column), MAX_COLUMNS);
  }

  /** Line feed. Servers that send it alone mean the start of a line. */
  #nextLine(): void {
    this.#column = 0;
    this.#row++;
    if (this.#row === this.#rows.length) this.#rows.push([]);
    while (this.#rows.length > MAX_ROWS || (this.#row > 0 && this.#rows.reduce((sum, { length }) => sum + length, 0) > MAX_CELLS)) {
      this.#rows.shift();
      this.#row--;
      this.#begunRow--;
    }
  }

  #sequence(final: string, parameters: string): void {
    if (parameters > ':') return; // Private ones, which begin with < = > or ?, move nothing.
    const [first = 0, second = 0] = parameters.split(';').map(Number);
    const count = Math.min(first || 1, MAX_COLUMNS);
    const cells = this.#cells;
    switch (final) {
      case 'D':
        return this.#goTo(this.#column - count);
      case 'C':
        return this.#goTo(this.#column + count);
      case 'G':
        return this.#goTo(count - 1);
      case 'A':
        this.#row = Math.max(0, this.#row - count);
        return;
      case 'B':
        this.#row = Math.min(this.#rows.length - 1, this.#row + count);
        return;
      case 'K':
        return this.#eraseInLine(first);
      case 'J':
        return this.#eraseBelow(first);
      case 'H':
      case 'f':
        return this.#elsewhere(second);
      case 'P':
        cells.splice(this.#column, count);
        return;
      case '@':
        if (this.#column < cells.length) cells.splice(this.#column, 0, ...Array<string>(count).fill(' '));
        cells.length = Math.min(cells.length, MAX_COLUMNS);
        return;
      case 'X':
        if (this.#column < cells.length) cells.fill(' ', this.#column, this.#column + count);
    }
  }

  /** EL: to the end (0), from the start (1), all (2). */
  #eraseInLine(part: number): void {
    const cells = this.#cells;
    if (part !== 1) cells.length = Math.min(cells.length, this.#column);
    if (part !== 0) cells.fill(' ', 0, this.#column + 1);
  }

  /** ED: what is below the cursor (0), or everything (2 and 3), and its line with it. */
  #eraseBelow(part: number): void {
    this.#eraseInLine(part === 0 ? 0 : part === 1 ? 1 : 2);
    if (part !== 1) this.#rows.length = this.#row + 1;
  }

  /** CUP: a line that nothing is known of, as after the screen was cleared. */
  #elsewhere(column: number): void {
    this.#rows.length = 0;
    this.#rows.push([]);
    this.#row = 0;
    this.#begunRow = -1;
    this.#goTo((column || 1) - 1);
  }
}
