/** A real store for tests of what is done about it: filled with sealed lines as the callback fills it, and opened as whoever reads it does. */
import openCallback, { openStore } from '../callbacks/store.js';
import type { CallbackContext } from '../src/contract.js';
import { recordsOf } from '../src/spool/delivery/audit-record.js';
import type { Store } from '../src/store-contract.js';
import { Sealer } from './evidence.js';

const silent = { info: () => undefined, warn: () => undefined };
const DAY_MS = 86_400_000;

/** Writes lines into the store of a folder (its default place there). */
export async function fill(folder: string, lines: readonly string[]): Promise<void> {
  const context: CallbackContext = { name: 'store', node: 'north', folder, log: silent, signal: new AbortController().signal };
  const callback = await openCallback({}, context);
  await callback.write(recordsOf(lines.map((line) => `${line}\n`).join('')));
  await callback.close();
}

export const opened = async (folder: string): Promise<Store> => openStore({}, folder);

/** All lines of a store, in order. */
export async function linesIn(folder: string): Promise<string[]> {
  const store = await opened(folder);
  const lines: string[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.page({ topics: [], order: 'asc', filters: [], limit: 1_000, ...(after === undefined ? {} : { after }) });
    lines.push(...page.records.map(({ line }) => line));
    after = page.next;
  }
  await store.close();
  return lines;
}

/** So many sessions of so many lines on each of the days, the first of which is `2026-01-30` unless told; lines by day. One chain over all of them. */
export function evenings(days: number, { first = '2026-01-30', sessions = 2, says = 3 } = {}): string[][] {
  const sealer = new Sealer('north', Date.parse(`${first}T20:00:00Z`));
  return Array.from({ length: days }, (_, day) => {
    const lines = Array.from({ length: sessions }, (_, one) =>
      sealer.talk(Array.from({ length: says }, (_, said) => `day ${day} session ${one} said ${said}`)),
    ).flat();
    lines.push(...sealer.checkpoint());
    sealer.wait(DAY_MS - lines.length - sessions);
    return lines;
  });
}
