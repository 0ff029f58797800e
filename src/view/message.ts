/**
 * What an event says to people: receives a record as it is kept and the events in force, gives one line such as `alice logs in from 192.0.2.7`. The record
 * holds the event's code alone, so that a message can be bettered for what was recorded long ago.
 */
import type { Direction } from '../contract.js';

/** The events in force, compiled (src/mask/events.ts). */
export interface EventMessages {
  message(
    event: string,
    direction: Direction | undefined,
    text: string,
  ): { readonly template: string; readonly groups: { readonly [name: string]: string } } | undefined;
}

/** Stands for what the record does not say, or no longer: a part of it was erased, or it never knew. */
const UNKNOWN = '?';
const NAME = /\{([^{}]*)\}/g;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * The message of a record's event, in one line; undefined where it has no event, or that no message.
 * @param record its members, parsed
 */
export function messageOf(record: { readonly [member: string]: unknown }, events: EventMessages): string | undefined {
  const { event, direction, text } = record;
  if (typeof event !== 'string') return undefined;
  const way = direction === 'RCV' || direction === 'SND' ? direction : undefined;
  const found = events.message(event, way, textOf(text));
  if (!found) return undefined;
  const known = { ...record, ...identityOf(record), ...found.groups };
  return found.template.replace(NAME, (_, name: string) => textOf(known[name as keyof typeof known]) || UNKNOWN).replace(/\s+/g, ' ');
}

/** A `session.identity` says in its data who it is about: its who is still that of before. */
function identityOf({ topic, data }: { readonly [member: string]: unknown }): { readonly [field: string]: string } {
  if (topic !== 'session.identity') return {};
  const { field, old, new: name } = (data ?? {}) as { readonly [member: string]: unknown };
  return typeof field === 'string' ? { [field]: textOf(name ?? old) } : {};
}
