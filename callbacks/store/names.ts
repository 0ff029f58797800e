/** Names that occur, and how often: of records that come, or of a whole day by its own tables. Receives facts or a day's file, gives sums. Keeps nothing. */
import type { File } from './engine.js';
import type { Facts } from './facts.js';

export type ValueOf = 'account' | 'address' | 'listener' | 'event' | 'topic' | 'character';

/** How often names occur. */
export class Names {
  readonly #counts = new Map<string, { readonly of: ValueOf; readonly name: string; n: number }>();

  add(of: ValueOf, name: string, n: number): void {
    if (name === '') return;
    const key = `${of} ${name}`;
    const known = this.#counts.get(key);
    if (known) known.n += n;
    else this.#counts.set(key, { of, name, n });
  }

  addFacts({ kind, who }: Facts): void {
    const { topic, also, event } = kind;
    const { account, character, listener, ip } = who;
    for (const [of, name] of Object.entries({ account, character, listener, address: ip, event, topic }) as [ValueOf, string][])
      this.add(of, name, 1);
    this.add('topic', also, 1);
  }

  all(): Iterable<{ readonly of: ValueOf; readonly name: string; readonly n: number }> {
    return this.#counts.values();
  }
}

type Source = readonly [of: ValueOf, column: string, table: 'who' | 'kind'];

const PERSONAL: readonly Source[] = [
  ['account', 'account', 'who'],
  ['character', 'character', 'who'],
  ['address', 'ip', 'who'],
];
const ALL: readonly Source[] = [
  ...PERSONAL,
  ['listener', 'listener', 'who'],
  ['event', 'event', 'kind'],
  ['topic', 'topic', 'kind'],
  ['topic', 'also', 'kind'],
];

function namesBy(file: File, sources: readonly Source[]): Names {
  const names = new Names();
  for (const [of, column, table] of sources) {
    const rows = file.once<{ readonly name: string; readonly n: number }>(`SELECT ${column} AS name, sum(n) AS n FROM ${table} GROUP BY ${column}`);
    for (const { name, n } of rows) names.add(of, name, n);
  }
  return names;
}

/** How often each name occurs in a day. */
export const namesOfDay = (file: File): Names => namesBy(file, ALL);

/** The same of accounts, characters and addresses alone. */
export const personalNames = (file: File): Names => namesBy(file, PERSONAL);
