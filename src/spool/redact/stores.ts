/**
 * Redaction in the stores that callbacks fill (store-contract.ts): looks through what stands there, which may stand nowhere else any more, and erases it.
 * Receives opened stores; knows no engine. A look goes on where the one before ended, so that what must stand still stands still shortly.
 */
import type { Filter, RecordId, Store } from '../../store-contract.js';
import type { ErasedPart } from './erase.js';

/** A store, by the name of the callback that fills it. */
export interface StorePlace {
  readonly name: string;
  readonly store: Store;
}

/** Records asked for at a time. */
const PAGE = 1_000;

/**
 * Gives every line that may be meant to `take`, in the order of ids. Rejects as the store does.
 * @param after the record that an earlier look ended with
 * @returns the record that this one ended with, if there was any
 */
export async function throughStore(
  store: Store,
  filters: readonly Filter[],
  after: RecordId | undefined,
  take: (line: Buffer) => void,
): Promise<RecordId | undefined> {
  let at = after;
  for (;;) {
    const { records, next } = await store.page({ topics: [], order: 'asc', filters, limit: PAGE, ...(at === undefined ? {} : { after: at }) });
    for (const { line } of records) take(Buffer.from(line));
    at = next ?? records.at(-1)?.id ?? at;
    if (next === null) return at;
  }
}

/** Gives how many lines were changed. @param ids what is meant, by the ids of records */
export function eraseInStore(store: Store, ids: ReadonlyMap<RecordId, ErasedPart>, erased: (line: Buffer) => Buffer | undefined): Promise<number> {
  return store.erase(erased, () => undefined, new Set(ids.keys()));
}
