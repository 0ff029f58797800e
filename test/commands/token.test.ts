import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { TokenBook } from '../../src/view/access/tokens.js';
import { folderOf } from '../harness.js';

const CLI = join(import.meta.dirname, '../../src/cli.js');

async function token(cwd: string, ...words: string[]): Promise<readonly [code: number, out: string, err: string]> {
  const child = spawn(process.execPath, [CLI, 'token', ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return [code, out, err];
}

t.test('makes a token and prints it last, lists it without it, and revokes it', async (t) => {
  const cwd = folderOf(t);
  const spool = join(cwd, 'audit/spool');
  const [code, out] = await token(cwd, 'create', 'anna', '--role', 'moderator', '--scope', 'listener=game', '--scope', 'own', '--account', 'Anna');
  t.equal(code, 0);
  t.match(out, /^anna: moderator, sees listener=game and own, until it is revoked\. This is shown once:\nwst_[A-Za-z0-9_-]{43}\n$/);
  const secret = out.trimEnd().split('\n').at(-1) ?? '';
  t.match(new TokenBook(spool).find(secret, Date.now()), { name: 'anna', role: 'moderator', account: 'Anna' });
  t.equal(statSync(join(spool, 'tokens')).mode & 0o777, 0o600);
  t.notMatch(readFileSync(join(spool, 'tokens'), 'utf8'), secret.slice(4));
  t.equal((await token(cwd, 'create', 'rev', '--role', 'reviewer', '--until', '2126-01-31'))[0], 0);
  const [, list] = await token(cwd, 'list');
  t.equal(list, 'anna  moderator  listener=game own  of Anna\nrev   reviewer   shared                      until 2126-01-31T00:00:00.000Z\n');
  const [, json] = await token(cwd, 'list', '--json');
  t.match(JSON.parse(json), [
    { name: 'anna', role: 'moderator', scopes: ['listener=game', 'own'], account: 'Anna', until: null },
    { name: 'rev', account: null },
  ]);
  t.notMatch(json, 'sha256');
  t.same(await token(cwd, 'revoke', 'anna'), [0, 'anna is revoked\n', '']);
  t.equal(new TokenBook(spool).find(secret, Date.now()), undefined);
});

t.test('says what it does not take, and changes nothing then', async (t) => {
  const cwd = folderOf(t);
  await token(cwd, 'create', 'anna', '--role', 'moderator');
  const path = join(cwd, 'audit/spool/tokens');
  const before = readFileSync(path, 'utf8');
  const cases: readonly (readonly [words: string[], message: RegExp])[] = [
    [[], /'token' wants create NAME --role ROLE, list, or revoke NAME/],
    [['constructor', 'x'], /'token' wants create/],
    [['create'], /'token create' wants one name/],
    [['create', 'x'], /--role wants one of/],
    [['create', 'anna', '--role', 'auditor'], /there is a token 'anna' already/],
    [['revoke', 'bob'], /there is no token 'bob'/],
    [['revoke', 'anna', '--role', 'auditor'], /'token revoke' takes no --role/],
    [['list', 'anna'], /'token list' wants no name/],
    [['list', '--until', '2126-01-31'], /'token list' takes no --until/],
  ];
  const answers = await Promise.all(cases.map(([words]) => token(cwd, ...words)));
  for (const [index, [words, message]] of cases.entries()) {
    const [code, out, err] = answers[index] ?? [];
    t.equal(code, 2, words.join(' '));
    t.equal(out, '');
    t.match(err, message);
  }
  t.equal(readFileSync(path, 'utf8'), before);
  writeFileSync(path, '{');
  t.match(await token(cwd, 'create', 'bob', '--role', 'auditor'), [3, '', /AUDIT_TOKEN: .*tokens is damaged/]);
  t.equal(readFileSync(path, 'utf8'), '{');
});

t.test('of commands that run side by side none loses what another wrote', async (t) => {
  const cwd = folderOf(t);
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => token(cwd, 'create', name, '--role', 'auditor')));
  const [, json] = await token(cwd, 'list', '--json');
  t.same(
    JSON.parse(json)
      .map(({ name }: { name: string }) => name)
      .toSorted(),
    names,
  );
});
