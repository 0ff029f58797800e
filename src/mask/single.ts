/**
 * One mask, compiled. Receives a line, gives the spans of its secrets in it. Made whole at start as far as syntax goes; RE2's program is made at the
 * first line that needs it, since some take long. Does not render: where the stars go is spans.ts's.
 */
import RE2 from 're2';
import type { MaskDefinition } from '../contract.js';
import { AuditError, nameOf } from '../errors.js';
import { markBoundaries } from './boundary.js';
import { type Form, placeIn, type Translation, translate } from './python-pattern.js';
import { secretEnd } from './secret-end.js';

/** A secret in a line, in UTF-16 units. `mask` is the place of its mask in the list. */
export interface Secret {
  readonly start: number;
  readonly end: number;
  readonly mask: number;
}

const SECRET = /^secret(_\w+)?$/;
const BEYOND_ASCII = /[^\0-\x7f]/;
/** A pattern with counts may be too large for RE2, so it is compiled at start, where its operator can be told. */
const COUNTED = /\{\d*,?\d*\}/;

/** Hits of one mask that are looked at in one line; from there on the line is hidden, so that no line costs without end. */
const MOST_HITS = 1000;

/** A mask ready to be matched. */
export class SingleMask {
  readonly definition: MaskDefinition;
  /** How often its pattern was found since the start. */
  hits = 0;
  readonly #translation: Translation;
  readonly #secrets: readonly number[];
  readonly #programs = new Map<Form, RE2>();
  readonly #index: number;

  /**
   * @param index the mask's place in the list, given back in its secrets
   * @throws AuditError AUDIT_MASK_PATTERN, AUDIT_MASK_SECRET
   */
  constructor(definition: MaskDefinition, index: number) {
    this.definition = definition;
    this.#index = index;
    this.#translation = translate(definition.pattern, definition.patternPlace);
    this.#secrets = secretGroups(definition, this.#translation);
    if (COUNTED.test(definition.pattern)) for (const form of this.#forms()) this.#program(form);
  }

  /** The pattern as one of a set (prefilter.ts). */
  get setSource(): string {
    const source = this.#translation.source('set');
    return this.definition.where === 'start' ? `(?m:^)(?:${source})` : source;
  }

  /**
   * The secrets of a line, in the order found; they may overlap. `line` is one line, well-formed.
   * @throws what RE2 throws when it cannot compile
   */
  find(line: string): Secret[] {
    if (line === '') return [];
    const { marks } = this.#translation;
    if (marks === 0 || !BEYOND_ASCII.test(line)) return this.#findIn(this.#program('exact'), line, line, undefined);
    if (marks === undefined) return this.#findIn(this.#program('loose'), line, line, undefined);
    const { text, origin } = markBoundaries(line, marks);
    return this.#findIn(this.#program('marked'), text, line, origin);
  }

  #forms(): readonly Form[] {
    const { marks } = this.#translation;
    return marks === 0 ? ['exact'] : ['exact', marks === undefined ? 'loose' : 'marked'];
  }

  #findIn(program: RE2, text: string, line: string, origin: readonly number[] | undefined): Secret[] {
    const found: Secret[] = [];
    const most = this.definition.where === 'anywhere' ? MOST_HITS : 1;
    program.lastIndex = 0;
    for (let turn = 1; program.lastIndex <= text.length; turn++) {
      const indices = program.exec(text)?.indices;
      const hit = indices?.[0];
      if (!hit) break;
      this.hits++;
      this.#collect(indices, line, origin, found);
      if (turn === most) {
        if (most > 1) found.push({ start: origin?.[hit[0]] ?? hit[0], end: line.length, mask: this.#index });
        break;
      }
      if (hit[0] === hit[1]) program.lastIndex = next(text, hit[1]);
    }
    return found;
  }

  #collect(indices: RegExpIndicesArray, line: string, origin: readonly number[] | undefined, found: Secret[]): void {
    for (const number of this.#secrets) {
      const span = indices[number];
      if (!span) continue;
      const start = origin?.[span[0]] ?? span[0];
      const own = origin?.[span[1]] ?? span[1];
      // Within a span that was drawn out already there is nothing to draw out: a line without blanks is walked once, not once a hit.
      const last = found.at(-1);
      const end = last && start >= last.start && own <= last.end ? own : secretEnd(line, start, own);
      if (end > start) found.push({ start, end, mask: this.#index });
    }
  }

  #program(form: Form): RE2 {
    const made = this.#programs.get(form);
    if (made) return made;
    const source = this.#translation.source(form);
    const program = compile(this.definition, this.definition.where === 'start' ? `\\A(?:${source})` : source);
    this.#programs.set(form, program);
    return program;
  }
}

/** The index behind the character at `index`, so that an empty hit is not found again. */
function next(text: string, index: number): number {
  return index + ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
}

function compile(definition: MaskDefinition, source: string): RE2 {
  try {
    return new RE2(source, 'dgu');
  } catch (error) {
    throw new AuditError(
      'AUDIT_MASK_PATTERN',
      `RE2 cannot compile this pattern (${nameOf(error)}): too large; make its counts smaller, or put (?a) at its head`,
      definition.patternPlace,
    );
  }
}

function secretGroups(definition: MaskDefinition, translation: Translation): number[] {
  const groups = translation.groups.filter((group) => SECRET.test(group.name));
  if (groups.length === 0) {
    throw new AuditError('AUDIT_MASK_SECRET', 'no group (?P<secret>...): nothing would be hidden', definition.patternPlace);
  }
  for (const group of groups) {
    if (!group.repeated) continue;
    const place = placeIn(definition.patternPlace, definition.pattern, group.index);
    throw new AuditError('AUDIT_MASK_SECRET', 'a secret inside a repetition: only its last turn would be hidden; repeat inside the group', place);
  }
  return groups.map((group) => group.number);
}
