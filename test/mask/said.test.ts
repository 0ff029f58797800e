import t from 'tap';
import { compileMasks } from '../../src/mask/masker.js';
import { Said } from '../../src/mask/said.js';
import { SessionMasks } from '../../src/mask/session-masks.js';
import { cover, join } from '../../src/mask/spans.js';
import { mask, utterance } from './masks.js';

const SECOND = 1_000_000;
const masks = compileMasks([
  mask('never (?P<secret>x)', { name: 'never' }),
  mask(String.raw`connect\s+(\S+)\s+(?P<secret>.+)`, { name: 'connect', direction: 'in' }),
  mask(String.raw`token (?P<secret>\S+)`, { name: 'token', direction: 'in' }),
]);

/** A session in which these were said as passwords. */
function knowing(...secrets: readonly string[]): SessionMasks {
  const session = new SessionMasks(masks);
  for (const secret of secrets) session.scrub(utterance('RCV', `connect bob ${secret}`));
  return session;
}

const said = (secret: string, text: string): string | undefined => knowing(secret).scrub(utterance('SND', text)).utterance.text;

t.test('a secret is hidden in whatever the server says, in any case', async (t) => {
  const { utterance: out } = knowing('hunter2').scrub(utterance('SND', 'Huh? You typed: CONNECT BOB HUNTER2!\nLook it up: connect bob hunter2'));
  t.equal(out.text, 'Huh? You typed: CONNECT BOB ********!\nLook it up: connect bob ********');
  t.match(out.masked, [
    { mask: 'connect', direction: 'SND', start: 28, end: 36 },
    { mask: 'connect', direction: 'SND', start: 62, end: 70 },
  ]);
  t.equal(said('pa$$w0rd', 'what is pA$$W0RD?'), 'what is ********?');
  t.equal(said('ПАРОЛЬ', "Команда 'conect bob пароль'"), "Команда 'conect bob ********'");
});

t.test('it is hidden in what the client says again', async (t) => {
  t.equal(knowing('hunter2').scrub(utterance('RCV', 'say oops, hunter2 was mine')).utterance.text, 'say oops, ******** was mine');
});

t.test('it is hidden without the quotes that it had, and with blanks in it', async (t) => {
  t.equal(said('"pass word"', 'you said pass word'), 'you said *********');
  t.equal(said('my long pass word', "'my long pass word' is not available"), "'*****************' is not available");
  t.equal(said('my  long pass', 'my long pass, my long  pass'), '************, *************');
});

t.test('it is hidden where a line is wrapped, at a blank or anywhere in it', async (t) => {
  t.equal(said('hunter2', 'Command connect bob hun\nter2 is not'), 'Command connect bob ******** is not');
  t.equal(said('hunter2', 'Command connect bob h   \n     unter2 is not'), `Command connect bob ${'*'.repeat(16)} is not`);
  t.equal(said('my pass word', 'typed my pass\n   word and'), `typed ${'*'.repeat(15)} and`);
  t.equal(said('my pass word', 'typed my pa\nss\nwo\n rd and'), `typed ${'*'.repeat(15)} and`);
});

t.test('blanks that are not its own tell it from other words', async (t) => {
  t.equal(said('hereis1', 'here is 1 of them'), 'here is 1 of them');
  t.equal(said('the rapist', 'a therapist'), 'a therapist');
  t.equal(knowing('the rapist', 'therapist').scrub(utterance('SND', 'a therapist')).utterance.text, 'a *********');
  t.equal(knowing('xx yy1zzz', 'yy1zzz').scrub(utterance('SND', 'xxyy1zzz')).utterance.text, 'xx********');
});

t.test('from six characters on, from four with a digit or a sign', async (t) => {
  t.equal(said('sword', 'a sword'), 'a sword');
  t.equal(said('dragon', 'a dragon'), 'a ********');
  t.equal(said('abc', 'abc'), 'abc');
  t.equal(said('cat1', 'a cat1'), 'a ********');
  t.equal(said('p(ss', 'p(ss'), '********');
  t.equal(said('a1!', 'a1!'), 'a1!');
  t.equal(said('ab cd', 'ab cd'), 'ab cd', 'a blank is no sign');
  t.equal(said('密码密碼秘', '密码密碼秘'), '密码密碼秘', 'characters, whatever they look like');
});

t.test('for fifteen minutes after it was said last, by the time of what is said', async (t) => {
  const session = new SessionMasks(masks);
  const at = (seconds: number, text: string) => {
    const time = seconds * SECOND;
    return session.scrub(utterance('SND', text, { at: time, endAt: time })).utterance.text;
  };
  const say = (seconds: number, text: string) => session.scrub(utterance('RCV', text, { at: seconds * SECOND, endAt: seconds * SECOND }));
  say(0, 'connect bob hunter2');
  t.equal(at(900, 'hunter2'), '********');
  t.equal(at(901, 'hunter2'), 'hunter2');
  say(1000, 'connect bob hunter2');
  say(1500, 'connect bob swordfish');
  say(1600, 'token hunter2');
  t.equal(at(2401, 'hunter2 swordfish'), '******** swordfish');
  t.equal(at(2600, 'hunter2'), 'hunter2');
});

t.test('the mask that found it first gives the name', async (t) => {
  const session = knowing('hunter2');
  session.scrub(utterance('RCV', 'token hunter2'));
  t.match(session.scrub(utterance('SND', 'hunter2')).utterance.masked, [{ mask: 'connect' }]);
});

t.test('thirty-two are known; the one said longest ago goes first', async (t) => {
  const secrets = Array.from({ length: 32 }, (_, index) => `secret-${index + 10}`);
  const session = knowing('hunter2', ...secrets.slice(2), 'hunter2', 'swordfish');
  t.equal(session.scrub(utterance('SND', 'hunter2 secret-12 secret-13 swordfish')).utterance.text, '******** ********* ********* *********');
  session.scrub(utterance('RCV', 'token another'));
  t.equal(session.scrub(utterance('SND', 'hunter2 secret-12 secret-13 swordfish')).utterance.text, '******** secret-12 ********* *********');
});

t.test('over the cut between two records no part of it is shown', async (t) => {
  const cut = (first: string, second: string) => {
    const session = knowing('hunter2');
    const one = session.scrub(utterance('SND', first, { cut: 'prompt' })).utterance.text;
    return [one, session.scrub(utterance('SND', second, { before: first })).utterance.text];
  };
  t.same(cut('You typed: hun', 'ter2, oh'), ['You typed: hun', '********, oh'], 'three letters of it are no part yet');
  t.same(cut('You typed: hunt', 'er2, oh'), ['You typed: ********', '********, oh']);
  t.same(cut('You typed: hunter2', ', oh'), ['You typed: ********', ', oh']);
  t.same(cut('You hunt', ' here'), ['You ********', ' here']);
});

t.test('over lines that are records of their own it is hidden too', async (t) => {
  const session = knowing('hunter2', 'my pass word');
  const lines = ["Command 'connect bob hunt", "   er2' is not available", 'typed my pass', 'word, and', 'I hunt here.'];
  t.same(
    lines.map((line) => session.scrub(utterance('SND', line)).utterance.text),
    ["Command 'connect bob ********", "********' is not available", 'typed ********', '********, and', 'I hunt here.'],
  );
});

t.test('a line that has ended does not hide what only begins a secret', async (t) => {
  t.equal(knowing('hunter2').scrub(utterance('SND', 'We hunt', { raw: 'We hunt\r\n' })).utterance.text, 'We hunt');
  t.equal(knowing('hunter2').scrub(utterance('RCV', 'hunt')).utterance.text, 'hunt');
});

t.test('a long secret is hidden whole, though its head alone is kept', async (t) => {
  const secret = Array.from({ length: 2000 }, (_, index) => (index * 7919).toString(36)).join('');
  t.equal(said(secret, `typed ${secret}, oh`), `typed ${'*'.repeat(secret.length)}, oh`);
  const session = knowing(secret);
  const [one, two, three] = [`typed ${secret.slice(0, 900)}`, secret.slice(900, 5000), `${secret.slice(5000)}, oh`];
  t.equal(session.scrub(utterance('SND', one, { cut: 'size' })).utterance.text, `typed ${'*'.repeat(900)}`);
  t.equal(session.scrub(utterance('SND', two, { before: one, cut: 'size' })).utterance.text, '*'.repeat(4100));
  t.equal(session.scrub(utterance('SND', three, { before: two.slice(-4096) })).utterance.text, `${'*'.repeat(secret.length - 5000)}, oh`);
});

t.test('a cut input is known by what stands behind the cut too', async (t) => {
  const session = new SessionMasks(masks);
  const head = 'y'.repeat(5000);
  session.scrub(utterance('RCV', `connect bob ${head}`, { cut: 'size' }));
  session.scrub(utterance('RCV', 'hunter2', { before: head.slice(-4096) }));
  t.equal(session.scrub(utterance('SND', 'and hunter2')).utterance.text, 'and ********');
});

t.test('it is hidden in raw: in a title, over colours, over line ends', async (t) => {
  const raw = '\x1b]0;bob hunter2\x07hello';
  const title = knowing('hunter2').scrub(utterance('SND', 'hello', { raw, offsets: () => [16, 17, 18, 19, 20] })).utterance;
  t.equal(title.raw, '\x1b]0;bob ********\x07hello');
  t.equal(title.bytes, Buffer.byteLength(title.raw ?? ''));
  const bytes = new Uint8Array([0xff]);
  const broken = knowing('hunter2').scrub(utterance('SND', 'hello', { raw, offsets: () => [16, 17, 18, 19, 20], bytes })).utterance;
  t.equal(broken.rawB64, undefined, 'nor in the bytes that no charset has');
  const wrapped = 'x hun\x1b[1mt\r\ner2 y';
  const offsets = () => [0, 1, 2, 3, 4, 9, 10, 12, 13, 14, 15, 16];
  const out = knowing('hunter2').scrub(utterance('SND', 'x hunt\ner2 y', { raw: wrapped, offsets })).utterance;
  t.equal(out.text, 'x ******** y');
  t.equal(out.raw, 'x ************* y');
});

t.test('it is hidden in data and names, as long as it is known', async (t) => {
  const session = knowing('hunter2');
  t.same(session.scrubData({ new: 'Hunter2', deep: ['x hunter2'] }, 1_000_000).value, { new: '********', deep: ['x ********'] });
  t.equal(session.scrubName('hunter2', 1_000_000), '********');
  t.equal(session.scrubName('hunter2', 1_000 * SECOND), 'hunter2');
});

t.test('a server that says secrets gives none away: only the client makes them known', async (t) => {
  const session = new SessionMasks(compileMasks([mask('token (?P<secret>.+)')]));
  session.scrub(utterance('SND', 'token hunter2'));
  t.equal(session.scrub(utterance('SND', 'hunter2')).utterance.text, 'hunter2');
  t.equal(session.version, 0);
});

t.test('one line after another, without a clock', async (t) => {
  const session = new SessionMasks(masks);
  t.equal(session.scrubLine('connect bob hunter2', 'both').text, 'connect bob ********');
  t.same(session.scrubLine("Command 'conect bob hunter2'", 'both'), {
    text: "Command 'conect bob ********'",
    masked: [{ mask: 'connect', start: 20, end: 28 }],
  });
});

t.test('costs no more than a few walks for secrets and texts made to cost much', async (t) => {
  const begun = performance.now();
  const known = new Said();
  known.learn(
    Array.from({ length: 32 }, (_, index) => ({ text: `${'a'.repeat(40 + index)}${'.'.repeat(20_000)}b`, mask: 0 })),
    0,
  );
  known.learn([{ text: 'a'.repeat(60_000), mask: 0 }], 0);
  for (const text of ['a'.repeat(60_000), 'a\n'.repeat(30_000), 'a '.repeat(30_000)]) {
    const spans = join(known.find(utterance('SND', text, { at: 0 })));
    t.ok(cover(text, spans).text.length >= text.length);
  }
  t.ok(performance.now() - begun < 3000, 'far above what it takes');
  t.comment(`${Math.round(performance.now() - begun)} ms`);
});
