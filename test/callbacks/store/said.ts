/** What the tests of the store share: the callback opened on a folder, an evening's lines, and all that a store says. */
import open, { openStore } from '../../../callbacks/store.js';
import type { CallbackOptions } from '../../../src/contract.js';
import { COUNTED } from '../../../src/store-contract.js';
import { evening } from '../../bench/evening.js';
import { pagesOf } from '../../store.suite.js';

const quiet = { info: () => undefined, warn: () => undefined };

/** The callback, with its store in `audit/store` below a folder. */
export const fill = (folder: string, options: CallbackOptions = {}) =>
  open(options, { name: 'store', node: 'n1', folder, log: quiet, signal: new AbortController().signal });

/** Lines with their line ends, over midnight. */
export const eveningLines = (records: number, seed = 1): string[] =>
  [...evening({ records, players: 20, seed, hours: 3, start: Date.UTC(2026, 0, 31, 22) })].flat();

/** All that it says of what it holds. */
export async function saidBy(folder: string) {
  const store = openStore({}, folder);
  const { bytes: _, ...figures } = await store.figures();
  return {
    figures,
    lines: await pagesOf(store, {}),
    answered: await pagesOf(store, { order: 'desc', filters: [{ direction: 'RCV', answered: true }] }),
    sessions: await store.sessions({ order: 'asc', limit: 10_000 }),
    counts: await store.counts({ from: 0, to: Date.UTC(2026, 1, 2), every: 'minute', counted: COUNTED, by: 'account' }),
    accounts: await store.values('account', '', 1_000),
    topics: await store.values('topic', '', 1_000),
  };
}
