/** One mask, ready to be matched. Receives a line, gives the spans of its secrets in it. Does not render: where the stars go is spans.ts's. */
import type { MaskDefinition } from '../contract.js';
import { AuditError } from '../errors.js';
import type { Needle } from './needles.js';
import type { Node } from './pattern-tree.js';
import { type Hit, Program } from './program.js';
import { placeIn } from './python-pattern.js';
import { secretEnd } from './secret-end.js';
import type { Span } from './spans.js';

const SECRET = /^secret(_\w+)?$/;
/** Hits of one mask that are looked at in one line; from there on the line is hidden, so that no line costs without end. */
const MOST_HITS = 1000;

/** A secret in a line: what its group took is start..own, what must be hidden start..end. */
export interface Secret extends Span {
  readonly own: number;
}

export class SingleMask {
  readonly definition: MaskDefinition;
  /** How often its pattern was found since the start. */
  hits = 0;
  readonly #program: Program;
  readonly #secrets: readonly number[];
  readonly #index: number;
  readonly #most: number;

  /**
   * @param index the mask's place in the list, given back in its spans
   * @throws AuditError AUDIT_MASK_PATTERN, AUDIT_MASK_SECRET
   */
  constructor(definition: MaskDefinition, index: number) {
    this.definition = definition;
    this.#index = index;
    this.#most = definition.where === 'anywhere' ? MOST_HITS : 1;
    this.#program = new Program(definition.pattern, definition.patternPlace, definition.where === 'start');
    this.#secrets = secretGroups(definition, this.#program);
  }

  /** Of these a text must hold one for this mask to match (needles.ts). */
  get needles(): readonly Needle[] | undefined {
    return this.#program.needles;
  }

  /** What a line begins with that this mask matches; undefined: anything (head-scan.ts). */
  get head(): Node | undefined {
    return this.#program.head;
  }

  /** The pattern as one of a set (prefilter.ts). */
  get setSource(): string {
    return this.#program.setSource;
  }

  /**
   * The secrets of a line, in the order found; they may overlap. `line` is one line, well-formed.
   * @throws AuditError where RE2 cannot compile the pattern
   */
  find(line: string): Secret[] {
    const hits = this.#program.find(line, this.#most);
    const found: Secret[] = [];
    let widest: Secret | undefined;
    for (const hit of hits) widest = this.#collect(hit, line, found, widest);
    this.hits += hits.length;
    const last = hits.at(-1);
    if (last && hits.length === MOST_HITS) found.push({ start: last[0][0], end: line.length, own: last[0][0], mask: this.#index });
    return found;
  }

  /** Adds the secrets of a hit. Within one that was drawn out already (`widest`) nothing is: a line without blanks is walked once, not once a hit. */
  #collect(hit: Hit, line: string, found: Secret[], widest: Secret | undefined): Secret | undefined {
    let wide = widest;
    for (const number of this.#secrets) {
      const group = hit[number];
      if (!group) continue;
      const [start, own] = group;
      const within = wide !== undefined && start >= wide.start && own <= wide.end;
      const end = within ? own : secretEnd(line, start, own);
      if (end === start) continue;
      const secret = { start, end, own, mask: this.#index };
      found.push(secret);
      if (!within) wide = secret;
    }
    return wide;
  }
}

function secretGroups(definition: MaskDefinition, program: Program): number[] {
  const groups = program.groups.filter((group) => SECRET.test(group.name));
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
