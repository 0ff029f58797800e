import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkCallback } from '../../src/config/callbacks.js';
import { loadSettings } from '../../src/config/settings.js';

t.test('says of a module that cannot be a callback why, and where it is named', async (t) => {
  const cwd = t.testdir({
    'simple.mjs': 'export default (record) => {};',
    'full.mjs': 'export default async (options, context) => ({});',
    'none.mjs': 'export const write = 1;',
    'nullary.mjs': 'export default () => {};',
    'throws.mjs': "throw new TypeError('hunter2');",
    'broken.mjs': 'export default function (',
    'remarks.mjs': "export default (options, context) => {}; export const check = () => ['best effort'];",
    'fails.mjs': "export default (options, context) => {}; export const check = () => { throw new TypeError('hunter2'); };",
  });
  const why = async (name: string): Promise<string> => {
    const { callbacks } = loadSettings({ cwd, env: {}, set: ['AUDIT_MASK_PACKS=[]', `AUDIT_CALLBACK=['./${name}.mjs']`] });
    for (const callback of callbacks) {
      const said: unknown = await checkCallback(callback, cwd).catch((error: unknown) => error);
      if (!Array.isArray(said)) return String(said).replace(cwd, '');
      if (said.length > 0) return said.join('; ');
    }
    return 'good';
  };
  const at = 'AUDIT_CALLBACK_LOAD: --set:1:17: the callback';
  t.equal(await why('simple'), 'good');
  t.equal(await why('full'), 'good');
  t.equal(await why('remarks'), 'best effort');
  t.equal(await why('none'), `${at} 'none' has no function as its default export; write \`export default function ...\``);
  t.equal(await why('nullary'), `${at} 'nullary' wants a function of (record), or of (options, context), as its default export`);
  t.equal(await why('throws'), `${at} 'throws' does not load: TypeError; \`node --check\` on it may say more`);
  t.equal(await why('broken'), `${at} 'broken' does not load: SyntaxError; \`node --check\` on it may say more`);
  t.equal(await why('fails'), `${at} 'fails' fails in its \`check\`: TypeError`);
  t.equal(await why('nope'), `${at} 'nope' does not load: it, or a module that it imports, is not there`);
});

t.test('has those that ship with us look at their options, opening nothing', async (t) => {
  const cwd = t.testdir({ 'notes.txt': '' });
  const why = async (callback: string): Promise<string> => {
    const { callbacks } = loadSettings({ cwd, env: {}, set: ['AUDIT_MASK_PACKS=[]', `AUDIT_CALLBACK=[${callback}]`] });
    return callbacks[0] ? checkCallback(callbacks[0], cwd).then(() => 'good', String) : 'none';
  };
  const at = 'AUDIT_CALLBACK_LOAD: --set:1:17: the callback';
  t.equal(await why("{'use': 'file', 'size': 'big'}"), `${at} 'file' refuses its options: size: a number of bytes, or '64k', '10m', '4g'`);
  t.equal(await why("{'use': 'file', 'mode': 1000}"), `${at} 'file' refuses its options: mode: an octal number such as 0o600`);
  t.equal(await why("{'use': 'console', 'format': 'xml'}"), `${at} 'console' refuses its options: format: write 'pretty' or 'json'`);
  t.equal(await why("{'use': 'file', 'size': '1m'}"), 'good');
  t.equal(await why("'./notes.txt'"), `${at} 'notes' does not load: a module of JavaScript is wanted, whose name ends in .mjs or .js`);
  t.same(readdirSync(cwd), ['notes.txt']);
});

t.test('those that ship with us load', async (t) => {
  const { callbacks } = loadSettings({ cwd: t.testdir(), env: {}, set: ['AUDIT_MASK_PACKS=[]', "AUDIT_CALLBACK=['console', 'file']"] });
  for (const callback of callbacks) await checkCallback(callback, '.');
  t.equal(callbacks[0]?.module, join(import.meta.dirname, '../../callbacks/console.js'));
});

t.test('refuses two that would write the same file', async (t) => {
  const cwd = t.testdir();
  const load = (callbacks: string) => loadSettings({ cwd, env: {}, set: ['AUDIT_MASK_PACKS=[]', `AUDIT_CALLBACK=[${callbacks}]`] }).callbacks.length;
  const message = "the callbacks 'file' and 'file2' write the same file; give one another 'path'";
  t.throws(() => load("'file', 'file'"), { code: 'AUDIT_CONFIG_TYPE', message, place: { column: 25 } });
  t.throws(() => load("'file', {'use': 'file', 'path': './audit/x/../audit.log'}"), { message });
  t.equal(load("'file', {'use': 'file', 'path': 'audit/in.log', 'topics': ['session.input']}, 'console', 'console'"), 4);
});
