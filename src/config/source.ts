/** A configuration text and the places in it. Gives line and column for an offset, and errors that point there. Never shows a value. */
import { AuditError, type ErrorCode, type Place } from '../errors.js';

/** Names longer than this, or with other characters, are not repeated in an error: they may be no names at all. */
const NAME_SHOWN = /^[\w .:/@-]{1,40}$/;

/** A key or option name as an error may show it. Values are never shown: one of them may be a secret. */
export const quoteName = (name: string): string => (NAME_SHOWN.test(name) ? `'${name}'` : 'this name');

export class Source {
  readonly text: string;
  readonly file: string;
  /** The place asked for last, where the next search begins: readers ask in rising order, so a long line costs no more than a short one. */
  #offset = 0;
  #line = 1;
  #column = 1;

  /** `text` as it stands in `file`; a byte order mark is left out, CR LF and CR count as line ends. */
  constructor(text: string, file: string) {
    this.text = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
    this.file = file;
  }

  /** Line and column (in characters, not UTF-16 units) of an offset in `text`, both from 1. */
  place(offset: number): Place {
    if (offset < this.#offset) {
      this.#offset = 0;
      this.#line = 1;
      this.#column = 1;
    }
    while (this.#offset < offset && this.#offset < this.text.length) this.#step(offset);
    return { file: this.file, line: this.#line, column: this.#column };
  }

  #step(limit: number): void {
    const code = this.text.codePointAt(this.#offset) ?? 0;
    const width = code > 0xffff ? 2 : 1;
    this.#offset = Math.min(limit, this.#offset + width);
    if (code === 0x0a) {
      this.#line += 1;
      this.#column = 1;
    } else this.#column += 1;
  }

  /** What a sticky pattern finds at `offset`. */
  match(pattern: RegExp, offset: number): string | undefined {
    pattern.lastIndex = offset;
    return pattern.exec(this.text)?.[0];
  }

  /** Throws an error that points at `offset`; AUDIT_CONFIG_SYNTAX where no other code is given. */
  fail(offset: number, message: string, code: ErrorCode = 'AUDIT_CONFIG_SYNTAX'): never {
    throw new AuditError(code, message, this.place(offset));
  }
}
