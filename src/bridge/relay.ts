/**
 * One session: bytes both ways between a client's socket and the server's, unchanged, with back-pressure, half-close and reset carried over; a copy
 * of each chunk goes to the recorder. Never parses, never waits for the recorder unless its policy says so. On the hot path (`data`) there is no
 * promise, closure or string a chunk.
 */
import type { Direction, SessionEnd, SessionOpen, TerminalFact } from '../contract.js';
import type { Conduit, End } from './end.js';
import { LineGuard } from './line-guard.js';

export type Policy = 'pass' | 'pause' | 'close';

/** Where copies go. The bytes given are borrowed until the call returns. */
export interface Recorder {
  open(session: SessionOpen, policy: Policy): number;
  /** False where the recorder had no room: the policy applies. */
  data(session: number, direction: Direction, bytes: Uint8Array): boolean;
  /** What a session's terminal says itself, behind the bytes before; absent: nobody wants to know. */
  terminal?(session: number, fact: TerminalFact): void;
  end(session: number, end: SessionEnd): void;
  /** No room now: sessions of policy 'close' are not to begin. */
  readonly full: boolean;
}

/** A plain proxy: nothing is recorded (AUDIT_ACTIVATE = False). */
export const NO_RECORDER: Recorder = { open: () => 0, data: () => true, end: () => undefined, full: false };

/** How long a side that was told to end, and has been given everything, may take to end itself before it is cut off. */
const LINGER_MS = 5_000;

/** One side of the session. */
interface Side extends End {
  /** Bytes that came from it. */
  bytes: number;
  /** The other side takes no more just now. */
  waits: boolean;
}

export interface RelayOptions {
  /** Both paused. */
  readonly client: End;
  readonly server: End;
  readonly recorder: Recorder;
  /** The recorder's number of this session. */
  readonly session: number;
  readonly policy: Policy;
  readonly onEnd: (relay: Relay) => void;
  /** How long an ended side may take to end itself, in milliseconds; 5,000. */
  readonly lingerMs?: number;
  /** What a client may send without a line end; no more of it passes, and whoever is told ends the session. Absent: any number. */
  readonly line?: { readonly maxBytes: number; readonly onTooLong: (relay: Relay) => void };
}

export class Relay {
  readonly policy: Policy;
  readonly #client: Side;
  readonly #server: Side;
  readonly #recorder: Recorder;
  readonly #session: number;
  readonly #onEnd: (relay: Relay) => void;
  readonly #lingerMs: number;
  #held = false;
  #open = 2;
  #end: Pick<SessionEnd, 'reason' | 'by'> | undefined;

  constructor({ client, server, recorder, session, policy, onEnd, lingerMs = LINGER_MS, line }: RelayOptions) {
    this.policy = policy;
    this.#client = { ...client, bytes: 0, waits: false };
    this.#server = { ...server, bytes: 0, waits: false };
    this.#recorder = recorder;
    this.#session = session;
    this.#onEnd = onEnd;
    this.#lingerMs = lingerMs;
    this.#join(this.#client, this.#server, 'RCV');
    this.#join(this.#server, this.#client, 'SND');
    if (line) this.#guard(line);
    server.socket.watchTerminal?.((fact) => recorder.terminal?.(session, fact));
    for (const side of [this.#client, this.#server]) {
      if (side.prefix) side.source.take(side.prefix);
      if (!side.waits && !this.#held) side.socket.resume();
    }
  }

  /** The client's side. */
  get client(): Conduit {
    return this.#client.socket;
  }

  /** Bytes that came from the client. */
  get bytesIn(): number {
    return this.#client.bytes;
  }

  get bytesOut(): number {
    return this.#server.bytes;
  }

  /** Nothing is read until `release`. */
  get held(): boolean {
    return this.#held;
  }

  #guard({ maxBytes, onTooLong }: Required<RelayOptions>['line']): void {
    const { source } = this.#client;
    const { take } = source;
    const guard = new LineGuard(maxBytes);
    source.take = (chunk) => {
      const fits = guard.fit(chunk);
      if (fits === chunk.length) return take(chunk);
      if (fits > 0) take(chunk.subarray(0, fits));
      onTooLong(this);
    };
  }

  /** Carries what `from` says over to `to`. */
  #join(from: Side, to: Side, direction: Direction): void {
    const by = direction === 'RCV' ? 'client' : 'server';
    from.source.take = (chunk) => {
      from.bytes += chunk.length;
      if (!to.socket.write(chunk)) {
        from.waits = true;
        from.socket.pause();
      }
      if (!this.#recorder.data(this.#session, direction, chunk)) this.#refused();
    };
    to.socket.on('drain', () => {
      from.waits = false;
      if (!this.#held) from.socket.resume();
    });
    from.socket.on('end', () => {
      this.#end ??= { reason: 'closed', by };
      to.socket.end();
    });
    from.socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(error.code ?? '', by, to));
    from.socket.on('close', () => this.#closed(to));
  }

  /** A reset is a reset on the other side too; any other failure ends that side with what it still has to send. */
  #broken(code: string, by: 'client' | 'server', to: Side): void {
    const reset = code === 'ECONNRESET' || code === 'EPIPE';
    this.#end ??= { reason: reset ? 'reset' : 'failed', by };
    if (reset) sendReset(to.socket);
    else to.socket.end();
  }

  #closed(other: Side): void {
    if (--this.#open > 0) {
      // Both directions of one side are gone: the other gets the rest, however slowly it reads, but has nobody to talk to.
      readAway(other);
      other.socket.end(() => linger(other.socket, this.#lingerMs));
      return;
    }
    const { exit } = this.#server.socket;
    this.#recorder.end(this.#session, {
      ...(this.#end ?? { reason: 'closed', by: 'wirescribe' }),
      bytesIn: this.#client.bytes,
      bytesOut: this.#server.bytes,
      ...(exit === undefined ? {} : { exit }),
    });
    this.#onEnd(this);
  }

  #refused(): void {
    if (this.policy === 'pause') this.hold();
    else if (this.policy === 'close') this.stop('audit-failed');
  }

  /** Stops reading from both sides until `release`. */
  hold(): void {
    this.#held = true;
    this.#client.socket.pause();
    this.#server.socket.pause();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#client.waits) this.#client.socket.resume();
    if (!this.#server.waits) this.#server.socket.resume();
  }

  /** Ends the session from our side: both ends get what was already passed on, then the end. */
  stop(reason: string): void {
    const { reason: before } = this.#end ?? {};
    const over = this.#client.socket.readableEnded && this.#server.socket.readableEnded;
    // One side has ended, the other could go on: it is we who end it.
    if (!before || (before === 'closed' && !over)) this.#end = { reason, by: 'wirescribe' };
    this.#held = false;
    for (const side of [this.#client, this.#server]) {
      readAway(side);
      side.socket.end();
      linger(side.socket, this.#lingerMs);
    }
  }

  /** Cuts both ends off. */
  destroy(): void {
    this.#client.socket.destroy();
    this.#server.socket.destroy();
  }
}

/** TCP sends RST; a unix socket has none and is closed. */
function sendReset(socket: Conduit): void {
  try {
    if (socket.resetAndDestroy) socket.resetAndDestroy();
    else socket.destroy();
  } catch {
    socket.destroy();
  }
}

/** What still comes from a side is not passed on: a write behind the end would cost the other what it has not got yet. Its end is still heard. */
function readAway({ source, socket }: Side): void {
  source.take = () => undefined;
  socket.resume();
}

/** Gives a socket that was ended some time to flush and to hear the other's end, then cuts it off. */
export function linger(socket: Conduit, lingerMs: number = LINGER_MS): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}
