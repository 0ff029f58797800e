/**
 * The masks in force, ready to be asked. Receives their definitions once, then texts; gives the places of secrets in them, in their lines and elsewhere.
 * Does not write stars.
 */
import type { AnyMask, Direction, FieldDefinition, MaskDefinition, PromptDefinition } from '../contract.js';
import { finderOf, type Known } from './elsewhere.js';
import { Prefilter, Sieve } from './prefilter.js';
import { Prompts } from './prompts.js';
import { SingleMask } from './single.js';
import type { Span, Write } from './spans.js';
import { type Style, writerOf } from './style.js';

/** Whose masks: those of one direction, or all. */
export type Side = Direction | 'both';

/** The name of what ECHO alone hid; no mask of a pack needs to bear it. */
export const HIDDEN_TYPING = 'hidden-typing';
/** The names of what fields.ts hides without a mask of a pack: a field that is called a secret, and a variable of the environment that nobody knows. */
export const SECRET_FIELD = 'secret-field';
export const ENVIRON_VALUE = 'environ-value';

/** What was found in a text: the places of its secrets (unsorted, overlapping), and their texts, to be met again. */
export interface Found {
  readonly spans: readonly Span[];
  readonly known: readonly Known[];
}

/** Compiled masks. Make one with `compileMasks`. */
export class MaskSet {
  readonly singles: readonly SingleMask[];
  /** What makes the next input a hidden one. */
  readonly prompts: Prompts;
  /** Secrets of out-of-band data, by their fields (fields.ts). */
  readonly fields: readonly FieldDefinition[];
  /** Writes what stands in a secret's place. */
  readonly write: Write;
  /** Whether that depends on the secret's text, not on its length alone. */
  readonly tags: boolean;
  readonly #filters: { readonly [side in Side]: readonly Prefilter<SingleMask>[] };
  /** Names by index: those of the singles, then the others, each once; in front of them those of the sets that this one follows. */
  readonly #names: readonly string[];
  /** Where its own names begin. */
  readonly #base: number;

  /**
   * Throws AuditError for the first pattern that is refused, and for a prompt that does not prove itself.
   * @param before the set that this one follows in sessions under way: an index keeps its name, so what they know by it is still named right
   */
  constructor(definitions: readonly AnyMask[], style: Style = { name: 'length' }, before?: MaskSet) {
    const write = writerOf(style);
    this.write = (secret, mask) => write(secret, this.nameOf(mask));
    this.tags = style.name === 'tag';
    const own = namesOf(definitions);
    const [names, base] = before ? [before.#names, before.#base] : [[], 0];
    const same = names.slice(base).join('\n') === own.join('\n');
    this.#base = same ? base : names.length;
    this.#names = same ? names : [...names, ...own];
    this.singles = definitions.filter(isMask).map((definition, index) => new SingleMask(definition, this.#base + index));
    const sieve = new Sieve();
    this.prompts = new Prompts(definitions.filter(isPrompt), sieve);
    this.fields = definitions.filter(isField);
    const of = (direction: MaskDefinition['direction']) =>
      this.singles.some((single) => single.definition.direction === direction)
        ? [
            new Prefilter(
              this.singles.filter((single) => single.definition.direction === direction),
              sieve,
            ),
          ]
        : [];
    const [received, sent, both] = [of('in'), of('out'), of('both')];
    this.#filters = { RCV: [...received, ...both], SND: [...sent, ...both], both: [...received, ...sent, ...both] };
  }

  /** The name that an index stands for, in a span: of a mask, a prompt, a field, or HIDDEN_TYPING. */
  nameOf(index: number): string {
    return this.#names[index] ?? '';
  }

  /** The index that stands for a name in spans; that of HIDDEN_TYPING where there is no such name. Where spans join, the lower index gives the name. */
  indexOf(name: string): number {
    const index = this.#names.indexOf(name, this.#base);
    return index >= 0 ? index : this.#names.indexOf(HIDDEN_TYPING, this.#base);
  }

  /** How often each mask and prompt was found since it was compiled, by name. */
  get hits(): ReadonlyMap<string, number> {
    const counts = new Map(this.prompts.hits);
    for (const { definition, hits } of this.singles) counts.set(definition.name, (counts.get(definition.name) ?? 0) + hits);
    return counts;
  }

  /** The secrets of a text, line by line, at their own places; undefined where there are none. `text` is well-formed. */
  find(side: Side, text: string): Found | undefined {
    const named = this.#ask(side, text);
    if (!named) return undefined;
    if (!text.includes('\n')) return this.#findInLine(named, text, 0, undefined);
    let found: Found | undefined;
    let at = 0;
    for (const line of text.split('\n')) {
      const here = line === '' ? undefined : this.#ask(side, line);
      if (here) found = this.#findInLine(here, line, at, found);
      at += line.length + 1;
    }
    return found;
  }

  #ask(side: Side, text: string): readonly SingleMask[] | undefined {
    let named: readonly SingleMask[] | undefined;
    for (const filter of this.#filters[side]) {
      const more = filter.ask(text);
      if (more) named = named ? [...named, ...more] : more;
    }
    return named;
  }

  #findInLine(masks: readonly SingleMask[], line: string, at: number, before: Found | undefined): Found | undefined {
    const spans: Span[] = [];
    const known: Known[] = [];
    for (const mask of masks) {
      for (const { start, own, end, mask: index } of mask.find(line)) {
        spans.push({ start: at + start, end: at + end, mask: index });
        known.push({ text: line.slice(start, own), mask: index });
        if (own !== end && own !== start) known.push({ text: line.slice(start, end), mask: index });
      }
    }
    if (spans.length === 0) return before;
    return before ? { spans: before.spans.concat(spans), known: before.known.concat(known) } : { spans, known };
  }
}

const isPrompt = (one: AnyMask): one is PromptDefinition => 'then' in one;
const isField = (one: AnyMask): one is FieldDefinition => 'oob' in one;
const isMask = (one: AnyMask): one is MaskDefinition => !isPrompt(one) && !isField(one);

/** Those of masks that scrub, one each; then the others, each name once. */
function namesOf(definitions: readonly AnyMask[]): string[] {
  const others = definitions.filter((one) => !isMask(one)).map(({ name }) => name);
  return [...definitions.filter(isMask).map(({ name }) => name), ...new Set([...others, HIDDEN_TYPING, SECRET_FIELD, ENVIRON_VALUE])];
}

/** The same secrets wherever else they stand in `text`, with their own places. */
export function everywhere(found: Found, text: string): Span[] {
  return [...found.spans, ...(finderOf(found.known)?.(text) ?? [])];
}
