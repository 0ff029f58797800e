/** Waiting before another try: longer each time, never quite the same, and ended at once when told to stop. */

export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** From a hiccup that nobody should notice to a broker that is down for the night. */
export const RETRY_LIMITS: BackoffLimits = { minMs: 50, maxMs: 30_000 };

/** Doubling waits with jitter: each between half of its bound and the bound, so that several callbacks do not come back in step. */
export class Backoff {
  readonly #limits: BackoffLimits;
  #bound: number;

  constructor(limits: BackoffLimits = RETRY_LIMITS) {
    this.#limits = limits;
    this.#bound = limits.minMs;
  }

  /** Milliseconds to wait now. */
  next(): number {
    const bound = this.#bound;
    this.#bound = Math.min(bound * 2, this.#limits.maxMs);
    return bound * (0.5 + Math.random() / 2);
  }

  /** It went well: the next wait is the shortest again. */
  reset(): void {
    this.#bound = this.#limits.minMs;
  }
}

/** Waits so many milliseconds, or until `signal` is aborted. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** What `work` gives; undefined as soon as `signal` is aborted. Whoever is told so no longer waits, but the work goes on. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  let aborted: () => void = () => undefined;
  const abort = new Promise<undefined>((resolve) => {
    aborted = () => resolve(undefined);
    signal.addEventListener('abort', aborted, { once: true });
  });
  try {
    return await Promise.race([work, abort]);
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}

/** Says a failure when it is new, and then rarely: at most once in `everyMs` while its name stays the same, with how often it happened since. */
export class Rarely {
  readonly #say: (name: string, count: number) => void;
  readonly #everyMs: number;
  #name = '';
  #count = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(say: (name: string, count: number) => void, everyMs = 60_000) {
    this.#say = say;
    this.#everyMs = everyMs;
  }

  /** @param count how often, at once */
  happened(name: string, count = 1): void {
    this.#count += count;
    const now = performance.now();
    if (name === this.#name && now - this.#saidAt < this.#everyMs) return;
    this.#name = name;
    this.#saidAt = now;
    this.#say(name, this.#count);
    this.#count = 0;
  }
}
