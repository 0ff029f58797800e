/**
 * A line as a redaction reads it: one of the journal, sealed, or one that a callback keeps in another form. Receives its bytes, gives what it says of
 * itself and what it is without a part; parses only what is asked for. Never writes.
 */

import { type FormLine, formLineOf, PART_MEMBERS } from '../forms/form-line.js';
import { type ErasedPart, type Extent, presentOf, type SealedLine, sealedOf, withoutPart } from './erase.js';

type Members = { readonly [name: string]: unknown };

/** What is known of a record without its parts. */
export interface Head {
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  readonly session?: string;
}

export interface RecordLine {
  /** H; undefined where the line is in another form, and so in no chain. */
  readonly hash: string | undefined;
  /** W, the digest of its who; '' where that is not known. */
  readonly whoDigest: string;
  readonly head: Head;
  /** Members of a part, without its salt; undefined: it has none, or no more. */
  readonly who: Members | undefined;
  readonly body: Members | undefined;
  /** What of `part` is still there; undefined: nothing. */
  present(part: ErasedPart): ErasedPart | undefined;
  /** The line without a part, as new bytes without a line end. */
  without(part: ErasedPart): Buffer;
}

/**
 * Reads a line; undefined where it is no record, or is damaged. The members of a sealed line are parsed when first asked for, and throw where they are
 * no JSON.
 * @param line without its line end; borrowed as long as what is given is used
 */
export function readRecord(line: Buffer): RecordLine | undefined {
  const sealed = sealedOf(line);
  try {
    if (sealed && !isPicked(line, sealed)) return new SealedRecord(line, sealed);
    const form = formLineOf(JSON.parse(line.toString()));
    return form && new FormRecord(form);
  } catch {
    return undefined;
  }
}

/** What stands where a who does is more than one: of this line a callback's `fields` has left out the body's salt. */
function isPicked(line: Buffer, { who, body }: SealedLine): boolean {
  return who !== undefined && body === undefined && PART_MEMBERS.body.some((name) => Object.hasOwn(membersIn(line, who), name));
}

const membersIn = (line: Buffer, [from, to]: Extent): Members => JSON.parse(`{${line.toString('utf8', from + 1, to)}}`) as Members;

class SealedRecord implements RecordLine {
  readonly #line: Buffer;
  readonly #sealed: SealedLine;
  #head: Head | undefined;
  #who: Members | undefined;
  #body: Members | undefined;

  constructor(line: Buffer, sealed: SealedLine) {
    this.#line = line;
    this.#sealed = sealed;
  }

  get hash(): string {
    return this.#sealed.hash;
  }

  get whoDigest(): string {
    return this.#sealed.whoDigest;
  }

  get head(): Head {
    this.#head ??= JSON.parse(`${this.#line.toString('utf8', 0, this.#sealed.headEnd)}}`) as Head;
    return this.#head;
  }

  get who(): Members | undefined {
    this.#who ??= this.#parse(this.#sealed.who, 'who_salt');
    return this.#who;
  }

  get body(): Members | undefined {
    this.#body ??= this.#parse(this.#sealed.body, 'salt');
    return this.#body;
  }

  #parse(extent: Extent | undefined, salt: string): Members | undefined {
    if (!extent) return undefined;
    const { [salt]: _, ...rest } = membersIn(this.#line, extent);
    return rest;
  }

  present(part: ErasedPart): ErasedPart | undefined {
    return presentOf(this.#sealed, part);
  }

  without(part: ErasedPart): Buffer {
    return withoutPart(this.#line, this.#sealed, part);
  }
}

class FormRecord implements RecordLine {
  readonly hash = undefined;
  readonly whoDigest: string;
  readonly head: Head;
  readonly who: Members | undefined;
  readonly body: Members | undefined;
  readonly #form: FormLine;

  constructor(form: FormLine) {
    const { members } = form;
    const { id, topic, time, session, digest } = members;
    this.#form = form;
    this.head = { id, topic, time, ...(typeof session === 'string' ? { session } : {}) } as Head;
    this.whoDigest = Array.isArray(digest) ? String(digest[0]) : '';
    this.who = pick(members, PART_MEMBERS.who);
    this.body = pick(members, PART_MEMBERS.body);
  }

  present(part: ErasedPart): ErasedPart | undefined {
    const [who, body] = [part !== 'body' && this.who, part !== 'who' && this.body];
    if (who && body) return 'both';
    return who ? 'who' : body ? 'body' : undefined;
  }

  without(part: ErasedPart): Buffer {
    const { who, body } = PART_MEMBERS;
    return Buffer.from(this.#form.without([...(part === 'body' ? [] : who), ...(part === 'who' ? [] : body)]));
  }
}

/** Those members that are there, without salts; undefined: none is. */
function pick(members: Members, names: readonly string[]): Members | undefined {
  const found = names.flatMap((name) =>
    members[name] === undefined || name === 'who_salt' || name === 'salt' ? [] : [[name, members[name]] as const],
  );
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
