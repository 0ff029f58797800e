/** callbacks/README.md is true: its settings are taken by the callbacks that they name, and its links lead somewhere. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { checkCallback } from '../../src/config/callbacks.js';
import { CALLBACKS } from '../../src/config/keys.js';
import { loadSettings } from '../../src/config/settings.js';

const PAGE = join(import.meta.dirname, '../../../callbacks/README.md');
const page = readFileSync(PAGE, 'utf8');

t.test('its settings load, and the callbacks take their options', async (t) => {
  const cwd = t.testdir({ 'search-token': 'tok-1' });
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'logs-ca.pem'], {
    cwd,
    stdio: 'ignore',
  });
  const env = { KAFKA_PASSWORD: 'pw-1', HOOK_TOKEN: 'tok-2' };
  for (const [, conf = ''] of page.matchAll(/^```conf\n([\s\S]*?)^```$/gm)) {
    const { callbacks } = loadSettings({ cwd, env, file: null, set: [conf.trim(), 'AUDIT_MASK_PACKS=[]'] });
    for (const callback of callbacks) t.same(await checkCallback(callback, cwd), [], `${callback.use}: no remark`);
  }
});

t.test('it speaks of every callback', async (t) => {
  for (const name of Object.keys(CALLBACKS)) t.match(page, new RegExp(`^\\| \`${name}\``, 'm'), name);
});

t.test('its links lead somewhere', async (t) => {
  for (const [, link = ''] of page.matchAll(/\]\(([^)]+)\)/g)) {
    const [path = '', anchor] = link.split('#');
    const file = join(dirname(PAGE), path);
    t.ok(existsSync(file), link);
    const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    if (anchor !== undefined) t.ok(headings.includes(anchor), link);
  }
});
