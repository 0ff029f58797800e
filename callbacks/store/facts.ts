/**
 * What the store keeps of a record beside its line. Receives the members of a line, whatever they are (files of others are read too), gives plain facts
 * of the right types. Never throws.
 */
import { dayOf, msOf } from './ids.js';

export interface Kind {
  readonly topic: string;
  /** The second topic that its event gave it; '': none. */
  readonly also: string;
  readonly event: string;
  readonly eventType: string;
  /** `audit.*`, `access.*`, and what AUDIT_EVENTS calls so. */
  readonly system: boolean;
  readonly direction: string;
}

/** Who a record is of; '' where that is not said. */
export interface Who {
  readonly session: string;
  readonly listener: string;
  readonly account: string;
  readonly character: string;
  readonly ip: string;
}

export interface Facts {
  readonly id: string;
  readonly day: number;
  /** When its id was made: what it is counted by, so that counts and records agree on their day. Milliseconds since 1970. */
  readonly ms: number;
  /** Its `time`, in milliseconds since 1970. */
  readonly time: number;
  readonly kind: Kind;
  readonly who: Who;
  readonly protocol: string;
  readonly port: number | null;
  readonly room: string;
  /** Null: it belongs to none. */
  readonly exchange: number | null;
  readonly text: string;
  readonly bytes: number;
  readonly masked: number;
  readonly data: Members;
  readonly custom: Members;
}

export type Members = { readonly [name: string]: unknown };

/** Names are compared without regard to case. */
export const fold = (name: string): string => name.normalize('NFC').toLowerCase();

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const members = (value: unknown): Members => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {});
const count = (value: unknown): number => (Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0);
const whole = (value: unknown): number | null => (Number.isSafeInteger(value) ? (value as number) : null);

const isSystem = (topic: string): boolean => topic.startsWith('audit.') || topic.startsWith('access.');

/** @param record any members, with an `id` that `isId` took */
export function factsOf(record: Members & { readonly id: string }): Facts {
  const { id, masked } = record;
  const topic = text(record.topic);
  const time = Date.parse(text(record.time));
  const ms = msOf(id);
  return {
    id,
    day: dayOf(id),
    ms,
    time: Number.isNaN(time) ? ms : time,
    kind: {
      topic,
      also: text(record.also),
      event: text(record.event),
      eventType: text(record.event_type),
      system: isSystem(topic) || record.system === true,
      direction: text(record.direction),
    },
    who: {
      session: text(record.session),
      listener: text(record.listener),
      account: text(record.account),
      character: text(record.character),
      ip: text(record.ip),
    },
    protocol: text(record.protocol),
    port: whole(record.port),
    room: text(record.room),
    exchange: whole(record.exchange),
    text: text(record.text),
    bytes: count(record.bytes),
    masked: Array.isArray(masked) ? masked.length : 0,
    data: members(record.data),
    custom: members(record.custom),
  };
}

/** Facts of a line; undefined where it is no record. */
export function factsOfLine(line: string): Facts | undefined {
  try {
    return factsOf(JSON.parse(line) as Members & { readonly id: string });
  } catch {
    return undefined;
  }
}
