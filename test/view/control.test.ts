import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { AuditError } from '../../src/errors.js';
import { type Answer, askOwner, openControl } from '../../src/view/control.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const quiet = (): void => undefined;

async function owner(t: Test, answers: { readonly [command: string]: Answer }, folder = folderOf(t)): Promise<string> {
  const control = await openControl(folder, answers);
  t.teardown(() => control.close());
  return folder;
}

t.test('a command is answered, with its progress in front', async (t) => {
  const folder = await owner(t, {
    count: async ({ to }, tell) => {
      for (let at = 1; at <= Number(to); at++) tell({ at });
      return { counted: to };
    },
  });
  const told: unknown[] = [];
  t.same(await askOwner(folder, { command: 'count', to: 3 }, (progress) => told.push(progress)), { counted: 3 });
  t.same(told, [{ at: 1 }, { at: 2 }, { at: 3 }]);
});

t.test('where nobody owns the spool there is no answer, also where a dead owner left its socket', async (t) => {
  const folder = folderOf(t);
  t.equal(await askOwner(folder, { command: 'x' }, quiet), undefined);
  writeFileSync(join(folder, 'control.sock'), '');
  t.equal(await askOwner(folder, { command: 'x' }, quiet), undefined);
  await owner(t, { x: async () => 'here' }, folder);
  t.equal(await askOwner(folder, { command: 'x' }, quiet), 'here', 'and a new owner takes its place');
});

t.test('an error is told as it is, a foreign one by its name, an unknown command as such', async (t) => {
  const folder = await owner(t, {
    no: async () => {
      throw new AuditError('AUDIT_REDACT', 'not now');
    },
    bug: async () => JSON.parse('{"password":hunter2}'),
  });
  await t.rejects(askOwner(folder, { command: 'no' }, quiet), { code: 'AUDIT_REDACT', message: 'not now' });
  await t.rejects(askOwner(folder, { command: 'bug' }, quiet), { code: 'AUDIT_INTERNAL', message: 'SyntaxError' });
  await t.rejects(askOwner(folder, { command: 'toString' }, quiet), { code: 'AUDIT_USAGE' });
});

t.test('a folder too deep for the address of a socket will do', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const folder = join(folderOf(t), 'deep'.repeat(20), 'deeper'.repeat(20));
  mkdirSync(folder, { recursive: true });
  await owner(t, { x: async () => 'here' }, folder);
  t.equal(await askOwner(folder, { command: 'x' }, quiet), 'here');
});

t.test('a request without an end is not read for ever, and one that is no JSON harms nobody', async (t) => {
  const folder = await owner(t, { x: async () => 'here' });
  const socket = connect(join(folder, 'control.sock'));
  socket.on('error', () => undefined);
  socket.write('x'.repeat(100_000));
  await new Promise((resolve) => socket.once('close', resolve));
  const other = connect(join(folder, 'control.sock'));
  other.write('nonsense\n');
  const said = await new Promise<string>((resolve) => other.setEncoding('utf8').once('data', resolve));
  t.equal(said, '{"error":{"code":"AUDIT_INTERNAL","message":"SyntaxError"}}\n');
  t.equal(await askOwner(folder, { command: 'x' }, quiet), 'here');
});

t.test('an owner that goes away before it has answered is said', async (t) => {
  const folder = folderOf(t);
  const control = await openControl(folder, {
    never: (_, tell) => {
      tell('begun');
      return new Promise(() => undefined);
    },
  });
  await t.rejects(
    askOwner(folder, { command: 'never' }, () => control.close()),
    { code: 'AUDIT_SPOOL' },
  );
});

t.test('nobody but its user may ask: the socket is private from its first moment', async (t) => {
  const folder = await owner(t, { x: async () => 'here' });
  t.equal(statSync(join(folder, 'control.sock')).mode & 0o777, 0o600);
});

t.test('whoever connects and says nothing, or does not take its answer, keeps nobody else out', async (t) => {
  const folder = folderOf(t);
  const control = await openControl(folder, { long: async () => 'x'.repeat(8 << 20), x: async () => 'here' }, 100);
  t.teardown(() => control.close());
  for (let index = 0; index < 16; index++) {
    const socket = connect({ path: join(folder, 'control.sock'), allowHalfOpen: true });
    socket.on('error', () => undefined);
    if (index % 2) socket.write('{"command":"long"}\n');
    else socket.resume();
  }
  const asked = () => askOwner(folder, { command: 'x' }, quiet).catch(() => undefined);
  t.ok(await until(async () => (await asked()) === 'here', 'room for another'));
});
