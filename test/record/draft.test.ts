import { randomFillSync } from 'node:crypto';
import t from 'tap';
import { compileMasks, scrub, scrubData, scrubName } from '../../src/mask/masker.js';
import { type Draft, encodeDraft, readDraft } from '../../src/record/draft.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';
import { partsOf, sha256 } from '../evidence.js';
import { mask, utterance } from '../mask/masks.js';

const MASKS = compileMasks([mask('connect \\S+ (?P<secret>\\S+)')]);
const AT = 1_767_323_045_123_456;
const OPEN = { id: '019b7ca9-8c88-7000-8000-000000000001', listener: 'main "one"', protocol: 'telnet', ip: '192.0.2.7', port: 50_712 } as const;

/** A node that writes lines. */
function nodeOf(pid: number) {
  const lines: string[] = [];
  const scribe = new NodeScribe({
    origin: { hostname: 'north', application: 'wirescribe', version: `0.${pid}.0`, pid, node: 'n1' },
    ids: new Ids((into) => into.fill(0)),
    salts: new Salts(randomFillSync),
    append: (line) => void lines.push(line),
  });
  return { lines, scribe, records: () => lines.map((line) => JSON.parse(line)) };
}

/** An old side whose session has begun, and the drafts that it gives from then on. */
function passing() {
  const drafts: Draft[] = [];
  const old = nodeOf(1);
  const session = old.scribe.session(OPEN, false);
  session.event('session.start', AT, scrubData(MASKS, { upstream: 'telnet://u:1' }));
  old.scribe.pass((draft) => void drafts.push(draft));
  const say = (text: string) => session.said(scrub(MASKS, utterance('RCV', text, { at: AT, endAt: AT })).utterance, { exchange: 1 });
  return { old, session, drafts, say };
}

t.test('a record that is passed on comes out as its own process would have written it, in the same chain, with a salt of the owner’s', async (t) => {
  const { old, session, drafts, say } = passing();
  say('connect bob hunter2');
  old.scribe.event('audit.fault', AT, scrubData(MASKS, { code: 'x', stage: 'mask', count: 1 }));
  t.equal(old.lines.length, 1, 'nothing more is sealed there');
  t.same(
    drafts.map(({ seq, session }) => [seq, session]),
    [
      [1, OPEN.id],
      [-1, ''],
    ],
  );
  const owner = nodeOf(2);
  const sealer = owner.scribe.sealer();
  const [first] = old.records();
  const chain = { seq: 0, hash: first.hash };
  const [said, fault] = drafts.map((draft) => readDraft(encodeDraft(draft)));
  if (!said || !fault) throw new Error('a draft cannot be read');
  t.match(said, { listener: 'main "one"', protocol: 'telnet' });
  sealer.session(said, chain);
  sealer.node(fault);
  const [input, node] = owner.records();
  t.match(input, { topic: 'session.input', pid: 1, version: '0.1.0', seq: 1, prev: first.hash, text: 'connect bob ********', ip: '192.0.2.7' });
  t.match(node, { topic: 'audit.fault', pid: 1, seq: 0, data: { code: 'x' } });
  t.same(chain, { seq: 1, hash: input.hash });
  const { head, who, body, hash } = partsOf((owner.lines[0] as string).slice(0, -1));
  t.same(input.digest, [sha256(who), sha256(body)]);
  t.equal(hash, sha256(`{${head},"digest":["${input.digest[0]}","${input.digest[1]}"]`));
  t.notMatch(JSON.stringify(drafts), /hunter2|salt/);
  t.ok(session);
});

t.test('a who keeps its salt while it stays the same, and gets another with a name, and at the cut of a redaction', async (t) => {
  const { session, drafts, say } = passing();
  say('one');
  say('two');
  session.identify({ account: scrubName(MASKS, 'bob') });
  say('three');
  say('four');
  const owner = nodeOf(2);
  const sealer = owner.scribe.sealer();
  const chain = { seq: 0, hash: 'a'.repeat(64) };
  for (const draft of drafts.slice(0, 3)) sealer.session(draft, chain);
  sealer.renew();
  sealer.session(drafts[3] as Draft, chain);
  const [one, two, three, four] = owner.records().map(({ who_salt }) => who_salt);
  t.equal(one, two);
  t.not(two, three);
  t.not(three, four);
  t.match(owner.records()[3], { account: 'bob', text: 'four' });
});

t.test('a draft that is not taken leaves no hole in the numbers', async (t) => {
  const { old, say, drafts } = passing();
  old.scribe.pass(() => {
    throw new Error('no room');
  });
  t.throws(() => say('lost'));
  old.scribe.pass((draft) => void drafts.push(draft));
  say('kept');
  t.match(drafts, [{ seq: 1 }]);
});

t.test('what would make no line of a record is no draft', async (t) => {
  const { drafts, say } = passing();
  say('x');
  const good = drafts[0] as Draft;
  t.ok(readDraft(encodeDraft(good)));
  const bad: Partial<Record<keyof Draft, unknown>>[] = [
    { session: 'another' },
    { session: 7 },
    { seq: -1 },
    { seq: 1.5 },
    { topic: 'session.input","x":"' },
    { at: 'now' },
    { fixed: `${good.fixed}1,` },
    { late: ',"a":1}' },
    { late: ',"a":1\n' },
    { who: '"ip":' },
    { body: ',"text":"' },
    { body: '},{' },
    { body: undefined },
  ];
  for (const change of bad) t.equal(readDraft(encodeDraft({ ...good, ...change } as Draft)), undefined, JSON.stringify(change));
  for (const text of ['', '[]', '{}', 'null', '[1,2,3,4,5,6,7,8]', '\u0000']) t.equal(readDraft(text), undefined, text);
});
