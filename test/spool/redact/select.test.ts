import t from 'tap';
import { compileSearch } from '../../../src/mask/search.js';
import { sealedOf, withoutPart } from '../../../src/spool/redact/erase.js';
import { Chooser, checkedRequest, type RedactRequest } from '../../../src/spool/redact/select.js';
import { type Draft, partsOf, Sealer } from '../../evidence.js';

const sealer = new Sealer();
const session = sealer.session();
const other = sealer.session();
const third = sealer.session();
const who = { ip: '203.0.113.7', port: 50712, account: 'alice' };
const anybody = { ip: '203.0.113.7', port: 50712 };
const said = (text: string, of = session, by: NonNullable<Draft['who']> = who): string =>
  sealer.seal({ topic: 'session.input', session: of, who: by, body: { text } });
const named = (of: string, by: NonNullable<Draft['who']>, data: { readonly [name: string]: unknown }): string =>
  sealer.seal({ topic: 'session.identity', session: of, who: by, body: { data } });
const heard = (value: unknown): string =>
  sealer.seal({ topic: 'session.oob', session: other, body: { data: { protocol: 'gmcp', name: 'Chat', value } } });

const login = said('connect alice ********', session, anybody);
const identity = named(session, anybody, { field: 'account', old: null, new: 'alice', how: 'login' });
const hello = said('hello');
const phone = said('call me\nat 555-0199 please');
const bobs = said('alice, are you there?', other, { ip: '203.0.113.8', port: 9, account: 'bob' });
const gap = sealer.seal({ topic: 'audit.gap', body: { data: { stage: 'capture', reason: 'full' } } });
const bare = sealer.seal({ topic: 'session.input', session, who });
const again = said('hi', third, { ip: '198.51.100.2', port: 7, account: 'Alice', character: 'Mia' });
const played = named(third, { ip: '198.51.100.2', port: 7, account: 'Alice' }, { field: 'character', old: null, new: 'Mia', how: 'gmcp' });
const all = { login, identity, hello, phone, bobs, gap, bare, again, played };

const request = (more: Partial<RedactRequest>): RedactRequest => ({ part: 'both', by: 'op', why: 'asked', ...more });

/** What of which line a request selects, in the order of the lines. */
function selected(more: Partial<RedactRequest>, lines: { readonly [name: string]: string } = all): { [name: string]: string } {
  const asked = request(more);
  const chooser = new Chooser(asked, asked.pattern === undefined ? undefined : compileSearch(asked.pattern));
  for (const line of Object.values(lines)) chooser.meant(Buffer.from(line));
  for (const line of Object.values(lines)) chooser.alsoMeant(Buffer.from(line));
  const { hashes, ids } = chooser.selection;
  t.equal(ids.size, hashes.size);
  return Object.fromEntries(
    Object.entries(lines)
      .map(([name, line]) => [name, hashes.get(partsOf(line).hash)])
      .filter(([, part]) => part),
  ) as { [name: string]: string };
}

const idOf = (line: string): string => JSON.parse(line).id;
const timeOf = (line: string): string => JSON.parse(line).time;

t.test('a record is meant by its id, in the part that is asked for', async (t) => {
  t.same(selected({ record: idOf(phone), part: 'body' }), { phone: 'body' });
  t.same(selected({ record: idOf(phone).toUpperCase(), part: 'body' }), { phone: 'body' });
  t.same(selected({ record: idOf(bare), part: 'body' }), {}, 'what is not there cannot go');
});

t.test('a who goes wherever the same one stands, and where its names were brought up', async (t) => {
  t.same(selected({ record: idOf(phone) }), { identity: 'body', hello: 'who', phone: 'both', bare: 'who' });
  t.same(selected({ record: idOf(again), part: 'who' }), { again: 'who', played: 'body' });
  t.same(selected({ record: idOf(phone), to: timeOf(bare), from: timeOf(phone) }), { identity: 'body', hello: 'who', phone: 'both', bare: 'who' });
});

t.test('a session is meant by its id, all of its records', async (t) => {
  t.same(selected({ session: other }), { bobs: 'both' });
  t.same(selected({ session, part: 'who' }), { login: 'who', identity: 'both', hello: 'who', phone: 'who', bare: 'who' });
});

t.test('an account is meant by its name in any case, with what came before its login and what named it, and not where others say it', async (t) => {
  const parts = { login: 'who', identity: 'both', hello: 'who', phone: 'who', bare: 'who', again: 'who', played: 'both' };
  t.same(selected({ account: 'alice', part: 'who' }), parts);
  t.same(selected({ account: 'ALICE', part: 'who' }), parts);
  t.same(selected({ account: 'alice', part: 'body' }), {
    login: 'body',
    identity: 'body',
    hello: 'body',
    phone: 'body',
    again: 'body',
    played: 'body',
  });
  t.same(selected({ account: 'ali' }), {});
  const [zoe] = ['Zoë'].map((account) => said('hi', sealer.session(), { ip: '203.0.113.9', port: 1, account })) as [string];
  t.same(selected({ account: 'ZOE\u0308', part: 'who' }, { zoe }), { zoe: 'who' }, 'however it is composed');
  const odd = said('hi', sealer.session(), { ip: '203.0.113.9', port: 1, account: 'a\u0085b' });
  t.same(selected({ account: 'a\u0085b', part: 'who' }, { odd }), { odd: 'who' }, 'and escaped in its line');
});

t.test('a pattern is looked for line by line in the strings of the parts that go, without regard to case', async (t) => {
  t.same(selected({ pattern: '555-\\d{4}', part: 'body' }), { phone: 'body' });
  t.same(selected({ pattern: 'ALICE', part: 'body' }), { login: 'body', identity: 'body', bobs: 'body' });
  t.same(selected({ pattern: '^at', part: 'body' }), { phone: 'body' });
  t.same(selected({ pattern: 'me at 555', part: 'body' }), { phone: 'body' }, 'and as if the lines were one');
  t.same(selected({ pattern: 'session', part: 'body' }), {}, 'heads are not looked at');
  t.throws(() => compileSearch('(?=x)'), { code: 'AUDIT_MASK_PATTERN' });
});

t.test('a pattern finds what is said out of band in any place, and in bytes that are no text', async (t) => {
  const lines = {
    deep: heard({ list: [{ salt: 'the word' }] }),
    name: heard({ 'the word': 1 }),
    number: heard({ call: 5550199 }),
    bytes: sealer.seal({
      topic: 'session.input',
      session: other,
      body: { text: '?', raw_b64: Buffer.from('the w\xf6rd', 'latin1').toString('base64') },
    }),
  };
  t.same(selected({ pattern: 'the word', part: 'body' }, lines), { deep: 'body', name: 'body' });
  t.same(selected({ pattern: '5550199', part: 'body' }, lines), { number: 'body' });
  t.same(selected({ pattern: 'the wörd', part: 'body' }, lines), { bytes: 'body' });
  t.same(selected({ pattern: 'protocol|value', part: 'body' }, lines), {}, 'names of our own are not looked at');
  t.same(selected({ pattern: '^dGhl', part: 'body' }, lines), {}, 'nor base64');
});

t.test('a time bounds what is meant: from here on, and before there; alone it means all of it', async (t) => {
  const time = { from: timeOf(phone), to: timeOf(bare) };
  t.same(selected({ pattern: '.', part: 'body', ...time }), { phone: 'body', bobs: 'body' });
  t.same(selected({ part: 'body', ...time }), { phone: 'body', bobs: 'body' });
  t.same(selected({ session, part: 'body', to: timeOf(hello) }), { login: 'body', identity: 'body' });
});

t.test('what is proof cannot be erased: gaps, checkpoints, and what an earlier redaction said', async (t) => {
  const redacted = sealer.redact([hello]);
  const [checkpoint = ''] = sealer.checkpoint();
  t.same(selected({ pattern: '.' }, { gap, redacted, checkpoint }), {});
  t.same(selected({ record: idOf(gap) }, { gap, redacted, checkpoint }), {});
});

t.test('a damaged line is counted, for nobody can say what it holds', async (t) => {
  const chooser = new Chooser(request({ pattern: 'hello' }), compileSearch('hello'));
  for (const line of [hello.slice(0, -1), hello.replace('"text":"', '"text":'), '{"text":"hello"}', 'hello', '']) chooser.meant(Buffer.from(line));
  t.equal(chooser.unread, 4);
  t.equal(chooser.selection.ids.size, 0);
});

t.test('a request that is not understood whole is refused, or it would erase too much', async (t) => {
  const good = { part: 'body', pattern: 'x', by: 'op', why: 'asked', from: '2026-01-02T03:04' };
  t.equal(checkedRequest(good), good);
  t.ok(checkedRequest({ part: 'who', to: '2026-01-02', by: 'op', why: 'asked', files: ['/x'] }));
  for (const bad of [
    undefined,
    {},
    { ...good, pattern: undefined, from: undefined },
    { ...good, pattern: '' },
    { ...good, account: 'alice' },
    { ...good, part: 'head' },
    { ...good, from: 'yesterday' },
    { ...good, to: 5 },
    { ...good, why: ' ' },
    { ...good, by: 'x'.repeat(501) },
    { ...good, files: ['/x', 3] },
    { ...good, direction: 'RCV' },
  ])
    t.throws(() => checkedRequest(bad), { code: 'AUDIT_USAGE' }, JSON.stringify(bad));
});

t.test('a line without a part keeps its head and its seal to the byte', async (t) => {
  const line = Buffer.from(hello);
  const sealed = sealedOf(line);
  if (!sealed) return t.fail('not sealed');
  const { head, who, body, hash } = partsOf(hello);
  t.equal(sealed.hash, hash);
  const front = hello.slice(0, hello.indexOf(hash) + hash.length + 1);
  t.ok(front.includes(head));
  t.equal(withoutPart(line, sealed, 'both').toString(), `${front}}`);
  t.equal(withoutPart(line, sealed, 'who').toString(), `${front},${body}}`);
  t.equal(withoutPart(line, sealed, 'body').toString(), `${front},${who}}`);
  t.equal(JSON.parse(withoutPart(line, sealed, 'body').toString()).text, undefined);
});

t.test('what is said cannot pass for a part, nor a damaged line for a sealed one', async (t) => {
  const sly = said('x","salt":"AAAA","who_salt":"},"digest":["');
  const sealed = sealedOf(Buffer.from(sly));
  t.equal(sealed && withoutPart(Buffer.from(sly), sealed, 'body').toString(), `${sly.slice(0, sly.indexOf(',"salt":'))}}`);
  t.equal(sealedOf(Buffer.from(hello.slice(0, -1))), undefined);
  t.equal(sealedOf(Buffer.from('{"v":"1.0"}')), undefined);
  t.equal(sealedOf(Buffer.from('')), undefined);
  t.same(selected({ session }, { torn: `${session} is no record` }), {});
});
