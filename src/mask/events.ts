/**
 * The events of AUDIT_EVENTS and of packs, compiled. Receives their definitions once, then what one side said, after the masks, so that no event can tell a
 * secret; gives the event that it is, and what a message for people says of it. Each event proves itself by its examples, or does not load.
 */
import type { Direction, EventDefinition, EventLabel } from '../contract.js';
import { AuditError, type Place } from '../errors.js';
import { LineMatcher, LineMatchers } from './line-patterns.js';
import { placeIn } from './python-pattern.js';

/** Members of a record that a message may name beside the groups of its pattern. */
export const MESSAGE_MEMBERS = [
  'time',
  'session',
  'listener',
  'protocol',
  'ip',
  'account',
  'character',
  'room',
  'text',
  'event',
  'event_type',
] as const;
/** A name in a message. */
export const MESSAGE_NAME = /\{([^{}]*)\}/g;

/** A message, and what the groups of its pattern took. */
export interface EventMessage {
  readonly template: string;
  readonly groups: { readonly [name: string]: string };
}

type Matcher = LineMatcher<EventDefinition>;

export class Events {
  readonly #definitions: readonly EventDefinition[];
  readonly #said: readonly Matcher[];
  readonly #lines: LineMatchers<EventDefinition>;

  /** @throws AuditError AUDIT_MASK_PATTERN, AUDIT_EVENT, with the place */
  constructor(definitions: readonly EventDefinition[]) {
    this.#definitions = definitions;
    this.#said = definitions.flatMap((one) => (one.line ? [new LineMatcher(one.line, one)] : []));
    this.#lines = new LineMatchers(this.#said);
    for (const matcher of this.#said) prove(matcher);
    for (const one of definitions)
      checkMessage(
        one,
        this.#said.find(({ of }) => of === one),
      );
  }

  /** The first event, in their order, that a line of the text is; undefined: it is none. */
  find(direction: Direction, text: string): EventLabel | undefined {
    const whole = text.toWellFormed();
    return this.#lines.candidates(direction, whole).find((one) => one.find(whole))?.of.label;
  }

  /** What it is called when somebody is logged in, or no longer is. */
  on(what: 'login' | 'logout'): EventLabel | undefined {
    return this.#definitions.find(({ on }) => on === what)?.label;
  }

  /**
   * The message of an event that a record has; undefined where no event of that code has one.
   * @param text of the record, as it is kept; '' where it has none or that was erased
   */
  message(event: string, direction: Direction | undefined, text: string): EventMessage | undefined {
    const whole = text.toWellFormed();
    const lines = direction ? this.#lines.candidates(direction, whole) : [];
    const own = lines.filter(({ of }) => of.label.event === event && of.message);
    for (const matcher of own) {
      const groups = groupsOf(matcher, whole);
      if (groups) return { template: matcher.of.message?.text ?? '', groups };
    }
    const other = this.#definitions.find(({ label, message }) => label.event === event && message);
    return other?.message && { template: other.message.text, groups: {} };
  }
}

function groupsOf(matcher: Matcher, text: string): { readonly [name: string]: string } | undefined {
  const found = matcher.find(text);
  if (!found) return undefined;
  const groups = matcher.program.groups.flatMap(({ name, number }) => {
    const extent = found.hit[number];
    return extent ? [[name, found.line.slice(extent[0], extent[1])] as const] : [];
  });
  return Object.fromEntries(groups);
}

function prove(matcher: Matcher): void {
  const { is, isNot, label, place } = matcher.of;
  const refuse = (what: string): never => {
    throw new AuditError('AUDIT_EVENT', `event '${label.event}': ${what}`, place);
  };
  is.forEach((example, index) => {
    if (!matcher.find(example.toWellFormed())) refuse(`its example ${index + 1} of \`is\` is none to it; widen the pattern or mend the example`);
  });
  isNot.forEach((example, index) => {
    if (matcher.find(example.toWellFormed())) refuse(`its example ${index + 1} of \`is_not\` is one to it; narrow the pattern or mend the example`);
  });
}

function checkMessage({ message, label }: EventDefinition, matcher: Matcher | undefined): void {
  if (!message) return;
  const groups = matcher?.program.groups.map(({ name }) => name) ?? [];
  for (const { 1: name = '', index } of message.text.matchAll(MESSAGE_NAME)) {
    if (groups.includes(name) || MESSAGE_MEMBERS.some((one) => one === name)) continue;
    const known = [...groups.map((group) => `'${group}'`), ...MESSAGE_MEMBERS].join(', ');
    const place: Place = placeIn(message.place, message.text, index);
    throw new AuditError('AUDIT_EVENT', `event '${label.event}': its message names what its pattern has no group for; there are ${known}`, place);
  }
}
