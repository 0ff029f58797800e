/** `redact` while the proxy runs in this process: what goes on meanwhile, and what goes wrong in its middle. */
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { redact as redactIn } from '../../src/redact/redact.js';
import type { RedactRequest } from '../../src/spool/redact/select.js';
import { segmentPath } from '../../src/spool/segments.js';
import { Sealer } from '../evidence.js';
import { auditFiles, filesIn, folderOf, spoolLines, startProxy } from '../harness.js';
import { everything, records, redactions, SECRET, SET, said, wirescribe, world } from '../redaction.js';
import { until } from '../wait.js';

t.setTimeout(240_000);

/** A proxy in this process that has recorded something, and is asked to erase. */
async function spoken(t: Test, texts: readonly string[], set: readonly string[] = SET, folder = folderOf(t)) {
  const { upstream, say } = await world(t);
  const proxy = await startProxy(t, { upstream, set, folder });
  const socket = await proxy.connect();
  for (const text of ['hello', ...texts, 'and on', 'and out']) await say(socket, text);
  await said(folder, 'and on');
  const redact = (more: Partial<RedactRequest>, look = false) =>
    proxy.running.redact({ part: 'body', by: 'op', why: 'asked', ...more }, look, () => undefined);
  return { ...proxy, upstream, socket, say: (text: string) => say(socket, text), redact };
}

const holdsUp = async (t: Test, folder: string): Promise<void> => {
  t.equal((await wirescribe(folder, ['verify', ...auditFiles(folder)])).code, 0, 'the files');
  t.equal((await wirescribe(folder, ['verify', '--spool', 'audit/spool'])).code, 0, 'the spool');
};

t.test('who is gone is not told by what comes: the session goes on under a new digest', async (t) => {
  const { folder, running, say, redact } = await spoken(t, ['one']);
  const before = new Set(records(folder).flatMap(({ session, digest }) => (session ? [digest[0]] : [])));
  t.equal(before.size, 1);
  await redact({ part: 'who', pattern: '127.0.0.1' });
  for (const text of ['two', 'three']) await say(text);
  await said(folder, 'two');
  await until(() => redactions(folder).length === 2, 'the redaction to be delivered');
  const after = records(folder).filter(({ text }) => text === 'two');
  t.ok(after[0]?.digest[0] && !before.has(after[0].digest[0]));
  await running.stop();
  for (const { session, digest, ...record } of records(folder)) if (session && before.has(digest[0])) t.notOk('ip' in record);
  await holdsUp(t, folder);
});

t.test('proof is not erased, whatever is asked for', async (t) => {
  const { folder, running, redact } = await spoken(t, ['one']);
  await redact({ pattern: 'one', why: 'the reason' });
  const all = await redact({ part: 'both', from: '2000-01-01' });
  t.ok(all.records > 4);
  t.equal((await redact({ pattern: 'reason|asked' })).records, 0);
  await until(() => redactions(folder).filter(({ data }) => data?.done === true).length === 2, 'both redactions to be delivered');
  await running.stop();
  t.match(redactions(folder)[0]?.data, { why: 'the reason' });
  t.same(
    records(folder).filter(({ session, text }) => session && text),
    [],
  );
  await holdsUp(t, folder);
});

t.test('counting stops nobody, and two that ask at once get their turns', async (t) => {
  const { folder, running, redact } = await spoken(t, [SECRET, 'another word']);
  const [callback] = running.callbacks;
  const { records: meant } = await redact({ pattern: 'hare under' }, true);
  t.ok(meant >= 2);
  t.equal(running.callbacks[0], callback, 'its thread goes on');
  const both = await Promise.all([redact({ pattern: 'hare under' }), redact({ pattern: 'another word' }), redact({ pattern: 'hare under' })]);
  t.same(
    both.map(({ records }) => records > 0),
    [true, true, false],
  );
  t.notMatch(everything(folder), /hare under|another word/);
  t.match(await running.stats(), { redaction: null, callbacks: [{ name: 'file' }, { name: /^file/ }] });
});

t.test('a place that cannot be written leaves it undone; the next one goes on with it', async (t) => {
  const { folder, redact, logged } = await spoken(t, [SECRET]);
  const inTheWay = `${auditFiles(folder)[0]}.redact.tmp`;
  mkdirSync(inTheWay);
  await t.rejects(redact({ pattern: 'hare under' }), {
    code: 'AUDIT_REDACT',
    message: /audit.*log\.redact\.tmp? .*or start the proxy anew|cannot read or rewrite/,
  });
  t.match(everything(folder), SECRET);
  await said(folder, 'and out');
  rmdirSync(inTheWay);
  t.equal((await redact({ pattern: 'no such word' })).records, 0);
  t.notMatch(everything(folder), SECRET);
  t.same(logged, []);
});

t.test('a file that cannot be read stops it before anything is erased', async (t) => {
  const { folder, redact } = await spoken(t, [SECRET]);
  writeFileSync(join(folder, 'audit/audit.2020-01-01.1.log.gz'), gzipSync(SECRET).subarray(0, 20));
  await t.rejects(redact({ pattern: 'hare under' }), { code: 'AUDIT_REDACT', message: /2020-01-01\.1\.log\.gz \(Z_BUF_ERROR\); nothing was erased/ });
  t.notMatch(spoolLines(folder).join(), 'access.redact');
});

t.test('stopped in its middle it is done, or left to the next start; what was recorded meanwhile is delivered', async (t) => {
  const { folder, running, redact, upstream } = await spoken(t, [SECRET], [...SET, 'DRAIN_TIMEOUT_S=0']);
  const asked = redact({ pattern: 'hare under' }).then(
    () => 'done',
    ({ code }) => code,
  );
  await until(() => statSync(join(folder, 'audit/spool/redact.json'), { throwIfNoEntry: false }), 'it to have begun');
  await running.stop();
  t.match(await asked, /^(done|AUDIT_REDACT|AUDIT_SPOOL)$/);
  const again = await startProxy(t, { upstream, set: SET, folder });
  await until(() => redactions(folder).some(({ data }) => data?.done === true), 'the end of the redaction');
  await said(folder, 'and out');
  t.notMatch(everything(folder), SECRET);
  await again.running.stop();
  await holdsUp(t, folder);
});

t.test('an audit thread that ends in its middle is started again, held as before, and it goes on', async (t) => {
  const { folder, running, redact } = await spoken(t, [SECRET]);
  const asked = redact({ pattern: 'hare under' });
  await until(() => statSync(join(folder, 'audit/spool/redact.json'), { throwIfNoEntry: false }), 'it to have begun');
  await running.auditThread?.terminate();
  t.ok((await asked).records >= 2);
  await until(() => redactions(folder).some(({ data }) => data?.done === true), 'the end of the redaction');
  t.notMatch(everything(folder), SECRET);
  await running.stop();
  await holdsUp(t, folder);
});

t.test('files in another form, and those that nobody keeps any more, hold nothing of it either', async (t) => {
  const forms =
    "AUDIT_CALLBACK=['file', {'use': 'file', 'name': 'e', 'path': 'e/e.log', 'format': 'ecs'}, {'use': 'file', 'name': 'f', 'path': 'f/f.log', 'fields': ['text']}]";
  const first = await spoken(t, [SECRET], ['AUDIT_IN=True', 'AUDIT_OUT=True', forms]);
  const { folder } = first;
  await until(() => everything(join(folder, 'e')).includes('and on') && everything(join(folder, 'f')).includes('and on'), 'all callbacks');
  t.match(everything(join(folder, 'e')), SECRET);
  await first.running.stop();
  const { redact, running } = await spoken(
    t,
    [],
    ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK=['file', {'use': 'file', 'name': 'e', 'path': 'e/e.log', 'format': 'ecs'}]"],
    folder,
  );
  await redact({ pattern: 'hare under' });
  t.notMatch(everything(join(folder, 'e')), SECRET);
  t.match(everything(join(folder, 'f')), SECRET, 'it is configured no more');
  const left = filesIn(join(folder, 'f'), /./);
  t.equal((await redact({ pattern: 'hare under', files: left })).records, 2);
  t.notMatch(everything(folder), SECRET);
  await running.stop();
});

t.test('a hold that comes when nobody waits for it any more is let go', async (t) => {
  const folder = folderOf(t);
  writeFileSync(segmentPath(folder, 1), `${new Sealer().talk([SECRET]).join('\n')}\n`);
  const stop = new AbortController();
  const did: string[] = [];
  let hold: (segment: number) => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    const still = {
      ...{ folder, keepers: [], archive: { dir: join(folder, 'archive'), name: 'a' }, configFolder: folder, signal: stop.signal },
      hold: () => {
        resolve();
        return new Promise<number>((settle) => {
          hold = settle;
        });
      },
      release: async () => void did.push('release'),
      stopCallbacks: async () => void did.push('stop'),
      startCallbacks: () => void did.push('start'),
      declare: async () => true,
    };
    const redacted = redactIn(still, { part: 'body', pattern: 'hare', by: 'op', why: 'asked' }, () => undefined);
    void t.rejects(redacted, { code: 'AUDIT_REDACT' }).then(() => did.push('refused'));
  });
  await asked;
  stop.abort();
  await until(() => did.includes('refused'), 'it to be refused');
  t.same(did, ['release', 'refused'], 'no callback was stopped');
  hold(2);
  await until(() => did.length === 3, 'the late hold to be let go');
  t.equal(did[2], 'release');
  t.match(everything(folder), SECRET);
});
