/**
 * Records without their place in a chain: what the old side of a handover gives, for the owner of the spool to seal (DESIGN 7). Holds what mask/ let
 * through, as JSON text that is ready to be a part of a line; id, `prev`, digests and salts are the owner's to add. Packs and reads drafts, seals none.
 */
import type { TimeUs, Topic } from '../contract.js';

/** A record but for its id, its place, and what makes its seal. */
export interface Unplaced {
  /** '': of the node. */
  readonly session: string;
  readonly topic: Topic;
  readonly at: TimeUs;
  /** The head's JSON from behind the time up to `"seq":`. */
  readonly fixed: string;
  /** The head's JSON behind `seq`; each member with its comma. */
  readonly late: string;
  /** Members of the who without `who_salt`; '': there is none. */
  readonly who: string;
  /** Members of the body without `salt`, each with its comma; '': there is none. */
  readonly body: string;
}

/** The same, with its number in its session's chain; whoever drafts it is alone in writing that chain. -1 for the node's, whose numbers the owner gives. */
export interface Draft extends Unplaced {
  readonly seq: number;
}

/** A draft that was read, and what its head says of its session. */
export interface GivenDraft extends Draft {
  readonly listener: string;
  readonly protocol: string;
}

/** Takes a draft. What it throws leaves the chain as it was. */
export type GiveDraft = (draft: Draft) => void;

const TOPIC = /^[a-z]+\.[a-z]+$/;

export const encodeDraft = ({ session, seq, topic, at, fixed, late, who, body }: Draft): string =>
  JSON.stringify([session, seq, topic, at, fixed, late, who, body]);

/** Reads one. undefined: its parts make no line of a record. */
export function readDraft(text: string): GivenDraft | undefined {
  const parts = jsonOf(text);
  if (!Array.isArray(parts) || parts.length !== 8) return undefined;
  const [session, seq, topic, at, ...texts] = parts as readonly unknown[];
  if (typeof session !== 'string' || !isNumber(seq, -1) || !isNumber(at, 0) || typeof topic !== 'string' || !TOPIC.test(topic)) return undefined;
  if (!texts.every((one) => typeof one === 'string' && !one.includes('\n'))) return undefined;
  const [fixed, late, who, body] = texts as [string, string, string, string];
  const head = objectOf(`{"time":"${fixed}0${late}}`);
  if (!head || !objectOf(`{${who}}`) || !objectOf(`{"salt":""${body}}`)) return undefined;
  const { session: named = '', listener = '', protocol = '' } = head;
  if (named !== session || (session === '') !== (seq === -1) || typeof listener !== 'string' || typeof protocol !== 'string') return undefined;
  return { session, seq, topic: topic as Topic, at, fixed, late, who, body, listener, protocol };
}

const isNumber = (value: unknown, least: number): value is number => Number.isSafeInteger(value) && (value as number) >= least;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(text: string): { readonly [name: string]: unknown } | undefined {
  const value = jsonOf(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [name: string]: unknown }) : undefined;
}
