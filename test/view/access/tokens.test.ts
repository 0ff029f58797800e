import { hash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { replaceFile } from '../../../src/spool/files.js';
import { ShareBook } from '../../../src/view/access/shares.js';
import { endOf, makeToken, TokenBook, tokensIn, tokensText } from '../../../src/view/access/tokens.js';
import { folderOf } from '../../harness.js';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const BOB = { name: 'bob', role: 'reviewer', scopes: ['own'], account: 'Bob', until: '2026-02-01' };

t.test('a token is 32 random bytes, and what is kept of it is a digest', async (t) => {
  const { token, secret } = makeToken(BOB, NOW);
  t.match(secret, /^wst_[A-Za-z0-9_-]{43}$/);
  t.not(makeToken(BOB, NOW).secret, secret);
  t.same(token, {
    name: 'bob',
    sha256: hash('sha256', secret),
    role: 'reviewer',
    scopes: ['own'],
    account: 'Bob',
    created: '2026-01-31T12:00:00.000Z',
    until: '2026-02-01T00:00:00.000Z',
  });
  t.notMatch(tokensText([token]), secret.slice(4));
  t.same(makeToken({ name: 'x', role: 'moderator', scopes: [] }, NOW).token.scopes, ['everything'], "without a scope the role's own");
  t.same(makeToken({ name: 'x', role: 'reviewer', scopes: [] }, NOW).token.scopes, ['shared']);
});

t.test('what a token cannot be is said', async (t) => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ name: '../x' }, /a token's name has letters/],
    [{ name: '' }, /a token's name/],
    [{ role: 'root' }, /--role wants one of operator, moderator, auditor, reviewer/],
    [{ role: 'constructor' }, /--role wants one of/],
    [{ scopes: ['all'] }, /--scope wants everything, listener=NAME, account=A,B, own or shared/],
    [{ account: undefined }, /the scope 'own' wants --account/],
    [{ until: '2026-01-31' }, /over already/],
    [{ until: 'tomorrow' }, /an end is a date or a time with its zone/],
    [{ scopes: Array.from({ length: 21 }, () => 'everything') }, /too many/],
  ];
  for (const [given, message] of cases) t.throws(() => makeToken({ ...BOB, ...given } as never, NOW), { code: 'AUDIT_USAGE', message });
  t.equal(endOf('2026-02-01T12:00:00+02:00', NOW), '2026-02-01T10:00:00.000Z');
});

t.test('the book sees what is made, revoked and over without being told', async (t) => {
  const folder = folderOf(t);
  const keep = (...tokens: Parameters<typeof tokensText>[0]) => replaceFile(join(folder, 'tokens'), tokensText(tokens));
  const book = new TokenBook(folder);
  const [bob, eve] = [makeToken(BOB, NOW), makeToken({ ...BOB, name: 'eve' }, NOW)];
  t.equal(book.find(bob.secret, NOW), undefined, 'no file, no token');
  keep(bob.token, eve.token);
  t.same(book.find(bob.secret, NOW), bob.token);
  t.same(book.named('eve'), eve.token);
  t.equal(book.find(`${bob.secret}x`, NOW), undefined);
  t.equal(book.find(bob.token.sha256, NOW), undefined, 'its digest lets nobody in');
  t.equal(book.find(bob.secret, Date.parse('2026-02-01')), undefined, 'it is over');
  keep(eve.token);
  t.equal(book.find(bob.secret, NOW), undefined, 'it is revoked');
  t.same(book.withDigest(eve.token.sha256, NOW), eve.token);
  t.equal(statSync(join(folder, 'tokens')).mode & 0o777, 0o600);
});

t.test('a file that cannot be read lets nobody in, and is said to whoever changes it', async (t) => {
  const folder = folderOf(t);
  const { token, secret } = makeToken(BOB, NOW);
  const bad = ['', '{', 'null', '{"v":2,"tokens":[]}', '{"v":1,"tokens":[{}]}', tokensText([{ ...token, role: 'root' as never }])];
  for (const text of bad) {
    writeFileSync(join(folder, 'tokens'), text);
    t.equal(new TokenBook(folder).find(secret, NOW), undefined, text);
    t.throws(() => tokensIn(folder), { code: 'AUDIT_TOKEN', message: /tokens is damaged or of another version/ }, text);
  }
  t.same(tokensIn(join(folder, 'tokens')), [], 'a folder that is none');
});

t.test('a share counts until its end, or until it is taken back', async (t) => {
  const folder = folderOf(t);
  const book = new ShareBook(folder, replaceFile);
  const share = { token: 'bob', session: 's1', by: 'root', since: '2026-01-31T12:00:00.000Z', until: '2026-01-31T13:00:00.000Z' };
  book.add(share, NOW);
  t.same(book.now(NOW), [share]);
  t.same(new ShareBook(folder, replaceFile).now(NOW), [share], 'it is kept');
  t.same(book.now(Date.parse(share.until)), []);
  book.add({ ...share, until: '2026-01-31T14:00:00.000Z' }, NOW);
  t.same(
    book.now(NOW).map(({ until }) => until),
    ['2026-01-31T14:00:00.000Z'],
    'shared again it has another end',
  );
  const account = { token: 'bob', account: 'Alice', by: 'root', since: share.since, until: share.until };
  book.add(account, NOW);
  t.equal(book.remove({ token: 'bob', session: 's1' }, NOW), true);
  t.equal(book.remove({ token: 'bob', session: 's1' }, NOW), false);
  t.equal(book.remove({ token: 'eve', account: 'alice' }, NOW), false);
  t.same(book.now(NOW), [account]);
  t.equal(book.remove({ token: 'bob', account: 'alice' }, NOW), true, 'case does not count in accounts');
  writeFileSync(join(folder, 'shares'), '{');
  t.same(book.now(NOW), [], 'what cannot be read shares nothing');
});
