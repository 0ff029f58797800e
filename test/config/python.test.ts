import t from 'tap';
import { readLiterals } from '../../src/config/literals.js';
import { pythonOf, starred } from '../../src/config/python.js';
import { plainValue } from '../../src/config/values.js';

const read = (text: string) => {
  const [one] = readLiterals(`A = ${text}`, 'f');
  if (!one) throw new Error('no value');
  return one.value;
};

t.test('prints values as Python that reads back as the same', async (t) => {
  const values = [
    null,
    true,
    false,
    0,
    -1.5,
    '',
    "it's",
    'say "hi"',
    `both ' and "`,
    'a\\b',
    'end\\',
    'tab\tline\n\x1b\x85\u2028',
    'é😀',
    '\ud800',
    [1, ['a']],
  ];
  for (const value of [...values, { a: 1, 'b c': [{}] }]) {
    t.strictSame(plainValue(read(pythonOf(value)), { name: '', folder: '', env: {} }), value, pythonOf(value));
  }
});

t.test('prints a pattern as people write it', async (t) => {
  t.equal(pythonOf('^setpass\\s+(?P<secret>.+)'), "r'^setpass\\s+(?P<secret>.+)'");
  t.equal(pythonOf('\\s"x'), `r'\\s"x'`);
});

t.test('stars what comes from elsewhere, what has the name of a secret, and passwords in URLs', async (t) => {
  const shown = pythonOf(
    starred(read("{'a': {'env': 'X'}, 'Token': ['hunter2'], 'sasl': {'user': 'bob'}, 'url': 'https://bob:hunter2@h/x', 'path': 'p'}")),
  );
  t.equal(shown, "{'a': '********', 'Token': '********', 'sasl': '********', 'url': 'https://********@h/x', 'path': 'p'}");
});

t.test('stars every header, and what a URL says behind its path', async (t) => {
  const text =
    "{'url': 'https://h/hook?token=hunter2', 'headers': {'X-Api-Key': 'k', 'Cookie': 'c', 'X-Scope-OrgID': {'env': 'O'}}, 'x': {'dd-api-key': 'k'}}";
  t.strictSame(starred(read(text)), {
    url: 'https://h/hook?********',
    headers: { 'X-Api-Key': '********', Cookie: '********', 'X-Scope-OrgID': '********' },
    x: { 'dd-api-key': '********' },
  });
});
