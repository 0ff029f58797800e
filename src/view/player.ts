/**
 * Plays frames in their time, with the keys of a person at it: pauses, steps, jumps, faster and slower. Receives a way to open the frames from their
 * beginning, as often as somebody goes back, and a clock; gives texts to a writer. Never touches a terminal.
 */
import type { Frame } from './frames.js';

export type Key = 'pause' | 'step' | 'back' | 'forward' | 'faster' | 'slower' | 'quit';

/** Time as the player knows it. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Resolves after so many milliseconds, or once the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Playing {
  readonly open: () => AsyncIterable<Frame>;
  readonly show: (frame: Frame) => Promise<void>;
  /** Empties the screen: what comes next is from the beginning on. */
  readonly clear: () => Promise<void>;
  readonly clock: Clock;
  readonly speed: number;
  /** What was before this many microseconds of the session is shown at once. */
  readonly fromUs: number;
}

/** How far a jump goes, in microseconds. */
const JUMP_US = 5_000_000;
const SLOWEST = 1 / 16;
const FASTEST = 64;
/** Paused: somebody may be away for long. */
const FOR_EVER_MS = 1_000_000_000;

export class Player {
  readonly #playing: Playing;
  #speed: number;
  #paused = false;
  #steps = 0;
  #quit = false;
  #fromUs: number;
  /** Where it stood, in microseconds of playing, and when that was. */
  #at = 0;
  #since: number;
  #rewinds = false;
  #stir: AbortController | undefined;

  constructor(playing: Playing) {
    this.#playing = playing;
    this.#speed = playing.speed;
    this.#fromUs = playing.fromUs;
    this.#since = playing.clock.now();
  }

  /** A key was pressed. May be called at any time. */
  press(key: Key): void {
    switch (key) {
      case 'pause':
        this.#moveTo(this.#place);
        this.#paused = !this.#paused;
        break;
      case 'step':
        this.#moveTo(this.#place);
        this.#paused = true;
        this.#steps++;
        break;
      case 'forward':
        this.#moveTo(this.#place + JUMP_US);
        break;
      case 'back':
        this.#moveTo(Math.max(0, this.#place - JUMP_US));
        this.#rewinds = true;
        break;
      case 'faster':
      case 'slower':
        this.#moveTo(this.#place);
        this.#speed = Math.min(FASTEST, Math.max(SLOWEST, key === 'faster' ? this.#speed * 2 : this.#speed / 2));
        break;
      case 'quit':
        this.#quit = true;
    }
    this.#stir?.abort();
  }

  /** Plays to the end, or until somebody has enough. */
  async run(): Promise<void> {
    this.#since = this.#playing.clock.now();
    while (await this.#play()) {
      this.#rewinds = false;
      this.#fromUs = 0;
      await this.#playing.clear();
    }
  }

  /** Plays from the beginning; true where somebody went back. */
  async #play(): Promise<boolean> {
    for await (const frame of this.#playing.open()) {
      await this.#due(frame);
      if (this.#quit || this.#rewinds) return !this.#quit;
      await this.#playing.show(frame);
    }
    return false;
  }

  get #place(): number {
    return this.#paused ? this.#at : this.#at + (this.#playing.clock.now() - this.#since) * 1000 * this.#speed;
  }

  #moveTo(place: number): void {
    this.#at = place;
    this.#since = this.#playing.clock.now();
  }

  /** Resolves when the frame's time has come, or there is something else to do. */
  async #due(frame: Frame): Promise<void> {
    while (!this.#quit && !this.#rewinds) {
      if (frame.since < this.#fromUs) this.#moveTo(Math.max(this.#place, frame.at));
      const missing = frame.at - this.#place;
      if (missing <= 0) return;
      if (this.#steps > 0) {
        this.#steps--;
        return this.#moveTo(frame.at);
      }
      await this.#wait(this.#paused ? FOR_EVER_MS : missing / 1000 / this.#speed);
    }
  }

  async #wait(ms: number): Promise<void> {
    this.#stir = new AbortController();
    await this.#playing.clock.wait(Math.min(ms, FOR_EVER_MS), this.#stir.signal);
    this.#stir = undefined;
  }
}

/** What keys send; arrow keys in both of their modes. */
const KEYS: { readonly [sent: string]: Key } = {
  ' ': 'pause',
  '.': 'step',
  '<': 'back',
  ',': 'back',
  '\x1b[D': 'back',
  '\x1bOD': 'back',
  '>': 'forward',
  '\x1b[C': 'forward',
  '\x1bOC': 'forward',
  '+': 'faster',
  '=': 'faster',
  '-': 'slower',
  q: 'quit',
  '\x03': 'quit',
  '\x04': 'quit',
};

/** The keys in what a terminal sent; what it answers by itself, and any other key, is none. */
export const keysIn = (sent: string): Key[] => (sent.match(/\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|[^\x1b]/gs) ?? []).flatMap((one) => KEYS[one] ?? []);
