import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readTagKey, tagKeyOf } from '../../src/spool/tag-key.js';

t.test('is made at first use, for its owner alone, and stays', async (t) => {
  const folder = join(t.testdir(), 'spool');
  t.equal(readTagKey(folder), undefined);
  const key = tagKeyOf(folder);
  t.equal(key.length, 32);
  t.same(tagKeyOf(folder), key);
  t.same(readTagKey(folder), key);
  t.equal(statSync(join(folder, 'tag.key')).mode & 0o777, 0o600);
  t.equal(readFileSync(join(folder, 'tag.key'), 'utf8'), `${key.toString('hex')}\n`);
  t.notSame(tagKeyOf(join(t.testdir(), 'other')), key);
});

t.test('is never made anew over one that is damaged', async (t) => {
  const folder = t.testdir({ 'tag.key': 'abc' });
  t.throws(() => tagKeyOf(folder), { code: 'AUDIT_SPOOL', message: /no key of 64 hex digits/ });
  t.equal(readFileSync(join(folder, 'tag.key'), 'utf8'), 'abc');
  writeFileSync(join(folder, 'tag.key'), `${'0f'.repeat(32)}`);
  t.same(tagKeyOf(folder), Buffer.alloc(32, 0x0f));
});

t.test('says why it cannot be read', async (t) => {
  const folder = t.testdir({ 'tag.key': {} });
  chmodSync(join(folder, 'tag.key'), 0o700);
  t.throws(() => tagKeyOf(folder), { code: 'AUDIT_SPOOL', message: /EISDIR/ });
});
