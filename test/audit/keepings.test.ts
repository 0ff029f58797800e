import t from 'tap';
import { type KeepingSettings, Keepings } from '../../src/audit/keepings.js';
import { loadSettings } from '../../src/config/settings.js';
import { SessionMasks } from '../../src/mask/session-masks.js';
import { utterance } from '../mask/masks.js';

/** A listener of this name with these masks, each `WORD SECRET`. */
function settings(words: readonly string[], style = 'length'): KeepingSettings {
  const masks = words.map((word) => `{'${word}': r'^${word} (?P<secret>\\S+)'}`).join(', ');
  const set = ['AUDIT_MASK_PACKS=[]', `AUDIT_MASKS=[${masks}]`, `AUDIT_MASK_STYLE='${style}'`];
  const { audit } = loadSettings({ file: null, set, cwd: '/', env: {} });
  const { active: _active, onFailure: _onFailure, ...kept } = audit;
  return { listeners: [{ name: 'main', ...kept }], tagKey: new Uint8Array(32) };
}

/** Lines of one session, as they are written. */
class Session {
  readonly #keepings: Keepings;
  readonly #masks: SessionMasks;

  constructor(keepings: Keepings, at: number) {
    this.#keepings = keepings;
    this.#masks = new SessionMasks((keepings.of('main', at) as NonNullable<ReturnType<Keepings['of']>>).masks);
  }

  adopt(): void {
    const kept = this.#keepings.now('main');
    if (kept) this.#masks.adopt(kept.masks);
  }

  say(line: string): string {
    const { text, masked } = this.#masks.scrub(utterance('RCV', line)).utterance;
    return `${text} ${masked.map(({ mask }) => mask)}`;
  }
}

const MINUTE_US = 60_000_000;

t.test('a mask that comes hides at once; one that goes hides on, until nothing waits any more', (t) => {
  const keepings = new Keepings(settings(['pw', 'old']));
  const session = new Session(keepings, 10);
  t.equal(session.say('old hunter2secret'), 'old ************* old');
  keepings.change(settings(['key', 'pw']), 1_000);
  session.adopt();
  t.equal(session.say('key abcdef99'), 'key ******** key');
  t.equal(session.say('old second99'), 'old ******** old');
  t.equal(session.say('pw third999'), 'pw ******** pw');
  t.equal(new Session(keepings, 1_000).say('old said-before'), 'old *********** old', 'a session that began before it');
  t.equal(new Session(keepings, 1_001).say('old said-after'), 'old said-after ', 'one that began after it');
  t.notOk(keepings.settles(1_000 + MINUTE_US));
  t.ok(keepings.settles(1_000 + 2 * MINUTE_US));
  t.notOk(keepings.settles(1_000 + 3 * MINUTE_US), 'once');
  session.adopt();
  t.equal(session.say('old fourth99'), 'old fourth99 ');
  t.equal(session.say('key fifth999'), 'key ******** key');
  t.equal(
    session.say('say hunter2secret and abcdef99'),
    'say ************* and ******** old,key',
    'what was said stays known, by the name that it had',
  );
  t.end();
});

t.test('again and again: what one reload took out hides on through the next', (t) => {
  const keepings = new Keepings(settings(['a']));
  const session = new Session(keepings, 10);
  t.equal(session.say('a first-secret'), 'a ************ a');
  for (const [index, word] of ['b', 'c', 'd'].entries()) {
    keepings.change(settings([word]), 1_000 + index);
    session.adopt();
  }
  for (const word of ['a', 'b', 'c', 'd'])
    t.equal(session.say(`${word} secret-of-${word}`), `${word} ************** ${word}`.replace('**************', '*'.repeat(11)));
  keepings.settles(MINUTE_US * 2);
  session.adopt();
  t.equal(session.say('a shown'), 'a shown ');
  t.equal(session.say('first-secret secret-of-c'), '************ *********** a,c');
  keepings.change(settings(['e']), MINUTE_US * 3);
  session.adopt();
  t.equal(session.say('a shown too'), 'a shown too ', 'but not for ever');
  t.equal(session.say('d secret-two'), 'd ********** d');
  t.end();
});

t.test('nothing waits for what only comes, and a mask that does not compile changes nothing', (t) => {
  const keepings = new Keepings(settings(['pw']));
  keepings.change(settings(['pw', 'more']), 1_000);
  t.equal(keepings.sets.length, 1);
  const bad = settings(['pw']);
  const masks = bad.listeners[0]?.masks.map((mask) => ({ ...mask, pattern: '(' })) ?? [];
  t.throws(() => keepings.change({ ...bad, listeners: bad.listeners.map((one) => ({ ...one, masks })) }, 2_000), { code: 'AUDIT_MASK_PATTERN' });
  t.equal(new Session(keepings, 3_000).say('more abcdef99'), 'more ******** more');
  t.end();
});

t.test('a new style counts at once, for what is known too', (t) => {
  const keepings = new Keepings(settings(['pw']));
  const session = new Session(keepings, 10);
  session.say('pw hunter2secret');
  keepings.change(settings(['pw'], 'fixed'), 1_000);
  session.adopt();
  t.equal(session.say('say hunter2secret'), 'say ******** pw');
  keepings.change(settings([], 'tag'), 2_000);
  session.adopt();
  t.match(session.say('say hunter2secret'), /^say <masked:pw:[0-9a-f]{8}> pw$/);
  t.end();
});

t.test('listeners whose masks do not differ share them, also behind a reload', (t) => {
  const [main] = settings(['pw']).listeners;
  const [other] = settings(['key']).listeners;
  if (!main || !other) throw new Error('no listener');
  const listeners = [main, { ...main, name: 'second' }, { ...other, name: 'third' }];
  const keepings = new Keepings({ listeners });
  t.equal(keepings.sets.length, 2);
  t.equal(keepings.now('second')?.masks, keepings.now('main')?.masks);
  t.not(keepings.now('third')?.masks, keepings.now('main')?.masks);
  keepings.change({ listeners: [...listeners, { ...main, name: 'fourth' }] }, 1_000);
  t.ok(keepings.settles(1_000 + 2 * MINUTE_US));
  t.equal(keepings.now('second')?.masks, keepings.now('main')?.masks);
  t.end();
});
