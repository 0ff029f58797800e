/**
 * One call of the API while it is answered: how it is ended, and where its records go. `Calls` looks once a second whether what each shows may still be
 * seen: a token that is revoked, or a share that is over, ends what is followed by it.
 */
import { AuditError } from '../../errors.js';
import type { Sight } from '../access/permissions.js';
import type { Caller } from './caller.js';

/** How often it is looked whether tokens and shares still count, in milliseconds. */
const LOOK_MS = 1_000;
/** Patterns that are looked for at a time: a large one takes 10 MB. */
const MOST_PATTERNS = 32;

/**
 * Takes one record or update as JSON text, and what a record's event says to people. Resolves when there is room for the next; rejects where nobody reads
 * any more.
 */
export type Give = (json: string, message?: string) => Promise<void>;

export class Call {
  readonly caller: Caller;
  readonly give: Give;
  /** What it shows; set by whoever answers. */
  sight: Sight | undefined;
  /** Patterns that it looks for. */
  patterns = 0;
  /** To be asked before patterns are made. Throws AUDIT_BUSY where too many are looked for already. */
  mayLookFor: (patterns: number) => void = () => undefined;
  readonly #abort = new AbortController();

  constructor(caller: Caller, give: Give) {
    this.caller = caller;
    this.give = give;
  }

  /** Aborted where it is to end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends it: the caller wants no more. Its answer says how far it came. */
  cancel(): void {
    this.#abort.abort();
  }

  /** Ends it with an error that its caller is told. */
  fail(error: AuditError): void {
    this.#abort.abort(error);
  }

  /** Throws what it was failed with. */
  throwIfFailed(): void {
    if (this.signal.reason instanceof AuditError) throw this.signal.reason;
  }
}

/** The calls that are being answered. */
export class Calls {
  readonly #calls = new Map<Call, Promise<unknown>>();
  readonly #timer: NodeJS.Timeout;

  constructor(lookMs = LOOK_MS) {
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#timer.unref();
  }

  /** Answers a call by `work`; it counts until that ends. */
  async run<T>(call: Call, work: (call: Call) => Promise<T>): Promise<T> {
    call.mayLookFor = (patterns) => this.#take(call, patterns);
    const running = work(call);
    this.#calls.set(call, running);
    try {
      return await running;
    } finally {
      this.#calls.delete(call);
    }
  }

  #take(call: Call, patterns: number): void {
    const taken = [...this.#calls.keys()].reduce((sum, one) => sum + one.patterns, 0);
    if (patterns > 0 && taken + patterns > MOST_PATTERNS)
      throw new AuditError('AUDIT_BUSY', `${MOST_PATTERNS} patterns are looked for at a time; try again in a while, or look for words`);
    call.patterns = patterns;
  }

  #look(): void {
    for (const call of this.#calls.keys()) {
      if (call.sight === undefined || call.caller.still(call.sight)) continue;
      call.fail(new AuditError('AUDIT_TOKEN', 'the token was revoked or is over, or what was shared with it is no longer'));
    }
  }

  /** Looks at tokens and shares no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Ends all of them and waits until each has recorded how far it came. */
  async end(): Promise<void> {
    const running = [...this.#calls.values()];
    for (const call of this.#calls.keys()) call.fail(new AuditError('AUDIT_THREAD', 'the proxy is stopping; ask again when it runs'));
    await Promise.allSettled(running);
  }
}
