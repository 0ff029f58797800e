import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MaskAlarm } from '../../src/audit/mask-alarm.js';
import { compileMasks } from '../../src/mask/masker.js';
import { folderOf } from '../harness.js';
import { mask, prompt } from '../mask/masks.js';

const MINUTE_US = 60_000_000;
const DAY_US = 86_400_000_000;
const START_US = 20_000 * DAY_US;
const keptIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'mask-hits.json'), 'utf8'));
const set = () => compileMasks([mask('pw (?P<secret>.+)', { name: 'pw' }), prompt('password:', { name: 'ask' })]);

t.test('counts the hits of all listeners once a minute, and keeps them', async (t) => {
  const folder = folderOf(t);
  const [one, two] = [set(), set()];
  const alarm = new MaskAlarm(folder, [one, two]);
  t.notOk(alarm.damaged);
  alarm.sessionBegan();
  one.find('RCV', 'pw hunter2');
  two.find('RCV', 'pw hunter2');
  two.prompts.find('Password: ', true);
  t.same(alarm.tick(START_US), []);
  t.same(keptIn(folder), { version: 1, day: 20_000, sessions: 1, hits: { pw: 2, ask: 1 }, before: [] });
  one.find('RCV', 'pw hunter2');
  t.same(alarm.tick(START_US + MINUTE_US - 1), []);
  t.match(keptIn(folder), { hits: { pw: 2 } });
  alarm.tick(START_US + MINUTE_US);
  t.match(keptIn(folder), { hits: { pw: 3 } });
  one.find('RCV', 'pw hunter2');
  alarm.close();
  t.match(keptIn(folder), { hits: { pw: 4 } });
});

t.test('says which mask fell silent, after a restart too', async (t) => {
  const folder = folderOf(t);
  const day = { sessions: 4, hits: { pw: 12, ask: 12 } };
  writeFileSync(join(folder, 'mask-hits.json'), JSON.stringify({ version: 1, day: 20_000, sessions: 4, hits: { ask: 1 }, before: [day, day, day] }));
  const alarm = new MaskAlarm(folder, [set()]);
  t.same(alarm.tick(START_US + DAY_US - 1), []);
  t.same(alarm.tick(START_US + DAY_US + MINUTE_US), [{ code: 'mask-silent', stage: 'mask', count: 1, mask: 'pw' }]);
  t.same(alarm.tick(START_US + 2 * DAY_US + MINUTE_US), []);
});

t.test('says that what was kept cannot be read', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'mask-hits.json'), 'half');
  t.ok(new MaskAlarm(folder, [set()]).damaged);
  writeFileSync(join(folder, 'mask-hits.json'), '[]');
  t.ok(new MaskAlarm(folder, [set()]).damaged);
});
