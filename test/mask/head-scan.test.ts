import t from 'tap';
import { HeadScan } from '../../src/mask/head-scan.js';
import { parsePattern } from '../../src/mask/pattern-tree.js';
import { Program } from '../../src/mask/program.js';

const scan = (...patterns: string[]): HeadScan => new HeadScan(patterns.map((pattern) => parsePattern(pattern).root));
const PLACE = { file: 'server.conf', line: 1, column: 1 };

t.test('knows lines that begin as no pattern does', async (t) => {
  const heads = scan(String.raw`[^\w"']*con?n?ect\s+.*`, String.raw`(?:@|&)set\s`);
  for (const line of ['connect bob', '@conect bob', '  CONNECT\tbob', '@set x', '&SET x']) t.equal(heads.mayBegin(line), true, line);
  for (const line of ['say connect bob', 'look', '', 'connect', 'c', '"connect bob', '@sit x']) t.equal(heads.mayBegin(line), false, line);
});

t.test('looks at every line of a text', async (t) => {
  const heads = scan(String.raw`connect\s`);
  t.equal(heads.mayBegin('look\nconnect bob'), true);
  t.equal(heads.mayBegin('look\n\nsay connect bob\n'), false);
});

t.test('says yes to what goes on as a pattern does for long', async (t) => {
  const heads = scan('[a-z]+;x');
  t.equal(heads.mayBegin(`${'a'.repeat(23)};y`), true);
  t.equal(heads.mayBegin(`${'a'.repeat(10)};y`), false);
});

t.test('takes letters beyond ASCII for whatever a class has of them, a pair of surrogates for one', async (t) => {
  const heads = scan('.x', 'п!', String.raw`\w\?`, 'k#');
  for (const line of ['😀x', 'éx', 'П!', 'ж!', 'é?', '\u212a#']) t.equal(heads.mayBegin(line), true, line);
  for (const line of ['😀y', 'ab', '-?']) t.equal(heads.mayBegin(line), false, line);
});

t.test('has a bound for its states, and says yes beyond it', async (t) => {
  const heads = scan('(?:a|b)*a(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b);x');
  const pick = numbers(5);
  for (let round = 0; round < 2000; round++) {
    const letters = Array.from({ length: 18 }, () => 'ab'.charAt(pick(2))).join('');
    if (letters.charAt(6) === 'a') t.equal(heads.mayBegin(`${letters};x`), true);
  }
});

/** Reproducible numbers below 2^32 (Marsaglia's xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A pattern of groups, classes and repetitions, one in the other. */
function patternOf(pick: (below: number) => number, depth: number): string {
  const one = () => patternOf(pick, depth - 1);
  if (depth === 0) return ['a', 'b', 'k', '[ab]', '[^a]', '.', String.raw`\s`, String.raw`\S`, 'é', String.raw`\b`, '$', ''][pick(12)] ?? '';
  switch (pick(5)) {
    case 0:
      return `(?:${one()}|${one()})`;
    case 1:
      return `(?:${one()})${['*', '+', '?', '{2}', '{0,3}', '{1,20}', '{3,}', '*?'][pick(8)]}`;
    case 2:
      return `(${one()}${one()})`;
    default:
      return one() + one();
  }
}

t.test('leaves out no line that a pattern matches, whatever the pattern', async (t) => {
  const pick = numbers(3);
  const letters = ['a', 'b', 'k', 'K', '\u212a', ' ', 'é', '😀', 'A'];
  const missed: string[] = [];
  let hit = 0;
  for (let round = 0; round < 600; round++) {
    const pattern = patternOf(pick, 4);
    const program = compiled(pattern);
    if (!program?.head) continue;
    const heads = new HeadScan([program.head]);
    for (let line = 0; line < 25; line++) {
      const text = Array.from({ length: 1 + pick(pick(8) === 0 ? 30 : 6) }, () => letters[pick(letters.length)]).join('');
      if (program.find(text, 1).length === 0) continue;
      hit++;
      if (!heads.mayBegin(text)) missed.push(`${pattern} ${text}`);
    }
  }
  t.same(missed, []);
  t.ok(hit > 500, `${hit} hits`);
});

function compiled(pattern: string): Program | undefined {
  try {
    return new Program(pattern, PLACE, true);
  } catch {
    return undefined;
  }
}
