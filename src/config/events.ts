/** AUDIT_EVENTS and a pack's EVENTS as an operator writes them. Gives plain data with places; compiling and proving them is mask/'s (events.ts). */
import type { EventDefinition, EventLabel } from '../contract.js';
import { AuditError } from '../errors.js';
import { EVENT_OPTIONS } from './keys.js';
import { linePattern, type ReadOption, readerOf } from './lines.js';
import type { DictLiteral } from './literals.js';
import { type Asked, bool, type Check, choice, dotted, line, listOf, string } from './values.js';

/** Longest message. Characters. */
const MAX_MESSAGE = 500;

const examples = listOf((literal, asked) => string(literal, asked).value, 'a list of examples, each a string');

/** A second topic that nobody can take for one of the program's. */
const ownTopic: Check<string> = (literal, asked) => {
  const topic = dotted(literal, asked);
  if (!/^(?:session|audit|access)(?:\.|$)/.test(topic)) return topic;
  throw new AuditError(
    'AUDIT_CONFIG_TYPE',
    `${asked.name} wants a topic of your own; what begins with session, audit or access is taken`,
    literal.place,
  );
};

/** Reads the entries. Throws AUDIT_CONFIG_... at the place. */
export const eventsOf = (entries: readonly DictLiteral[], asked: Asked): EventDefinition[] => entries.map((entry) => eventOf(entry, asked));

function eventOf(entry: DictLiteral, asked: Asked): EventDefinition {
  const what = `an entry of ${asked.name}`;
  const given = entry.value.find(({ key }) => key.value === 'on');
  const on = given ? choice('said', 'login', 'logout')(given.value, { ...asked, name: `'on' of ${what}` }) : 'said';
  const read = readerOf(entry, on === 'said' ? what : `${what} with 'on': '${on}'`, EVENT_OPTIONS[on === 'said' ? 'said' : 'identity'], asked);
  const pattern = read('pattern', string);
  const event = read('code', dotted);
  if (event === undefined) throw new AuditError('AUDIT_CONFIG_KEY', `${what} wants a 'code', such as 'login.failed'`, entry.place);
  if (on === 'said' && !pattern) throw new AuditError('AUDIT_CONFIG_KEY', `${what} wants a 'pattern', or 'on': 'login' or 'logout'`, entry.place);
  const message = read('message', messageOf);
  return {
    label: labelOf(event, read),
    on,
    ...(pattern ? { line: linePattern(read, pattern) } : {}),
    ...(message ? { message } : {}),
    is: read('is', examples) ?? [],
    isNot: read('is_not', examples) ?? [],
    place: entry.place,
  };
}

function labelOf(event: string, read: ReadOption): EventLabel {
  const [type, also] = [read('type', dotted), read('topic', ownTopic)];
  return {
    event,
    ...(type === undefined ? {} : { type }),
    ...(read('system', bool) ? { system: true } : {}),
    ...(also === undefined ? {} : { also }),
  };
}

const messageOf: Check<NonNullable<EventDefinition['message']>> = (literal, asked) => {
  const text = line(MAX_MESSAGE)(literal, asked);
  return { text, place: literal.kind === 'string' ? literal.at(0) : literal.place };
};
