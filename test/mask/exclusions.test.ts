import t from 'tap';
import type { LinePattern } from '../../src/contract.js';
import { compileExclusions } from '../../src/mask/exclusions.js';

const PLACE = { file: 'server.conf', line: 2, column: 30 };
const pattern = (source: string, more: Partial<LinePattern> = {}): LinePattern => ({
  pattern: source,
  direction: 'both',
  where: 'start',
  patternPlace: PLACE,
  ...more,
});

t.test('what is meant is left out, in its direction, from the start of a line unless it says otherwise', async (t) => {
  const excludes = compileExclusions([pattern('whisper ', { direction: 'in' }), pattern(String.raw`\(ooc\)`, { where: 'anywhere' })]);
  t.ok(excludes('RCV', 'Whisper bob=hi'));
  t.notOk(excludes('RCV', 'say whisper bob=hi'));
  t.notOk(excludes('SND', 'whisper bob=hi'));
  t.ok(excludes('SND', 'Bob says, "brb" (OOC)'));
  t.notOk(excludes('SND', ''));
});

t.test('a message goes where each line that says anything is meant; beside such a line no other is lost', async (t) => {
  const excludes = compileExclusions([pattern('whisper '), pattern('page ')]);
  t.ok(excludes('SND', '\nwhisper a\n  \npage b\n'));
  t.notOk(excludes('SND', 'whisper a\nThe goblin hits you.'));
  t.notOk(excludes('SND', '\n \n'));
});

t.test('a pattern that cannot be matched in linear time is refused with its place', async (t) => {
  t.throws(() => compileExclusions([pattern('a(?=b)')]), { code: 'AUDIT_MASK_PATTERN', place: { line: 2, column: 31 } });
});
