/**
 * Notices a mask that used to hit and hits no more: the game has changed a word, and what the mask hid is now written. Receives how often each mask was
 * found and when a session began, gives the names of masks that fell silent, each once. Its state is plain data, to be kept over restarts; numbers alone.
 */
import type { TimeUs } from '../contract.js';

/** Days are UTC's. */
const DAY_US = 86_400_000_000;
/** So many days a mask must have hit, and so often on each, for a day without a hit to tell anything. */
const DAYS = 3;
const OFTEN = 10;
const VERSION = 1;

/** What happened on one day. */
interface Day {
  sessions: number;
  hits: { [mask: string]: number };
}

/** All that is remembered, as it is kept. */
export interface HitState extends Day {
  readonly version: typeof VERSION;
  /** Days since 1970 of what is counted now; 0: nothing was counted yet. */
  day: number;
  /** The days before with sessions, at most three, the oldest first. */
  before: readonly Day[];
}

export class HitWatch {
  readonly #state: HitState;
  #seen: ReadonlyMap<string, number> = new Map();

  /**
   * @param names of the masks in force; what is known of others is forgotten
   * @param saved what `state` gave before a restart, as it was read; undefined: nothing is known
   */
  constructor(names: readonly string[], saved?: unknown) {
    const known = isState(saved) ? saved : { version: VERSION, day: 0, sessions: 0, hits: {}, before: [] };
    const inForce = new Set(names);
    this.#state = { ...known, ...only(known, inForce), version: VERSION, before: known.before.slice(-DAYS).map((day) => only(day, inForce)) };
  }

  /** What is remembered, for the next start. */
  get state(): HitState {
    return this.#state;
  }

  /** Told that a session began: on a day without sessions no mask is missed. */
  sessionBegan(): void {
    this.#state.sessions++;
  }

  /**
   * Takes up how often each mask was found, and once a day is over, gives the masks that it missed: those that hit ten times at least on each of the
   * three days before, and never on this one, though at least half as many sessions began.
   * @param counts since the start of the process, by name
   */
  look(at: TimeUs, counts: ReadonlyMap<string, number>): string[] {
    const day = Math.floor(at / DAY_US);
    if (this.#state.day === 0) this.#state.day = day;
    const { hits } = this.#state;
    for (const [mask, count] of counts) {
      const more = count - (this.#seen.get(mask) ?? 0);
      if (more > 0) hits[mask] = (hits[mask] ?? 0) + more;
    }
    this.#seen = new Map(counts);
    return day > this.#state.day ? this.#turn(day) : [];
  }

  /** The day is over: judges it, and begins the next. */
  #turn(day: number): string[] {
    const { sessions, hits, before } = this.#state;
    const silent = sessions > 0 ? silentOn({ sessions, hits }, before) : [];
    if (sessions > 0) this.#state.before = [...before, { sessions, hits }].slice(-DAYS);
    Object.assign(this.#state, { day, sessions: 0, hits: {} });
    return silent;
  }
}

function silentOn({ sessions, hits }: Day, before: readonly Day[]): string[] {
  const [first] = before;
  if (!first || before.length < DAYS || sessions * 2 < Math.min(...before.map((day) => day.sessions))) return [];
  return Object.keys(first.hits).filter((mask) => !hits[mask] && before.every((day) => (day.hits[mask] ?? 0) >= OFTEN));
}

const only = ({ sessions, hits }: Day, names: ReadonlySet<string>): Day => ({
  sessions,
  hits: Object.fromEntries(Object.entries(hits).filter(([mask]) => names.has(mask))),
});

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isDay(value: unknown): value is Day {
  const { sessions, hits } = (value ?? {}) as Partial<Day>;
  return isCount(sessions) && typeof hits === 'object' && hits !== null && Object.values(hits).every(isCount);
}

/** Whether a value is what `state` gives. */
export function isState(value: unknown): value is HitState {
  const { version, day, before } = (value ?? {}) as Partial<HitState>;
  return version === VERSION && isCount(day) && isDay(value) && Array.isArray(before) && before.every(isDay);
}
