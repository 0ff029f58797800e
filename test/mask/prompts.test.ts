import t from 'tap';
import { compileMasks } from '../../src/mask/masker.js';
import { Prompts } from '../../src/mask/prompts.js';
import { mask, prompt } from './masks.js';

const PLACE = { file: 'server.conf', line: 3, column: 10 };

t.test('names the first prompt that a line is, in the order of the definitions', async (t) => {
  const prompts = new Prompts([prompt(String.raw`password:\s*$`, { name: 'a' }), prompt('word', { name: 'b' })]);
  t.equal(prompts.find('Enter your Password: ', true), 'a');
  t.equal(prompts.find('The word', true), 'b');
  t.equal(prompts.find('Look', true), undefined);
  t.equal(prompts.find('', true), undefined);
  t.same(
    [...prompts.hits],
    [
      ['a', 1],
      ['b', 1],
    ],
  );
});

t.test("asks a prompt of where 'prompt' at an unfinished line alone, the others at every line", async (t) => {
  const prompts = new Prompts([
    prompt('password:', { name: 'open' }),
    prompt('pin:', { name: 'start', where: 'start' }),
    prompt('code', { name: 'any', where: 'anywhere' }),
  ]);
  t.equal(prompts.find('The password: ', true), 'open');
  t.equal(prompts.find('The password: ', false), undefined);
  t.equal(prompts.find('PIN: ', false), 'start');
  t.equal(prompts.find('Your pin: ', true), undefined);
  t.equal(prompts.find('Enter the code', false), 'any');
});

t.test('says beforehand which text has no prompt in any of its lines', async (t) => {
  const prompts = new Prompts([
    prompt(String.raw`^password:\s*$`),
    prompt(String.raw`пароль:\s*$`),
    prompt(String.raw`^pin:\s*$`, { where: 'start' }),
  ]);
  t.equal(prompts.mayFind('You see a door.\nIt is shut.'), false);
  t.equal(prompts.mayFind('Welcome.\nPassword: '), true);
  t.equal(prompts.mayFind('Welcome.\nPIN:\nYou see a door.'), true);
  t.equal(prompts.mayFind('Добро пожаловать.\nПароль: '), true);
  t.equal(prompts.mayFind(''), false);
  t.equal(new Prompts([]).mayFind('Password: '), false);
});

t.test('reads Python, in any letter case, and takes what is not well-formed', async (t) => {
  const prompts = new Prompts([prompt(String.raw`\bContraseña\b\s*:\s*$`)]);
  t.equal(prompts.find('CONTRASEÑA:', true), 'test');
  t.equal(prompts.find('Micontraseña:', true), undefined);
  t.equal(prompts.find('\ud800 contraseña: ', true), 'test');
});

t.test('refuses a prompt whose examples do not come out as it says, and quotes none', async (t) => {
  const sound = { prompts: ['Welcome.\nPassword: '], notPrompts: ['Bob says, "password: "\nLook'] };
  t.ok(new Prompts([prompt(String.raw`^password:\s*$`, sound)]));
  t.throws(() => new Prompts([prompt('passwort', sound)]), {
    code: 'AUDIT_MASK_PROOF',
    place: PLACE,
    message: "mask 'test': its example 1 of `prompts` is no prompt to it; widen the pattern or mend the example",
  });
  t.throws(() => new Prompts([prompt('password', sound)]), {
    code: 'AUDIT_MASK_PROOF',
    message: "mask 'test': its example 1 of `not_prompts` is a prompt to it; narrow the pattern or mend the example",
  });
});

t.test('refuses a group secret, and a pattern that is no Python', async (t) => {
  t.throws(() => new Prompts([prompt('pw: (?P<secret>.*)')]), { code: 'AUDIT_MASK_SECRET', place: { ...PLACE, column: 30 } });
  t.throws(() => new Prompts([prompt('pw(')]), { code: 'AUDIT_MASK_PATTERN' });
});

t.test('masks of all kinds stand in one set, each with an index for its spans', async (t) => {
  const field = { name: 'field', oob: 'Char.Login', path: 'password', place: PLACE };
  const masks = compileMasks([prompt('password', { name: 'ask' }), mask('pw (?P<secret>.+)', { name: 'pw' }), field, prompt('pin', { name: 'ask' })]);
  t.same(
    masks.singles.map(({ definition }) => definition.name),
    ['pw'],
  );
  t.same(masks.fields, [field]);
  t.equal(masks.prompts.find('Password: ', true), 'ask');
  const named = ['pw', 'ask', 'field', 'hidden-typing'];
  t.same(
    named.map((_, index) => masks.nameOf(index)),
    named,
  );
  t.same(
    [...named, 'stranger'].map((name) => masks.indexOf(name)),
    [0, 1, 2, 3, 3],
  );
  t.equal(masks.nameOf(99), '');
  t.same(
    [...masks.hits],
    [
      ['ask', 1],
      ['pw', 0],
    ],
  );
});
