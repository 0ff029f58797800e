import t from 'tap';
import { compileSearch } from '../../src/mask/search.js';
import { sealedOf, withoutPart } from '../../src/spool/erase.js';
import { type RedactRequest, selectorOf } from '../../src/spool/redact-select.js';
import { type Draft, partsOf, Sealer } from '../evidence.js';

const sealer = new Sealer();
const session = sealer.session();
const other = sealer.session();
const who = { ip: '203.0.113.7', port: 50712, account: 'alice' };
const say = (text: string, of = session, by: Draft['who'] = who): string =>
  sealer.seal({ topic: 'session.input', session: of, who: by, body: { text } });

const hello = say('hello');
const phone = say('call me\nat 555-0199 please');
const bobs = say('alice, are you there?', other, { ip: '203.0.113.8', port: 9, account: 'bob' });
const named = sealer.seal({
  topic: 'session.identity',
  session,
  who: { ip: '203.0.113.7', port: 50712 },
  body: { data: { field: 'account', old: null, new: 'alice', how: 'login' } },
});
const gap = sealer.seal({ topic: 'audit.gap', body: { data: { stage: 'capture', reason: 'full' } } });
const bare = sealer.seal({ topic: 'session.input', session, who });
const all = { hello, phone, bobs, named, gap, bare };

const request = (more: Partial<RedactRequest>): RedactRequest => ({ part: 'both', by: 'op', why: 'asked', ...more });

/** What of which line a request selects. */
function selected(more: Partial<RedactRequest>): { [name: string]: string } {
  const asked = request(more);
  const select = selectorOf(asked, asked.pattern === undefined ? undefined : compileSearch(asked.pattern));
  return Object.fromEntries(
    Object.entries(all)
      .flatMap(([name, line]) => [[name, select(Buffer.from(line))?.part]])
      .filter(([, part]) => part),
  ) as { [name: string]: string };
}

const idOf = (line: string): string => JSON.parse(line).id;

t.test('a record is meant by its id, in the part that is asked for', async (t) => {
  t.same(selected({ record: idOf(phone) }), { phone: 'both' });
  t.same(selected({ record: idOf(phone), part: 'body' }), { phone: 'body' });
  t.same(selected({ record: idOf(gap) }), { gap: 'body' }, 'a record of the node has no who');
  t.same(selected({ record: idOf(bare), part: 'body' }), {}, 'what is not there cannot go');
});

t.test('a session is meant by its id, all of its records', async (t) => {
  t.same(selected({ session: other }), { bobs: 'both' });
  t.same(selected({ session, part: 'who' }), { hello: 'who', phone: 'who', named: 'who', bare: 'who' });
});

t.test('an account is meant by its name, with the record that named it, and not where others say the name', async (t) => {
  t.same(selected({ account: 'alice', part: 'who' }), { hello: 'who', phone: 'who', named: 'body', bare: 'who' });
  t.same(selected({ account: 'alice', part: 'body' }), { hello: 'body', phone: 'body', named: 'body' });
  t.same(selected({ account: 'ALICE' }), {});
});

t.test('a pattern is looked for line by line in the strings of the parts that go, without regard to case', async (t) => {
  t.same(selected({ pattern: '555-\\d{4}' }), { phone: 'both' });
  t.same(selected({ pattern: 'ALICE', part: 'body' }), { bobs: 'body', named: 'body' });
  t.same(selected({ pattern: '^at', part: 'body' }), { phone: 'body' });
  t.same(selected({ pattern: 'session' }), {}, 'heads are not looked at');
  t.throws(() => compileSearch('(?=x)'), { code: 'AUDIT_MASK_PATTERN' });
});

t.test('a time bounds what is meant: from here on, and before there', async (t) => {
  const time = (line: string): string => JSON.parse(line).time;
  t.same(selected({ pattern: '.', part: 'body', from: time(phone), to: time(named) }), { phone: 'body', bobs: 'body' });
  t.same(selected({ session, to: time(phone) }), { hello: 'both' });
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
  const sly = say('x","salt":"AAAA","who_salt":"},"digest":["');
  const sealed = sealedOf(Buffer.from(sly));
  t.equal(sealed && withoutPart(Buffer.from(sly), sealed, 'body').toString(), `${sly.slice(0, sly.indexOf(',"salt":'))}}`);
  t.equal(sealedOf(Buffer.from(hello.slice(0, -1))), undefined);
  t.equal(sealedOf(Buffer.from('{"v":"1.0"}')), undefined);
  t.equal(sealedOf(Buffer.from('')), undefined);
  t.equal(selectorOf(request({ session }))(Buffer.from(`${session} is no record`)), undefined);
});
