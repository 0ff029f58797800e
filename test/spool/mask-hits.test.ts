import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { keepMaskHits, readMaskHits } from '../../src/spool/mask-hits.js';
import { folderOf } from '../harness.js';

t.test('keeps what it is given, for the owner alone, and gives it back', async (t) => {
  const folder = folderOf(t);
  t.equal(readMaskHits(folder), undefined);
  keepMaskHits(folder, { a: 1 });
  keepMaskHits(folder, { a: 2 });
  t.same(readMaskHits(folder), { a: 2 });
  t.equal(statSync(join(folder, 'mask-hits.json')).mode & 0o777, 0o600);
});

t.test('gives null for what cannot be read, and bears a disk that takes nothing', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'mask-hits.json'), '{"a":');
  t.equal(readMaskHits(folder), null);
  keepMaskHits(join(folder, 'nowhere'), {});
});
