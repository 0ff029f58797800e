/** What is durable in the store, and whole, whatever happens to whoever writes it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openStore } from '../../../callbacks/store.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { fixture } from '../../delivery-bench.js';
import { Dice, folderOf } from '../../harness.js';
import { pagesOf } from '../../store.suite.js';
import { eveningLines, fill, saidBy } from './said.js';

t.setTimeout(120_000);

const LINES = eveningLines(3_000);
const BATCH = 100;
const batches = Array.from({ length: Math.ceil(LINES.length / BATCH) }, (_, index) => LINES.slice(index * BATCH, (index + 1) * BATCH).join(''));
const storeOf = (folder: string): string => join(folder, 'audit/store');

async function filledWith(folder: string, texts: readonly string[]): Promise<void> {
  const callback = await fill(folder);
  for (const text of texts) await callback.write(recordsOf(text));
  await callback.close();
}

async function whole(t: Test) {
  const folder = folderOf(t);
  await filledWith(folder, batches);
  return saidBy(folder);
}

t.test('kill -9 at any moment: what write resolved for is there, and what comes again is there once', async (t) => {
  const folder = folderOf(t);
  const dice = new Dice(11);
  let done = 0;
  for (let kills = 0; kills < 6; kills++) {
    const child = fork(fixture('store-child'), [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(child, 'message');
    const upTo = done + dice.between(2, 5);
    done += await untilKilled(child, batches.slice(done, upTo), dice.between(0, 12));
    t.same(
      (await pagesOf(openStore({}, folder), {})).slice(0, done * BATCH),
      LINES.slice(0, done * BATCH).map((line) => line.slice(0, -1)),
    );
  }
  await filledWith(folder, batches.slice(done));
  t.same(await saidBy(folder), await whole(t));
});

/** Gives batches to a child and kills it within the last, so long after it was given. Gives how many it has answered. */
async function untilKilled(child: ChildProcess, texts: readonly string[], afterMs: number): Promise<number> {
  let answered = 0;
  child.on('message', () => answered++);
  for (const [index, text] of texts.entries()) {
    child.send(text);
    if (index < texts.length - 1) await once(child, 'message');
  }
  const gone = once(child, 'exit');
  setTimeout(() => child.kill('SIGKILL'), afterMs);
  await gone;
  return answered;
}

t.test('what a crash kept out of store.db is taken up from the file of the day, once', async (t) => {
  const folder = folderOf(t);
  const hub = join(storeOf(folder), 'store.db');
  await filledWith(folder, batches.slice(0, 10));
  copyFileSync(hub, join(folder, 'before'));
  await filledWith(folder, batches.slice(10));
  copyFileSync(join(folder, 'before'), hub);
  await filledWith(folder, []);
  t.same(await saidBy(folder), await whole(t));
});

t.test('store.db that is gone is made anew from the days', async (t) => {
  const folder = folderOf(t);
  await filledWith(folder, batches);
  rmSync(join(storeOf(folder), 'store.db'));
  t.same(await pagesOf(openStore({}, folder), {}), [], 'until then there is nothing');
  await filledWith(folder, []);
  t.same(await saidBy(folder), await whole(t));
});

t.test('a day that is dropped while it is written begins anew, and nothing that was written later is lost', async (t) => {
  const folder = folderOf(t);
  const callback = await fill(folder);
  for (const text of batches.slice(0, 5)) await callback.write(recordsOf(text));
  const store = openStore({}, folder);
  t.equal(await store.drop({ from: null, to: null, keepSessions: false }), 5 * BATCH);
  t.same(
    readdirSync(storeOf(folder)).filter((name) => /^\d/.test(name)),
    [],
  );
  await callback.write(recordsOf(batches[5] as string));
  t.same(
    await pagesOf(store, {}),
    LINES.slice(5 * BATCH, 6 * BATCH).map((line) => line.slice(0, -1)),
  );
  await callback.close();
});

t.test('a day whose file was moved away meanwhile begins anew, and nothing is counted twice', async (t) => {
  const folder = folderOf(t);
  const callback = await fill(folder);
  for (const text of batches.slice(0, 5)) await callback.write(recordsOf(text));
  for (const ending of ['', '-wal', '-shm']) rmSync(join(storeOf(folder), `2026-01-31.db${ending}`));
  for (const text of batches) await callback.write(recordsOf(text));
  await callback.close();
  t.same(await saidBy(folder), await whole(t));
});

t.test('all that it writes is its owner’s alone', async (t) => {
  const folder = folderOf(t);
  const callback = await fill(folder);
  await callback.write(recordsOf(batches[0] as string));
  const modes = readdirSync(storeOf(folder)).map((name) => [name, statSync(join(storeOf(folder), name)).mode & 0o777] as const);
  t.ok(modes.length >= 6, 'with what SQLite keeps beside');
  for (const [name, mode] of modes) t.equal(mode, 0o600, name);
  t.equal(statSync(storeOf(folder)).mode & 0o777, 0o700);
  await callback.close();
});

t.test('a file that is damaged is the system’s fault, said with how to mend it, and with nothing of what is in it', async (t) => {
  const folder = folderOf(t);
  await filledWith(folder, batches.slice(0, 2));
  writeFileSync(join(storeOf(folder), '2026-01-31.db'), 'x'.repeat(8_192));
  const callback = await fill(folder).catch((error: unknown) => error);
  t.match(callback, {
    name: 'StoreError',
    code: 'SQLITE_NOTADB',
    retriable: true,
    message: "the store's 2026-01-31.db is no store of ours; move the file away and fill the store again with `wirescribe prepare`",
  });
  await t.rejects(pagesOf(openStore({}, folder), {}), { name: 'StoreError', code: 'SQLITE_NOTADB' });
  rmSync(join(storeOf(folder), '2026-01-31.db'));
  t.same(await pagesOf(openStore({}, folder), {}), [], 'a day that has vanished is passed over');
  await filledWith(folder, batches);
  t.same(await saidBy(folder), await whole(t));
});

t.test('a line that is no record is refused, and all others stand', async (t) => {
  const folder = folderOf(t);
  const callback = await fill(folder);
  const [first = '', second = ''] = LINES;
  const bad = first.replace(/"id":"[^"]*"/, '"id":"nonsense"');
  const error: unknown = await callback.write(recordsOf(`${first}${bad}not json\n${second}`)).catch((thrown: unknown) => thrown);
  t.match(error, { name: 'RefusedRecords', refused: [{ reason: 'malformed' }, { reason: 'malformed' }] });
  t.same(
    await pagesOf(openStore({}, folder), {}),
    [first, second].map((line) => line.slice(0, -1)),
  );
  await callback.close();
});
