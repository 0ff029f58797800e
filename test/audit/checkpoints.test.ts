import { generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import t from 'tap';
import { Checkpoints } from '../../src/audit/checkpoints.js';
import { compileMasks, scrubData } from '../../src/mask/masker.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';
import { fingerprintOf } from '../../src/spool/signing-key.js';
import { noHeads } from '../../src/spool/state.js';
import { uuid7 } from '../evidence.js';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../../src/record/record.schema.json'), 'utf8'));
const validate = new Ajv2020.default({ allErrors: true }).compile(schema);
const ZEROS = '0'.repeat(64);
const AT = 1_767_323_045_123_456;
const MS = 1_767_323_045_123;
const START = scrubData(compileMasks([]), { upstream: 'x' });
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

type Rec = { hash: string; topic: string; seq: number; data: { [name: string]: unknown; sessions: [string, number, string, number, string][] } };

/** A scribe with its checkpoints; `full`: it takes no line. */
class Desk {
  readonly lines: string[] = [];
  readonly heads = noHeads();
  full = false;
  readonly node = new NodeScribe({
    origin: { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'n1' },
    ids: new Ids((into) => into.fill(0)),
    salts: new Salts((into) => into.fill(9)),
    append: (line) => {
      if (this.full) throw new Error('no room');
      this.lines.push(line);
      this.checkpoints.appended();
    },
    moved: this.heads.moved,
  });
  readonly checkpoints: Checkpoints;

  constructor(key = privateKey) {
    this.checkpoints = new Checkpoints({ scribe: this.node, heads: this.heads, key });
  }

  /** So many sessions say so many things each. */
  talk(sessions: number, says = 1): string[] {
    return Array.from({ length: sessions }, (_, index) => {
      const id = uuid7(MS, index, `${this.lines.length}`);
      const session = this.node.session({ id, listener: 'main', protocol: 'telnet' }, false);
      for (let count = 0; count < says; count++) session.event('session.start', AT, START);
      return id;
    });
  }

  get written(): Rec[] {
    return this.lines.map((line) => JSON.parse(line)).filter(({ topic }) => topic === 'audit.checkpoint');
  }
}

/** As FORMAT.md says it is done by hand. */
function isSigned(line: string, key = publicKey): boolean {
  const head = line.slice(0, line.indexOf(',"digest":'));
  const data = line.slice(line.indexOf(',"data":') + 8, line.indexOf(',"signature":'));
  return verify(null, Buffer.from(head + data), key, Buffer.from(JSON.parse(line).data.signature, 'base64'));
}

t.test('names the first and the last record of each session that moved, and is signed over its head and what it says', async (t) => {
  const desk = new Desk();
  const [one, two] = desk.talk(2, 3);
  t.ok(desk.checkpoints.uncovered);
  desk.checkpoints.write('time', AT);
  t.notOk(desk.checkpoints.uncovered);
  const hashes = desk.lines.slice(0, 6).map((line) => JSON.parse(line).hash);
  const line = desk.lines[6] ?? '';
  const { data } = JSON.parse(line);
  t.ok(validate(JSON.parse(line)), JSON.stringify(validate.errors));
  t.same(Object.keys(data), ['reason', 'previous', 'part', 'more', 'sessions', 'key', 'signature']);
  t.same(data, {
    reason: 'time',
    previous: ZEROS,
    part: 1,
    more: false,
    sessions: [
      [one, 0, hashes[0], 2, hashes[2]],
      [two, 0, hashes[3], 2, hashes[5]],
    ],
    key: fingerprintOf(publicKey),
    signature: data.signature,
  });
  t.ok(isSigned(line));
  t.notOk(isSigned(line.replace('"seq":0', '"seq":1')));
  t.notOk(isSigned(line.replace('"reason":"time"', '"reason":"stop"')));
  t.notOk(isSigned(line, generateKeyPairSync('ed25519').publicKey));
});

t.test('without a key it says so', async (t) => {
  const desk = new Desk();
  const checkpoints = new Checkpoints({ scribe: desk.node, heads: desk.heads });
  checkpoints.write('stop', AT);
  t.match(desk.written, [{ data: { reason: 'stop', sessions: [], key: null, signature: null } }]);
  t.ok(validate(desk.written[0]), JSON.stringify(validate.errors));
});

t.test('what moved again is in the next from there on, what did not is not; each names the hash of the one before', async (t) => {
  const desk = new Desk();
  const session = desk.node.session({ id: uuid7(MS, 1, 'one'), listener: 'main', protocol: 'telnet' }, false);
  desk.talk(1);
  session.event('session.start', AT, START);
  desk.checkpoints.write('time', AT);
  for (let count = 0; count < 2; count++) session.event('session.start', AT, START);
  for (let count = 0; count < 2; count++) desk.checkpoints.write('time', AT);
  const [first, second, third] = desk.written;
  t.equal(first?.data.sessions.length, 2);
  t.match(second?.data.sessions, [[/./, 1, /./, 2, session.chain.hash]]);
  t.same(third?.data.sessions, []);
  t.same([second?.data.previous, third?.data.previous], [first?.hash, second?.hash]);
  t.equal(desk.heads.checkpoint, third?.hash);
});

t.test('more than 200 sessions are named in several parts, each signed', async (t) => {
  const desk = new Desk();
  const ids = desk.talk(401);
  desk.checkpoints.write('count', AT);
  const parts = desk.written;
  t.same(
    parts.map(({ data: { part, more, sessions } }) => [part, more, sessions.length]),
    [
      [1, true, 200],
      [2, true, 200],
      [3, false, 1],
    ],
  );
  t.same(
    parts.flatMap(({ data }) => data.sessions.map(([id]) => id)),
    ids,
  );
  t.same(
    parts.map(({ data }) => data.previous),
    [ZEROS, parts[0]?.hash, parts[1]?.hash],
  );
  t.ok(desk.lines.slice(-3).every((line) => isSigned(line)));
  t.ok(parts.every((part) => validate(part)));
});

t.test('exactly 200 are one part', async (t) => {
  const desk = new Desk();
  desk.talk(200);
  desk.checkpoints.write('count', AT);
  t.match(desk.written, [{ data: { part: 1, more: false } }]);
});

t.test('is due after 10,000 records, of sessions and of the node', async (t) => {
  const desk = new Desk();
  desk.talk(1, 9_990);
  for (let count = 0; count < 9; count++) desk.node.event('audit.start', AT);
  t.notOk(desk.checkpoints.due);
  desk.node.event('audit.start', AT);
  t.ok(desk.checkpoints.due);
  desk.checkpoints.write('count', AT);
  t.notOk(desk.checkpoints.due);
});

t.test('what could not be written is in the next', async (t) => {
  const desk = new Desk();
  const [id] = desk.talk(1);
  desk.full = true;
  t.throws(() => desk.checkpoints.write('time', AT));
  desk.full = false;
  t.ok(desk.checkpoints.uncovered);
  desk.checkpoints.write('time', AT);
  t.match(desk.written, [{ seq: 0, data: { previous: ZEROS, sessions: [[id, 0]] } }]);
});
