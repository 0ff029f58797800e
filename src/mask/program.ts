/**
 * An operator's pattern, ready to be matched in linear time. Receives lines, gives the places of hits and of their groups, as Python's `re` would.
 * RE2's programs are made at the first line that needs them, since some take long; those that may be too large are made at once.
 */
import RE2 from 're2';
import { AuditError, type Place } from '../errors.js';
import { markBoundaries } from './boundary.js';
import { type Needle, needlesOf } from './needles.js';
import type { NamedGroup, Node } from './pattern-tree.js';
import { type Form, type Translation, translate } from './python-pattern.js';

/** Where a group stands in a line, in UTF-16 units, `end` exclusive. */
export type Extent = readonly [start: number, end: number];

/** One hit: the whole at 0, then each group by its number, undefined where it took no part. */
export type Hit = readonly (Extent | undefined)[] & { readonly 0: Extent };

const BEYOND_ASCII = /[^\0-\x7f]/;
/** A pattern with counts, or a long one, may be too large for RE2, so it is compiled at start, where its operator can be told. */
const MAY_BE_LARGE = /\{\d*,?\d*\}|^[\s\S]{200}/;

export class Program {
  readonly #translation: Translation;
  readonly #anchored: boolean;
  readonly #place: Place;
  readonly #made = new Map<Form, RE2>();
  /** Once they were asked for. */
  #needles: readonly [readonly Needle[] | undefined] | undefined;

  /**
   * @param place where the pattern's first character stands
   * @param anchored whether hits begin at the start of the line (`re.match`), or anywhere (`re.search`)
   * @throws AuditError AUDIT_MASK_PATTERN with the place of what is wrong
   */
  constructor(pattern: string, place: Place, anchored: boolean) {
    this.#translation = translate(pattern, place);
    this.#place = place;
    this.#anchored = anchored;
    if (MAY_BE_LARGE.test(pattern)) for (const form of this.#forms()) this.#compiled(form);
  }

  get groups(): readonly NamedGroup[] {
    return this.#translation.groups;
  }

  /** Of these a text must hold one for a hit (needles.ts). */
  get needles(): readonly Needle[] | undefined {
    this.#needles ??= [needlesOf(this.#translation.tree.root)];
    return this.#needles[0];
  }

  /** What a line begins with where it is a hit; undefined where a hit may begin anywhere (head-scan.ts). */
  get head(): Node | undefined {
    return this.#anchored ? this.#translation.tree.root : undefined;
  }

  /** The pattern as one of a set (prefilter.ts). */
  get setSource(): string {
    const source = this.#translation.source('set');
    return this.#anchored ? `(?m:^)(?:${source})` : source;
  }

  /**
   * The hits in a line from left to right, at most `most`. `line` is one line, well-formed.
   * @throws AuditError AUDIT_MASK_PATTERN where RE2 cannot compile the pattern
   */
  find(line: string, most: number): Hit[] {
    if (line === '') return [];
    const { marks } = this.#translation;
    if (marks === 0 || !BEYOND_ASCII.test(line)) return hits(this.#compiled('exact'), line, most);
    if (marks === undefined) return hits(this.#compiled('loose'), line, most);
    const { text, origin } = markBoundaries(line, marks);
    const back = (at: number): number => origin[at] ?? line.length;
    return hits(this.#compiled('marked'), text, most).map((hit) => hit.map((span) => span && [back(span[0]), back(span[1])]) as unknown as Hit);
  }

  #forms(): readonly Form[] {
    const { marks } = this.#translation;
    return marks === 0 ? ['exact'] : ['exact', marks === undefined ? 'loose' : 'marked'];
  }

  #compiled(form: Form): RE2 {
    const made = this.#made.get(form);
    if (made) return made;
    const source = this.#translation.source(form);
    const program = compile(this.#anchored ? `\\A(?:${source})` : source, this.#place);
    this.#made.set(form, program);
    return program;
  }
}

function compile(source: string, place: Place): RE2 {
  try {
    return new RE2(source, 'dgu');
  } catch {
    throw new AuditError('AUDIT_MASK_PATTERN', 'too large for linear-time matching; make its counts smaller, or put (?a) at its head', place);
  }
}

function hits(program: RE2, text: string, most: number): Hit[] {
  const found: Hit[] = [];
  program.lastIndex = 0;
  while (found.length < most && program.lastIndex <= text.length) {
    const hit = program.exec(text)?.indices as Hit | undefined;
    if (!hit) break;
    found.push(hit);
    if (hit[0][0] === hit[0][1]) program.lastIndex = next(text, hit[0][1]);
  }
  return found;
}

/** The index behind the character at `index`, so that an empty hit is not found again. */
function next(text: string, index: number): number {
  return index + ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
}
