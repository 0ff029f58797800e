/**
 * Seals what others drafted (draft.ts): the owner of a spool does so for the old side of a handover. Receives drafts and the chains that they belong to,
 * gives each a place, an id and salts. A who has one salt for as long as its session has the same, as if the session were here.
 */
import type { Desk } from './desk.js';
import { NO_PART } from './desk.js';
import type { Draft } from './draft.js';
import type { ChainHead, Part } from './line.js';

export class Sealer {
  readonly #desk: Desk;
  readonly #node: ChainHead;
  /** Of each session its last who. */
  readonly #who = new Map<string, { readonly members: string; readonly part: Part }>();

  constructor(desk: Desk, node: ChainHead) {
    this.#desk = desk;
    this.#node = node;
  }

  /** Seals a record of the node. */
  node(draft: Draft): void {
    this.#desk.write(draft, this.#node, NO_PART);
  }

  /** Seals the next record of a session. @param chain moved on in place */
  session(draft: Draft, chain: ChainHead): void {
    this.#desk.write(draft, chain, this.#whoOf(draft));
    if (draft.topic === 'session.end') this.#who.delete(draft.session);
  }

  /** The same whos with new salts from now on: what is erased until now shall not be known by what comes. */
  renew(): void {
    this.#who.clear();
  }

  #whoOf({ session, who: members }: Draft): Part {
    const known = this.#who.get(session);
    if (known?.members === members) return known.part;
    const part = this.#desk.who(members);
    this.#who.set(session, { members, part });
    return part;
  }
}
