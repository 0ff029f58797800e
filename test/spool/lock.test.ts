import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { lockSpool } from '../../src/spool/lock.js';
import { folderOf } from '../harness.js';

const MODULE = join(import.meta.dirname, '../../src/spool/lock.js');

/** A process that takes the lock, says so (or the error's code), and keeps it. */
async function otherProcess(t: Test, folder: string) {
  const script =
    `import(${JSON.stringify(MODULE)}).then(({ lockSpool }) => lockSpool(${JSON.stringify(folder)}))` +
    ".then(() => console.log('owned'), ({ code }) => console.log(code)).then(() => setInterval(() => {}, 1e6))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return { said: String(said).trim(), child };
}

t.test('a second process is refused, with what to do; kill -9 of the first frees the spool', async (t) => {
  const folder = folderOf(t);
  const { said, child } = await otherProcess(t, folder);
  t.equal(said, 'owned');
  t.throws(() => lockSpool(folder), {
    code: 'AUDIT_SPOOL_OWNED',
    message: `another wirescribe uses the spool ${folder}; stop it, or give this one a SPOOL_DIR of its own`,
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockSpool(folder);
  t.equal((await otherProcess(t, folder)).said, 'AUDIT_SPOOL_OWNED');
  lock.release();
  t.equal((await otherProcess(t, folder)).said, 'owned');
});

t.test('in one process a spool is taken once as well', async (t) => {
  const folder = folderOf(t);
  const lock = lockSpool(folder);
  t.throws(() => lockSpool(folder), { code: 'AUDIT_SPOOL_OWNED' });
  lock.release();
  lockSpool(folder).release();
});

t.test('a program that we start does not inherit the lock', async (t) => {
  const folder = folderOf(t);
  const lock = lockSpool(folder);
  const child = spawn('sleep', ['60']);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  lock.release();
  t.doesNotThrow(() => lockSpool(folder).release());
});

t.test('the folder is made where it is missing, for its owner alone', async (t) => {
  const folder = join(folderOf(t), 'a/b');
  lockSpool(folder).release();
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'lock')).mode & 0o777, 0o600);
});

t.test('a folder that cannot be made is refused with its path', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'file'), '');
  t.throws(() => lockSpool(join(folder, 'file/spool')), { code: 'AUDIT_SPOOL', message: /file\/spool cannot be written \(ENOTDIR\)/ });
});

t.test('a folder that is not ours to write is refused', { skip: process.getuid?.() === 0 && 'root may write everywhere' }, async (t) => {
  const folder = folderOf(t);
  chmodSync(folder, 0o500);
  t.teardown(() => chmodSync(folder, 0o700));
  t.throws(() => lockSpool(folder), { code: 'AUDIT_SPOOL', message: /EACCES/ });
});
