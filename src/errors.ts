/**
 * Every error of ours and its stable code. README lists this table, and a test compares the two.
 *
 * Three kinds. `operator`: configuration and masks; stops the start, says where and how to mend. `peer`: what a client of the API is answered; bytes
 * of a session are never errors, but events and `audit.fault` records. `system`: disk, port, broker; retried where that can help, counted, logged once and then rarely.
 * No text of a session ever stands in an error.
 */

/** Exit codes of the command line (DESIGN 2). */
export const EXIT = { done: 0, no: 1, usage: 2, failed: 3 } as const;

export const ERRORS = {
  AUDIT_CONFIG_SYNTAX: { kind: 'operator', means: 'server.conf or a mask pack is not in the literal syntax' },
  AUDIT_CONFIG_KEY: { kind: 'operator', means: 'a key, or an option of one, that does not exist' },
  AUDIT_CONFIG_TYPE: { kind: 'operator', means: 'a value of the wrong type or outside its range' },
  AUDIT_CONFIG_FILE: { kind: 'operator', means: 'a file that the configuration names cannot be read' },
  AUDIT_CONFIG_ENV: { kind: 'operator', means: 'an environment variable that the configuration names is not set' },
  AUDIT_MASK_PATTERN: { kind: 'operator', means: 'a pattern that is not Python syntax, or that linear-time matching cannot do' },
  AUDIT_MASK_SECRET: { kind: 'operator', means: 'a mask without a group `secret`, or with one inside a repetition' },
  AUDIT_MASK_PROOF: { kind: 'operator', means: 'a mask whose own examples are not hidden, or not shown, as it says' },
  AUDIT_EVENT: {
    kind: 'operator',
    means: 'an event whose own examples are not, or are, what it says, or whose message names what its pattern has not',
  },
  AUDIT_PROVIDER: { kind: 'operator', means: 'a module of AUDIT_PROVIDERS that is not there, does not load, or exports nothing to call' },
  AUDIT_CALLBACK_LOAD: { kind: 'operator', means: 'a callback that is not there, does not load, or refuses its options' },
  AUDIT_USAGE: { kind: 'operator', means: 'a command line that is not understood' },
  AUDIT_VERIFY_INPUT: { kind: 'operator', means: 'files given to verify that are not evidence' },
  AUDIT_OUT: { kind: 'system', means: 'a file that a command was to write is there already, or cannot be written' },
  AUDIT_QUERY: { kind: 'operator', means: 'a search that is not understood: a time, a filter, a topic, a path of figures' },
  AUDIT_NOT_ONE: { kind: 'operator', means: 'exactly one record was asked for, and none or more than one is like that' },
  AUDIT_STORE_NONE: { kind: 'operator', means: 'no callback of the configuration keeps records that can be searched, or it has kept none yet' },
  AUDIT_STORE_DAMAGED: { kind: 'system', means: 'the store holds what is no record; it can be filled anew from the audit files' },
  AUDIT_LISTEN: { kind: 'system', means: 'a listener could not be opened' },
  AUDIT_SPOOL: { kind: 'system', means: 'the spool cannot be used: folder not writable, newer format, or its disk fails' },
  AUDIT_SPOOL_OWNED: { kind: 'system', means: 'another process owns the spool' },
  AUDIT_CALLBACK_FAILED: {
    kind: 'system',
    means: 'a callback could not start, for the system refused it what it opens (exit 3), or could not write a batch, which is tried again',
  },
  AUDIT_CALLBACK_STUCK: { kind: 'system', means: 'a callback has not answered for 30 s; its thread was ended and started again' },
  AUDIT_CURSOR: { kind: 'system', means: 'the cursor of a callback was unreadable or outside the journal; it was moved' },
  AUDIT_REDACT: { kind: 'system', means: 'a redaction could not be done or finished; nothing is lost, and the next start of `run` goes on with it' },
  AUDIT_HANDOVER: {
    kind: 'system',
    means: 'a new version could not take over, and the old one goes on; or not all could be passed on to the new one',
  },
  AUDIT_CHORE: {
    kind: 'system',
    means: 'a chore (drop, archive, remove, retention) could not be done or finished; what is done stays, and the next run goes on',
  },
  AUDIT_THREAD: { kind: 'system', means: 'a thread of ours ended and was started again' },
  AUDIT_TOKEN: { kind: 'peer', means: 'a token of the API is missing, wrong, over or revoked, or the file of tokens cannot be read' },
  AUDIT_FORBIDDEN: { kind: 'peer', means: "the API: what was asked for is beyond the token's role or scope" },
  AUDIT_REQUEST: { kind: 'peer', means: 'the API: a request that is not understood, or too large' },
  AUDIT_BUSY: { kind: 'peer', means: 'the API: too much was asked at once, or too many wrong tokens were shown; it takes more in a while' },
  AUDIT_INTERNAL: { kind: 'system', means: 'a fault of Wirescribe itself; please report it' },
} as const satisfies Record<string, { kind: 'operator' | 'peer' | 'system'; means: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Where in an operator's file an error is. `line` and `column` count from 1; `column` in characters. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An error with a stable code. `message` says what is wrong and how to mend it, in one line, and holds no text of any session. */
export class AuditError extends Error {
  readonly code: ErrorCode;
  readonly place: Place | undefined;

  constructor(code: ErrorCode, message: string, place?: Place) {
    super(message);
    this.name = 'AuditError';
    this.code = code;
    this.place = place;
  }

  /** `AUDIT_CODE: FILE:LINE:COL: what is wrong, and how to mend it` */
  override toString(): string {
    const at = this.place ? `${this.place.file}:${this.place.line}:${this.place.column}: ` : '';
    return `${this.code}: ${at}${this.message}`;
  }
}

/** Exit code of the command line for an error: an operator's is 2, a system's 3. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof AuditError)) return EXIT.failed;
  return ERRORS[error.code].kind === 'operator' ? EXIT.usage : EXIT.failed;
}

/** Name and code of a foreign error: all of it that may be logged, for its message can quote what was said (JSON.parse does). */
export function nameOf(error: unknown): string {
  if (error instanceof AuditError) return error.code;
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : error.name;
}
