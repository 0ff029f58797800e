import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import t from 'tap';
import type { Utterance } from '../../src/contract.js';
import { compileMasks, scrub, scrubData, scrubName, withhold } from '../../src/mask/masker.js';
import { Ids, Salts } from '../../src/record/id.js';
import { type Connection, NodeScribe } from '../../src/record/scribe.js';
import { partsOf, sha256 } from '../evidence.js';
import { mask, utterance } from '../mask/masks.js';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../../src/record/record.schema.json'), 'utf8'));
const validate = new Ajv2020.default({ allErrors: true }).compile(schema);

const MASKS = compileMasks([mask('connect \\S+ (?P<secret>\\S+)')]);
const AT = 1_767_323_045_123_456;
const CONNECTION: Connection = {
  id: '019b7ca9-8c88-7000-8000-000000000001',
  listener: 'main "one"',
  protocol: 'telnet',
  ip: '192.0.2.7',
  port: 50_712,
};
const SALT = 'CQkJCQkJCQkJCQkJCQkJCQ';
const ORIGIN = { hostname: 'north', application: 'wire"scribe\u2028', version: '0.1.0', pid: 7, node: 'n1' };

class Desk {
  readonly lines: string[] = [];
  broken = false;
  readonly node = new NodeScribe({
    origin: ORIGIN,
    ids: new Ids((into) => into.fill(0)),
    salts: new Salts((into) => into.fill(9)),
    append: (line) => {
      if (this.broken) throw new Error('no room');
      this.lines.push(line);
    },
  });

  session(more: Partial<Connection> = {}, sparse = false) {
    return this.node.session({ ...CONNECTION, ...more }, sparse);
  }

  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }
}

const masked = (text: string, more: Partial<Utterance> = {}) => scrub(MASKS, utterance('RCV', text, { at: AT, endAt: AT, ...more })).utterance;
const data = (value: Record<string, unknown>) => scrubData(MASKS, value);

t.test('an input as it is written, byte for byte', async (t) => {
  const desk = new Desk();
  desk.session().said(masked('connect bob hunter2'), { exchange: 1 });
  const head =
    '"v":"1.0","id":"019b7ca9-8d03-7000-8000-000000000000","topic":"session.input","time":"2026-01-02T03:04:05.123456Z","hostname":"north",' +
    '"application":"wire\\"scribe\\u2028","version":"0.1.0","pid":7,"node":"n1","listener":"main \\"one\\"","direction":"RCV","protocol":"telnet",' +
    '"session":"019b7ca9-8c88-7000-8000-000000000001","seq":0,"exchange":1,"masked":[{"mask":"test","direction":"RCV","start":12,"end":20}],' +
    `"bytes":20,"encoding":"utf-8","prev":"${'0'.repeat(64)}"`;
  const who = `"who_salt":"${SALT}","ip":"192.0.2.7","port":50712`;
  const body = `"salt":"${SALT}","text":"connect bob ********"`;
  const sealed = `{${head},"digest":["${sha256(who)}","${sha256(body)}"]`;
  t.equal(desk.lines[0], `${sealed},"hash":"${sha256(sealed)}",${who},${body}}\n`);
});

t.test('every kind of record is one to the schema, its parts have the digests that it says, and its chain has no hole', async (t) => {
  const desk = new Desk();
  for (const sparse of [false, true]) {
    const session = desk.session({ id: `019b7ca9-8c88-7000-8000-00000000000${sparse ? 2 : 1}` }, sparse);
    session.event('session.start', AT, data({ upstream: 'telnet://u:1' }));
    session.said(masked('connect bob hunter2'), { exchange: 1 });
    session.said(masked(''), { exchange: 2 });
    session.said(withhold(utterance('RCV', 'hunter2')), { exchange: 3 });
    session.said(scrub(MASKS, utterance('SND', 'a\nb', { raw: 'a\r\nb', cut: 'prompt' })).utterance, { exchange: 3, latencyMs: 0.25 });
    session.said(scrub(MASKS, utterance('SND', 'a\u2028"\u00e9\\', { encoding: 'latin-1', bytes: Buffer.from([0xff]) })).utterance, { exchange: 3 });
    session.identify({ account: scrubName(MASKS, 'b"ob'), character: scrubName(MASKS, 'Bob\u009b') });
    session.event('session.identity', AT, data({ field: 'account', old: null, new: 'b"ob', how: 'login' }));
    const message = { protocol: 'gmcp', name: 'Char.Name', value: JSON.parse('{"__proto__": "connect bob hunter2", "n": 1.5, "none": null}') };
    session.event('session.oob', AT, data(message), { way: { direction: 'RCV', exchange: 3 } });
    session.event('session.oob', AT, data({ protocol: 'gmcp', name: 'Core.Ping' }), { way: { direction: 'SND', exchange: 3 } });
    session.event('session.resize', AT, data({ columns: 80, rows: 24 }));
    session.event('session.change', AT, data({ path: 'Room.Info', old: null, new: { num: 1 } }));
    session.event('session.end', AT, data({ reason: 'closed', by: 'client', bytes_in: 1, bytes_out: 2 }));
  }
  const chains = new Map<unknown, { seq: number; hash: unknown }>();
  for (const line of desk.lines) {
    const record = JSON.parse(line);
    t.ok(validate(record), `${record.topic}: ${JSON.stringify(validate.errors)}`);
    const { head, who, body, hash } = partsOf(line.slice(0, -1));
    t.same(record.digest, [who && sha256(who), body && sha256(body)]);
    t.equal(hash, sha256(`{${head},"digest":["${record.digest[0]}","${record.digest[1]}"]`));
    const before = chains.get(record.session) ?? { seq: -1, hash: '0'.repeat(64) };
    t.match(record, { seq: before.seq + 1, prev: before.hash });
    chains.set(record.session, { seq: record.seq, hash });
  }
  t.notMatch(desk.lines.join(), /hunter2/);
});

t.test('a message out of band says which way it went, and in which exchange', async (t) => {
  const desk = new Desk();
  desk.session().event('session.oob', AT, data({ protocol: 'msdp', name: 'HP', value: '10' }), { way: { direction: 'SND', exchange: 2 } });
  t.match(desk.lines[0], /"listener":"main \\"one\\"","direction":"SND","protocol":"telnet","session":"[^"]*","seq":0,"exchange":2,"prev":/);
  t.match(desk.records[0], { topic: 'session.oob', data: { protocol: 'msdp', name: 'HP', value: '10' } });
});

t.test("the node's records chain by the node, and say nothing of a session", async (t) => {
  const desk = new Desk();
  desk.node.event('audit.start', AT);
  desk.session().event('session.start', AT, data({ upstream: 'x' }));
  desk.node.event('audit.config', AT, data({ digest: 'f'.repeat(64) }));
  const [start, , config] = desk.records;
  t.match(start, { seq: 0, digest: ['', ''] });
  t.match(config, { seq: 1, prev: start?.hash });
  for (const record of [start, config]) for (const name of ['session', 'listener', 'ip', 'who_salt']) t.notOk(name in (record ?? {}), name);
});

t.test('a client without an address has no who until it has a name', async (t) => {
  const desk = new Desk();
  const { ip, port, ...local } = CONNECTION;
  const session = desk.node.session(local, false);
  session.event('session.start', AT, data({ upstream: 'x' }));
  session.identify({ account: scrubName(MASKS, 'bob') });
  session.event('session.end', AT, data({ reason: 'closed', by: 'client', bytes_in: 0, bytes_out: 0 }));
  t.match(desk.records, [{ digest: ['', /\w{64}/] }, { digest: [/\w{64}/, /\w{64}/], account: 'bob' }]);
  t.notOk('who_salt' in (desk.records[0] ?? {}));
  t.ok(ip && port);
});

t.test('a chain goes on from where a restart left it', async (t) => {
  const desk = new Desk();
  const chain = { seq: 41, hash: 'a'.repeat(64) };
  const session = desk.node.session(CONNECTION, false, chain);
  session.said(masked('look'), { exchange: 1 });
  t.match(desk.records[0], { seq: 42, prev: 'a'.repeat(64) });
  t.same(chain, { seq: 42, hash: desk.records[0]?.hash });
});

t.test('a line that was not taken leaves no hole in its chain', async (t) => {
  const desk = new Desk();
  const session = desk.session();
  session.said(masked('look'), { exchange: 1 });
  desk.broken = true;
  t.throws(() => session.said(masked('north'), { exchange: 2 }));
  desk.broken = false;
  session.said(masked('south'), { exchange: 3 });
  t.match(desk.records, [{ seq: 0 }, { seq: 1, prev: desk.records[0]?.hash, text: 'south' }]);
});
