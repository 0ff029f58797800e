import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type FilterInput, MEMBERS, readFilters } from '../../src/view/filter-words.js';

const SESSION = '019b7ca9-8c89-7265-afb0-e234405fe1a1';
const refuses = (input: FilterInput | readonly FilterInput[]) => {
  try {
    return JSON.stringify(readFilters(input));
  } catch (error) {
    return String(error);
  }
};

t.test('words become one filter; a name that comes twice takes any of its values', async (t) => {
  t.same(readFilters(['account=bob', 'account=Anna', 'contains=tell me = ?', 'answered=false', 'exchange=7', 'direction=in']), [
    { account: ['bob', 'Anna'], contains: 'tell me = ?', answered: false, exchange: 7, direction: 'RCV' },
  ]);
  t.same(readFilters(`session=${SESSION.toUpperCase()}`), [{ session: [SESSION] }]);
  t.same(readFilters(['address=203.0.113.0/24', 'address=2001:db8::1', 'system=false']), [
    { address: ['203.0.113.0/24', '2001:db8::1'], system: false },
  ]);
  t.same(readFilters(['contains=cafe\u0301', 'words=cafe\u0301']), [{ contains: 'caf\u00e9', words: 'caf\u00e9' }]);
  t.same(readFilters(undefined), []);
});

t.test('the value of a name is text, unless it is a list or quoted as in JSON', async (t) => {
  t.same(readFilters(['account=123', 'room="The Inn"', 'listener=["game","web"]', 'pattern=[0-9]+']), [
    { account: ['123'], room: ['The Inn'], listener: ['game', 'web'], pattern: '[0-9]+' },
  ]);
});

t.test('a path with a modifier is a test of a member', async (t) => {
  const fields = (...words: string[]) => readFilters(words)[0]?.fields;
  t.same(fields('data.reason__startswith=idle'), [{ path: 'data.reason', is: 'startswith', value: 'idle' }]);
  t.same(fields('data.old=1', 'data.new="1"', 'data.path=Room.Info'), [
    { path: 'data.old', is: 'in', value: [1, '1'] },
    { path: 'data.new', is: 'exact', value: '1' },
    { path: 'data.path', is: 'exact', value: 'Room.Info' },
  ]);
  t.same(fields('bytes__gt=100', 'time__lte=2026-01-02'), [
    { path: 'bytes', is: 'gt', value: 100 },
    { path: 'time', is: 'lte', value: '2026-01-02' },
  ]);
  t.same(fields('custom.geo.country__in=DE,AT', 'port__in=[1,2]', 'data.exit__in=1,SIGTERM'), [
    { path: 'custom.geo.country', is: 'in', value: ['DE', 'AT'] },
    { path: 'port', is: 'in', value: [1, 2] },
    { path: 'data.exit', is: 'in', value: [1, '1', 'SIGTERM'] },
  ]);
  t.same(fields('cut=prompt', 'raw__exists=false', 'account__contains=ob', 'text__regex=^say'), [
    { path: 'cut', is: 'exact', value: 'prompt' },
    { path: 'raw', is: 'exists', value: false },
    { path: 'account', is: 'contains', value: 'ob' },
    { path: 'text', is: 'regex', value: '^say' },
  ]);
});

t.test('an object has the same names, and a filter of the contract is one', async (t) => {
  t.same(readFilters({ account: 'bob', event_type: ['login'], 'data.columns__gte': 80, character: undefined }), [
    { account: ['bob'], eventType: ['login'], fields: [{ path: 'data.columns', is: 'gte', value: 80 }] },
  ]);
  const filter = {
    account: ['bob'],
    fields: [{ path: 'data.new', is: 'exact', value: { hp: 7 } }],
    any: [{ listener: ['game'] }, { words: 'orc*' }],
  } as const;
  t.same(readFilters(filter), [filter]);
  t.same(readFilters([filter, 'listener=web', { listener: 'game' }]), [{ listener: ['web'] }, filter, { listener: ['game'] }]);
});

t.test('a name that there is not is told, with the one that was meant', async (t) => {
  t.match(refuses('acount=bob'), "AUDIT_QUERY: there is no filter 'acount'; did you mean 'account'?");
  t.match(refuses('dta.reason=bob'), "AUDIT_QUERY: there is no filter 'dta.reason'; did you mean 'data'?");
  t.match(refuses({ sesion: SESSION }), "AUDIT_QUERY: there is no filter 'sesion'; did you mean 'session'?");
  t.match(refuses('data.x__startwith=y'), "AUDIT_QUERY: 'data.x__startwith': there is no modifier 'startwith'; did you mean 'startswith'?");
  t.match(refuses({ constructor: 1 }), "AUDIT_QUERY: there is no filter 'constructor'");
  t.match(refuses({ fields: [{ path: 'salt', is: 'exact', value: 1 }] }), /^AuditError|AUDIT_QUERY: there is no filter 'salt'/);
});

t.test('a value that cannot be is told, and never repeated', async (t) => {
  for (const [input, wants] of [
    ['hunter2', "a filter wants NAME=VALUE, such as 'account=bob'"],
    ['=hunter2', "a filter wants NAME=VALUE, such as 'account=bob'"],
    ['account=', 'account wants a text of 1 to 4096 characters'],
    ['address=hunter2', "address wants addresses or networks, such as '203.0.113.7' or '2001:db8::/32'"],
    ['session=hunter2', 'session wants whole ids, as they stand in records'],
    ['exchange=-1', 'exchange wants a whole number'],
    ['answered=hunter2', 'answered wants true or false'],
    ['direction=hunter2', "direction wants 'RCV' (or 'in'), or 'SND' (or 'out')"],
    ['words=!?', 'words wants at least one word of letters or digits'],
    ['any=hunter2', 'any wants a list of 1 to 100'],
    ['raw__exists=hunter2', "'raw' wants true or false"],
    ['data..x=1', "'data..x' wants at most 16 names with dots between, and 200 characters"],
    [{ bytes__gt: true }, "'bytes' with 'gt' wants a text of 1 to 4096 characters"],
    [{ fields: ['hunter2'] }, 'fields wants a list of {path, is, value}'],
    [{ account: [] }, 'account wants 1 to 1000 values'],
    [{ account: { a: 'hunter2' } }, 'account wants a text of 1 to 4096 characters'],
    [{ port__in: 7 }, "'port' wants a list of 1 to 1000"],
  ] as const) {
    t.equal(refuses(input), `AUDIT_QUERY: ${wants}`);
  }
  t.equal(refuses(['contains=a', 'contains=b']), 'AUDIT_QUERY: contains wants one value; give it once');
  t.equal(refuses([null as unknown as string]), "AUDIT_QUERY: filter wants 'NAME=VALUE', or an object of names and values");
});

t.test('a search is bounded', async (t) => {
  let deep: FilterInput = { account: 'bob' };
  for (let depth = 0; depth < 5; depth += 1) deep = { any: [deep] };
  t.equal(refuses(deep), 'AUDIT_QUERY: any wants at most 4 of its kind inside each other');
  const patterns = { any: Array.from({ length: 4 }, () => ({ pattern: 'a', text__regex: 'b' })) };
  t.equal(readFilters(patterns).length, 1);
  t.equal(refuses([patterns, 'pattern=c']), 'AUDIT_QUERY: filter wants at most 8 patterns in all');
  const many = { any: Array.from({ length: 25 }, () => ({ any: [{ account: 'bob', room: 'Inn' }], listener: 'game', bytes: 7 })) };
  t.equal(readFilters(many).length, 1);
  t.equal(refuses([many, 'account=bob']), 'AUDIT_QUERY: filter wants at most 100 conditions in all');
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  t.equal(readFilters({ 'data.value': nested(64) }).length, 1);
  for (const depth of [65, 10_000]) {
    const wants = "AUDIT_QUERY: 'data.value' wants a value with at most 64 lists and objects inside each other";
    t.equal(refuses({ 'data.value': nested(depth) }), wants);
    t.equal(refuses({ 'data.value__in': [nested(depth)] }), wants);
    t.equal(refuses(`data.value=${'['.repeat(2_000)}${']'.repeat(2_000)}`), wants);
  }
  t.equal(refuses(Array(101).fill('account=bob')), 'AUDIT_QUERY: filter wants at most 100 conditions');
  t.equal(refuses(`contains=${'x'.repeat(4_097)}`), "AUDIT_QUERY: 'contains' wants a value of at most 4096 characters");
  t.equal(refuses({ account: Array(1_001).fill('bob') }), 'AUDIT_QUERY: account wants 1 to 1000 values');
  t.equal(
    refuses('data.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p=1'),
    "AUDIT_QUERY: 'data.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p' wants at most 16 names with dots between, and 200 characters",
  );
});

t.test('every member of a record can be asked for, but the salts', async (t) => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../../src/record/record.schema.json'), 'utf8')) as { properties: object };
  t.same([...MEMBERS, 'salt', 'who_salt'].sort(), Object.keys(schema.properties).sort());
});
