/** `export --format jsonl` as evidence: what it writes of a session proves that session by itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { evening, looked, wirescribe } from './recorded.js';

const topicsIn = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { readonly topic: string }).topic)
    .filter((topic) => !topic.startsWith('session.'));

t.test('with the checkpoints that name the session it is proven whole, and one line less is not', async (t) => {
  const { folder, sessions, program } = await evening(t, { signed: true });
  const [first = '', second = ''] = sessions;
  const early = await looked(folder, 'export', first, '--format', 'jsonl');
  t.match(early.err, 'the checkpoint that covers the end of this session, or what was erased of it, is not in the store (yet)');
  t.match(await wirescribe(folder, 'redact', '--session', second, '--part', 'body', '--why', 'asked for', '--yes'), { code: 0 });
  t.equal(await program.end('SIGTERM'), 0);

  const path = join(folder, 'first.jsonl');
  t.strictSame(await wirescribe(folder, 'export', first, '--format', 'jsonl', '--out', path), { code: 0, out: '', err: '' });
  const beside = topicsIn(path);
  t.ok(beside.length > 0 && beside.every((topic) => topic === 'audit.checkpoint'), beside.join());
  const verify = (file: string, session: string, ...more: string[]) =>
    wirescribe(folder, 'verify', '--session', session, '--key', 'checkpoint.key.pub', file, ...more);
  t.match(await verify(path, first, '--strict'), { code: 0, out: /^good: 13 records of 1 session/ });
  const cut = join(folder, 'cut.jsonl');
  writeFileSync(cut, readFileSync(path, 'utf8').replace(/^.*"topic":"session\.end".*\n/m, ''));
  t.match(await verify(cut, first), { code: 1 });

  const erased = join(folder, 'second.jsonl');
  t.strictSame(await wirescribe(folder, 'export', second, '--format', 'jsonl', '--out', erased), { code: 0, out: '', err: '' });
  t.strictSame([...new Set(topicsIn(erased))].toSorted(), ['access.redact', 'audit.checkpoint']);
  const { code, out } = await verify(erased, second);
  t.match(out, /counted, no damage: \d+ redacted parts/);
  t.notMatch(out, 'not proven');
  t.equal(code, 0);
});
