import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isDiskFull, Reserve, reserveBytesOf } from '../../src/spool/reserve.js';
import { folderOf } from '../harness.js';

const KIB = 1 << 10;
const MIB = 1 << 20;

t.test('the reserve is 1/64 of SPOOL_MAX_BYTES within bounds, and never more than 1/8', async (t) => {
  t.equal(reserveBytesOf(MIB), 128 * KIB);
  t.equal(reserveBytesOf(4 * MIB), 256 * KIB);
  t.equal(reserveBytesOf(64 * MIB), MIB);
  t.equal(reserveBytesOf(4096 * MIB), 8 * MIB);
});

t.test('it is filled with blocks of its own, for its owner alone, and given back whole', async (t) => {
  const folder = folderOf(t);
  const reserve = new Reserve(folder, 3 * MIB);
  const path = join(folder, 'reserve');
  t.equal(reserve.release(), false, 'nothing to give');
  t.equal(await reserve.fill(0), true);
  const { size, blocks, mode } = statSync(path);
  t.equal(size, 3 * MIB);
  t.ok(blocks * 512 >= size, 'not sparse');
  t.equal(mode & 0o777, 0o600);
  t.ok(
    readFileSync(path).every((byte) => byte >= 0x80),
    'and no letters in it',
  );
  t.equal(reserve.bytes, 3 * MIB);
  t.equal(reserve.release(), true);
  t.equal(statSync(path).size, 0);
  t.equal(reserve.bytes, 0);
  t.equal(await reserve.fill(0), true, 'and filled again');
  t.equal(statSync(path).size, 3 * MIB);
});

t.test('what a process before left is gone on with', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'reserve'), Buffer.alloc(100 * KIB, 0xff));
  const reserve = new Reserve(folder, 300 * KIB);
  t.equal(reserve.bytes, 100 * KIB);
  t.equal(await reserve.fill(0), true);
  t.equal(statSync(join(folder, 'reserve')).size, 300 * KIB);
});

t.test('released while it is being filled it ends up empty', async (t) => {
  const folder = folderOf(t);
  const reserve = new Reserve(folder, 8 * MIB);
  const path = join(folder, 'reserve');
  const filling = reserve.fill(0);
  while (!existsSync(path) || statSync(path).size === 0) await new Promise((resolve) => setImmediate(resolve));
  reserve.release();
  t.equal(await filling, false);
  t.equal(statSync(path).size, 0);
  t.equal(reserve.bytes, 0);
});

t.test('a full disk and a used up quota are the same, other errors are not', async (t) => {
  const failed = (code: string): Error => Object.assign(new Error(code), { code });
  t.ok(isDiskFull(failed('ENOSPC')));
  t.ok(isDiskFull(failed('EDQUOT')));
  t.notOk(isDiskFull(failed('EIO')));
  t.notOk(isDiskFull(null));
});
