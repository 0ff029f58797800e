/**
 * Writes records: stamps them, gives them their place in a chain, encodes and seals. Receives what mask/ let through and the facts of a session,
 * gives lines. It decides nothing and keeps nothing but the heads of the chains, which of them moved, and the cached text of what does not change
 * within a session.
 */
import type { Direction, EventLabel, Identity, MaskedData, MaskedName, MaskedUtterance, SessionOpen, TimeUs, Topic } from '../contract.js';
import { Desk, flat, NO_PART, type ScribeOptions } from './desk.js';
import type { GiveDraft } from './draft.js';
import { type ChainHead, escapedToJson, newChain, type Part, plainToJson, toJson } from './line.js';
import { Sealer } from './sealer.js';

export type { Moved, Origin } from './desk.js';

/** What an `audit.checkpoint` says (FORMAT.md): hashes, numbers and ids of ours, so no mask has to see it, and none may change it. */
export interface Checkpoint {
  readonly reason: 'time' | 'count' | 'stop' | 'start' | 'redact';
  /** H of the checkpoint before. */
  readonly previous: string;
  readonly part: number;
  readonly more: boolean;
  readonly sessions: readonly (readonly [session: string, firstSeq: number, firstHash: string, lastSeq: number, lastHash: string])[];
  /** Fingerprint of the key that signs it; null: it is not signed. */
  readonly key: string | null;
}

/** Signs UTF-8 text; gives the signature in base64, or null. */
export type Sign = (text: string) => string | null;

/** What a session's records need to know of its connection. Of one that a crash left open, the address is no longer known. */
export type Connection = Pick<SessionOpen, 'id' | 'listener' | 'protocol' | 'ip' | 'port'>;

/** Writes the records of the node itself (`audit.*`), and makes the scribes of its sessions. */
export class NodeScribe {
  readonly #desk: Desk;
  readonly #chain: ChainHead;
  readonly #fixed: string;

  /** @param chain the node's head as the spool left it; moved on in place */
  constructor(options: ScribeOptions, chain: ChainHead = newChain()) {
    this.#desk = new Desk(options);
    this.#chain = chain;
    this.#fixed = this.#desk.fixed('');
  }

  event(topic: Topic, at: TimeUs, data?: MaskedData): void {
    this.#desk.write({ session: '', topic, at, fixed: this.#fixed, late: '', who: '', body: dataMember(data) }, this.#chain, NO_PART);
  }

  /** Writes an `audit.checkpoint`, signed over its head and its data (FORMAT.md). Gives its hash. */
  checkpoint(at: TimeUs, { reason, previous, part, more, sessions, key }: Checkpoint, sign: Sign): string {
    const desk = this.#desk;
    const id = desk.ids.next(Math.floor(at / 1000));
    const head = desk.head(id, 'audit.checkpoint', at, this.#chain, this.#fixed, '');
    const data = toJson({ reason, previous, part, more, sessions, key }).slice(0, -1);
    const signature = toJson(sign(`{${head}${data}`));
    desk.place('audit.checkpoint', id, this.#chain, head, NO_PART, desk.body(`,"data":${data},"signature":${signature}}`));
    return this.#chain.hash;
  }

  /** From now on this node's records, and those of its sessions, are drafts for another to seal (draft.ts). No checkpoint may be written any more. */
  pass(give: GiveDraft): void {
    this.#desk.pass(give);
  }

  /** Seals what another process drafted, beside what is written here. */
  sealer(): Sealer {
    return new Sealer(this.#desk, this.#chain);
  }

  /** @param chain the session's head, where it goes on after a restart; moved on in place */
  session(open: Connection, allowSparse: boolean, chain: ChainHead = newChain()): SessionScribe {
    return new SessionScribe(this.#desk, open, allowSparse, chain);
  }
}

/** What a record of a session may say besides. */
export interface Besides {
  /** Of a message out of band: which way it went, and in which exchange. */
  readonly way?: { readonly direction: Direction; readonly exchange: number } | undefined;
  readonly label?: EventLabel | undefined;
  readonly custom?: MaskedData | undefined;
}

const customMember = (custom: MaskedData | undefined): string => (custom ? `,"custom":${toJson(custom.value)}` : '');

/** The event in the head. */
function labelMembers(label: EventLabel | undefined): string {
  if (!label) return '';
  const { event, type, system, also } = label;
  return toJson({ event, event_type: type, system, also }).replace(/^\{/, ',').slice(0, -1);
}

const dataMember = (data: MaskedData | undefined): string => (data ? `,"data":${toJson(data.value)}` : '');

export interface Turn {
  readonly exchange: number;
  readonly latencyMs?: number;
}

/** Writes the records of one session, in its own chain. */
export class SessionScribe {
  readonly #desk: Desk;
  readonly #open: Connection;
  readonly #sparse: boolean;
  /** The end of this session's chain; moved on in place. */
  readonly chain: ChainHead;
  readonly #fixed: { readonly RCV: string; readonly SND: string; readonly none: string };
  #who: Part = NO_PART;
  /** The same without its salt. */
  #members = '';
  #names: Parameters<SessionScribe['identify']>[0] = {};
  /** Where the character is, as a member of the body of what is said. */
  #room = '';

  constructor(desk: Desk, open: Connection, sparse: boolean, chain: ChainHead) {
    this.#desk = desk;
    this.#open = open;
    this.#sparse = sparse;
    this.chain = chain;
    const listener = `,"listener":${toJson(open.listener)}`;
    const rest = `,"protocol":${toJson(open.protocol)},"session":${toJson(open.id)}`;
    this.#fixed = {
      RCV: desk.fixed(`${listener},"direction":"RCV"${rest}`),
      SND: desk.fixed(`${listener},"direction":"SND"${rest}`),
      none: desk.fixed(listener + rest),
    };
    this.identify({});
  }

  /** Sets who is speaking from the next record on: a new salt, a new digest. `interlink`: the id that another system gave the connection. */
  identify(names: { readonly [field in keyof Identity | 'interlink']?: MaskedName }): void {
    this.#names = names;
    const sparse = this.#sparse ? { ip: '', account: '', character: '' } : {};
    const { ip, port } = this.#open;
    const known = { ...sparse, ...(ip === undefined ? {} : { ip }), ...(port === undefined ? {} : { port }) };
    const { account, character, room, interlink } = names;
    this.#room = room || this.#sparse ? flat(`,"room":${toJson(room ?? '')}`) : '';
    const spoken = { ...(account ? { account } : {}), ...(character ? { character } : {}) };
    const who = { ...known, ...spoken, ...(interlink === undefined ? {} : { interlink }) };
    const ordered = order(who, ['ip', 'port', 'account', 'character', 'interlink']);
    this.#members = ordered;
    this.#who = this.#desk.who(ordered);
  }

  /** The same who with a new salt: what is erased until now shall not be known by what comes. */
  renew(): void {
    this.identify(this.#names);
  }

  event(topic: Topic, at: TimeUs, data: MaskedData, { way, label, custom }: Besides = {}): void {
    const fixed = way ? this.#fixed[way.direction] : this.#fixed.none;
    const late = (way ? `,"exchange":${way.exchange}` : '') + labelMembers(label);
    this.#write(topic, at, fixed, late, dataMember(data) + customMember(custom));
  }

  said(utterance: MaskedUtterance, turn: Turn, { label, custom }: Besides = {}): void {
    const { direction, masked, encoding, cut } = utterance;
    const latency = turn.latencyMs === undefined ? '' : `,"latency_ms":${turn.latencyMs}`;
    const spans = masked.length > 0 || this.#sparse ? `,"masked":${toJson(masked)}` : '';
    const late = `,"exchange":${turn.exchange}${latency}${labelMembers(label)}${spans},"bytes":${utterance.bytes},"encoding":"${encoding}"${cut ? `,"cut":"${cut}"` : ''}`;
    const topic = direction === 'RCV' ? 'session.input' : 'session.output';
    this.#write(topic, utterance.at, direction === 'RCV' ? this.#fixed.RCV : this.#fixed.SND, late, this.#bodyOf(utterance) + customMember(custom));
  }

  #write(topic: Topic, at: TimeUs, fixed: string, late: string, body: string): void {
    this.#desk.write({ session: this.#open.id, topic, at, fixed, late, who: this.#members, body }, this.chain, this.#who);
  }

  #bodyOf({ text, raw, rawB64, shape, timing }: MaskedUtterance): string {
    let members = this.#room;
    if (text || this.#sparse) members += `,"text":${plainToJson(text ?? '')}`;
    if (raw !== undefined) members += `,"raw":${shape === 'other' ? toJson(raw) : escapedToJson(raw)}`;
    if (rawB64 !== undefined) members += `,"raw_b64":"${rawB64}"`;
    if (timing.length > 0) members += `,"timing":${JSON.stringify(timing)}`;
    return this.#sparse ? `${members},"data":{}` : members;
  }
}

/** JSON members of `value` in the order of `names`, without braces. */
function order(value: { readonly [name: string]: unknown }, names: readonly string[]): string {
  return names
    .filter((name) => value[name] !== undefined)
    .map((name) => `"${name}":${toJson(value[name])}`)
    .join(',');
}
