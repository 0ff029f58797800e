import { spawnSync } from 'node:child_process';
import RE2 from 're2';
import t from 'tap';
import { AuditError } from '../../src/errors.js';
import { Program } from '../../src/mask/program.js';
import { translate } from '../../src/mask/python-pattern.js';

const PLACE = { file: 'server.conf', line: 3, column: 10 };

/** Each with every string below, the hits and their groups against Python's. */
const PATTERNS = [
  String.raw`\w+`,
  String.raw`(\w+)\s+(\S+)`,
  String.raw`[^\W\d]+`,
  String.raw`[^\W\d_]+`,
  String.raw`[\W\d]+`,
  String.raw`[\Wa]+`,
  String.raw`[^\S\t]+`,
  String.raw`[\S ]+`,
  String.raw`[^\D5]+`,
  String.raw`[\D]+`,
  String.raw`[^\w\s]+`,
  String.raw`\W+`,
  String.raw`\D+|\S+`,
  String.raw`\d{2,3}`,
  String.raw`\s\s?`,
  String.raw`\bpass`,
  String.raw`pass\b`,
  String.raw`\b\w+\b`,
  String.raw`\b(\w+?)\b`,
  String.raw`\B\w`,
  String.raw`\w\B`,
  String.raw`(?:\b\w+\b\W*){2}`,
  String.raw`(?:^|\b )(\w*)$`,
  String.raw`(?a)\w+`,
  String.raw`(?a)\bpass`,
  String.raw`(?a)[^\W\d]+\s`,
  '(?a)k+s+i+',
  'kelvin|straße|[k-l]+',
  '[^k]+',
  '[i]+|ſ',
  'σ+',
  '[а-я]+',
  '(?-i:PASS)|w',
  'a{,2}b',
  'a{2}',
  'a{2,}?',
  'a{',
  'a{}',
  'x{,',
  'a{1,b}',
  '{a}',
  '}',
  '[]a]+',
  '[^]a]+',
  '[[a]+',
  '[a&&b]+',
  '[a-]+|[-b]+',
  String.raw`[\]\-\\]+`,
  '[*-/]+',
  String.raw`[\x41-\x43\u0431]+`,
  String.raw`\x70\u0061\U00000073\163`,
  String.raw`[\b\0]|\07|\101`,
  String.raw`\-\'\"\ \#\@\!\/`,
  'p.ss',
  '(?s)p.ss',
  String.raw`\Apass|pass\Z`,
  '^pass$',
  '(?m)^pass$',
  String.raw`(?x) p a s s # here
     \s* (\w+)  [ ] `,
  '(?x: p a ) s(?#comment)+',
  '(?i)(?s)PASS',
  '(?P<a>p)(?P<b_2>a)?',
  '(a|ab)(c|bcd)?(d*)',
  '(?:a*)*b',
  '(a)|b|(c)',
  '(?:)',
  '()+?x|a??b',
  String.raw`\(\)\[\]\{\}`,
  String.raw`.*?(\d+)`,
  '😀|[😀-😎]+',
  '[^a]',
  String.raw`\t| `,
];

const STRINGS = [
  'pass',
  'PASS word',
  'épass é pass passé',
  'naïve p@ss-word pa$$w0rd',
  'пароль Пароль йван_9',
  'a aa aaa aaaa ab aab b',
  'abcd abbcd a{ a{} x{, a{1,b} {a} }',
  'Kelvin KELVIN straße STRASSE STRAẞE ſſ Kk kſi ksi KSI',
  'i I İ ı',
  'σςΣ ΟΔΟΣ',
  'x1 22 333 ٣٤٥ 4४5',
  'a\u00a0b\u2003c\u3000d\u0085e\u001cf\ufeffg\u200bh',
  'e\u0301te ⅷ Ⅷ ² ½ _',
  '😀 😎😀 a😀b 𝒳 𝟗',
  '[] ]a [[a a&&b a-b -b *+,-./ \\ ] \\-',
  '-\'" #@!/ ()[]{}',
  'ABCб AБв pas\u0008\u0007A',
  '\tp\tss p ss',
  'ac 12 c d dd',
  '日本 語pass 日本pass語',
  ' ',
  '\ufdd0a\ufdd1 pass é',
];

const SCRIPT = `
import json, re, sys
asked = json.load(sys.stdin)
def units(text, at): return len(text[:at].encode('utf-16-le', 'surrogatepass')) // 2
answers = []
for pattern in asked['patterns']:
    compiled = re.compile(pattern, re.IGNORECASE)
    answers.append([[[None if m.start(g) < 0 else [units(s, m.start(g)), units(s, m.end(g))] for g in range(compiled.groups + 1)]
                     for m in compiled.finditer(s)] for s in asked['strings']])
refused = []
for pattern in asked['refused']:
    try: re.compile(pattern, re.IGNORECASE); refused.append(False)
    except re.error: refused.append(True)
json.dump({'answers': answers, 'refused': refused, 'version': list(sys.version_info[:2])}, sys.stdout)
`;

/** Patterns that are no Python, and the character (from 0) at which that shows here. */
const NO_PYTHON: readonly (readonly [string, number])[] = [
  ['a**', 2],
  ['*a', 0],
  ['^*', 1],
  [String.raw`\b+`, 2],
  ['(a', 0],
  ['a)', 1],
  ['[a', 0],
  ['[]', 0],
  ['[b-a]', 1],
  [String.raw`[\w-z]`, 1],
  [String.raw`[a-\d]`, 1],
  ['a{3,2}', 1],
  [String.raw`\q`, 0],
  [String.raw`a\x4`, 1],
  [String.raw`\u12`, 0],
  [String.raw`[\8]`, 1],
  [String.raw`\400`, 0],
  ['\\', 0],
  ['(?P<1>a)', 0],
  ['(?P<a>x)(?P<a>y)', 8],
  ['(?P<a', 0],
  ['(?Z)', 0],
  ['a(?i)', 1],
  ['(?au)a', 0],
  ['(?L)a', 0],
  ['(?#a', 0],
  ['(?i-i:a)', 0],
  ['(?i', 0],
];

function askPython(): { answers: unknown[][]; refused: boolean[]; version: number[] } | undefined {
  const child = spawnSync('python3', ['-c', SCRIPT], {
    input: JSON.stringify({ patterns: PATTERNS, strings: STRINGS, refused: NO_PYTHON.map(([pattern]) => pattern) }),
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8', PYTHONWARNINGS: 'ignore' },
  });
  return child.status === 0 ? JSON.parse(child.stdout) : undefined;
}

const python = askPython();

t.test("finds what Python's re finds, groups and all", { skip: python ? false : 'needs python3 3.11 or later on PATH' }, async (t) => {
  let compared = 0;
  PATTERNS.forEach((pattern, p) => {
    const program = new Program(pattern, PLACE, false);
    STRINGS.forEach((text, s) => {
      const ours = program.find(text, 1000).map((hit) => Array.from(hit, (span) => span ?? null));
      const theirs = python?.answers[p]?.[s];
      compared++;
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) t.same(ours, theirs, `${pattern} on ${JSON.stringify(text)}`);
    });
  });
  t.equal(compared, PATTERNS.length * STRINGS.length);
});

t.test('refuses what is no Python, with the place', async (t) => {
  for (const [index, [pattern, at]] of NO_PYTHON.entries()) {
    t.throws(() => translate(pattern, PLACE), { code: 'AUDIT_MASK_PATTERN', place: { ...PLACE, column: PLACE.column + at } }, pattern);
    if (python) t.ok(python.refused[index], `Python refuses ${pattern} too`);
  }
});

t.test('refuses what linear-time matching cannot do, with the place and a word', async (t) => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['a(?=b)', 1, /look-around/],
    ['a(?!b)', 1, /look-around/],
    ['(?<=a)b', 0, /look-around/],
    ['(?<!a)b', 0, /look-around/],
    [String.raw`(a)\1`, 3, /back-reference/],
    ['(?P<a>x)(?P=a)', 8, /back-reference/],
    ['(a)?(?(1)b|c)', 4, /condition/],
    ['a*+', 2, /possessive/],
    ['a{2,3}+', 6, /possessive/],
    ['a(?>b)', 1, /atomic/],
    ['a{1001}', 1, /counts go up to 1000/],
    [String.raw`\N{DIGIT ONE}`, 0, /\\u/],
    ['(?a:x)', 0, /head/],
    [`${'('.repeat(101)}a${')'.repeat(101)}`, 100, /nested/],
  ];
  for (const [pattern, at, message] of cases) {
    t.throws(() => translate(pattern, PLACE), { code: 'AUDIT_MASK_PATTERN', message, place: { ...PLACE, column: PLACE.column + at } }, pattern);
  }
});

t.test('counts the place of an error in characters, over lines', async (t) => {
  t.throws(() => translate('😀**', PLACE), { code: 'AUDIT_MASK_PATTERN', place: { ...PLACE, column: PLACE.column + 2 } });
  t.throws(() => translate('(?x) a\n  b\n  **', PLACE), { code: 'AUDIT_MASK_PATTERN', place: { file: 'server.conf', line: 5, column: 4 } });
});

t.test('tells a pattern that is too large for RE2 at start', async (t) => {
  t.throws(() => new Program(String.raw`(\w{1000}){1000}`, PLACE, false), { code: 'AUDIT_MASK_PATTERN', message: /too large/, place: PLACE });
});

t.test('names in a set whatever it finds alone, over lines too', async (t) => {
  for (const pattern of PATTERNS) {
    const alone = new Program(pattern, PLACE, false);
    const atStart = new Program(pattern, PLACE, true);
    const set = new RE2.Set([alone.setSource], 'u');
    const startSet = new RE2.Set([atStart.setSource], 'u');
    for (const text of STRINGS) {
      const lines = `first\n${text}\nlast`;
      if (alone.find(text, 1).length > 0) t.ok(set.test(Buffer.from(lines)), `${pattern} on ${JSON.stringify(text)}`);
      if (atStart.find(text, 1).length > 0) t.ok(startSet.test(Buffer.from(lines)), `${pattern} at the start of ${JSON.stringify(text)}`);
    }
  }
});

t.test('matches without word boundaries where marks cannot stand for them', async (t) => {
  const program = new Program(String.raw`\b^\w+`, PLACE, false);
  t.same(program.find('été pass', 9), [[[0, 3]]]);
  t.same(program.find('ete pass', 9), [[[0, 3]]]);
  t.equal(translate(String.raw`(?:\bx){9}`, PLACE).marks, undefined);
});

t.test('is an error of the operator, whatever is wrong', async (t) => {
  for (const [pattern] of NO_PYTHON) {
    try {
      translate(pattern, PLACE);
    } catch (error) {
      t.ok(error instanceof AuditError);
    }
  }
});
