/**
 * Which session an `exec` goes on from, once its owner has gone: an owner gives each session a proof of its id, and whoever shows that proof to a later owner
 * of the same spool is believed. Receives ids and proofs, gives proofs and yes or no; keeps nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** A session and the proof that its owner gave it. */
export interface Link {
  readonly session: string;
  /** HMAC-SHA-256, 64 hex digits. */
  readonly proof: string;
}

const SESSION = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PROOF = /^[0-9a-f]{64}$/;

/** A link out of what a stranger wrote; undefined: it is none. */
export function readLink(value: unknown): Link | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { session, proof } = value as { readonly [name: string]: unknown };
  if (typeof session !== 'string' || typeof proof !== 'string' || !SESSION.test(session) || !PROOF.test(proof)) return undefined;
  return { session, proof };
}

export class Links {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** @param uid whose session it is: a proof is good for nobody else */
  linkTo(session: string, uid: number): Link {
    return { session, proof: this.#proofOf(session, uid).toString('hex') };
  }

  /** Whether an owner of this spool gave it to this user. */
  isProven({ session, proof }: Link, uid: number): boolean {
    return timingSafeEqual(this.#proofOf(session, uid), Buffer.from(proof, 'hex'));
  }

  #proofOf(session: string, uid: number): Buffer {
    return createHmac('sha256', this.#key).update(`exec ${uid} ${session}`).digest();
  }
}
