/**
 * Law: a callback that hangs, loops, throws or exits costs the others nothing. Four bad ones stand beside `file`: it gets every record promptly, the
 * players' answers do not wait, and a stop ends all of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { folderOf, records, recordThat, startProgram, startServer } from '../harness.js';

const BAD = {
  hangs: 'export default (record) => new Promise(() => {});',
  loops: 'export default (record) => { for (;;); };',
  throws: "export default (record) => { throw new Error('always, and with ' + record.text); };",
  exits: 'export default (record) => { process.exit(3); };',
  raises: "export default (record) => { setTimeout(() => { throw new Error('later, and with ' + record.text); }); return new Promise(() => {}); };",
};

const TURNS = 300;
/** Loose, for a machine of two cores that others load; alone it is below 1 ms. What must not be: a wait for a callback (back-off, 30 s of silence). */
const MOST_P95_MS = 50;
/** The journal's group commit, the thread's wake-up and a write take some 30 ms; back-offs of callbacks are from 1 s on. */
const PROMPT_MS = 3_000;

function echo(socket: Socket): void {
  socket.on('data', (bytes: Buffer) => void socket.write(bytes));
  socket.on('end', () => socket.end());
}

/** Says a line and waits for its echo, so often; gives how long each took, in milliseconds, rising. */
async function converse(client: Socket, turns: number): Promise<number[]> {
  const took: number[] = [];
  let heard: () => void = () => undefined;
  client.on('data', (bytes: Buffer) => {
    if (bytes.includes('\n')) heard();
  });
  for (let turn = 0; turn < turns; turn++) {
    const start = performance.now();
    const answered = new Promise<void>((resolve) => {
      heard = resolve;
    });
    client.write(`turn ${turn} of a game\r\n`);
    await answered;
    took.push(performance.now() - start);
  }
  return took.sort((a, b) => a - b);
}

t.test('bad callbacks harm neither the file beside them nor the game', async (t) => {
  const folder = folderOf(t);
  for (const [name, source] of Object.entries(BAD)) writeFileSync(join(folder, `${name}.mjs`), `${source}\n`);
  const callbacks = ["'file'", ...Object.keys(BAD).map((name) => `'./${name}.mjs'`)];
  const set = ['AUDIT_IN=True', 'AUDIT_OUT=True', 'DRAIN_TIMEOUT_S=1', `AUDIT_CALLBACK=[${callbacks.join(', ')}]`];
  const program = await startProgram(t, { upstream: await startServer(t, echo), set, folder });
  const client = await program.connect();
  const took = await converse(client, TURNS);
  const p95 = took[Math.floor(took.length * 0.95)] as number;
  t.ok(p95 < MOST_P95_MS, `95 of 100 answers came within ${p95.toFixed(1)} ms`);
  const said = Date.now();
  client.end('last words\r\n');
  await recordThat(folder, ({ text }) => text === 'last words', 'the last words in the file', PROMPT_MS);
  t.ok(Date.now() - said < PROMPT_MS, `the file had the last words ${Date.now() - said} ms later`);
  await recordThat(folder, ({ topic }) => topic === 'session.end', 'the end of the session');
  const inputs = records(folder).filter(({ direction }) => direction === 'RCV');
  t.equal(inputs.length, TURNS + 1, 'and every turn before them, once');

  const stopping = Date.now();
  t.equal(await program.end(), 0, 'SIGTERM ends all of them');
  t.ok(Date.now() - stopping < 8_000, `within ${Date.now() - stopping} ms`);
  t.notMatch(program.printed, /turn \d/, 'what a callback throws is said by its name alone');
  t.match(program.printed, /AUDIT_CALLBACK_FAILED: callback throws/);
  t.match(program.printed, /AUDIT_THREAD: callback exits/);
  const last = records(folder).at(-1);
  t.match(last, { topic: 'audit.checkpoint', data: { reason: 'stop' } }, 'and the file has all, to the last');
});

t.test('what a bad callback has not taken waits in the spool for a better one', async (t) => {
  const folder = folderOf(t);
  const upstream = await startServer(t, echo);
  writeFileSync(join(folder, 'mine.mjs'), BAD.throws);
  const set = ['AUDIT_IN=True', 'DRAIN_TIMEOUT_S=0', "AUDIT_CALLBACK=[{'use': './mine.mjs', 'name': 'mine'}]"];
  const program = await startProgram(t, { upstream, set, folder });
  const client = await program.connect();
  await converse(client, 3);
  t.equal(await program.end(), 0);
  writeFileSync(
    join(folder, 'mine.mjs'),
    "import { appendFileSync } from 'node:fs';\nexport default (r) => appendFileSync('mine.txt', (r.text ?? r.topic) + '\\n');\n",
  );
  const again = await startProgram(t, { upstream, set: [...set, 'DRAIN_TIMEOUT_S=10'], folder });
  t.equal(await again.end(), 0);
  const taken = readFileSync(join(folder, 'mine.txt'), 'utf8').split('\n');
  t.match(taken.slice(0, 3), ['audit.start', 'audit.config', 'session.start']);
  t.strictSame(
    taken.filter((text) => text.startsWith('turn')),
    ['turn 0 of a game', 'turn 1 of a game', 'turn 2 of a game'],
  );
});
