/** The bar that `prepare` draws on a terminal's stderr: how much of the files is read, and how many records are stored. Elsewhere it shows nothing. */
import type { WriteStream } from 'node:tty';

const REDRAW_MS = 250;
const WIDTH = 40;

export class FillProgress {
  readonly #terminal: Pick<WriteStream, 'isTTY' | 'write'>;
  readonly #all: number;
  readonly #now: () => number;
  #done = 0;
  #next: number;
  #shown = false;

  /** @param all bytes of all files @param now milliseconds; a test's own clock */
  constructor(terminal: Pick<WriteStream, 'isTTY' | 'write'>, all: number, now: () => number = Date.now) {
    this.#terminal = terminal;
    this.#all = all;
    this.#now = now;
    this.#next = now() + REDRAW_MS;
  }

  /** So many bytes more were read; so many records are stored. */
  read(bytes: number, records: number): void {
    this.#done += bytes;
    if (!this.#terminal.isTTY || this.#now() < this.#next) return;
    this.#next = this.#now() + REDRAW_MS;
    this.#shown = true;
    const share = Math.min(1, this.#done / Math.max(1, this.#all));
    const bar = '#'.repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, '.');
    this.#terminal.write(`\r\x1b[K[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${records} records`);
  }

  clear(): void {
    if (this.#shown) this.#terminal.write('\r\x1b[K');
    this.#shown = false;
  }
}
