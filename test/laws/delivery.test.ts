/**
 * Law: every record reaches every callback, or is declared lost for it. The program itself, with callbacks of an operator's own beside `file`: one that
 * refuses a record, one that is down when the node stops, two that are added later.
 */
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { folderOf, records, recordThat, startProgram, startServer } from '../harness.js';
import { until } from '../wait.js';

/** Keeps lines in the file of its option `out`; refuses what says `never`; is down while the file `down` is there, and counts its tries; waits while `gate` is there. */
const KEEPER = `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
export default async ({ out }, context) => ({
  async write(records) {
    while (existsSync('gate')) await rest(10);
    if (existsSync('down')) {
      appendFileSync('tries', '.');
      throw new Error('down, and with ' + records[0].text);
    }
    const bad = records.filter((record) => record.text === 'never');
    appendFileSync(out, records.filter((record) => !bad.includes(record)).map((record) => record.line + '\\n').join(''));
    if (bad.length > 0) {
      const refused = bad.map((record) => ({ record, reason: 'too-large' }));
      throw Object.assign(new Error('refused'), { name: 'RefusedRecords', refused });
    }
  },
  async close() {},
});
`;

const linesIn = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []);

const textsIn = (path: string): unknown[] => linesIn(path).map((line) => (JSON.parse(line) as { text?: unknown; topic: unknown }).text);

function answer(socket: Socket): void {
  socket.on('data', () => void socket.write('So it is.\r\n'));
  socket.on('end', () => socket.end());
}

/** Says each line and waits for its answer: what is typed ahead is hidden. Then goes. */
async function converse(client: Socket, ...said: readonly string[]): Promise<void> {
  for (const one of said) {
    client.write(`${one}\r\n`);
    await once(client, 'data');
  }
  client.end();
}

/** A folder with the module in it, and a way to start the program there. */
async function place(t: Test) {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'keeper.mjs'), KEEPER);
  const upstream = await startServer(t, answer);
  const start = (callbacks: readonly string[]) =>
    startProgram(t, { upstream, folder, set: ['AUDIT_IN=True', `AUDIT_CALLBACK=['file', ${callbacks.join(', ')}]`] });
  return { folder, start, at: (name: string) => join(folder, name) };
}

const keeper = (name: string, more = ''): string => `{'use': './keeper.mjs', 'name': '${name}', 'out': '${name}.out'${more}}`;

t.test('a record that a callback refuses is in its dead letters, a gap in the chain names it, and all others reach it', async (t) => {
  const { folder, start, at } = await place(t);
  const program = await start([keeper('mine')]);
  const client = await program.connect();
  await converse(client, 'before', 'never', 'after');
  const gap = await recordThat(folder, ({ topic }) => topic === 'audit.gap', 'the gap');
  await until(() => linesIn(at('mine.out')).some((line) => line.includes(gap.id)), 'the gap in its own copy');
  t.equal(await program.end(), 0);
  const refused = records(folder).find(({ text }) => text === 'never');
  const members = { stage: 'callback', reason: 'too-large', callback: 'mine', from: refused?.id, to: refused?.id, records: 1, ids: [refused?.id] };
  t.match(gap.data, members);
  t.strictSame(textsIn(at('audit/spool/dead/mine.jsonl')), ['never']);
  t.strictSame(
    textsIn(at('mine.out')).filter((text) => text !== undefined),
    ['before', 'after'],
  );
  t.equal(linesIn(at('mine.out')).length, records(folder).length - 1, 'all but that one, to the last');
  t.notMatch(program.printed, /never/);
});

t.test('SIGTERM delivers what it can: a callback that was down is tried until the time is over', async (t) => {
  const { folder, start, at } = await place(t);
  writeFileSync(at('down'), '');
  const program = await start([keeper('mine')]);
  const client = await program.connect();
  await converse(client, 'last words');
  await recordThat(folder, ({ topic }) => topic === 'session.end', 'the end of the session');
  await until(() => existsSync(at('tries')) && readFileSync(at('tries'), 'utf8').length > 6, 'waits of seconds');
  rmSync(at('down'));
  t.equal(await program.end(), 0);
  const ids = linesIn(at('mine.out')).map((line) => (JSON.parse(line) as { id: string }).id);
  t.same(
    [...new Set(ids)].sort(),
    records(folder)
      .map(({ id }) => id)
      .sort(),
    'all of them, to the last',
  );
  t.notMatch(program.printed, /last words/, 'what it throws is said by its name alone');
});

t.test('SIGTERM with a record on its way that is refused: that is declared, and all behind it is delivered', async (t) => {
  const { folder, start, at } = await place(t);
  writeFileSync(at('gate'), '');
  const program = await start([keeper('mine', ", 'batch_records': 1")]);
  await converse(await program.connect(), 'before', 'never', 'after');
  await recordThat(folder, ({ topic }) => topic === 'session.end', 'the end of the session');
  program.child.kill('SIGTERM');
  const isClosed = () =>
    program.connect().then(
      (client) => void client.destroy(),
      () => true,
    );
  await until(isClosed, 'the stop to begin');
  rmSync(at('gate'));
  t.equal(await program.ended(), 0);
  const refused = records(folder).find(({ text }) => text === 'never');
  t.match(records(folder).find(({ topic }) => topic === 'audit.gap')?.data, { callback: 'mine', ids: [refused?.id] });
  t.equal(new Set(linesIn(at('mine.out'))).size, records(folder).length - 1, 'all but that one, to the last');
});

t.test('a callback added later begins at the newest record, or at the oldest that is there', async (t) => {
  const { folder, start, at } = await place(t);
  const say = async (callbacks: readonly string[], text: string) => {
    const program = await start(callbacks);
    const client = await program.connect();
    await converse(client, text);
    await recordThat(folder, (record) => record.text === text, text);
    t.equal(await program.end(), 0);
  };
  await say([], 'first');
  await say([keeper('newest', ", 'start': 'newest'"), keeper('oldest', ", 'start': 'oldest'")], 'second');
  const texts = (name: string) => textsIn(at(`${name}.out`)).filter((text) => text !== undefined);
  t.strictSame(texts('newest'), ['second']);
  t.strictSame(texts('oldest'), ['first', 'second']);
});
