import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { dropGoing, GoingFile, isGoing, listGoing, readGoing } from '../../src/spool/going.js';
import { folderOf } from '../harness.js';

const MODULE = join(import.meta.dirname, '../../src/spool/going.js');
const [ONE, TWO] = ['019b7ca9-8c88-7000-8000-000000000001', '019b7ca9-8c88-7000-8000-000000000002'];

t.test('names the sessions that go on, those too that begin later; is seen to live, and goes with the last', (t) => {
  const folder = folderOf(t);
  t.same(listGoing(folder), []);
  const file = new GoingFile(folder, [ONE]);
  file.add(TWO);
  t.same(listGoing(folder), [file.name]);
  t.same(readGoing(folder, file.name), [ONE, TWO]);
  t.ok(isGoing(folder, file.name));
  t.equal(statSync(join(folder, 'going', file.name)).mode & 0o777, 0o600);
  const second = new GoingFile(folder, []);
  t.not(second.name, file.name);
  file.remove();
  t.notOk(isGoing(folder, file.name));
  t.same(listGoing(folder), [second.name]);
  second.abandon();
  t.notOk(isGoing(folder, second.name), 'given up');
  dropGoing(folder, second.name);
  t.same(listGoing(folder), []);
  t.same(readGoing(folder, second.name), []);
  t.end();
});

t.test('a process that is killed goes on no more, and its sessions are known', async (t) => {
  const folder = folderOf(t);
  const script =
    `import(${JSON.stringify(MODULE)}).then(({ GoingFile }) => new GoingFile(${JSON.stringify(folder)}, [${JSON.stringify(ONE)}]))` +
    '.then(({ name }) => console.log(name)).then(() => setInterval(() => {}, 1e6))';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const name = String((await once(child.stdout, 'data'))[0]).trim();
  t.equal(name, `${child.pid}.1`);
  t.ok(isGoing(folder, name));
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.notOk(isGoing(folder, name));
  t.same(readGoing(folder, name), [ONE]);
});

t.test('files that are none of ours, and lines that are no ids, are left out', (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'going'));
  writeFileSync(join(folder, 'going', 'notes.txt'), ONE);
  writeFileSync(join(folder, 'going', '7.1'), `${ONE}\nhalf an id\n${TWO.slice(0, 8)}`);
  t.same(listGoing(folder), ['7.1']);
  t.same(readGoing(folder, '7.1'), [ONE]);
  t.end();
});
