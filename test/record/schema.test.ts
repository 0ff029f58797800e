/** FORMAT.md and record.schema.json against each other, and against sealed lines. Only this page's own words are used to check its vectors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import t from 'tap';
import { forge, Sealer, sha256 } from '../evidence.js';

const room = join(import.meta.dirname, '../../../src/record');
const format = readFileSync(join(room, 'FORMAT.md'), 'utf8');
const schema = JSON.parse(readFileSync(join(room, 'record.schema.json'), 'utf8'));
const validate = new Ajv2020.default({ allErrors: true }).compile(schema);
const vectors = format.split('\n').filter((line) => line.startsWith('{"v":'));

/** Why the schema refuses a record, one word a reason: the member and the rule. */
function refusals(record: unknown): string[] {
  if (validate(record)) return [];
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if');
  return [
    ...new Set(
      errors.map(({ instancePath, keyword, params }) => `${instancePath || '/'} ${params.missingProperty ?? params.additionalProperty ?? keyword}`),
    ),
  ];
}

t.test('FORMAT.md holds three whole lines, and their digests and hashes are what it says they are', async (t) => {
  t.equal(vectors.length, 3);
  t.same(
    vectors.map((line) => JSON.parse(line).topic),
    ['audit.start', 'session.start', 'session.input'],
  );
  for (const line of vectors) {
    const at = line.indexOf(',"digest":["');
    const [, w = '', b = '', hash = '', rest = ''] = /^,"digest":\["(\w*)","(\w*)"\],"hash":"(\w{64})"(.*)\}$/.exec(line.slice(at)) ?? [];
    t.equal(hash, sha256(line.slice(0, line.indexOf(',"hash"'))), 'H is of the bytes from { up to just before ,"hash"');
    const salt = rest.indexOf(',"salt":');
    const [who, body] = salt < 0 ? [rest.slice(1), ''] : [rest.slice(1, salt), rest.slice(salt + 1)];
    t.equal(w, who && sha256(who), 'W is of the bytes of WHO');
    t.equal(b, body && sha256(body), 'B is of the bytes of BODY');
  }
  const [, start = '', input = ''] = vectors;
  t.equal(JSON.parse(input).prev, JSON.parse(start).hash, 'prev is the hash before');
  t.equal(JSON.parse(start).prev, '0'.repeat(64), 'prev of the first is zeros');
});

t.test('the vectors are records to the schema', async (t) => {
  t.same(
    vectors.map((line) => refusals(JSON.parse(line))),
    [[], [], []],
  );
});

t.test('the tables of FORMAT.md name the members of the schema, all of them, in the order of the line', async (t) => {
  const tables = format.slice(format.indexOf('## Head'), format.indexOf('## Topics'));
  t.same(
    [...tables.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name),
    Object.keys(schema.properties),
  );
});

t.test('the topics of FORMAT.md are those of the schema', async (t) => {
  const table = format.slice(format.indexOf('## Topics'), format.indexOf('### Checkpoints'));
  t.same(
    [...table.matchAll(/^\| `([a-z.]+)` \|/gm)].map(([, name]) => name),
    schema.properties.topic.enum,
  );
});

const HASH = '0'.repeat(64);
const UUID = '7b2d6f0e-3c1a-4f5b-9d8e-0123456789ab';

t.test('a session, its gap, and the node say what the schema wants', async (t) => {
  const sealer = new Sealer();
  const session = sealer.session();
  const [place, who] = [
    { listener: 'game', protocol: 'telnet' },
    { ip: '2001:db8::7', port: 4 },
  ];
  const gap = { stage: 'capture', reason: 'credits', direction: 'RCV', from: null, to: null, records: null, bytes: 9, sessions: 1, callback: null };
  const said = { direction: 'SND', exchange: 0, bytes: 12, encoding: 'latin-1', cut: 'idle' };
  const sparse = { direction: 'RCV', exchange: 1, masked: [], bytes: 0, encoding: 'utf-8' };
  const crash = { reason: 'crash', by: 'wirescribe', bytes_in: null, bytes_out: null };
  const span = [session, 0, HASH, 7, HASH];
  const checkpoint = { reason: 'time', previous: HASH, part: 1, more: false, sessions: [span], key: null, signature: null };
  const redact = { request: UUID, part: 'both', hashes: [HASH, HASH], by: 'root', why: 'asked for', done: false };
  const [filter, to] = [{ account: ['bob'], direction: 'RCV', exchange: 3, faulty: true, words: null }, null];
  const view = { by: 'mod', role: 'moderator', how: 'rpc', method: 'audit.events', filter, session, from: '2026-01-02', to, records: 3 };
  const lines = [
    sealer.seal({ topic: 'session.start', session, who, body: { data: { upstream: 'unix:/run/game.sock' } } }),
    sealer.seal({
      topic: 'session.output',
      session,
      who,
      head: said,
      body: {
        text: 'a\tb\nc',
        raw: 'a\tb\r\nc\r\n',
        timing: [
          [0, 4],
          [2.5, 4],
        ],
      },
    }),
    sealer.seal({ topic: 'session.output', session, who, head: { ...said, bytes: 0 } }),
    sealer.seal({ topic: 'session.identity', session, who, body: { data: { field: 'account', old: null, new: 'Bob', how: 'connect' } } }),
    sealer.seal({
      topic: 'session.oob',
      session,
      head: { direction: 'RCV', exchange: 0 },
      body: { data: { protocol: 'gmcp', name: 'Char.Login.Credentials', value: { account: 'bob', password: '********' } } },
    }),
    sealer.seal({ topic: 'session.oob', session, head: { direction: 'SND', exchange: 1 }, body: { data: { protocol: 'option-99', name: '' } } }),
    sealer.seal({ topic: 'session.change', session, body: { data: { path: 'Room.Info', old: null, new: { num: 1 } } } }),
    sealer.seal({ topic: 'session.resize', session, body: { data: { columns: 80, rows: 0 } } }),
    sealer.seal({ topic: 'audit.gap', session, head: place, body: { data: gap } }),
    sealer.seal({ topic: 'audit.fault', session, head: place, body: { data: { code: 'telnet-subnegotiation', stage: 'decode', count: 1 } } }),
    sealer.seal({ topic: 'audit.gap', body: { data: { ...gap, direction: null, bytes: null } } }),
    sealer.seal({ topic: 'audit.stop', body: { data: { reason: 'SIGTERM' } } }),
    sealer.seal({
      topic: 'session.input',
      session,
      head: sparse,
      who: { ip: '', account: '', character: '' },
      body: { room: '', text: '', data: {} },
    }),
    sealer.seal({ topic: 'session.end', session, head: place, body: { data: crash } }),
    sealer.seal({ topic: 'audit.checkpoint', body: { data: checkpoint } }),
    sealer.seal({ topic: 'audit.checkpoint', body: { data: { ...checkpoint, key: HASH, signature: `${'A'.repeat(86)}==` } } }),
    sealer.seal({ topic: 'access.redact', body: { data: redact } }),
    sealer.seal({ topic: 'access.redact', body: { data: { request: redact.request, records: 2, done: true } } }),
    sealer.seal({ topic: 'access.view', body: { data: view } }),
    sealer.seal({ topic: 'access.view', body: { data: { by: 'root', how: 'command', method: 'query', records: 0 } } }),
    sealer.seal({ topic: 'access.export', body: { data: { ...view, look: UUID, records: null, format: 'asciicast-v2' } } }),
    sealer.seal({ topic: 'access.drop', body: { data: { by: 'root', from: null, to: '2026-01-02', records: 7, keep_sessions: true } } }),
    sealer.seal({ topic: 'audit.gap', body: { data: { ...gap, stage: 'callback', callback: 'kafka', ids: [session] } } }),
    ...sealer.talk(['look']),
  ];
  t.same(
    lines.flatMap((line) => refusals(JSON.parse(line))),
    [],
  );
});

t.test('what is no record is refused, each for its reason', async (t) => {
  const [audit, start, input] = vectors.map((line) => JSON.parse(line));
  const gone = (record: Record<string, unknown>, name: string) => Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['a version that is not ours', { ...input, v: '2.0' }, '/v const'],
    ['an id of UUID version 4', { ...input, id: input.id.replace('-7', '-4') }, '/id pattern'],
    ['a topic that nobody writes', { ...input, topic: 'access.read' }, '/topic enum'],
    ['a time without microseconds', { ...input, time: '2026-01-02T03:04:05Z' }, '/time pattern'],
    ['a time in a zone', { ...input, time: '2026-01-02T03:04:05.000001+01:00' }, '/time pattern'],
    ['a member nobody knows', { ...input, secret: 'x' }, '/ secret'],
    ['no seq', gone(input, 'seq'), '/ seq'],
    ['a seq below 0', { ...input, seq: -1 }, '/seq minimum'],
    ['no prev', gone(input, 'prev'), '/ prev'],
    ['a hash in upper case', { ...input, hash: input.hash.toUpperCase() }, '/hash pattern'],
    ['one digest', { ...input, digest: [''] }, '/digest minItems'],
    ['a body without its salt', gone(input, 'salt'), '/ salt'],
    ['a body whose digest says that there is none', { ...input, digest: [input.digest[0], ''] }, '/digest/1 pattern'],
    ['no body, but a digest of one', gone(gone(input, 'salt'), 'text'), '/digest/1 const'],
    ['an ip without its salt', gone(input, 'who_salt'), '/ who_salt'],
    ['an input without a session', gone(input, 'session'), '/ session'],
    ['an input to the client', { ...input, direction: 'SND' }, '/direction const'],
    ['an input before the first exchange', { ...input, exchange: 0 }, '/exchange minimum'],
    ['an input with latency', { ...input, latency_ms: 1 }, '/latency_ms false schema'],
    ['an input without bytes', gone(input, 'bytes'), '/ bytes'],
    ['a mask that says what it hid', { ...input, masked: [{ ...input.masked[0], secret: 'x' }] }, '/masked/0 secret'],
    ['an escape in the text', { ...input, text: '\x1b[0m' }, '/text pattern'],
    ['raw twice', { ...input, raw: 'a', raw_b64: 'YQ==' }, '/raw false schema'],
    ['raw_b64 that is no base64', { ...input, raw_b64: 'a' }, '/raw_b64 pattern'],
    ['timing without its length', { ...input, timing: [[1]] }, '/timing/0 minItems'],
    ['a port that is none', { ...input, port: 65_536 }, '/port maximum'],
    ['a start that is not the first', { ...start, seq: 1 }, '/seq const'],
    ['a start that says something', { ...start, text: 'hello' }, '/text false schema'],
    ['a start without its upstream', { ...start, data: {} }, '/data upstream'],
    ['an audit.start of a session', { ...audit, session: start.session }, '/session false schema'],
    ['an audit.start with an address', { ...audit, ip: '203.0.113.7', who_salt: input.who_salt }, '/ip false schema'],
    ['a message out of band that went no way', { ...start, topic: 'session.oob', seq: 1, data: { protocol: 'gmcp', name: '' } }, '/ direction'],
    ['one without a protocol', { ...start, topic: 'session.oob', direction: 'RCV', exchange: 0, data: { name: '' } }, '/data protocol'],
    ['one with text', { ...start, topic: 'session.oob', direction: 'RCV', text: 'x' }, '/text false schema'],
    ['a window of half a column', { ...start, topic: 'session.resize', data: { columns: 79.5, rows: 24 } }, '/data/columns type'],
    ['a change that does not say from what', { ...start, topic: 'session.change', data: { path: 'Room', new: 1 } }, '/data old'],
    ['a gap that says nothing', { ...audit, topic: 'audit.gap', data: {} }, '/data stage'],
    [
      'a checkpoint that does not say what was before it',
      { ...audit, topic: 'audit.checkpoint', data: { reason: 'time', part: 1, more: false, sessions: [], key: null, signature: null } },
      '/data previous',
    ],
    ['a checkpoint of a session', { ...audit, topic: 'audit.checkpoint', session: start.session }, '/session false schema'],
    [
      'an erasure that does not say why',
      { ...audit, topic: 'access.redact', data: { request: UUID, part: 'who', hashes: [HASH], by: 'x', done: false } },
      '/data why',
    ],
    ['one that is done and does not say how many', { ...audit, topic: 'access.redact', data: { request: UUID, done: true } }, '/data records'],
    ['a look by nobody', { ...audit, topic: 'access.view', data: { how: 'rpc', method: 'audit.events', records: 1 } }, '/data by'],
    [
      'a look that says the words it searched for',
      { ...audit, topic: 'access.view', data: { by: 'x', how: 'rpc', method: 'audit.events', filter: { words: 'treasure' }, records: 1 } },
      '/data/filter/words anyOf',
    ],
    [
      'a drop that does not say how much',
      { ...audit, topic: 'access.drop', data: { by: 'x', from: null, to: null, keep_sessions: false } },
      '/data records',
    ],
    ['a fault that never came', { ...audit, topic: 'audit.fault', data: { code: 'x', stage: 'mask', count: 0 } }, '/data/count minimum'],
  ];
  for (const [name, record, reason] of cases) t.ok(refusals(record).includes(reason), `${name}: ${reason} (${refusals(record).join(', ')})`);
});

t.test('the forger of these tests makes lines that are sealed right', async (t) => {
  const [, , input = ''] = vectors;
  t.equal(
    forge(input, () => ({})),
    input,
  );
  const forged = JSON.parse(forge(input, ({ body }) => ({ body: body.replace('bob', 'eve') })));
  t.equal(forged.text, 'connect eve ********');
  t.not(forged.digest[1], JSON.parse(input).digest[1]);
});
