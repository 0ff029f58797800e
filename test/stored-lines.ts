/** What a store holds, for tests that compare it with what was recorded. */
import { openStore } from '../callbacks/store.js';

/** All lines of the store in `folder`'s audit/store, in the order of their ids. */
export async function storedLines(folder: string): Promise<string[]> {
  const store = openStore({ path: 'audit/store' }, folder);
  const lines: string[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const { records, next } = await store.page({ topics: [], order: 'asc', filters: [], limit: 1_000, ...(after ? { after } : {}) });
    lines.push(...records.map(({ line }) => line));
    after = next;
  }
  await store.close();
  return lines;
}
