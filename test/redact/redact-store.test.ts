/** `redact` and the store: what stands there goes like what stands in files, also where it stands nowhere else any more. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openStore } from '../../callbacks/store.js';
import { prepareCommand } from '../../src/commands/prepare.js';
import { loadSettings } from '../../src/config/settings.js';
import { readCommandLine } from '../../src/config/usage.js';
import { lockFilling } from '../../src/spool/filling.js';
import { auditFiles, folderOf, startProgram } from '../harness.js';
import { everything, type Ran, SECRET, said, wirescribe, world } from '../redaction.js';
import { pagesOf } from '../store.suite.js';
import { until } from '../wait.js';

t.setTimeout(240_000);

const SET = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK=['file', 'store']", 'AUDIT_MASK_PACKS=[]'];
const words = SET.flatMap((one) => ['--set', one]);
const stored = async (folder: string): Promise<string> => (await pagesOf(openStore({}, folder), {})).join('\n');
const redact = (folder: string, ...more: readonly string[]) => wirescribe(folder, ['redact', ...words, '--why', 'asked', '--yes', '--json', ...more]);

/** A proxy that has recorded a secret, once it stands in the store. */
async function recorded(t: Test, folder: string) {
  const { upstream, say } = await world(t);
  const program = await startProgram(t, { upstream, set: SET, folder });
  const socket = await program.connect();
  await say(socket, 'before');
  await say(socket, SECRET);
  await say(socket, 'behind');
  await said(folder, 'behind');
  await until(async () => (await stored(folder)).includes('You said: behind'), 'the records to be in the store');
  return { program, socket, say };
}

t.test('while the proxy runs: nothing is left of it in any file of the store, and what is said then comes into it', async (t) => {
  const folder = folderOf(t);
  const { program, socket, say } = await recorded(t, folder);
  t.match(everything(join(folder, 'audit/store')), SECRET);
  const ran = await redact(folder, '--pattern', 'HARE under');
  t.equal(ran.code, 0, ran.err);
  t.match(JSON.parse(ran.out), { records: 2, erased: true });
  t.notMatch(everything(folder), SECRET);
  await say(socket, 'later');
  await until(async () => (await stored(folder)).includes('"text":"later"'), 'what was said later to be in the store');
  t.match(await stored(folder), /"text":"before"[\s\S]*"text":"behind"/);
  socket.destroy();
  await program.end();
  t.notMatch(everything(folder), SECRET);
});

t.test('a session that stands in the store alone is found there, and its address goes', async (t) => {
  const folder = folderOf(t);
  const { program, socket } = await recorded(t, folder);
  socket.destroy();
  await program.end();
  for (const gone of [join(folder, 'audit/spool'), ...auditFiles(folder)]) rmSync(gone, { recursive: true });
  const [{ session, ip } = { session: '', ip: '' }] = await openStore({}, folder).sessions({ order: 'asc', limit: 1 });
  t.equal(ip, '127.0.0.1');
  const ran = await redact(folder, '--session', session);
  t.equal(ran.code, 0, ran.err);
  t.match(await openStore({}, folder).sessions({ order: 'asc', limit: 10 }), [{ session, ip: null, inputs: 3 }]);
  t.notMatch(everything(join(folder, 'audit/store')), SECRET);
  t.notMatch(everything(join(folder, 'audit/store')), '127.0.0.1"');
  t.equal((await redact(folder, '--session', session)).code, 1, 'there is nothing left to erase');
});

t.test(
  'while `prepare` fills a store it is refused, and `prepare` while it goes on: what the one has read would come back behind the other',
  async (t) => {
    const folder = folderOf(t);
    const { program, socket } = await recorded(t, folder);
    socket.destroy();
    await program.end();
    const spool = join(folder, 'audit/spool');
    rmSync(join(folder, 'audit/store'), { recursive: true });
    const settings = loadSettings({ file: null, set: SET, cwd: folder, env: {} });
    let refused: Ran | undefined;
    // It has read all, and written it.
    const print = async (): Promise<number> => {
      refused = await redact(folder, '--pattern', 'HARE under');
      return 0;
    };
    t.equal(
      await prepareCommand(readCommandLine(['prepare', '--spool']), settings, { print, log: { info: () => undefined, warn: () => undefined } }),
      0,
    );
    t.match(refused, { code: 3, err: /AUDIT_REDACT: `prepare` fills a store just now/ });
    t.match(await stored(folder), SECRET, 'nothing was erased');
    const lock = lockFilling(spool);
    t.match(await wirescribe(folder, ['prepare', ...words, '--spool']), { code: 3, err: /^AUDIT_SPOOL_OWNED: a redaction goes on/ });
    lock?.release();
    t.equal((await redact(folder, '--pattern', 'HARE under')).code, 0);
    t.equal((await wirescribe(folder, ['prepare', ...words, '--spool'])).code, 0);
    t.notMatch(everything(folder), SECRET);
  },
);
