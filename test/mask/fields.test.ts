/** Secrets of messages out of band by their fields: a message as the wire had it, what is written of it, and what its session learns. */
import t from 'tap';
import type { FieldDefinition, OobMessage } from '../../src/contract.js';
import { finderOf } from '../../src/mask/elsewhere.js';
import { FieldMasks } from '../../src/mask/fields.js';
import { MaskSet } from '../../src/mask/mask-set.js';
import type { Style } from '../../src/mask/style.js';
import { mask, pack } from './masks.js';

const PLACE = { file: 'oob.conf', line: 1, column: 1 };
const field = (oob: string, path = '', more: Partial<FieldDefinition> = {}): FieldDefinition => ({ name: 'field', oob, path, place: PLACE, ...more });
const CONNECT = mask(String.raw`connect\s+\S+\s+(?P<secret>.+)`, { name: 'connect', direction: 'in' });

interface Written {
  readonly name: string;
  readonly value?: unknown;
  readonly secrets: readonly string[];
}

function written(
  message: Partial<OobMessage>,
  fields: readonly FieldDefinition[] = [],
  { style, said }: { style?: Style; said?: readonly string[] } = {},
): Written {
  const masks = new FieldMasks(new MaskSet([CONNECT, ...fields], style));
  const hidden = masks.hide({ direction: 'RCV', protocol: 'gmcp', name: '', value: undefined, ...message });
  const { value } = masks.scrub(hidden, said && finderOf(said.map((text) => ({ text, mask: 0 }))));
  const { protocol, ...rest } = value as { protocol: string; name: string; value?: unknown };
  t.equal(protocol, message.protocol ?? 'gmcp');
  return { ...rest, secrets: hidden.secrets.map(({ text }) => text) };
}

const gmcp = (name: string, value: unknown, ...fields: FieldDefinition[]): Written => written({ name, value }, fields);

t.test("hides GMCP's password, shows the account, and names the secret", async (t) => {
  t.same(gmcp('Char.Login.Credentials', { account: 'bob', password: 'hunter2hunter2' }, field('Char.Login.Credentials', 'password')), {
    name: 'Char.Login.Credentials',
    value: { account: 'bob', password: '**************' },
    secrets: ['hunter2hunter2'],
  });
});

t.test('names of packages, members and paths are compared without regard to case', async (t) => {
  t.same(gmcp('CHAR.LOGIN.credentials', { User: 'bob', PIN: '1234' }, field('char.Login.Credentials', 'pin')).value, {
    User: 'bob',
    PIN: '********',
  });
});

t.test('a * ends a name, and only there', async (t) => {
  t.same(gmcp('Guild.Vault.Open', { code: '4711' }, field('Guild.Vault*', 'code')).value, { code: '********' });
  t.same(gmcp('Guild.Vaul', { code: '4711' }, field('Guild.Vault*', 'code')).value, { code: '4711' });
  t.same(gmcp('Guild.Vault.Open', { code: '4711' }, field('Guild*Open', 'code')).value, { code: '4711' });
});

t.test('a path has dots; * is any member; lists are passed through, or counted', async (t) => {
  const value = { a: { code: 'one' }, b: [{ code: 'two' }, [{ code: 'three' }]], code: 'four' };
  t.same(gmcp('X', value, field('X', 'a.code')).value, { ...value, a: { code: '********' } });
  t.same(gmcp('X', value, field('X', '*.code')).value, { a: { code: '********' }, b: [{ code: '********' }, [{ code: '********' }]], code: 'four' });
  t.same(gmcp('X', [{ k: 'zero' }, { k: 'eins' }], field('X', '1.k')).value, [{ k: 'zero' }, { k: '********' }]);
  t.same(gmcp('X', { 'a.code': 'one' }, field('X', 'a.code')).value, { 'a.code': '********' });
});

t.test('an empty path is the whole value, whatever it is', async (t) => {
  t.same(gmcp('X', { a: ['hunter2', 4711], name: 'bob', b: null }, field('X')), {
    name: 'X',
    value: '****************',
    secrets: ['hunter2', '4711'],
  });
  t.same(gmcp('X', undefined, field('X')), { name: 'X', secrets: [] });
  t.same(gmcp('X', null, field('X')).value, null);
});

t.test('what lies under a secret path is hidden whole: strings, numbers, lists, objects, true', async (t) => {
  const hide = (pin: unknown) => gmcp('X', { pin }, field('X', 'pin'));
  t.same(hide(1234), { name: 'X', value: { pin: '********' }, secrets: ['1234'] });
  t.same(hide(['alpha', { deep: 'beta' }]), { name: 'X', value: { pin: '**********' }, secrets: ['alpha', 'beta'] });
  t.same(hide(true), { name: 'X', value: { pin: '********' }, secrets: [] });
  t.same(hide(null), { name: 'X', value: { pin: null }, secrets: [] });
});

t.test('a named package in another form than its path is hidden whole', async (t) => {
  t.same(gmcp('X', 'hunter2', field('X', 'pin')), { name: 'X', value: '********', secrets: ['hunter2'] });
  t.same(gmcp('X', ['hunter2'], field('X', 'pin')).value, '********');
});

t.test('a secret is hidden wherever else it stands in the message: name, strings, members, numbers', async (t) => {
  const value = { pin: '47114711', note: 'pin is 47114711!', '47114711': 1, n: 47114711, other: 12 };
  t.same(gmcp('X.47114711', value, field('X*', 'pin')), {
    name: 'X.********',
    value: { pin: '********', note: 'pin is ********!', '********': 1, n: '********', other: 12 },
    secrets: ['47114711'],
  });
});

t.test('every string passes the text masks, and what the session knows is hidden', async (t) => {
  t.same(gmcp('Input', { line: 'connect bob hunter2', again: ['HUNTER2'] }).value, { line: 'connect bob ********', again: ['********'] });
  t.same(written({ name: 'Comm', value: { text: 'my word is hunter2', n: 12345678 } }, [], { said: ['hunter2', '12345678'] }).value, {
    text: 'my word is ********',
    n: '********',
  });
});

t.test('the arguments of a command are one line to the text masks', async (t) => {
  t.same(written({ protocol: 'zmp', name: 'zmp.input', value: ['connect', 'bob', 'hunter2'] }).value, ['connect', 'bob', '********']);
  t.same(written({ protocol: 'atcp', name: 'connect', value: 'bob hunter2' }).value, 'bob ********');
});

t.test('a protocol can be asked for', async (t) => {
  const only = field('CODE', '', { protocol: 'MSDP' });
  t.equal(written({ protocol: 'msdp', name: 'CODE', value: 'x' }, [only]).value, '********');
  t.equal(written({ protocol: 'gmcp', name: 'CODE', value: 'x' }, [only]).value, 'x');
});

const TELLING: readonly [protocol: string, name: string, value: unknown, shown: unknown, secrets: readonly string[]][] = [
  ['gmcp', 'Foo.Bar', { password: 'a', new_password: 'b', refreshToken: 'c', Secret: 4, 'api-key': 'e' }, undefined, ['a', 'b', 'c', '4', 'e']],
  ['gmcp', 'Foo.Bar', { passives: 1, tokens: 5, secretary: 'x', bypass: 'y', password: true, pass: null }, 'same', []],
  ['gmcp', 'Char.Value.Get', { name: 'password', value: 'hunter2' }, { name: 'password', value: '********' }, ['hunter2']],
  ['gmcp', 'Char.Value.Get', { name: 'location', value: 'Limbo' }, 'same', []],
  ['gmcp', 'Char.Login', { name: 'bob', code: 'hunter2' }, { name: 'bob', code: '********' }, ['hunter2']],
  ['gmcp', 'Char.Login.Default', { type: ['password-credentials'], location: 'https://mud.example' }, 'same', []],
  ['gmcp', 'Client.Token', 'abc', '********', ['abc']],
  ['atcp', 'login', 'bob hunter2', '********', ['hunter2']],
  ['atcp', 'auth', 'abcdef', '********', ['abcdef']],
  ['atcp', 'Auth.Request', 'CH abcdef', '*********', ['CH abcdef']],
  ['atcp', 'hello', 'Nexus 3\nlogin bob hunter2\ncomposer 1', 'Nexus 3\nlogin ********\ncomposer 1', ['hunter2']],
  ['zmp', 'zmp.auth', ['bob', 'hunter2'], '***********', ['bob', 'hunter2']],
  ['zmp', 'mud.login', ['bob', 'hunter2'], '********', ['hunter2']],
  ['msdp', 'ADMIN_PASSWORD', 'hunter2', '********', ['hunter2']],
  ['msdp', 'ROOM', { NAME: 'Hall', DOOR: { PASSWORD: 'sesame' } }, { NAME: 'Hall', DOOR: { PASSWORD: '********' } }, ['sesame']],
  ['msdp', 'HEALTH', '10', 'same', []],
  ['environ', 'USER', 'bob', 'same', []],
  ['environ', 'charset', 'UTF-8', 'same', []],
  ['environ', 'HOME', '/home/bob', '*********', []],
  ['environ', 'MY_TOKEN', 'hunter2', '********', ['hunter2']],
];

for (const [protocol, name, value, shown, secrets] of TELLING)
  t.test(`without any definition: ${protocol} ${name} ${JSON.stringify(value)}`, async (t) => {
    const result = written({ protocol, name, value });
    const stars = shown === undefined ? Object.fromEntries(Object.keys(value as object).map((key) => [key, '********'])) : shown;
    t.same(result.value, shown === 'same' ? value : stars);
    t.same(result.secrets, secrets);
  });

const SHIPPED: readonly [protocol: string, name: string, value: unknown, shown: unknown][] = [
  [
    'gmcp',
    'Char.Login.Credentials',
    { account: 'bob', password: 'hunter2', code: 'abc' },
    { account: 'bob', password: '********', code: '********' },
  ],
  ['gmcp', 'Char.Login.Token', { 'refresh-token': 'abc', expires: 60 }, { 'refresh-token': '********', expires: '********' }],
  ['gmcp', 'Char.Login.Result', { success: true, message: 'Welcome' }, { success: true, message: 'Welcome' }],
  ['gmcp', 'Client.Author', { name: 'bob' }, { name: 'bob' }],
  ['gmcp', 'Client.Auth.Response', { of: 'abc' }, '********'],
  ['atcp', 'Auth.Request', 'CH abcdef', '*********'],
  ['msdp', 'PASSIVE_HP', '10', '10'],
  ['evennia', 'login', { name: 'bob', password: 'hunter2' }, { name: 'bob', password: '********' }],
  ['evennia', 'login', ['bob', 'hunter2'], '***********'],
  ['evennia', 'csessid', ['abcdefgh'], '********'],
  ['msdp', 'pass', 'hunter2', '********'],
];

for (const [protocol, name, value, shown] of SHIPPED)
  t.test(`the pack oob: ${protocol} ${name} ${JSON.stringify(value)}`, async (t) => {
    const fields = pack('oob').filter((one) => 'oob' in one);
    t.equal(fields.length, 17);
    t.same(written({ protocol, name, value }, fields).value, shown);
  });

t.test(
  'a message that does not parse is withheld where a mask names it, where it looks like a login, and where there is nothing to show',
  async (t) => {
    const broken = (name: string, value: unknown) => written({ name, value, broken: true }, [field('Guild.Vault', 'code')]);
    const withheld = { withheld: true };
    t.same(broken('guild.vault', '{"code": "4711"'), { name: 'guild.vault', value: withheld, secrets: [] });
    t.same(broken('Char.Login', '{"x": "4711"').value, withheld);
    t.same(broken('Foo', '{"password": "hunter2"').value, withheld);
    t.same(broken('', undefined).value, withheld);
    t.same(broken('Comm', 'connect bob hunter2').value, 'connect bob ********');
    t.same(broken('Room.Name', 'Hall').value, 'Hall');
  },
);

t.test("the tag in a secret's place bears the name of its mask", async (t) => {
  const style: Style = { name: 'tag', key: new Uint8Array(32) };
  const tagged = (name: string, value: unknown, protocol = 'gmcp') =>
    written({ protocol, name, value }, [field('X', 'pin', { name: 'guild-pin' })], { style }).value;
  t.match(tagged('X', { pin: '47114711', note: '47114711' }), { pin: /^<masked:guild-pin:[0-9a-f]{8}>$/, note: /^<masked:guild-pin:[0-9a-f]{8}>$/ });
  t.match(tagged('Y', { password: '4711' }), { password: /^<masked:secret-field:[0-9a-f]{8}>$/ });
  t.match(tagged('HOME', '/home/bob', 'environ'), /^<masked:environ-value:[0-9a-f]{8}>$/);
});

t.test('names that are no ordinary ones do no harm', async (t) => {
  const value = JSON.parse('{"__proto__": {"password": "hunter2"}, "constructor": "x", "toString": {"pin": "1"}, "a": "\\ud800 \\u0000"}');
  const result = gmcp('X', value, field('X', '__proto__.pin'), field('X', 'tostring.pin'));
  t.equal(JSON.stringify(result.value), '{"__proto__":{"password":"********"},"constructor":"x","toString":{"pin":"********"},"a":"\ufffd \\u0000"}');
  t.equal(({} as { password?: string }).password, undefined);
  t.same(gmcp('__proto__', { password: '\ud800hunter2' }).secrets, ['\ufffdhunter2']);
});

t.test('what is nested too deep, or no plain data, is withheld', async (t) => {
  const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}{"password": "hunter2"}${']'.repeat(depth)}`);
  t.same(gmcp('X', deep(60)).secrets, ['hunter2']);
  t.same(gmcp('X', deep(70)), { name: 'X', value: { withheld: true }, secrets: [] });
  t.same(gmcp('X', deep(30_000)).value, { withheld: true });
  t.same(gmcp('X', { password: deep(30_000) }).value, { withheld: true });
  t.same(gmcp('X', { f: new Map() }).value, { withheld: true });
  const round: unknown[] = [];
  round.push(round);
  t.same(gmcp('X', round).value, { withheld: true });
});

t.test('the largest messages are hidden in time', async (t) => {
  const wide = Object.fromEntries(Array.from({ length: 8_000 }, (_, index) => [`password${index}`, `secret${index}`]));
  t.equal(gmcp('X', wide).secrets.length, 8_000);
  const fields = Array.from({ length: 40 }, (_, index) => field(`X${index}*`, '*.*.*.*.*.*.*.pin'));
  let nested: unknown = { pin: 'x' };
  for (let level = 0; level < 50; level++) nested = [nested, { a: nested === undefined ? 1 : 'b' }];
  t.ok(written({ name: 'X1', value: nested }, fields).value);
  for (const name of ['a'.repeat(65_000), `${'a'.repeat(65_000)}.`, 'a.'.repeat(32_000), ' '.repeat(65_000)])
    t.ok(gmcp(name, { x: name }, ...fields).value);
  t.ok(written({ protocol: 'atcp', name: 'x', value: `${'a'.repeat(30_000)}${' '.repeat(30_000)}\n`.repeat(2) }).value);
});
