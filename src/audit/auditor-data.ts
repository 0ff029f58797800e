/** What the audit side is given and what it tells, as plain data that crosses between threads; and a fact about the node. */
import type { KeyObject } from 'node:crypto';
import type { Topic } from '../contract.js';
import type { GoingSession, PassedDraft, PassingData } from '../handover/passing.js';
import type { Origin } from '../record/scribe.js';
import type { Claim } from '../spool/give-up.js';
import type { Fsync } from '../spool/journal.js';
import type { KeepingSettings } from './keepings.js';

/** All that the audit side needs, as plain data that a thread can be given. */
export interface AuditorData extends KeepingSettings {
  readonly origin: Origin;
  readonly spool: { readonly folder: string; readonly maxBytes: number; readonly fsync: Fsync; readonly segmentBytes?: number };
  /** The private key that signs checkpoints, where there is one. */
  readonly signingKey?: KeyObject;
  /** How often there is a checkpoint, where not every minute. */
  readonly checkpointMs?: number;
  readonly board: SharedArrayBuffer;
  /** Who reads the journal, by index on the board. */
  readonly callbacks: readonly Claim[];
  /** The journal begins held: the thread was started again while somebody rewrites closed segments. */
  readonly held?: true;
  /** Ids of sessions that go on (the thread was started again); all others that the spool knows as open ended with a crash. */
  readonly alive: readonly string[];
  /** The spool was handed over, and the thread was started again since: no journal is opened, records go out as drafts. */
  readonly passing?: PassingData;
}

/** A fact about the node, as the door's `node` frames carry it. */
export interface NodeFact {
  readonly topic: Topic;
  readonly data?: { readonly [name: string]: unknown };
}

export interface AuditorEvents {
  /** All frames of the slab were read; it may be filled again. */
  returned(slab: ArrayBuffer): void;
  /** The journal's writes fail with this name, or work again (undefined). */
  trouble(code: string | undefined): void;
  /** A line for people; nothing of any record. */
  warn(message: string): void;
  /** The journal is closed: what is recorded of these sessions from now on, and of the node, comes by `drafts`. */
  gaveUp?(sessions: readonly GoingSession[]): void;
  /** Drafts for the new owner. They are the receiver's, who says when they are durable (`passed`). */
  drafts?(drafts: readonly PassedDraft[]): void;
}

/** What can be changed while it runs. */
export type AuditChange = KeepingSettings & Pick<AuditorData, 'callbacks'>;
