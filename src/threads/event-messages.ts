/**
 * What events say to people, by the listener that a record is of: joins the events in force (config/, compiled by mask/) and how a message is made (view/).
 * Receives settings, gives one function over records. Compiles a listener's events when the first record of it is asked about.
 */
import type { Settings } from '../config/settings.js';
import type { AuditRecord, EventDefinition } from '../contract.js';
import { Events } from '../mask/events.js';
import { messageOf } from '../view/message.js';

/** Events in force, as plain data. */
export interface EventSets {
  /** Of what is of no listener that there is (any more). */
  readonly others: readonly EventDefinition[];
  readonly listeners: readonly { readonly name: string; readonly events: readonly EventDefinition[] }[];
}

/** The message of a record's event; undefined where there is none. Throws AUDIT_MASK_PATTERN or AUDIT_EVENT where the events are no good. */
export type Message = (record: AuditRecord) => string | undefined;

export const eventSetsOf = ({ audit, listeners }: Settings): EventSets => ({
  others: audit.events,
  listeners: listeners.map(({ name, audit }) => ({ name, events: audit.events })),
});

export function messagesOf({ others, listeners }: EventSets): Message {
  const definitions = new Map<unknown, readonly EventDefinition[]>(listeners.map(({ name, events }) => [name, events]));
  const compiled = new Map<readonly EventDefinition[], Events>();
  return (record) => {
    if (record.event === undefined) return undefined;
    const own = definitions.get(record.listener) ?? others;
    const events = compiled.get(own) ?? new Events(own);
    compiled.set(own, events);
    return messageOf(record, events);
  };
}
