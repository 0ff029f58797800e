import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';

const script = join(import.meta.dirname, '../../test/ci-summary.mjs');

/** The closing line and the exit code for a file of TAP. */
function summary(file: string): [string, number | null] {
  const { stdout, status } = spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
  return [stdout, status];
}

const cases: [string, string[], [string, number]][] = [
  [
    'counts the tests of each file, not the files and not the assertions',
    [
      '# Subtest: a.test.js',
      '        ok 1 - equal',
      '        ok 2 - equal',
      '    ok 1 - adds',
      '        ok 1 - equal',
      '    ok 2 - more',
      'ok 1 - a.test.js',
    ],
    ['2 passed, 0 failed, 0 skipped\n', 0],
  ],
  [
    'counts tests that passed, and those skipped with a reason',
    ['    ok 1 - adds # time=1ms', '    ok 2 - subtracts', '    ok 3 - a peer # SKIP not installed', '    1..3', 'ok 1 - a.test.js # time=2ms'],
    ['2 passed, 0 failed, 1 skipped\n', 0],
  ],
  [
    'counts a failed test once, not again for its file, and reads no result out of what it compared',
    [
      '    not ok 1 - adds',
      '      ---',
      '      diff: |',
      '    ok 9 - no result',
      '      ...',
      '    ok 2 - more',
      'not ok 1 - a.test.js',
      '  ---',
      '  exitCode: 1',
      '  ...',
    ],
    ['1 passed, 1 failed, 0 skipped\n', 1],
  ],
  [
    'counts a file that crashed as one failed',
    ['    ok 1 - adds', '    1..1', 'not ok 1 - a.test.js # time=3ms'],
    ['1 passed, 1 failed, 0 skipped\n', 1],
  ],
  [
    'counts a file that is skipped whole as one skipped',
    ['    ok 1 - adds', 'ok 1 - a.test.js', '    1..0 # no peer', 'ok 2 - b.test.js # SKIP no peer'],
    ['1 passed, 0 failed, 1 skipped\n', 0],
  ],
  ['fails when no test ran', ['TAP version 14', '1..0'], ['0 passed, 0 failed, 0 skipped\n', 1]],
];

for (const [title, lines, expected] of cases) {
  t.test(title, async (t) => {
    const dir = t.testdir({ tap: `${lines.join('\n')}\n` });
    t.same(summary(join(dir, 'tap')), expected);
  });
}
