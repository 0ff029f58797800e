/**
 * The shapes that the rooms hand to each other, and the contract of callbacks. Types only, and the few constants both sides of a door must share.
 * Stages (`decode` .. `record`) import this file and `errors`, nothing else of ours; so do callbacks. FORMAT.md describes the record.
 */
import type { Place } from './errors.js';

/** `RCV` came from the client; `SND` goes to the client (Evennia's names). */
export type Direction = 'RCV' | 'SND';

/** How a session's bytes are read: as telnet (RFC 854), as text with no protocol in it, or as a WebSocket with its handshake and frames (RFC 6455). */
export type Wire = 'telnet' | 'plain' | 'websocket';

/** Microseconds since 1970 UTC, a whole number below 2^53. */
export type TimeUs = number;

/** What is known of a connection when it begins. Travels once, in front of its bytes. */
export interface SessionOpen {
  readonly id: string;
  readonly listener: string;
  readonly wire: Wire;
  /** The record's `protocol`: telnet, tcp, unix, ... */
  readonly protocol: string;
  readonly upstream: string;
  readonly ip?: string;
  readonly port?: number;
  /** TLS of the client's side. */
  readonly tls?: TlsFacts;
  /** Path and query that a WebSocket asked for, as sent: holds secrets until mask/ has seen it. */
  readonly url?: string;
  /** The subprotocol that was agreed on. */
  readonly subprotocol?: string;
  /** Headers of an HTTP request that are on the allow-list, names in lower case. */
  readonly headers?: { readonly [name: string]: string };
  /** The program that the session runs. */
  readonly process?: ProcessFacts;
  /** The id that another system gave this connection (PROXY's unique id, X-Request-ID, traceparent). */
  readonly interlink?: string;
  /** Who it is, where the system itself says so: the session counts as logged in from its start. */
  readonly account?: string;
  /** The id of the session that it goes on from, whose recording process is gone. */
  readonly continues?: string;
}

/** What is known of the terminal of a session that speaks no telnet. */
export type TerminalFact =
  | { readonly columns: number; readonly rows: number }
  /** The terminal hands lines over whole and does not send back what is typed (ICANON without ECHO), as where a password is asked for. */
  | { readonly blind: boolean }
  /** It does neither (no ICANON, no ECHO): whoever has it sends back what is typed, or does not, as a telnet server that has ECHO on. */
  | { readonly raw: boolean }
  /** What went before was not seen: it goes on from a session that another process recorded. */
  | { readonly careful: true };

/** What is known of a TLS connection. */
export interface TlsFacts {
  /** TLSv1.2, TLSv1.3. */
  readonly version: string;
  readonly cipher: string;
  /** The name that the client asked for. */
  readonly servername?: string;
  /**
   * Of the client's certificate, where it showed one that its authority vouches for: subject as `CN=...`, SHA-256 of it as `AB:CD:...` (which a proxy that
   * ended TLS does not say).
   */
  readonly client?: { readonly subject: string; readonly fingerprint?: string };
}

/** A program in a pty. */
export interface ProcessFacts {
  readonly argv: readonly string[];
  readonly user: string;
  readonly pid: number;
  readonly cwd: string;
}

/** Why and how a connection ended, and what passed over it. */
export interface SessionEnd {
  readonly reason: string;
  readonly by: 'client' | 'server' | 'wirescribe';
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of a program in a pty: its exit status, or the name of the signal that ended it. */
  readonly exit?: number | string;
  /** Of a WebSocket: the code of the first close frame (RFC 6455 7.4). */
  readonly closeCode?: number;
}

/** decode: what stands on the wire. `bytes` and `payload` are borrowed: valid until the call returns, copy to keep. */
export type WireEvent =
  | { readonly type: 'text'; readonly bytes: Uint8Array }
  | { readonly type: 'command'; readonly code: number }
  | { readonly type: 'negotiate'; readonly verb: 'WILL' | 'WONT' | 'DO' | 'DONT'; readonly option: number }
  | { readonly type: 'subnegotiation'; readonly option: number; readonly payload: Uint8Array; readonly length: number }
  /** From here this direction cannot be read (encrypted). Emitted once; only `unread` follows. */
  | { readonly type: 'opaque'; readonly code: string }
  /** From here it cannot be read either (broken compression, a bomb, a gap in it), but perhaps later: `unread` follows, until `readable`. */
  | { readonly type: 'blind'; readonly code: string }
  | { readonly type: 'readable' }
  | { readonly type: 'unread'; readonly length: number }
  | { readonly type: 'fault'; readonly code: string };

export interface Decoder {
  /** Reads the next bytes of one direction, in order. Never throws: what is malformed becomes a `fault` event. */
  push(bytes: Uint8Array, emit: (event: WireEvent) => void): void;
  /** Told that nothing more comes: says what was begun and never ended. */
  end(emit: (event: WireEvent) => void): void;
  /** Told that bytes are missing between the last and the next. */
  lose(emit: (event: WireEvent) => void): void;
}

/** Why an utterance ended, where not in the usual way (a line end for input, silence for output). */
export type Cut = 'newline' | 'prompt' | 'idle' | 'size' | 'close' | 'blind';

/** How `raw` differs from `text`: not at all; by its line ends alone; by those and escape sequences, with no other control characters; by any more. */
export type Shape = 'same' | 'ends' | 'escapes' | 'other';

/** gather: what one side said in one go, as text. */
export interface Utterance {
  readonly direction: Direction;
  /** When its first byte came, and its last. */
  readonly at: TimeUs;
  readonly endAt: TimeUs;
  /** What a person would read: lines joined by `\n`, last line end dropped, no control characters but tabs (DESIGN 4). */
  readonly text: string;
  /** The same as it was sent, control sequences and line ends and all. Equal to `text` where there are none of them. */
  readonly raw: string;
  readonly shape: Shape;
  /** For each UTF-16 unit of `text`, where it stands in `raw`. There where `shape` is 'escapes' or 'other'. Made when called: only a mask that hit needs it. */
  readonly offsets?: () => readonly number[];
  /** The bytes themselves where `encoding` cannot give them back; owned by the utterance. */
  readonly bytes?: Uint8Array;
  readonly encoding: string;
  readonly cut?: Cut;
  /** What stood on the same line before `text` (at most 4 KiB), where an earlier cut fell inside the line: matched, not recorded again. */
  readonly before: string;
  /** When `raw` came: [microseconds, UTF-16 units of `raw`], in order, at least one. */
  readonly pieces: readonly (readonly [TimeUs, number])[];
  /** The last line is not ended: the end of `text` was no line end, but a silence, a mark, the next input, or size. */
  readonly open?: boolean;
  /** RCV: the same line as a server reads it that knows no line editing (control characters dropped, nothing erased), where that differs from `text`. */
  readonly unedited?: string;
  /** RCV: history or completion was asked for; only the server's echo tells what the line became. */
  readonly asks?: boolean;
  /** SND: what stood on the screen's line that the client had typed on, behind the prompt, when the server ended that line; where it was echoed key by key. */
  readonly ended?: string;
  /** SND: what came while the client's line was unfinished, in character mode its echo. */
  readonly echo?: Echo;
}

/** What one side has said and no utterance has taken yet. */
export interface Peeked {
  /** What stands in front of it on the same line. */
  readonly before: string;
  /** With the line end that it ends with. */
  readonly text: string;
  /** As of an utterance. */
  readonly ended?: string;
}

/** The server's answer to the keys of a line that is still being typed. */
export interface Echo {
  /** UTF-16 units of `text`: from here on it came behind the first key of that line. */
  readonly from: number;
  /** What stands on the screen's line from where the cursor stood at the first key, at the end of this utterance; over cuts, since the first key. */
  readonly line: string;
  /** What stood on that line in front of it: the prompt. */
  readonly prompt: string;
}

/** identify: who is speaking, as far as known. */
export interface Identity {
  readonly account?: string;
  readonly character?: string;
  readonly room?: string;
}

/** A pattern of AUDIT_IDENTITY as config/ gives it to mask/, which compiles it. Its groups: account, character, room, accepted, refused. */
export interface IdentityPattern {
  /** Python's syntax. */
  readonly pattern: string;
  readonly direction: 'in' | 'out';
  readonly where: 'start' | 'anywhere';
  /** Where the first character of the pattern stands, for errors. */
  readonly patternPlace: Place;
}

/** A path of AUDIT_IDENTITY: where a name stands in what the server says out of band. */
export interface IdentityPath {
  /** Name of the package or variable, without regard to case. */
  readonly oob: string;
  /** Members on the way to the name, with dots between; '': the value itself. */
  readonly path: string;
  readonly field: keyof Identity;
  /** gmcp, msdp, ...; absent: any. */
  readonly protocol?: string;
}

/** AUDIT_IDENTITY, as plain data. */
export interface IdentitySettings {
  readonly patterns: readonly IdentityPattern[];
  readonly paths: readonly IdentityPath[];
}

/** What an operator's pattern found in a line: names, '' where one ends; and whether that is the server's yes or no to a login. */
export type NamesFound = { readonly [group in keyof Identity | 'accepted' | 'refused']?: string };

/** An IdentityPattern, compiled by mask/ for identify/. `line` is one line; undefined: nothing is found. */
export interface NameMatcher {
  readonly direction: 'in' | 'out';
  match(line: string): NamesFound | undefined;
}

/** How config/ gives masks to mask/. Names as in a pack (DESIGN 5). */
export interface MaskDefinition {
  readonly name: string;
  /** Python's syntax. */
  readonly pattern: string;
  readonly direction: 'in' | 'out' | 'both';
  readonly where: 'start' | 'anywhere';
  /** Examples whose secrets must vanish, and examples that must come out unchanged. */
  readonly hides: readonly string[];
  readonly shows: readonly string[];
  /** Where the definition stands, and where the first character of its pattern does, for errors. */
  readonly place: Place;
  readonly patternPlace: Place;
}

/** What makes a prompt one whose answer is hidden (DESIGN 5, `then`). Matched against lines of output. */
export interface PromptDefinition {
  readonly name: string;
  /** Python's syntax; needs no group. */
  readonly pattern: string;
  /** 'prompt': the last, unfinished line alone. */
  readonly where: 'start' | 'anywhere' | 'prompt';
  readonly then: 'hide-next-input';
  readonly prompts: readonly string[];
  readonly notPrompts: readonly string[];
  readonly place: Place;
  readonly patternPlace: Place;
}

/** A secret in out-of-band data, by its field (DESIGN 5, `oob`). */
export interface FieldDefinition {
  readonly name: string;
  /** Name of a package (GMCP, ATCP), of a variable (MSDP, MSSP, NEW-ENVIRON), of a command (ZMP); without regard to case; `*` at its end: all that begin so. */
  readonly oob: string;
  /** Members on the way to the secret, with dots between; '' or absent: the whole value. `*`: any member. */
  readonly path: string;
  /** gmcp, msdp, ...; absent: any. */
  readonly protocol?: string;
  readonly place: Place;
}

/** What a pack holds: told apart by `then` (a prompt), `oob` (a field), neither (a mask). */
export type AnyMask = MaskDefinition | PromptDefinition | FieldDefinition;

/** Which lines a pattern of an operator's is for, and where it stands. */
export interface LinePattern {
  /** Python's syntax. */
  readonly pattern: string;
  readonly direction: 'in' | 'out' | 'both';
  readonly where: 'start' | 'anywhere';
  /** Where the first character of the pattern stands, for errors. */
  readonly patternPlace: Place;
}

/** What an event adds to the head of the record that it is found in. */
export interface EventLabel {
  readonly event: string;
  readonly type?: string;
  /** Whoever reads may leave it out. */
  readonly system?: true;
  /** A second topic to find it under. */
  readonly also?: string;
}

/** An event of AUDIT_EVENTS or of a pack, as config/ gives it to mask/, which compiles it. */
export interface EventDefinition {
  readonly label: EventLabel;
  /** 'said': a line that `line` matches; else the session.identity record by which somebody is logged in, or no longer is. */
  readonly on: 'said' | 'login' | 'logout';
  readonly line?: LinePattern;
  /** For people: names in braces are groups of the pattern, or members of the record. */
  readonly message?: { readonly text: string; readonly place: Place };
  /** Examples that are such an event, and examples that are none. */
  readonly is: readonly string[];
  readonly isNot: readonly string[];
  readonly place: Place;
}

/** An entry of AUDIT_PROVIDERS, as plain data. */
export interface ProviderSettings {
  readonly name: string;
  /** Absolute path of the module. */
  readonly module: string;
  readonly options: ProviderOptions;
  readonly timeoutMs: number;
  readonly place: Place;
}

/** Options of an entry of AUDIT_PROVIDERS beside `use`, `name` and `timeout_ms`, for its module. */
export type ProviderOptions = { readonly [name: string]: unknown };

/**
 * A record of a session before it is sealed, as modules of AUDIT_PROVIDERS see it: behind the masks, frozen all through. The members are FORMAT.md's, those
 * that it has not are absent.
 */
export interface RecordDraft {
  readonly topic: Topic;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly session: string;
  readonly listener: string;
  readonly protocol: string;
  readonly direction?: Direction;
  readonly exchange?: number;
  readonly ip?: string;
  readonly account?: string;
  readonly character?: string;
  readonly room?: string;
  readonly text?: string;
  readonly data?: { readonly [name: string]: unknown };
  readonly event?: string;
  readonly event_type?: string;
  /** What providers have added. For `beforeRecord` alone. */
  readonly custom?: { readonly [name: string]: unknown };
}

/**
 * Default export of a module of AUDIT_PROVIDERS: gives what is to stand in the record's `custom` under the module's name, any JSON of at most 4 KiB; undefined
 * or null: nothing. A promise is waited for `timeout_ms`; the session's later records wait with it, nobody else does. What is thrown is counted.
 */
export type Provide = (draft: RecordDraft, options: ProviderOptions) => unknown;

/** What `beforeRecord` changes; members that are absent stay. `custom` and `event` are taken away by null. */
export interface RecordChange {
  readonly text?: string;
  readonly custom?: { readonly [name: string]: unknown } | null;
  /** A code of words with dots between, never anything personal: the head of a record is never erased. */
  readonly event?: string | null;
  readonly event_type?: string;
}

/**
 * Export named `beforeRecord` of such a module: asked about each input, output and message out of band. Gives what it changes, null where the record is to be
 * dropped, undefined where it is to stay; a promise is waited for `timeout_ms`, and without an answer the record goes as it is. What must hold always is
 * therefore decided at once, without a promise.
 */
export type BeforeRecord = (
  draft: RecordDraft,
  options: ProviderOptions,
) => RecordChange | null | undefined | Promise<RecordChange | null | undefined>;

/** A message out of band, as the wire had it: holds secrets until mask/ has seen it. */
export interface OobMessage {
  readonly direction: Direction;
  /** gmcp, atcp, msdp, mssp, zmp, environ, ttype, charset, mxp, msp, auth, encrypt, start-tls, com-port, linemode, or `option-N`. */
  readonly protocol: string;
  /** The package, variable or command; '' where the protocol has none. */
  readonly name: string;
  /** Plain data (JSON's); a string where it was to be JSON and is not; undefined where it says nothing. */
  readonly value: unknown;
  /** It was to be JSON and is not, or is malformed otherwise: nothing of it may be shown. */
  readonly broken?: boolean;
}

/** One scrubbed span of `text`, in UTF-16 units after masking. */
export interface MaskHit {
  readonly mask: string;
  readonly direction: Direction;
  readonly start: number;
  readonly end: number;
}

declare const scrubbed: unique symbol;

/** What mask/ lets through. Only mask/ makes one: nothing else can name the brand, so nothing unmasked type-checks its way into record/. */
export interface MaskedUtterance {
  readonly [scrubbed]: true;
  readonly direction: Direction;
  readonly at: TimeUs;
  readonly endAt: TimeUs;
  /** Absent where withheld (blind, or masking failed). */
  readonly text?: string;
  /** Present only where it says more than `text` does. */
  readonly raw?: string;
  readonly shape: Shape;
  /** Base64, instead of `raw`, where the bytes are no text in that charset. */
  readonly rawB64?: string;
  readonly masked: readonly MaskHit[];
  readonly bytes: number;
  readonly encoding: string;
  readonly cut?: Cut;
  /** [milliseconds after `at`, UTF-16 units of `raw` or else `text`]. */
  readonly timing: readonly (readonly [number, number])[];
}

/** Strings of an event's `data` after the masks; made only by mask/. */
export interface MaskedData {
  readonly [scrubbed]: true;
  readonly value: { readonly [name: string]: unknown };
}

/** A name (account, character, room) after the masks; made only by mask/. */
export type MaskedName = string & { readonly [scrubbed]: true };

export type Topic =
  | 'session.start'
  | 'session.input'
  | 'session.output'
  | 'session.oob'
  | 'session.identity'
  | 'session.change'
  | 'session.resize'
  | 'session.end'
  | 'audit.start'
  | 'audit.stop'
  | 'audit.config'
  | 'audit.gap'
  | 'audit.fault'
  | 'audit.checkpoint'
  | 'access.redact'
  | 'access.view'
  | 'access.export'
  | 'access.drop';

/** Version of the record's format. Minor: fields added. Major: a change that breaks. */
export const RECORD_VERSION = '1.0';

/**
 * A record as callbacks get it, frozen. `line` is the exact line of the journal, without its line end; whoever keeps evidence keeps that.
 * The other members are FORMAT.md's, parsed out of `line` when first asked for. `JSON.stringify(record)` gives `line`'s members.
 */
export interface AuditRecord {
  readonly line: string;
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  readonly direction?: Direction;
  readonly session?: string;
  readonly listener?: string;
  readonly account?: string;
  readonly text?: string;
  /** `line` and its line end as bytes, for callbacks that pass them on undecoded: a view, not to be changed. */
  readonly lineBytes?: Uint8Array;
  readonly [field: string]: unknown;
}

/** A log for people, to stderr; never give it session text. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
}

export interface CallbackContext {
  /** The name of this callback, unique in the configuration. */
  readonly name: string;
  /** The NODE of the configuration. */
  readonly node: string;
  /** Folder that relative paths in options start at (that of the configuration file). */
  readonly folder: string;
  readonly log: Log;
  /** Aborted when the callback must give up what it is doing (drain time over, worker ending). */
  readonly signal: AbortSignal;
}

export interface Callback {
  /**
   * Takes a batch. Resolving means durable there, and the cursor moves behind it. Throwing means the same batch comes again later, after a
   * back-off. Records come in order and at least once; a double has the same `id` and the same `line`.
   *
   * After six throws in a row records come in smaller parts, to see whether one of them is at fault: it is if it is thrown at alone, the record behind it
   * is then taken (out of order this once; it comes again in its turn), and it is thrown at again. Then it goes to the dead letters. While everything is
   * thrown at, nothing is given up. What no record can be blamed for is never held against one: an error of the system (ECONNREFUSED, ENOSPC, ...), and
   * any error whose `retriable` is true. Throw such a one where only some records fail for now, and RefusedRecords where some always will.
   *
   * A callback that ends its thread, or does not answer for 30 s, is started anew and given its batch again. After five times at the same batch records
   * come one by one, and one that does it three times more, the record behind it being taken between, goes to the dead letters as well.
   */
  write(records: readonly AuditRecord[]): Promise<void>;
  /** Called once, after the last write. */
  close(): Promise<void>;
  /**
   * Records that the cursor on disk stays behind what was written, to be given again at the next start: for transports without an answer, where what
   * `write` resolved for may still be lost. Read once, after the callback is made; absent: none.
   */
  readonly trail?: number;
}

export type CallbackOptions = { readonly [name: string]: unknown };

/**
 * Thrown by a factory that refuses its options (any Error whose `name` is 'OptionError' counts). Its message is shown to the operator as it stands:
 * it names the option and how to mend it, never a secret. Of any other error only name and code are shown.
 */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** A record that a callback can never take. `reason`: a word such as 'too-large' or 'refused', in lower case with `-`; it stands in an `audit.gap`. */
export interface Refused {
  readonly record: AuditRecord;
  readonly reason: string;
}

/**
 * Thrown by `write` where no retry can help some of its records, and all the others are durable there (any Error whose `name` is 'RefusedRecords' and
 * that has `refused` counts). Those go to the callback's dead letters, an `audit.gap` names them, and the cursor moves behind the batch.
 */
export class RefusedRecords extends Error {
  override readonly name = 'RefusedRecords';
  readonly refused: readonly Refused[];

  constructor(refused: readonly Refused[]) {
    super(`${refused.length} records refused`);
    this.refused = refused;
  }
}

/** Full form: a default export that declares two parameters. Throw an OptionError to refuse the options. */
export type CallbackFactory = (options: CallbackOptions, context: CallbackContext) => Callback | Promise<Callback>;

/**
 * Optional export named `check` of a module of the full form: looks at the options and throws an OptionError to refuse them, without opening anything.
 * `wirescribe check` calls it; what it refuses, the factory must refuse too. `folder`: where relative paths in options start. What it gives is said to
 * the operator as remarks, one a line: what is allowed and perhaps not meant.
 */
export type CheckOptions = (options: CallbackOptions, folder: string) => undefined | readonly string[];

/**
 * Optional export named `evidence` of a module of the full form: the files, absolute paths, that hold lines of the journal it has kept, plain or gzip,
 * oldest first. `redact` rewrites them while the callback's thread is stopped; what its name says to be half made (`.tmp` at its end), it removes. None,
 * where the folder is not there. May be asked while the callback writes.
 */
export type ListEvidence = (options: CallbackOptions, folder: string) => readonly string[];

/**
 * Optional export named `kept` of a module of the full form: all files, absolute paths, that it has written and that nobody else keeps there, in whatever
 * form. `remove` takes them away, while nothing runs; without this export, what `evidence` names.
 */
export type ListKept = (options: CallbackOptions, folder: string) => readonly string[];

/** Simple form, Evennia's: a default export that declares one parameter. Throwing means as in Callback.write, for this record alone. */
export type SimpleCallback = (record: AuditRecord) => void | Promise<void>;
