import t from 'tap';
import { archiveName, archiveNames, faultOfName } from '../../src/spool/archive-name.js';

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);

t.test('a name is made of the day in UTC', async (t) => {
  t.equal(archiveName('wirescribe-%Y-%m-%d', day('2026-01-31')), 'wirescribe-2026-01-31');
  t.equal(archiveName('%y%m%d.%j', day('2026-12-31')), '261231.365');
  t.equal(archiveName('mud-%G-W%V', day('2027-01-01')), 'mud-2026-W53');
  t.equal(archiveName('mud-%G-W%V', day('2026-01-01')), 'mud-2026-W01');
  t.equal(archiveName('100%%', day('2026-01-01')), '100%');
});

t.test('a template that makes no name of a file is told from one that does', async (t) => {
  for (const good of ['wirescribe-%Y-%m-%d', '%Y', '%%', 'a b', 'Spiel-%G%V']) t.equal(faultOfName(good), undefined, good);
  for (const code of ['%H', '%s', '%', 'a%']) t.match(faultOfName(code), /is none of %Y %y %m %d %j %G %V %%/, code);
  for (const bad of ['', 'a/b', '../a', '.a', '-a', 'a\nb', 'x'.repeat(201)]) t.match(faultOfName(bad), /^a name begins with/, JSON.stringify(bad));
});

t.test('a file of a template is known again, and no other', async (t) => {
  const names = archiveNames('mud.%Y-%m-%d');
  for (const name of ['mud.2026-01-31.jsonl.gz', 'mud.2026-01-31.2.jsonl.gz', 'mud.2026-01-31.jsonl.gz.tmp']) t.match(name, names);
  for (const name of ['mudx2026-01-31.jsonl.gz', 'mud.2026-01-31.jsonl', 'mud.26-01-31.jsonl.gz', 'xmud.2026-01-31.jsonl.gz'])
    t.notMatch(name, names);
  t.match('100%.jsonl.gz', archiveNames('100%%'));
});
