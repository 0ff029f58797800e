/**
 * Patterns of an operator's that say which lines are meant, without a secret in them: of events and exclusions. Receives their definitions once, then
 * what one side said after the masks; gives those that its lines match. They stand in this room because they run on its engine, in linear time.
 */
import type { Direction, LinePattern } from '../contract.js';
import type { Needle } from './needles.js';
import type { Node } from './pattern-tree.js';
import { type Filtered, Prefilter } from './prefilter.js';
import { type Hit, Program } from './program.js';

/** One pattern, ready to be matched; `T` is what it stands for. */
export class LineMatcher<T> implements Filtered {
  readonly of: T;
  readonly direction: LinePattern['direction'];
  readonly program: Program;
  readonly needles: readonly Needle[] | undefined;
  readonly head: Node | undefined;
  readonly setSource: string;

  /** @throws AuditError AUDIT_MASK_PATTERN with the place of what is wrong */
  constructor({ pattern, patternPlace, direction, where }: LinePattern, of: T) {
    this.of = of;
    this.direction = direction;
    this.program = new Program(pattern, patternPlace, where === 'start');
    // Both forms of the program, for lines of ASCII and others, so that no session is the first to find one too large.
    for (const line of ['a', 'é']) this.program.find(line, 1);
    this.needles = this.program.needles;
    this.head = this.program.head;
    this.setSource = this.program.setSource;
  }

  /** The first hit in any line of a text, with that line. */
  find(text: string): { readonly line: string; readonly hit: Hit } | undefined {
    for (const line of text.split('\n')) {
      const [hit] = this.program.find(line, 1);
      if (hit) return { line, hit };
    }
    return undefined;
  }
}

/** Many, asked together; their order is kept. */
export class LineMatchers<T> {
  readonly #ways: { readonly [direction in Direction]: { readonly all: readonly LineMatcher<T>[]; readonly filter: Prefilter<LineMatcher<T>> } };

  constructor(all: readonly LineMatcher<T>[]) {
    const way = (direction: 'in' | 'out') => {
      const its = all.filter((one) => one.direction === direction || one.direction === 'both');
      return { all: its, filter: new Prefilter(its) };
    };
    this.#ways = { RCV: way('in'), SND: way('out') };
  }

  /** Those that may match a line of the text, in their order; nearly always none. `text` is well-formed. */
  candidates(direction: Direction, text: string): readonly LineMatcher<T>[] {
    const { all, filter } = this.#ways[direction];
    const named = all.length === 0 || text === '' ? undefined : filter.ask(text);
    return named ? all.filter((one) => named.includes(one)) : [];
  }
}
