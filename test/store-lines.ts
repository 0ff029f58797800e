/** Records for tests of stores: lines of the record's shape (FORMAT.md) with the members that a test names, whose seals are not true. */
import type { AuditRecord } from '../src/contract.js';
import { recordsOf } from '../src/spool/delivery/audit-record.js';

type Members = { readonly [name: string]: unknown };

/** The members of a head that a test names, and the parts behind it. */
export interface Said {
  /** RFC 3339 in UTC, with milliseconds. */
  readonly time: string;
  /** Tells records of one millisecond apart, in order. */
  readonly n?: number;
  readonly topic?: string;
  readonly head?: Members;
  readonly who?: Members;
  readonly body?: Members;
}

/** The id of a record: by its time, and its number in that millisecond. */
export function idAt(time: string, n = 0): string {
  const ms = Date.parse(time).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${n.toString(16).padStart(3, '0')}-8000-000000000000`;
}

/** The id of a session, by a number. */
export const sessionId = (number: number): string => `019b0000-0000-7000-9000-${number.toString(16).padStart(12, '0')}`;

const HEX = '0'.repeat(64);
const inner = (members: Members): string => JSON.stringify(members).slice(1, -1);

/** A line without its line end. Each record has a hash of its own, made of its id. */
export function lineOf({ time, n = 0, topic = 'session.input', head = {}, who, body }: Said): string {
  const id = idAt(time, n);
  const hash = id.replaceAll('-', '').padEnd(64, '0');
  const place = { hostname: 'h', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'n1' };
  const sealed = inner({ v: '1.0', id, topic, time, ...place, ...head, seq: n, prev: HEX, digest: [who ? HEX : '', body ? HEX : ''], hash });
  const parts = [who && { who_salt: 'AAAAAAAAAAAAAAAAAAAAAA', ...who }, body && { salt: 'BBBBBBBBBBBBBBBBBBBBBB', ...body }];
  return `{${[sealed, ...parts.flatMap((part) => (part ? [inner(part)] : []))].join(',')}}`;
}

/** Lines as a callback is given them. */
export const recordsOfLines = (lines: readonly string[]): AuditRecord[] => recordsOf(lines.map((line) => `${line}\n`).join(''));

/** What a player says and hears, in one session. */
export class Player {
  readonly session: string;
  readonly #who: Members;
  readonly #listener: string;

  constructor(number: number, { listener = 'game', ...who }: Members = {}) {
    this.session = sessionId(number);
    this.#who = who;
    this.#listener = String(listener);
  }

  /** Another name of the same session: its who from now on. */
  as(who: Members): Player {
    const other = new Player(0, { ...this.#who, ...who, listener: this.#listener });
    return Object.assign(other, { session: this.session });
  }

  #head(more: Members = {}): Members {
    return { listener: this.#listener, protocol: 'telnet', session: this.session, ...more };
  }

  event(time: string, topic: string, data: Members, more: Members = {}): string {
    return lineOf({ time, topic, head: this.#head(more), who: this.#who, body: { data } });
  }

  says(time: string, exchange: number, text: string, { head = {}, body = {} }: { head?: Members; body?: Members } = {}): string {
    const said = this.#head({ direction: 'RCV', exchange, bytes: Buffer.byteLength(text), encoding: 'utf-8', ...head });
    return lineOf({ time, head: said, who: this.#who, body: { text, ...body } });
  }

  hears(time: string, exchange: number, text: string): string {
    const head = this.#head({ direction: 'SND', exchange, bytes: Buffer.byteLength(text), encoding: 'utf-8' });
    return lineOf({ time, topic: 'session.output', head, who: this.#who, body: { text } });
  }
}
