/**
 * Processes that have handed this spool over and in which sessions go on (spool/going.ts), as its owner sees them. Says which open sessions are theirs, and
 * looks whether they live: the sessions of one that has died are ended as after a crash.
 */
import { dropGoing, isGoing, listGoing, readGoing } from '../spool/going.js';
import type { Intake } from '../view/intake/intake.js';

/** How often it is looked whether they live. */
const LOOK_MS = 1_000;

export interface OldSidesOptions {
  /** SPOOL_DIR, which the caller owns. */
  readonly folder: string;
  /** Those that are connected: what they said last may still be on its way. */
  readonly connected: () => Intake['oldSides'];
  /** Ends those of these sessions that are open; true once that is durable. */
  readonly crashed: (sessions: readonly string[]) => Promise<boolean>;
}

export class OldSides {
  readonly #options: OldSidesOptions;
  readonly #names: Set<string>;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  /** Throws what the system throws where the folder cannot be read. */
  constructor(options: OldSidesOptions) {
    this.#options = options;
    this.#names = new Set(listGoing(options.folder));
  }

  /** Ids of all their sessions; those of the dead too, until they were ended. */
  get sessions(): string[] {
    return [...this.#names].flatMap((name) => readGoing(this.#options.folder, name));
  }

  /** Whether any of them lives. */
  get isAnyAlive(): boolean {
    return [...this.#names].some((name) => isGoing(this.#options.folder, name));
  }

  /** For `stats`: which processes they are, whether they are connected, and how many sessions go on there, where that is known. */
  get stats(): { readonly pid: number; readonly connected: boolean; readonly sessions: number | null }[] {
    const connected = new Map(this.#options.connected().map(({ name, sessions }) => [name, sessions]));
    return [...this.#names].map((name) => ({
      pid: Number(name.split('.')[0]),
      connected: connected.has(name),
      sessions: connected.get(name) ?? null,
    }));
  }

  /** Looks from now on, once a second, while there are any. */
  watch(): void {
    if (this.#names.size === 0) return;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
    void this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (const name of this.#names) await this.#lookAt(name).catch(() => undefined);
    this.#looking = false;
    if (this.#names.size === 0) this.close();
  }

  async #lookAt(name: string): Promise<void> {
    const { folder, connected, crashed } = this.#options;
    // First whether it lives: what it said before its death has come by the time that its connection is seen to be gone.
    if (isGoing(folder, name) || connected().some((one) => one.name === name)) return;
    if (!(await crashed(readGoing(folder, name)))) return;
    dropGoing(folder, name);
    this.#names.delete(name);
  }
}
