/**
 * Counts the results in a file of TAP as `tap` prints it, and prints one line: `N passed, N failed, N skipped`. Exit 1 if any failed or none ran.
 * Usage: node test/ci-summary.mjs FILE
 *
 * A test is a point at the top of a test file, which tap indents by four spaces below that file's own point. A file that failed without a failing
 * test in it (it crashed, or its time was over) counts as one failed; a file that holds nothing but a reason to skip it, as one skipped.
 */
import { readFileSync } from 'node:fs';

const INDENT = 4;
const POINT = /^( *)(not )?ok\b(.*)$/;

const count = { passed: 0, failed: 0, skipped: 0 };
let inFile = { tests: 0, failed: 0 };
let diagnostic = '';

/** Skips the YAML below a point: what a test compared may look like TAP. */
function isDiagnostic(line) {
  if (diagnostic) {
    if (line === diagnostic) diagnostic = '';
    return true;
  }
  const begins = /^( +)---$/.exec(line);
  if (begins) diagnostic = `${begins[1]}...`;
  return begins !== null;
}

function add(result) {
  count[result]++;
  inFile.tests++;
  if (result === 'failed') inFile.failed++;
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (isDiagnostic(line)) continue;
  const [, indent, not, rest] = POINT.exec(line) ?? [];
  if (indent === undefined || indent.length > INDENT) continue;
  const result = /\s# (skip|todo)\b/i.test(rest) ? 'skipped' : not ? 'failed' : 'passed';
  if (indent.length === INDENT) add(result);
  else {
    if (result === 'failed' && inFile.failed === 0) count.failed++;
    if (result === 'skipped' && inFile.tests === 0) count.skipped++;
    inFile = { tests: 0, failed: 0 };
  }
}

console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
