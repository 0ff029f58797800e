import { spawnSync } from 'node:child_process';
import t from 'tap';
import { type Literal, MAX_DEPTH, MAX_TEXT, readLiterals } from '../../src/config/literals.js';
import { AuditError } from '../../src/errors.js';

/** Values alone, tuples as {tuple}, dicts as lists of pairs. */
function plain(literal: Literal): unknown {
  if (literal.kind === 'list') return literal.value.map(plain);
  if (literal.kind === 'tuple') return { tuple: literal.value.map(plain) };
  if (literal.kind === 'dict') return { dict: literal.value.map(({ key, value }) => [plain(key), plain(value)]) };
  return literal.value;
}

const values = (text: string) => Object.fromEntries(readLiterals(text, 'f').map(({ name, value }) => [name, plain(value)]));

function refused(text: string): string {
  try {
    readLiterals(text, 'f');
  } catch (error) {
    if (error instanceof AuditError) return String(error);
    throw error;
  }
  return 'not refused';
}

t.test('reads assignments, comments, several on a line, and values over lines', async (t) => {
  const text =
    '\uFEFF# head\r\nA = 1; B = "x" # tail\r\n\tC = [ # here\n  1,\n\n  (2),\n  (3,),\n]\nD = \\\n  None\nE = {"a": (True, -1.5), 2: {}}\nF = 1, 2;';
  t.strictSame(values(text), {
    A: 1,
    B: 'x',
    C: [1, 2, { tuple: [3] }],
    D: null,
    E: {
      dict: [
        ['a', { tuple: [true, -1.5] }],
        [2, { dict: [] }],
      ],
    },
    F: { tuple: [1, 2] },
  });
});

t.test('reads nothing out of nothing', async (t) => {
  t.strictSame(values(''), {});
  t.strictSame(values('\n # only a comment'), {});
});

t.test('points at each value and each key, columns in characters', async (t) => {
  const [one] = readLiterals('\nA = ["😀", {"k": 7}]', 'f');
  t.strictSame(one?.place, { file: 'f', line: 2, column: 1 });
  const list = one?.value;
  if (list?.kind !== 'list') return t.fail('a list');
  const [text, dict] = list.value;
  t.strictSame(list.place.column, 5);
  t.strictSame(text?.place.column, 6);
  if (dict?.kind !== 'dict') return t.fail('a dict');
  t.strictSame(
    dict.value.map(({ key, value }) => [key.place.column, value.place.column]),
    [[12, 17]],
  );
});

t.test('says where a character of a string stands, behind escapes and over joined strings and lines', async (t) => {
  const [one] = readLiterals("A = ('a\\x41b'\n     r'c\\d')", 'f');
  if (one?.value.kind !== 'string') return t.fail('a string');
  const { value, at } = one.value;
  t.equal(value, 'aAbc\\d');
  t.strictSame(
    [...value].map((_, index) => `${at(index).line}:${at(index).column}`),
    ['1:7', '1:8', '1:12', '2:8', '2:9', '2:10'],
  );
});

const REFUSED: readonly (readonly [text: string, error: string])[] = [
  ['A = f(1)', "1:5: a call; nothing is executed here, so write the value itself, or {'env': 'NAME'} for an environment variable"],
  ['A = hunter2', '1:5: a name without quotes; put quotes around it if it is a text (nothing is looked up here)'],
  ['A = true', '1:5: Python writes this True'],
  ['A = os.environ["X"]', '1:5: a part of a module or of another value; nothing is looked up here, so write the value itself'],
  ['A = "a" + "b"', "1:9: '+' is an operator; nothing is executed here, so write the value itself"],
  ['A = HOME + "/x"', "1:5: an expression ('+' is an operator); nothing is executed here, so write the value itself"],
  ['A = 1 if True else 2', "1:7: 'if' is an operator; nothing is executed here, so write the value itself"],
  ['A = not True', "1:5: 'not' is code; nothing is executed here, so write the value itself"],
  ['A = f"{x}"', '1:5: an f-string is code, and nothing is executed here; write the text itself'],
  ['A = "a" Rf"{x}"', '1:9: an f-string is code, and nothing is executed here; write the text itself'],
  ['import os', '1:1: an import; nothing is executed here, so write the values themselves'],
  ['from a import *', '1:1: an import; nothing is executed here, so write the values themselves'],
  ['if A:\n  B = 1', "1:1: 'if' is code; nothing is executed here, so write NAME = value lines alone"],
  ['A = []\nA += [1]', "2:3: '+=' is not read; write the whole value with ="],
  ['A["x"] = 1', '1:1: only a plain name can be given a value; write the whole value as NAME = ...'],
  ['A: int = 1', '1:1: a name with a type or a colon; write NAME = value'],
  ['A, B = 1, 2', '1:1: one name a statement; write a line for each'],
  ['A = B = 1', '1:5: a name without quotes; put quotes around it if it is a text (nothing is looked up here)'],
  ['A = [1][0]', '1:8: an index; nothing is looked up here, so write the value itself (or put a comma in front of a list)'],
  ['A = "x".upper()', '1:8: a method or a part of a value; nothing is executed here, so write the value itself'],
  ['A = [x for x in "ab"]', '1:6: a comprehension is code, and nothing is executed here; write the values themselves'],
  ['A = [1 for x in "ab"]', '1:8: a comprehension is code, and nothing is executed here; write the values themselves'],
  ['A = [*B]', '1:6: * unpacks another value, and nothing is looked up here; write the values themselves'],
  ['A = {1, 2}', "1:6: an entry without a value (a set is not read); write 'name': value, or [ ] for a list"],
  ['A = [1 2]', "1:8: a comma or ']' is wanted here"],
  ['A = [1,\n     2', "1:5: '[' is not closed; a ']' is missing"],
  ['A = [(1]', "1:8: ']' does not close the '(' of line 1, column 6; a ')' is missing"],
  ['A = {"a" 1}', '1:10: a : is wanted here'],
  ['A = {[]: 1}', '1:6: a list or dict cannot be the name of an entry; write a string'],
  ['A = {"a": 1,\n "a": 2}', "2:2: 'a' is given twice, first in line 1, column 6; keep one"],
  ['A = {1: 1, True: 2}', '1:12: this entry is given twice, first in line 1, column 6; keep one'],
  ['A = 1\nB = 2\nA = 3', "3:1: 'A' is given twice, first in line 1; keep one"],
  ["A = 'abc\nB = 1", "1:5: a string that is not closed; put ' at its end, or three of them around a text of several lines"],
  ["A = '''abc", "1:5: a string that is not closed; put ''' at its end"],
  ["A = '\\N{DASH}'", '1:6: a character by its name (\\N) is not read here; write the character itself, or \\u and its number'],
  ["A = 'C:\\users'", '1:8: \\u wants 4 hex digits behind it; write \\\\ for a backslash, or put r in front of the string'],
  ["A = b'é'", "1:7: a b'' string holds ASCII alone; leave out the b, or write \\x41 and the like"],
  ["A = 'a' b'b'", "1:9: a b'' string and another cannot be joined; leave out the b"],
  ['A = “x”', `1:5: a typographic quote; type ' or " instead`],
  ['A\u00a0= 1', "1:2: the character U+00A0 has no meaning outside quotes; an '=' is wanted here"],
  ['A = 10m', "1:5: a number with letters in it; a size such as '64k' stands in quotes, and so does any text"],
  ['A = 017', '1:5: a number that begins with 0; write 0o17 for octal, or leave out the 0'],
  ['A = 1j', '1:5: a complex number is not read here'],
  ['A = 9007199254740993', '1:5: a number beyond 9007199254740991; put it in quotes if it is a text'],
  ['A = - "a"', "1:5: '-' is read only in front of a number"],
  ['A =', '1:4: a value is missing here'],
  ['A = # none', '1:11: a value is missing here'],
  ['A', '1:1: a name and no value; write A = value'],
  ['"doc"\nA = 1', '1:1: a string without a name; write NAME = in front, # for a comment, or put brackets around strings that belong together'],
  ['5', '1:1: a value without a name; write NAME = in front of it'],
  ['A = 1;; B = 2', '1:7: nothing stands between these two ;; take one out'],
  ['A = 1 B = 2', '1:7: the line should end here'],
  ['A = [,]', '1:6: nothing stands in front of this comma'],
];

t.test('says of whatever is no literal what it is, where, and how to mend it', async (t) => {
  for (const [text, error] of REFUSED) t.equal(refused(text), `AUDIT_CONFIG_SYNTAX: f:${error}`, text);
});

t.test('never shows a value in an error', async (t) => {
  for (const text of [
    'A = hunter2',
    "A = 'hunter2",
    "A = {'p': hunter2}",
    "A = 'hunter2' x",
    "A = ['hunter2' 5]",
    'A = hunter2()',
    'A = "hunter2\\x"',
  ]) {
    t.notMatch(refused(text), 'hunter2', text);
  }
});

t.test('bounds depth and size', async (t) => {
  const nested = (depth: number) => `A = ${'['.repeat(depth)}${']'.repeat(depth)}`;
  t.equal(refused(nested(MAX_DEPTH)), 'not refused');
  t.match(refused(nested(MAX_DEPTH + 1)), `f:1:${5 + MAX_DEPTH}: brackets more than 64 deep`);
  t.match(refused(nested(100_000)), 'more than 64 deep');
  t.match(refused(`# ${'x'.repeat(MAX_TEXT)}`), 'f:1:1: longer than 1048576 characters');
});

t.test('reads a large line in time that grows with its length', async (t) => {
  const text = `A = [${"'a', ".repeat(150_000)}]`;
  const [one] = readLiterals(text, 'f');
  t.equal(one?.value.kind === 'list' && one.value.value.length, 150_000);
});

/** Mulberry32: a seeded generator, so that what fails fails again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NASTY =
  `A B = == += ; : , . ... ( ) [ ] { } ' " ''' """ r b u f rb \\ \\x \\u00 \\N{ \\777 # - + * ** -> := 0 1 0x 1_ 1e5 1e999 .5 9e 0b2 None True for in if not lambda
  import env __proto__ constructor toString 😀 \ud800 “ é`
    .split(/\s+/)
    .concat([' ', '\n', '\r', '\t', '\f', '\0', '\u00a0', '\u2028', '\\\n', '\uFEFF', 'A = ', "'x'", '{"a": ']);

t.test('never throws anything but its own error, whatever it is given', async (t) => {
  const random = seeded(20_240_607);
  let read = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const length = 1 + Math.floor(random() * 14);
    const text = `${random() < 0.7 ? 'A = ' : ''}${Array.from({ length }, () => NASTY[Math.floor(random() * NASTY.length)]).join(random() < 0.5 ? '' : ' ')}`;
    try {
      readLiterals(text, 'f');
      read += 1;
    } catch (error) {
      if (!(error instanceof AuditError) || error.code !== 'AUDIT_CONFIG_SYNTAX' || !error.place) return t.fail(JSON.stringify(text));
    }
  }
  t.ok(read > 100, 'some of it is good');
});

/** Literals that Python and we must read alike. */
const SAME: readonly string[] = [
  ...[
    "'a'",
    '"a"',
    "'''a\nb'''",
    '"""a"b""c"""',
    "r'\\d+\\'x'",
    "R'a\\\nb'",
    "u'é😀'",
    "'a' \"b\" r'\\c'",
    "'\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'",
    "'a\\\nb'",
  ],
  ...[
    "'\\0\\12\\1234\\377'",
    "'\\x41\\u00e9\\U0001F600'",
    "'\\s\\d\\w\\8\\-'",
    "''",
    "''''''",
    "'''''x'''",
    "('a'\n  # c\n 'b')",
    "'a\\\r\nb'",
    "'''a\r\nb\rc'''",
  ],
  ...['0', '00', '1_000', '0xFF_ff', '0o17', '0O17', '0b1_0', '-5', '+5', '- 7', '-0', '9007199254740991'],
  ...['1.5', '1.', '.5', '1e3', '1E-2', '1_0.0_1', '-1.5e+2', '00.5', '01.5', '1e5', '0e0'],
  ...[
    'True',
    'False',
    'None',
    '[]',
    '()',
    '(1)',
    '(1,)',
    '(1, 2,)',
    '1, 2',
    "[1, [2, ('x',)], {}]",
    "{'a': 1, 2: [None], (1, 'b'): {},}",
    '[\n1\n,\n]',
    '((((1))))',
  ],
];

/** What Python refuses, and we must. */
const BOTH_REFUSE: readonly string[] = [
  ...[
    "'a",
    "'a\nb'",
    "r'\\'",
    "'\\x4'",
    "'\\u12'",
    "'\\U00110000'",
    "b'é'",
    "'a' b'b'",
    "ur'a'",
    'bu"a"',
    '01',
    '1__0',
    '1_',
    '0x',
    '0b2',
    '1e',
    '0_1',
  ],
  ...[
    '[1 2]',
    '[,]',
    '(,)',
    '{,}',
    "{'a' 1}",
    '[1',
    '1]',
    '(1]',
    '--',
    '*',
    '1 2',
    '[1,,2]',
    '{[]: 1}',
    'x',
    'f()',
    "'a'.b",
    '1 +',
    "f'{x}'",
    '"a',
    '\\',
    "{'a': }",
    '-',
  ],
];

const PYTHON = `
import ast, json, sys
def plain(v):
    if isinstance(v, tuple): return {'tuple': [plain(x) for x in v]}
    if isinstance(v, list): return [plain(x) for x in v]
    if isinstance(v, dict): return {'dict': [[plain(k), plain(x)] for k, x in v.items()]}
    return v.decode('latin-1') if isinstance(v, bytes) else v
def read(s):
    try: return {'value': plain(ast.literal_eval(s))}
    except Exception: return {'refused': True}
print(json.dumps([read(s) for s in json.load(sys.stdin)]))
`;

const BYTES = ["b'a\\xff\\u0041\\777'", "Rb'\\d'", "bR'\\d'", 'B"a" b\'b\''];
const texts = [...SAME, ...BYTES, ...BOTH_REFUSE];
const python = spawnSync('python3', ['-W', 'ignore', '-c', PYTHON], { input: JSON.stringify(texts), encoding: 'utf8' });

t.test('reads and refuses what Python does', { skip: python.error ? 'python3 is not on the PATH' : false }, async (t) => {
  const answers: { readonly value?: unknown; readonly refused?: true }[] = JSON.parse(python.stdout);
  for (const [index, text] of texts.entries()) {
    const ours = /not refused/.test(refused(`A = ${text}`)) ? { value: values(`A = ${text}`).A } : { refused: true };
    // JSON has no -0 and no difference of 1 and 1.0: neither has JavaScript.
    t.strictSame(JSON.parse(JSON.stringify(ours)), answers[index], JSON.stringify(text));
  }
});
