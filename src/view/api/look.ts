/**
 * The record of a look: who looked, at what, how much was given (FORMAT.md, Looks). Evidence first: what cannot be recorded is not shown. Never holds a word
 * that was searched for.
 */
import { randomUUID } from 'node:crypto';
import { AuditError } from '../../errors.js';
import type { LookFact } from '../looks.js';
import type { Caller } from './caller.js';

/** Writes a record of the node; true once it is durable. */
export type Declare = (fact: LookFact) => Promise<boolean>;

/** What is looked at. */
export interface Looked {
  readonly topic: 'access.view' | 'access.export';
  readonly method: string;
  /** As `narrowedBy` gives it (looks.ts). */
  readonly filter: { readonly [member: string]: unknown };
  readonly session: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

export class Look {
  readonly #caller: Caller;
  readonly #looked: Looked;
  readonly #declare: Declare;
  readonly #name: string;
  readonly #role: string;
  #id: string | undefined;

  constructor(caller: Caller, looked: Looked, declare: Declare) {
    this.#caller = caller;
    this.#looked = looked;
    this.#declare = declare;
    this.#name = caller.name;
    this.#role = caller.role;
  }

  /** Recorded, before anything is given, that it begins. Throws AUDIT_SPOOL where that cannot be; then nothing may be shown. */
  async begin(): Promise<void> {
    this.#id = randomUUID();
    await this.#write(null);
  }

  /** Whether it was begun: then its end is a record of its own. */
  get begun(): boolean {
    return this.#id !== undefined;
  }

  /** Recorded how much was given; of a short look before it is. Throws AUDIT_SPOOL. */
  end(records: number): Promise<void> {
    return this.#write(records);
  }

  async #write(records: number | null): Promise<void> {
    const { topic, method, filter, session, from, to } = this.#looked;
    const who = { by: this.#name, role: this.#role, how: this.#caller.how, method };
    const look = this.#id === undefined ? {} : { look: this.#id };
    if (await this.#declare({ topic, data: { ...who, ...look, filter, session, from, to, records } })) return;
    throw new AuditError('AUDIT_SPOOL', 'this look cannot be recorded just now, so nothing is shown; try again when the spool can be written');
  }
}
