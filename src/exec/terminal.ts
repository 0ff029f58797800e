/**
 * The terminal that `exec` is started in: what is typed there, its window, and the raw mode that it is in while a program runs in ours. Where standard input
 * is no terminal, it is read as it is. Puts everything back as it was, however the process ends.
 */
import { ReadStream, WriteStream } from 'node:tty';
import { passOutput } from '../bridge/pty/libc.js';

export interface Window {
  readonly columns: number;
  readonly rows: number;
}

/** Where nobody says. */
const USUAL: Window = { columns: 80, rows: 24 };

export class OwnTerminal {
  readonly input = process.stdin;
  /** Standard input is a terminal. */
  readonly isTerminal = process.stdin instanceof ReadStream;

  /**
   * Every key is passed on, and no line end is changed on the way out. libuv puts back what was there at an exit or a signal that ends the process; `close`
   * does so too.
   */
  makeRaw(): void {
    if (!(this.input instanceof ReadStream)) return;
    this.input.setRawMode(true);
    passOutput(this.input.fd);
    process.once('exit', () => this.close());
  }

  close(): void {
    try {
      if (this.input instanceof ReadStream) this.input.setRawMode(false);
    } catch {
      // The terminal is gone.
    }
  }

  get window(): Window {
    const screen = this.#screen;
    return screen && screen.columns > 0 && screen.rows > 0 ? { columns: screen.columns, rows: screen.rows } : USUAL;
  }

  onWindow(changed: (window: Window) => void): void {
    this.#screen?.on('resize', () => changed(this.window));
  }

  get #screen(): WriteStream | undefined {
    const streams: readonly unknown[] = [process.stdout, process.stderr];
    return streams.find((stream) => stream instanceof WriteStream);
  }
}
