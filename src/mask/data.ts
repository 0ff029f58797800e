/**
 * Scrubs what is no utterance: the strings in an event's data and in messages out of band, and the names of who speaks. Receives plain values, gives new
 * ones; where it cannot, it withholds. All masks count, of both directions: nobody knows which way a field went.
 */
import type { MaskedData, MaskedName } from '../contract.js';
import { type Finder, finderOf, type Known } from './elsewhere.js';
import type { MaskSet } from './mask-set.js';
import { cover, join, type Span } from './spans.js';

/** Data nested deeper than this is withheld: no game's has it, and it would be a danger to our stack. */
export const DEEPEST = 64;

/** Stands for a value that could not be scrubbed. */
export const WITHHELD = { withheld: true } as const;

/** What a mask has written in a value's place, in data that is still to be scrubbed: it is left as it is. */
export class Written {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Every string of `data`, its members' names too, after all text masks; a secret of one is scrubbed in all of them. Never throws: data that is not
 * made of plain objects, lists, strings, numbers, booleans and null, or that is nested too deep, comes back as `{ withheld: true }`.
 * @param said finds what the session's client said that was secret
 * @param numbers whether a number may be a secret too: not in data of our own
 */
export function scrubData(masks: MaskSet, data: { readonly [name: string]: unknown }, said?: Finder, numbers = false): MaskedData {
  const made = { value: WITHHELD } as unknown as MaskedData;
  try {
    const known: Known[] = [];
    walk(data, 0, (text) => {
      const wellFormed = text.toWellFormed();
      for (const one of masks.find('both', wellFormed)?.known ?? []) known.push(one);
      return text;
    });
    const elsewhere = finderOf(known);
    const scrub = (text: string) => scrubText(masks, text.toWellFormed(), elsewhere, said);
    const number = (one: number) => {
      const text = String(one);
      const hidden = scrub(text);
      return hidden === text ? one : hidden;
    };
    return { value: walk(data, 0, scrub, numbers ? number : same) } as unknown as MaskedData;
  } catch {
    return made;
  }
}

/** A message out of band, as far as it was scrubbed by its fields. */
export interface HiddenMessage {
  readonly protocol: string;
  readonly name: string;
  /** Plain data, with `Written` in it. */
  readonly value: unknown;
  /** The secrets that were hidden in it, to be looked for in all of it. */
  readonly known: readonly Known[];
}

/**
 * A message out of band as the `data` of its record: every string and every member's name after all text masks, strings that stand in one list as one
 * line too (the arguments of a command), and each secret wherever it stands in the message, as a number too. Never throws: what cannot be scrubbed has
 * the value `{ withheld: true }`.
 */
export function scrubMessage(masks: MaskSet, message: HiddenMessage, said?: Finder): MaskedData {
  const { protocol, name, value } = message;
  try {
    const found = secretsIn(masks, message);
    const elsewhere = finderOf([...message.known, ...found]);
    // Most messages hold no secret: then no string of theirs needs to be asked again.
    const scrub = (text: string) => (found.length > 0 ? scrubText(masks, text.toWellFormed(), elsewhere, said) : hide(text.toWellFormed()));
    const hide = (text: string) => coverAll(masks, text, [...(elsewhere?.(text) ?? []), ...(said?.(text) ?? [])]);
    const number = (one: number) => {
      const text = String(one);
      const hidden = hide(text);
      return hidden === text ? one : hidden;
    };
    const scrubbed = value === undefined ? {} : { value: walk(value, 0, scrub, number) };
    return { value: { protocol, name: scrub(name), ...scrubbed } } as unknown as MaskedData;
  } catch {
    const shown = message.known.length > 0 ? '' : scrubName(masks, name, said);
    return { value: { protocol, name: shown, value: WITHHELD } } as unknown as MaskedData;
  }
}

/** What the text masks find in a message, asked once for all its strings. */
function secretsIn(masks: MaskSet, { name, value }: HiddenMessage): readonly Known[] {
  const texts = [name];
  walk(value, 0, (text) => {
    texts.push(text);
    return text;
  });
  const line = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string').join(' ');
  if (line !== '') texts.push(`${name} ${line}`, line);
  return masks.find('both', texts.join('\n').toWellFormed())?.known ?? [];
}

const coverAll = (masks: MaskSet, text: string, spans: readonly Span[]): string =>
  spans.length === 0 ? text : cover(text, join(spans), masks.write).text;

/** A name after all text masks; `said` as for data. Never throws: a name that cannot be scrubbed comes back as stars. */
export function scrubName(masks: MaskSet, name: string, said?: Finder): MaskedName {
  try {
    return scrubText(masks, name.toWellFormed(), undefined, said) as unknown as MaskedName;
  } catch {
    return '********' as unknown as MaskedName;
  }
}

function scrubText(masks: MaskSet, text: string, elsewhere: Finder | undefined, said: Finder | undefined): string {
  const found = masks.find('both', text);
  if (!found && !elsewhere && !said) return text;
  const finder = elsewhere ?? finderOf(found?.known ?? []);
  const spans = join([...(found?.spans ?? []), ...(finder?.(text) ?? []), ...(said?.(text) ?? [])]);
  return cover(text, spans, masks.write).text;
}

/** A copy of `value` with every string, and every member's name, as `change` gives it, and numbers as `number` does. Throws for what is no plain data. */
function walk(value: unknown, depth: number, change: (text: string) => string, number: (one: number) => unknown = same): unknown {
  if (depth > DEEPEST) throw new RangeError('too deep');
  if (typeof value === 'string') return change(value);
  if (typeof value === 'number') return number(value);
  if (value instanceof Written) return value.text;
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => walk(item, depth + 1, change, number));
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('no plain data');
  const members = Object.entries(value).map(([name, member]) => [change(name), walk(member, depth + 1, change, number)] as const);
  return Object.fromEntries(members);
}

const same = (one: number): number => one;
