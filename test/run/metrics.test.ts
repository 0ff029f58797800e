import t, { type Test } from 'tap';
import { Metrics, type NodeFigures } from '../../src/run/metrics.js';

const FIGURES: NodeFigures = {
  version: '0.1.0',
  node: 'north',
  listeners: [{ name: 'main', sessions: 2, opened: 7, bytesIn: 10, bytesOut: 20 }],
  audit: { records: { 'session.input': 5, 'audit.gap': 1 }, faults: { 'decode bad-utf8': 3 }, masked: { connect: 4 } },
  silentMs: 1500,
  spool: { bytes: 100, segments: 2, maxBytes: 1000 },
  callbacks: [
    {
      ...{ name: 'file', state: 'waiting', records: 6, failures: 1, restarts: 0, retries: 0, deadLetters: 2 },
      ...{ lagBytes: 50, rate: 1.5, ageS: 3 },
    },
  ],
  chores: [
    { name: 'retain', lastAt: '2026-01-31T03:00:00.000Z', lastS: 1.5, result: 'done', withinLimit: true },
    { name: 'archive', lastAt: '2026-01-31T02:00:00.000Z', lastS: 2, result: 'AUDIT_CHORE', withinLimit: false },
    { name: 'redact', lastAt: '2026-01-31T01:00:00.000Z', lastS: 3, result: 'done', withinLimit: null },
    { name: 'drop', lastAt: null, lastS: null, result: null, withinLimit: null },
  ],
};

const made = async (t: Test, figures: NodeFigures): Promise<string[]> => {
  const metrics = new Metrics();
  t.teardown(() => metrics.close());
  return (await metrics.text(figures)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
};

t.test('figures become lines, under names that do not change', async (t) => {
  const lines = await made(t, FIGURES);
  const own = lines.filter((line) => !/^wirescribe_(event_loop|resident|cpu)/.test(line));
  t.same(own, [
    'wirescribe_info{version="0.1.0",node="north"} 1',
    'wirescribe_sessions{listener="main"} 2',
    'wirescribe_sessions_total{listener="main"} 7',
    'wirescribe_bytes_total{listener="main",direction="RCV"} 10',
    'wirescribe_bytes_total{listener="main",direction="SND"} 20',
    'wirescribe_records_total{topic="session.input"} 5',
    'wirescribe_records_total{topic="audit.gap"} 1',
    'wirescribe_gaps_total 1',
    'wirescribe_faults_total{stage="decode",code="bad-utf8"} 3',
    'wirescribe_masked_total{mask="connect"} 4',
    'wirescribe_audit_silent_seconds 1.5',
    'wirescribe_spool_bytes 100',
    'wirescribe_spool_max_bytes 1000',
    'wirescribe_spool_segments 2',
    'wirescribe_callback_records_total{callback="file"} 6',
    'wirescribe_callback_failures_total{callback="file"} 1',
    'wirescribe_callback_restarts_total{callback="file"} 0',
    'wirescribe_callback_dead_letters_total{callback="file"} 2',
    'wirescribe_callback_retries{callback="file"} 0',
    'wirescribe_callback_lag_bytes{callback="file"} 50',
    'wirescribe_callback_rate{callback="file"} 1.5',
    'wirescribe_callback_age_seconds{callback="file"} 3',
    'wirescribe_callback_state{callback="file",state="waiting"} 1',
    'wirescribe_chore_last_start_seconds{chore="retain"} 1769828400',
    'wirescribe_chore_last_start_seconds{chore="archive"} 1769824800',
    'wirescribe_chore_last_start_seconds{chore="redact"} 1769821200',
    'wirescribe_chore_last_duration_seconds{chore="retain"} 1.5',
    'wirescribe_chore_last_duration_seconds{chore="archive"} 2',
    'wirescribe_chore_last_duration_seconds{chore="redact"} 3',
    'wirescribe_chore_last_done{chore="retain"} 1',
    'wirescribe_chore_last_done{chore="archive"} 0',
    'wirescribe_chore_last_done{chore="redact"} 1',
    'wirescribe_chore_within_limit{chore="retain"} 1',
    'wirescribe_chore_within_limit{chore="archive"} 0',
  ]);
  const rest = lines.filter((line) => !own.includes(line)).map((line) => line.replace(/ [\d.e-]+$/, ''));
  t.same(rest, [
    'wirescribe_event_loop_delay_seconds{quantile="0.5"}',
    'wirescribe_event_loop_delay_seconds{quantile="0.99"}',
    'wirescribe_event_loop_delay_seconds{quantile="1"}',
    'wirescribe_resident_memory_bytes',
    'wirescribe_cpu_seconds_total{mode="user"}',
    'wirescribe_cpu_seconds_total{mode="system"}',
  ]);
});

t.test('what nobody knows is left out, not 0, also when it was known before', async (t) => {
  const metrics = new Metrics();
  t.teardown(() => metrics.close());
  await metrics.text(FIGURES);
  const text = await metrics.text({ ...FIGURES, audit: undefined, spool: undefined, callbacks: [], chores: [] });
  t.notMatch(text, /wirescribe_(records|gaps|faults|masked|spool|callback)/);
  t.match(text, 'wirescribe_sessions{listener="main"} 2\n');
});

t.test('a quote or a line end in a name stays in its label', async (t) => {
  const lines = await made(t, { ...FIGURES, node: 'a"b\nc' });
  t.equal(lines[0], String.raw`wirescribe_info{version="0.1.0",node="a\"b\nc"} 1`);
});
