import t, { type Test } from 'tap';
import { loadSettings } from '../../src/config/settings.js';

const read = (t: Test, ...set: string[]) => {
  const { chores, retentionDays } = loadSettings({ file: null, set, cwd: t.testdir(), env: {} });
  return { ...chores, retentionDays };
};

t.test('retention is on the schedule unless it is taken off, the archive where it is named', async (t) => {
  t.same(read(t), {
    retain: { at: { hour: 3, minute: 0 }, limitS: 7200 },
    archive: { at: null, limitS: 7200, reset: false },
    retentionDays: 360,
  });
  t.same(read(t, "CHORES={'archive': {}, 'retain': {'at': None}}", 'RETENTION_DAYS=None'), {
    retain: { at: null, limitS: 7200 },
    archive: { at: { hour: 2, minute: 0 }, limitS: 7200, reset: false },
    retentionDays: null,
  });
});

t.test('each chore has its time, its limit, and the archive whether what it wrote is dropped', async (t) => {
  t.same(
    read(t, "CHORES={'retain': {'at': '23:59', 'limit_s': 60}, 'archive': {'at': '00:05', 'limit_s': 900, 'reset': True}}", 'RETENTION_DAYS=7'),
    {
      retain: { at: { hour: 23, minute: 59 }, limitS: 60 },
      archive: { at: { hour: 0, minute: 5 }, limitS: 900, reset: true },
      retentionDays: 7,
    },
  );
});
