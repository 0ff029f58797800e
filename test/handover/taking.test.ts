import { randomFillSync } from 'node:crypto';
import t from 'tap';
import { Taking } from '../../src/handover/taking.js';
import { type Draft, encodeDraft } from '../../src/record/draft.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';
import type { OpenSession } from '../../src/spool/state.js';
import { frameOf, GIVES } from '../../src/view/intake/frames.js';

const SESSION = '019b7ca9-8c88-7000-8000-000000000001';

/** A draft of the session, or of the node. */
const draft = (seq: number, text: string, session = SESSION): Draft => ({
  session,
  seq,
  topic: session === '' ? 'audit.fault' : text === 'end' ? 'session.end' : 'session.input',
  at: 1_767_323_045_123_456,
  fixed: `","pid":1${session === '' ? '' : `,"listener":"main","protocol":"telnet","session":"${session}"`},"seq":`,
  late: '',
  who: session === '' ? '' : '"ip":"192.0.2.7"',
  body: `,"text":"${text}"`,
});

const batchOf = (...drafts: readonly Draft[]): Uint8Array => Buffer.concat(drafts.map((one) => frameOf(GIVES.draft, Buffer.from(encodeDraft(one)))));

function owner(sessions: readonly (readonly [string, OpenSession])[] = []) {
  const lines: string[] = [];
  const heads = new Map(sessions);
  const scribe = new NodeScribe({
    origin: { hostname: 'north', application: 'wirescribe', version: '0.2.0', pid: 2, node: 'n1' },
    ids: new Ids(randomFillSync),
    salts: new Salts(randomFillSync),
    append: (line) => void lines.push(line),
  });
  const said = () => lines.map((line) => JSON.parse(line)).map(({ seq, text }) => [seq, text]);
  return { taking: new Taking(scribe.sealer(), heads), heads, said };
}

const known = (seq: number): readonly [string, OpenSession] => [SESSION, { seq, hash: 'a'.repeat(64), listener: 'main', protocol: 'telnet' }];

t.test('seals what is next, and drops what was sealed before', (t) => {
  const { taking, said } = owner([known(4)]);
  t.equal(taking.take(batchOf(draft(3, 'old'), draft(4, 'old too'), draft(5, 'new'), draft(6, 'newer'))), 4);
  t.equal(taking.take(batchOf(draft(5, 'new'), draft(6, 'newer'), draft(7, 'newest'))), 3);
  t.same(said(), [
    [5, 'new'],
    [6, 'newer'],
    [7, 'newest'],
  ]);
  t.end();
});

t.test('a session that begins at the old side begins here; one that has ended stays so, however often its last words come', (t) => {
  const { taking, heads, said } = owner();
  taking.take(batchOf(draft(0, 'first'), draft(1, 'second')));
  t.match(heads.get(SESSION), { seq: 1, listener: 'main', protocol: 'telnet' });
  taking.take(batchOf(draft(2, 'end')));
  t.same([...heads.keys()], []);
  t.equal(taking.take(batchOf(draft(1, 'second'), draft(2, 'end'))), 2);
  t.equal(said().length, 3);
  t.end();
});

t.test("the node's are sealed as they come", (t) => {
  const { taking, said } = owner();
  t.equal(taking.take(batchOf(draft(-1, 'one', ''), draft(-1, 'two', ''))), 2);
  t.same(said(), [
    [0, 'one'],
    [1, 'two'],
  ]);
  t.end();
});

t.test('a hole in the numbers, or what is no draft, is refused; what stood in front of it is sealed', (t) => {
  const { taking, said } = owner([known(4)]);
  t.equal(taking.take(batchOf(draft(5, 'new'), draft(7, 'too far'), draft(6, 'next'))), undefined);
  t.same(said(), [[5, 'new']]);
  t.equal(taking.take(frameOf(GIVES.draft, Buffer.from('[]'))), undefined);
  t.equal(taking.take(frameOf(GIVES.RCV, Buffer.from(encodeDraft(draft(6, 'x'))))), undefined);
  t.equal(taking.take(Buffer.from([GIVES.draft, 0xff, 0xff, 0xff, 0xff])), undefined);
  t.same(said().length, 1);
  t.end();
});
