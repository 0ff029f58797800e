/**
 * The store on a recorded evening (evening.ts): how fast it fills, how large it becomes, how long questions take, and a day's removal. Prints medians of
 * some runs of each, to the first page of what is asked.
 *
 *   npm run bench:store -- [RECORDS] [PLAYERS]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import open, { openStore } from '../../callbacks/store.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import type { Filter, PageQuery, Store } from '../../src/store-contract.js';
import { COUNTED } from '../../src/store-contract.js';
import { evening } from './evening.js';

const [records = 200_000, players = 300] = process.argv.slice(2).map(Number);
const RUNS = 5;
const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'wirescribe-store-'));
const options = { path: folder };

const print = (what: string, figure: string): void => console.log(`${what.padEnd(52)} ${figure}`);

async function fill(): Promise<void> {
  const quiet = { info: () => undefined, warn: () => undefined };
  const store = await open(options, { name: 'store', node: 'north', folder, log: quiet, signal: new AbortController().signal });
  let [written, bytes, ms] = [0, 0, 0];
  for (const lines of evening({ records, players })) {
    const text = lines.join('');
    const batch = recordsOf(text);
    const began = performance.now();
    await store.write(batch);
    ms += performance.now() - began;
    written += lines.length;
    bytes += text.length;
  }
  await store.close();
  const { bytes: onDisk } = await openStore(options, folder).figures();
  print(`filled with ${written} records of ${Math.round(bytes / written)} bytes`, `${Math.round((written / ms) * 1_000)} records/s`);
  print('bytes on disk a record', String(Math.round(onDisk / written)));
}

async function ask(what: string, work: () => Promise<number>): Promise<void> {
  const times: number[] = [];
  let found = 0;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    found = await work();
    times.push(performance.now() - began);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] as number;
  print(what, `${median.toFixed(1).padStart(8)} ms   ${found} found`);
}

/** Pages until something is found, or all was looked through. */
async function firstPage(store: Store, query: Partial<PageQuery>): Promise<number> {
  let after: string | undefined;
  for (;;) {
    const page = await store.page({ topics: [], filters: [], order: 'desc', limit: 100, ...query, ...(after === undefined ? {} : { after }) });
    if (page.records.length > 0 || page.next === null) return page.records.length;
    after = page.next;
  }
}

async function questions(store: Store): Promise<void> {
  const [last] = await store.sessions({ order: 'desc', limit: 1 });
  const [account = ''] = await store.values('account', '', 1);
  const [address = ''] = await store.values('address', '', 1);
  const { oldest, newest } = await store.figures();
  const filters: readonly (readonly [string, Filter])[] = [
    ['a session', { session: [last?.session ?? ''] }],
    ['an account', { account: [account] }],
    ['an account that is not there', { account: ['nobody'] }],
    ['a network (CIDR)', { address: [`${address.split('.').slice(0, 3).join('.')}.0/24`] }],
    ['a common word', { words: 'people' }],
    ['two words and an account', { words: 'people water', account: [account] }],
    ['a word that is not there', { words: 'zyzzyva' }],
    ['a part of words', { contains: 'hits you for 2' }],
    ['inputs that nobody answered', { answered: false }],
    ['sessions with a gap', { faulty: true }],
    ['one record by its id', { id: [newest ?? ''] }],
  ];
  for (const [what, filter] of filters) await ask(`first 100 of ${what}`, () => firstPage(store, { filters: [filter] }));
  await ask('first 100 of a rare topic (audit.gap)', () => firstPage(store, { topics: ['audit.gap'] }));
  await ask('first 100 of a minute', () => firstPage(store, { from: oldest ?? '', to: oldest?.replace(/.-/, 'f-') ?? '', order: 'asc' }));
  await ask('the newest 100 sessions', async () => (await store.sessions({ order: 'desc', limit: 100 })).length);
  await ask('sessions of an account', async () => (await store.sessions({ order: 'desc', limit: 100, account: [account] })).length);
  const all = { from: Date.UTC(2026, 0, 31), to: Date.UTC(2026, 1, 2) };
  await ask('counts of everything, by minute', async () => (await store.counts({ ...all, every: 'minute', counted: COUNTED })).length);
  await ask(
    'counts of everything, in all, by account',
    async () => (await store.counts({ ...all, every: 'all', counted: COUNTED, by: 'account' })).length,
  );
  await ask('accounts that begin with k', async () => (await store.values('account', 'k', 20)).length);
}

try {
  await fill();
  const store = openStore(options, folder);
  await questions(store);
  const began = performance.now();
  const gone = await store.drop({ from: null, to: Date.UTC(2026, 0, 31) + DAY_MS, keepSessions: false });
  print(`dropping a day of ${gone} records`, `${(performance.now() - began).toFixed(0)} ms`);
} finally {
  rmSync(folder, { recursive: true });
}
