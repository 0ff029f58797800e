/** What `run` is given and what it gives back (main.ts): the options of a start, and the handle of what runs. */
import type { Worker } from 'node:worker_threads';
import { type Address, formatAddress, type SocketAddress } from '../bridge/address.js';
import type { SharedSocket } from '../bridge/bridge.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../contract.js';
import type { Redacted, Tell } from '../redact/redact.js';
import type { RunningCallback } from '../spool/delivery/running.js';
import type { RedactRequest } from '../spool/redact/select.js';
import type { Waiting } from './reload.js';

export interface RunOptions {
  readonly version: string;
  readonly log: Log;
  /** 0: everything inline in the calling thread (tests). */
  readonly threads?: 0;
  /** Slabs of the door, where not its own number. */
  readonly slabs?: number;
  readonly segmentBytes?: number;
  /** How often there is a checkpoint, where not every minute. */
  readonly checkpointMs?: number;
  /** The clock that chores go by, milliseconds since 1970, where not the system's; and how often they look at it, where not every minute. */
  readonly now?: () => number;
  readonly choresMs?: number;
  /** Numbers of sockets that were passed to us (passed-sockets.ts), by the listener that has each. */
  readonly sockets?: ReadonlyMap<string, number>;
  /** The spool alone: nothing is listened on, nothing delivered. */
  readonly alone?: true;
  /** Alone, and over in a moment: whoever wants the spool waits for it. */
  readonly brief?: true;
  /** For `exec` alone: its intake and delivery, no listeners. `asked` is called when a proxy wants the spool: then it is to stop. */
  readonly forExec?: { readonly asked: () => void };
  /** Answers `run --handover` of another process (handover/succession.ts); absent: it is refused. */
  readonly handOver?: (request: { readonly [name: string]: unknown }) => Promise<unknown>;
}

export interface Running {
  /** Listeners as opened: ports that were 0 are filled in. */
  readonly listeners: readonly { readonly name: string; readonly listen: SocketAddress; readonly upstream: Address }[];
  readonly callbacks: readonly RunningCallback[];
  readonly sessions: number;
  /** Sessions of `exec`, and old sides of handovers that are connected. */
  readonly guests: number;
  /** After `stop`: something that was recorded could not be made durable. */
  readonly lost: boolean;
  /** The audit thread, for tests that harm it; undefined inline. */
  readonly auditThread: Worker | undefined;
  /** Erases parts of what was recorded until now, while sessions go on (src/redact/redact.ts). */
  redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted>;
  stats(): Promise<object>;
  /** The same as Prometheus' text. */
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
  /** Where health and metrics are answered; undefined: nowhere. */
  readonly admin: string | undefined;
  /** The process lives and its audit thread answers. */
  readonly healthy: boolean;
  /**
   * Takes up other settings while sessions go on (src/run/reload.ts), and gives what of them waits for a restart. New sessions have all that is new; those under
   * way are masked by the new masks from what is said next on. Rejects with what is wrong, AUDIT_CONFIG_..., AUDIT_MASK_..., AUDIT_CALLBACK_...: then
   * nothing has changed.
   */
  reload(next: Settings): Promise<readonly Waiting[]>;
  /** The settings in force. */
  readonly settings: Settings;
  /** The listening sockets once more, for another process; the caller closes them. */
  share(): readonly SharedSocket[];
  /**
   * Gives up the spool and the listening sockets, in turn with redactions and reloads: another process may have both once this has resolved. Sessions go on,
   * and their records are passed on to the owner of the spool. Rejects with AUDIT_SPOOL where what was recorded cannot be made durable now; then nothing
   * has changed.
   */
  leave(): Promise<void>;
  /** Behind `leave`: no session goes on, and all was passed on. */
  readonly deserted: boolean;
  /** Accepts no more, ends the sessions, makes everything durable, delivers what it can in DRAIN_TIMEOUT_S. Behind `leave`: passes on what it can. */
  stop(): Promise<void>;
}

/** A listener in one line for people: `main  telnet://127.0.0.1:4000 -> telnet://127.0.0.1:4201`. */
export const describeListener = ({ name, listen, upstream }: Running['listeners'][number]): string =>
  `${name}  ${formatAddress(listen)} -> ${formatAddress(upstream)}`;
