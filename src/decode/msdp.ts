/**
 * MUD Server Data Protocol (tintin.mudhalla.net/protocols/msdp): receives a payload, gives the variables it sets, nested tables and arrays in them.
 * Never throws, goes no deeper than MAX_DEPTH; what is malformed gives nothing.
 */

const VAR = 1;
const VAL = 2;
const TABLE_OPEN = 3;
const TABLE_CLOSE = 4;
const ARRAY_OPEN = 5;
const ARRAY_CLOSE = 6;

/** Tables and arrays inside of each other. Those in use are two deep; an enemy's would else be as deep as our stack. */
export const MAX_DEPTH = 16;

/** A map, for names come from the wire (`__proto__`). */
export type MsdpTable = ReadonlyMap<string, MsdpValue>;
export type MsdpValue = string | readonly MsdpValue[] | MsdpTable;

/** @param textOf makes a string of bytes that it does not keep; @returns undefined where the payload is malformed or too deep */
export function parseMsdp(payload: Uint8Array, textOf: (bytes: Uint8Array) => string): MsdpTable | undefined {
  const reader = new Reader(payload, textOf);
  const table = reader.table(0);
  return table && reader.done ? table : undefined;
}

class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #textOf: (bytes: Uint8Array) => string;

  constructor(bytes: Uint8Array, textOf: (bytes: Uint8Array) => string) {
    this.#bytes = bytes;
    this.#textOf = textOf;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Variables, up to what is none. A variable with several values is an array. */
  table(depth: number): MsdpTable | undefined {
    const table = new Map<string, MsdpValue>();
    while (this.#skip(VAR)) {
      const name = this.#text();
      const values = this.#values(depth);
      if (!values) return undefined;
      const [only = ''] = values;
      table.set(name, values.length > 1 ? values : only);
    }
    return table;
  }

  #values(depth: number): MsdpValue[] | undefined {
    const values: MsdpValue[] = [];
    while (this.#skip(VAL)) {
      const value = this.#value(depth);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  }

  #value(depth: number): MsdpValue | undefined {
    const isTable = this.#skip(TABLE_OPEN);
    if (!isTable && !this.#skip(ARRAY_OPEN)) return this.#text();
    if (depth === MAX_DEPTH) return undefined;
    const inner = isTable ? this.table(depth + 1) : this.#values(depth + 1);
    return this.#skip(isTable ? TABLE_CLOSE : ARRAY_CLOSE) ? inner : undefined;
  }

  #skip(mark: number): boolean {
    if (this.#bytes[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #text(): string {
    const from = this.#at;
    while (!this.done && !isMark(this.#bytes[this.#at] as number)) this.#at++;
    return this.#textOf(this.#bytes.subarray(from, this.#at));
  }
}

const isMark = (byte: number): boolean => byte >= VAR && byte <= ARRAY_CLOSE;
