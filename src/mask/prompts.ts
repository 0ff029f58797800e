/**
 * The prompts whose answers are hidden (DESIGN 5, `then`). Receives their definitions once, then lines of output, gives the name of the first that is met.
 * Does not know what a line's state is, nor what is hidden for it: judge.ts does.
 */
import type { PromptDefinition } from '../contract.js';
import { AuditError } from '../errors.js';
import type { Needle } from './needles.js';
import type { Node } from './pattern-tree.js';
import { type Filtered, Prefilter, type Sieve } from './prefilter.js';
import { Program } from './program.js';
import { provePrompt } from './prove.js';

/** A prompt, ready to be matched. */
class Prompt implements Filtered {
  readonly definition: PromptDefinition;
  readonly needles: readonly Needle[] | undefined;
  readonly head: Node | undefined;
  readonly setSource: string;
  /** How often it was met since the start. */
  hits = 0;
  readonly #program: Program;

  constructor(definition: PromptDefinition) {
    const { name, pattern, patternPlace, where } = definition;
    this.definition = definition;
    this.#program = new Program(pattern, patternPlace, where === 'start');
    if (this.#program.groups.some((group) => /^secret(_\w+)?$/.test(group.name)))
      throw new AuditError('AUDIT_MASK_SECRET', `'${name}' hides the input behind its prompt, so it has no group secret; leave it out`, patternPlace);
    this.needles = this.#program.needles;
    this.head = this.#program.head;
    this.setSource = this.#program.setSource;
  }

  matches(line: string): boolean {
    return this.#program.find(line, 1).length > 0;
  }
}

export class Prompts {
  readonly #all: readonly Prompt[];
  readonly #filter: Prefilter<Prompt>;

  /**
   * @param sieve that of the masks which are asked about the same texts
   * @throws AuditError AUDIT_MASK_PATTERN, AUDIT_MASK_SECRET, AUDIT_MASK_PROOF where one does not do what its examples say
   */
  constructor(definitions: readonly PromptDefinition[], sieve?: Sieve) {
    this.#all = definitions.map((definition) => new Prompt(definition));
    for (const prompt of this.#all) provePrompt(prompt.definition, (line) => prompt.matches(line));
    this.#filter = new Prefilter(this.#all, sieve);
  }

  /** How often each was met since the start, by name. */
  get hits(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { definition, hits } of this.#all) counts.set(definition.name, (counts.get(definition.name) ?? 0) + hits);
    return counts;
  }

  /**
   * The name of the first prompt, in their order, that a line is; undefined where it is none.
   * @param line as gathered: without ANSI and its line end, its trailing blanks kept; need not be well-formed
   * @param unfinished whether the line counts as one that waits for an answer: the last of an output, no line end behind it. Without that the prompts of
   *   `where: 'prompt'` are not asked.
   */
  find(line: string, unfinished: boolean): string | undefined {
    const text = line.toWellFormed();
    const named = this.#filter.ask(text);
    if (!named) return undefined;
    for (const prompt of this.#all) {
      if (!named.includes(prompt) || (prompt.definition.where === 'prompt' && !unfinished) || !prompt.matches(text)) continue;
      prompt.hits++;
      return prompt.definition.name;
    }
    return undefined;
  }

  /** Whether any line of a text could be a prompt: false is certain, true is not. For every output, so that most need no look at their lines. */
  mayFind(text: string): boolean {
    return this.#filter.ask(text.toWellFormed()) !== undefined;
  }
}
