/**
 * Scrubs what is no utterance: the strings in an event's data, and the names of who speaks. Receives plain values, gives new ones; where it cannot,
 * it withholds. All masks count, of both directions: nobody knows which way a field went.
 */
import type { MaskedData, MaskedName } from '../contract.js';
import { type Finder, finderOf, type Known } from './elsewhere.js';
import type { MaskSet } from './mask-set.js';
import { cover, join } from './spans.js';

/** Data nested deeper than this is withheld: no game's has it, and it would be a danger to our stack. */
const DEEPEST = 64;

/** Stands for a value that could not be scrubbed. */
const WITHHELD = { withheld: true } as const;

/**
 * Every string of `data`, its members' names too, after all text masks; a secret of one is scrubbed in all of them. Never throws: data that is not
 * made of plain objects, lists, strings, numbers, booleans and null, or that is nested too deep, comes back as `{ withheld: true }`.
 * @param said finds what the session's client said that was secret
 */
export function scrubData(masks: MaskSet, data: { readonly [name: string]: unknown }, said?: Finder): MaskedData {
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
    return { value: walk(data, 0, scrub) } as unknown as MaskedData;
  } catch {
    return made;
  }
}

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

/** A copy of `value` with every string, and every member's name, as `change` gives it. Throws for what is no plain data. */
function walk(value: unknown, depth: number, change: (text: string) => string): unknown {
  if (depth > DEEPEST) throw new RangeError('too deep');
  if (typeof value === 'string') return change(value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => walk(item, depth + 1, change));
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('no plain data');
  const members = Object.entries(value).map(([name, member]) => [change(name), walk(member, depth + 1, change)] as const);
  return Object.fromEntries(members);
}
