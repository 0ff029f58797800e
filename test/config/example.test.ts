import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exampleText } from '../../src/config/example.js';
import { AUDIT_KEYS, KEYS } from '../../src/config/keys.js';
import { readLiterals } from '../../src/config/literals.js';
import { loadSettings } from '../../src/config/settings.js';

const root = join(import.meta.dirname, '../../..');

// To print it anew: node -e "import('./dist/src/config/example.js').then((m) => process.stdout.write(m.exampleText()))" > server.conf.example
t.test('server.conf.example is what the table prints', async (t) => {
  t.equal(readFileSync(join(root, 'server.conf.example'), 'utf8'), exampleText());
});

t.test('the example is a configuration that works', async (t) => {
  const { listeners } = loadSettings({ file: join(root, 'server.conf.example'), cwd: t.testdir(), env: {} });
  t.match(listeners, [{ name: 'main', audit: { in: true, out: true } }]);
});

t.test('every key stands in the example, once in force or as its default', async (t) => {
  const lines = exampleText().split('\n');
  const settings = lines.map((line) => line.replace(/^# /, '')).filter((line) => /^[A-Z_]+ = /.test(line));
  const last = new Map(settings.map((line) => [line.split(' ')[0], line]));
  t.strictSame([...last.keys()].toSorted(), Object.keys(KEYS).toSorted());
  for (const line of settings) t.equal(readLiterals(line, 'example').length, 1, line);
  t.ok(Object.keys(AUDIT_KEYS).every((name) => last.has(name)));
});
