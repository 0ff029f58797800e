/**
 * What checkpoints prove: receives each new `audit.checkpoint` behind the records that it covers, holds its signature, the checkpoint before it and every
 * session that it names against what the files have, and tells what does not fit. A hash that a checkpoint names stands for all records of its chain that
 * are linked up to it. Keeps a few facts a node; the chains keep what is not covered yet.
 *
 * With keys only a checkpoint with a good signature covers anything. Without keys each is held against the files the same way, and nothing is proven.
 */
import { type Chain, type Chains, type LooseEnd, msOf, type Node } from './verify-chain.js';
import { type Checkpoint, type Claim, readCheckpoint } from './verify-checkpoint.js';
import { at, type Findings, type LinePlace, own, seqsOf } from './verify-findings.js';
import { checkSignature, type Signed, type TrustedKey } from './verify-keys.js';
import type { Head } from './verify-line.js';
import { type Losses, REMOVED } from './verify-losses.js';

/** The last checkpoint of a node that holds. */
export interface LastCheckpoint {
  readonly id: string;
  readonly time: string;
}

/** What one key has signed: how many checkpoints, and the times of the first and the last. */
export interface KeyUse {
  checkpoints: number;
  readonly from: string;
  until: string;
}

/** What is known of a node's checkpoints. */
interface State {
  /** The key in use, and those that were before it: a node's keys follow one another. */
  key: string;
  readonly keysBefore: Set<string>;
  hash: string;
  id: string;
  /** The checkpoint before the group of parts was the one that the files have: all since must be in the files too. */
  follows: boolean;
  /** The checkpoint before it is among the node's records that are missing: what was open then may have been covered by that one. */
  isAfterHole: boolean;
  /** All parts so far had a good signature (or no key was given). */
  holds: boolean;
  more: boolean;
  last?: LastCheckpoint;
  /** Its last checkpoint was made while the clock stood behind the ids. */
  isBehind: boolean;
  /** Runs of the node's own records, first and last seq, that a checkpoint that holds is linked to. */
  readonly proven: [first: number, last: number][];
}

const ZEROS = '0'.repeat(64);
/** Between the clock that ids are made by and a checkpoint's own there is less than this, in milliseconds, unless the clock was set back. */
const BEHIND_MS = 1_000;
/** Claims kept for a second reading; what is above is damage. */
const LATER_LIMIT = 100_000;

const SIGNED: Record<Exclude<Signed, 'good'>, string> = {
  unsigned: 'this checkpoint is not signed',
  unknown: 'this checkpoint is signed with a key that was not given',
  bad: 'the signature of this checkpoint is not that of its key: it was changed, or sealed again',
};

export interface CoverOptions {
  readonly findings: Findings;
  readonly losses: Losses;
  readonly keys: readonly TrustedKey[];
  /** The one session that is looked at: checkpoints then only say what they say of it, each for itself, in any place. */
  readonly only?: string | undefined;
}

export class Cover {
  readonly #chains: Chains;
  readonly #findings: Findings;
  readonly #losses: Losses;
  readonly #keys: readonly TrustedKey[];
  readonly #only: string | undefined;
  readonly #states = new Map<string, State>();
  /** Of the only session: the furthest that a checkpoint covers. */
  #coversTo: { readonly seq: number; readonly place: LinePlace } | undefined;
  /** By the key's fingerprint. */
  readonly used = new Map<string, KeyUse>();
  /** Claims about records that have passed: for a second reading. */
  readonly later: LooseEnd[] = [];
  checkpoints = 0;
  /** How often the clock was found set back, and by how much at most, in milliseconds. */
  clock = { setBack: 0, mostMs: 0 };

  constructor(chains: Chains, { findings, losses, keys, only }: CoverOptions) {
    this.#chains = chains;
    this.#findings = findings;
    this.#losses = losses;
    this.#keys = keys;
    this.#only = only;
  }

  /** Takes a checkpoint. @param line undefined where its body is not as it was sealed; @param chain the node's own, at whose end it stands */
  take(head: Head, place: LinePlace, line: Buffer | undefined, chain: Chain): void {
    this.checkpoints += 1;
    const state = this.#stateOf(chain.node);
    const checkpoint = line && readCheckpoint(line);
    if (!checkpoint) {
      this.#findings.tell(place, 'checkpoint', 'a checkpoint that does not say what it covers');
      Object.assign(state, { hash: own(head.hash), id: own(head.id), more: false, holds: false });
      return;
    }
    const holds = this.#signatureHolds(checkpoint, state, head, place);
    if (this.#only === undefined) this.#before(checkpoint, state, chain.node, place);
    if (holds) {
      if (this.#only === undefined) for (const claim of checkpoint.sessions) this.#claim(claim, chain.node, state, head, place);
      else for (const claim of checkpoint.sessions) if (claim.session === this.#only) this.#note(claim, place);
      prove(state, chain);
      this.#chains.cover(chain);
      this.#clockOf(head, state);
    }
    Object.assign(state, { hash: own(head.hash), id: own(head.id), more: checkpoint.more, holds: state.holds && holds });
    if (!checkpoint.more && (this.#only === undefined ? state.holds : holds)) this.#complete(chain.node, state, head, place);
  }

  /** The node's last checkpoint that holds. */
  lastOf(node: Node): LastCheckpoint | undefined {
    return this.#states.get(node.name)?.last;
  }

  /** Whether a record of the node's own chain is linked to a checkpoint that holds. */
  isProven(node: string, seq: number): boolean {
    return this.#states.get(node)?.proven.some(([first, last]) => seq >= first && seq <= last) ?? false;
  }

  /** Records that no checkpoint which holds covers. */
  openRecords(): number {
    const chain = this.#only === undefined ? undefined : this.#chains.get(this.#only);
    return chain ? Math.max(0, chain.seq - Math.max(this.#coversTo?.seq ?? -1, chain.first - 1)) : this.#chains.openRecords();
  }

  /** Tells what is missing as a whole. To be called once, when all is read. */
  finish(): void {
    if (this.#only !== undefined) this.#finishOnly(this.#only);
    if (!this.#keys.length) return;
    for (const node of this.#chains.nodes) {
      const place = this.#chains.get(node.name)?.place ?? [...node.moved][0]?.place;
      if (!this.lastOf(node) && place)
        this.#findings.tell(place, 'uncovered', `no checkpoint with a good signature covers any record of node ${nameOf(node)}`);
    }
  }

  #finishOnly(only: string): void {
    const chain = this.#chains.get(only);
    if (!chain) return;
    const { seq, place } = this.#coversTo ?? { seq: -1, place: chain.place };
    const last = this.lastOf(chain.node);
    if (seq > chain.seq) this.#missing(chain, chain.seq + 1, seq, { afterId: chain.id, beforeId: last?.id ?? chain.id, place });
    else if (seq < chain.seq && this.#keys.length && last && last.id > chain.id)
      this.#findings.tell(
        chain.place,
        'uncovered',
        `${seqsOf(seq + 1, chain.seq)} of ${chain.name}: no checkpoint covers them, though there is a later one`,
      );
  }

  /** Keeps what a checkpoint says of the only session: its records may stand before it or behind. */
  #note({ firstSeq, firstHash, lastSeq, lastHash }: Claim, place: LinePlace): void {
    this.#later(this.#only as string, firstSeq, firstHash, place);
    this.#later(this.#only as string, lastSeq, lastHash, place);
    if (lastSeq > (this.#coversTo?.seq ?? -1)) this.#coversTo = { seq: lastSeq, place };
  }

  #later(chain: string, seq: number, hash: string, place: LinePlace): void {
    if (this.later.length < LATER_LIMIT) this.later.push({ chain, seq, hash: own(hash), place, isClaim: true });
    else this.#findings.tell(place, 'checkpoint', `seq ${seq} of session ${chain} was not compared with this checkpoint: there are too many like it`);
  }

  #stateOf(node: Node): State {
    const known = this.#states.get(node.name);
    if (known) return known;
    const state: State = {
      key: '',
      keysBefore: new Set(),
      hash: '',
      id: '',
      follows: false,
      isAfterHole: false,
      holds: true,
      more: false,
      isBehind: false,
      proven: [],
    };
    this.#states.set(node.name, state);
    return state;
  }

  #signatureHolds({ signed, key, signature }: Checkpoint, state: State, head: Head, place: LinePlace): boolean {
    if (!this.#keys.length) return true;
    const is = checkSignature(this.#keys, signed, key, signature);
    if (is === 'good' && key) return this.#keyFollows(key, state, head, place);
    if (is !== 'good') this.#findings.tell(place, 'signature', is === 'unknown' ? `${SIGNED.unknown} (${key})` : SIGNED[is]);
    return false;
  }

  /** A key that another one has followed signs no more: that was sealed again. */
  #keyFollows(key: string, state: State, { time }: Head, place: LinePlace): boolean {
    if (this.#only === undefined && state.keysBefore.has(key)) {
      this.#findings.tell(place, 'signature', `this checkpoint is signed with a key that another one had followed (${key})`);
      return false;
    }
    if (state.key && state.key !== key) state.keysBefore.add(state.key);
    state.key = key;
    const use = this.used.get(key);
    if (!use) this.used.set(key, { checkpoints: 1, from: own(time), until: own(time) });
    else Object.assign(use, { checkpoints: use.checkpoints + 1, until: own(time) });
    return true;
  }

  /** Holds `previous` against the checkpoint before, and begins a group of parts. */
  #before({ previous, part }: Checkpoint, state: State, node: Node, place: LinePlace): void {
    const isNext = previous === state.hash;
    const isFirst = state.hash === '';
    const isMissing = !isNext && !(isFirst && (previous === ZEROS || !node.isWhole));
    const isAfterHole = isMissing && node.hole !== undefined;
    if (isAfterHole && node.hole) node.hole.checkpointAt ??= place;
    else if (isMissing) this.#findings.tell(place, 'checkpoint', REMOVED);
    node.hole = undefined;
    if (!(isNext && state.more && part > 1)) Object.assign(state, { follows: isNext || (isFirst && node.isWhole), isAfterHole, holds: true });
  }

  #claim(claim: Claim, node: Node, state: State, head: Head, place: LinePlace): void {
    const chain = this.#chains.get(claim.session);
    if (!chain) {
      if (state.follows || state.isAfterHole) this.#absent(claim, node, state, head, place);
      return;
    }
    const { open } = chain;
    if (open?.seq === claim.firstSeq && open.hash !== claim.firstHash) this.#unlike(chain, claim.firstSeq, open.place, place);
    if (state.follows && chain.first > claim.firstSeq && chain.holes.length === 0)
      this.#missing(chain, claim.firstSeq, chain.first - 1, { afterId: chain.key, place });
    if (chain.seq < claim.lastSeq) this.#tail(chain, claim, head, place);
    else if (chain.seq > claim.lastSeq) this.#later(chain.key, claim.lastSeq, claim.lastHash, place);
    else if (chain.hash !== claim.lastHash) this.#unlike(chain, chain.seq, chain.place, place);
    else this.#chains.cover(chain);
  }

  /** A session of which the files have nothing. */
  #absent({ session, firstSeq, lastSeq }: Claim, node: Node, state: State, head: Head, place: LinePlace): void {
    const afterId = state.id > session ? state.id : session;
    const hole = { from: firstSeq, to: lastSeq, left: lastSeq - firstSeq + 1, afterId, beforeId: own(head.id), place };
    const why = 'though this checkpoint covers them (of one session alone: verify --session ID)';
    this.#losses.hole({ ...hole, chain: `session ${session}`, node: node.name, why });
  }

  /** The chain ends before the record that the checkpoint names. */
  #tail(chain: Chain, { lastSeq, lastHash }: Claim, head: Head, place: LinePlace): void {
    this.#missing(chain, chain.seq + 1, lastSeq, { afterId: chain.id, beforeId: own(head.id), place });
    this.#chains.skipTo(chain, lastSeq, lastHash, head.id);
  }

  #missing(chain: Chain, from: number, to: number, { afterId, beforeId, place }: { afterId: string; beforeId?: string; place: LinePlace }): void {
    this.#chains.missing(chain, { from, to, afterId, beforeId: beforeId ?? chain.id, place, why: 'though this checkpoint covers them' });
  }

  #unlike(chain: Chain, seq: number, where: LinePlace, place: LinePlace): void {
    this.#findings.tell(place, 'checkpoint', `seq ${seq} of ${chain.name} (${at(where)}) is not the record that this checkpoint covers`);
    this.#chains.leftOut(chain);
  }

  /** All parts are there: what is not covered now is covered by none. */
  #complete(node: Node, state: State, head: Head, place: LinePlace): void {
    state.last = { id: own(head.id), time: own(head.time) };
    if (!this.#keys.length || this.#only !== undefined) return;
    for (const chain of [...node.moved]) {
      if (!chain.open) continue;
      const { seq, place: first } = chain.open;
      if (!state.isAfterHole)
        this.#findings.tell(
          first,
          'uncovered',
          `${seqsOf(seq, chain.seq)} of ${chain.name}: the checkpoint behind (${at(place)}) does not cover them`,
        );
      this.#chains.leftOut(chain);
    }
  }

  /** A node's ids never fall; where its clock does, a checkpoint's time is behind its id. */
  #clockOf({ id, time }: Head, state: State): void {
    const behindMs = msOf(id) - Date.parse(time);
    const isBehind = behindMs > BEHIND_MS;
    if (isBehind && !state.isBehind) this.clock.setBack += 1;
    if (isBehind) this.clock.mostMs = Math.max(this.clock.mostMs, behindMs);
    state.isBehind = isBehind;
  }
}

const nameOf = (node: Node): string => Buffer.from(node.name, 'latin1').toString();

/** The node's own records up to the end of its chain are linked to a checkpoint that holds. */
function prove({ proven }: State, { linkedFrom, seq }: Chain): void {
  const last = proven.at(-1);
  if (last?.[0] === linkedFrom) last[1] = seq;
  else proven.push([linkedFrom, seq]);
}
