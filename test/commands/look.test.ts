/** Looks are recorded: by the owner of the spool, by us where there is none, and where that cannot be it is said. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Asked, beginLook } from '../../src/commands/look.js';
import { loadSettings } from '../../src/config/settings.js';
import { lookAlone } from '../../src/main.js';
import { verifyFiles } from '../../src/view/verify.js';
import { auditFiles, auditLines, folderOf, recordThat, spoolLines, startProgram, startProxy, startServer } from '../harness.js';

const ASKED: Asked = { topic: 'access.view', method: 'query', filters: [{ account: ['bob'], contains: 'my secret' }], from: '2026-01-31' };
const quiet = { info: () => undefined, warn: () => undefined };

/** A look in a folder, with what was remarked on it. */
function looker(folder: string) {
  const settings = loadSettings({ file: null, set: ['ADMIN_LISTEN=None', "NODE='north'"], cwd: folder, env: {} });
  const remarks: string[] = [];
  const options = {
    alone: (fact: Parameters<typeof lookAlone>[2]) => lookAlone(settings, { version: '0.0.0', log: quiet }, fact),
    remark: (text: string) => void remarks.push(text),
  };
  return { remarks, begin: (asked = ASKED) => beginLook(settings, asked, options) };
}

const looksIn = (lines: readonly string[]) => lines.map((line) => JSON.parse(line)).filter(({ topic }) => topic.startsWith('access.'));

t.test('the running proxy records it, at its begin and at its end', async (t) => {
  const { folder } = await startProxy(t, { upstream: await startServer(t, () => undefined) });
  const { remarks, begin } = looker(folder);
  const look = await begin();
  t.equal(looksIn(spoolLines(folder)).length, 1, 'durable before anything is shown');
  await look.end(3);
  await recordThat(folder, ({ topic, data }) => topic === 'access.view' && data?.records === 3, 'the end of the look in the audit file');
  const [first, last] = looksIn(spoolLines(folder)).map(({ data }) => data);
  t.match(first, {
    how: 'command',
    method: 'query',
    filter: { account: ['bob'], contains: null },
    session: null,
    from: '2026-01-31',
    to: null,
    records: null,
  });
  t.strictSame(last, { ...first, records: 3 });
  t.strictSame(remarks, []);
});

t.test('where nobody runs it is written into the chain all the same, and who starts meanwhile waits', async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'audit/spool'), { recursive: true });
  const { remarks, begin } = looker(folder);
  const looks = await Promise.all([begin(), begin()]);
  const upstream = await startServer(t, () => undefined);
  const [program] = await Promise.all([startProgram(t, { upstream, folder, set: ["NODE='north'"] }), ...looks.map((look) => look.end(1))]);
  t.equal(await program.end(), 0);
  t.strictSame(remarks, []);
  const lines = [...new Set([...auditLines(folder), ...spoolLines(folder)])];
  t.strictSame(
    looksIn(lines).map(({ data }) => data.records),
    [null, null, 1, 1],
  );
  const report = await verifyFiles(auditFiles(folder), {});
  t.ok(report.ok, JSON.stringify(report.damage));
});

t.test('without a spool it is not recorded, and a remark says so', async (t) => {
  const { remarks, begin } = looker(folderOf(t));
  await (await begin()).end(3);
  t.equal(remarks.length, 1);
  t.match(remarks[0], /^this look is not recorded: there is no spool at .*audit\/spool$/);
});
