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
  });
  const why = async (name: string): Promise<string> => {
    const { callbacks } = loadSettings({ cwd, env: {}, set: ['AUDIT_MASK_PACKS=[]', `AUDIT_CALLBACK=['./${name}.mjs']`] });
    for (const callback of callbacks) {
      const error: unknown = await checkCallback(callback).catch((error: unknown) => error);
      if (error) return String(error).replace(cwd, '');
    }
    return 'good';
  };
  const at = 'AUDIT_CALLBACK_LOAD: --set:1:17: the callback';
  t.equal(await why('simple'), 'good');
  t.equal(await why('full'), 'good');
  t.equal(await why('none'), `${at} 'none' has no function as its default export; write \`export default function ...\``);
  t.equal(await why('nullary'), `${at} 'nullary' wants a function of (record), or of (options, context), as its default export`);
  t.equal(await why('throws'), `${at} 'throws' does not load: TypeError; \`node --check\` on it may say more`);
  t.equal(await why('broken'), `${at} 'broken' does not load: SyntaxError; \`node --check\` on it may say more`);
  t.equal(await why('nope'), `${at} 'nope' does not load: it, or a module that it imports, is not there`);
});

t.test('those that ship with us load', async (t) => {
  const { callbacks } = loadSettings({ cwd: t.testdir(), env: {}, set: ['AUDIT_MASK_PACKS=[]', "AUDIT_CALLBACK=['console', 'file']"] });
  for (const callback of callbacks) await checkCallback(callback);
  t.equal(callbacks[0]?.module, join(import.meta.dirname, '../../callbacks/console.js'));
});
