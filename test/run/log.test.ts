import t from 'tap';
import { AuditError } from '../../src/errors.js';
import { openLog, plainLog } from '../../src/run/log.js';

/** Keeps what is written. */
function paper() {
  const lines: string[] = [];
  return { lines, write: (line: string) => lines.push(line) };
}

t.test('for people: the line as it is, its code in red on a terminal', async (t) => {
  const out = paper();
  const log = await openLog('plain', out);
  log.info('AUDIT_SPOOL: the spool can be written again');
  log.warn('a word');
  log.failed(new AuditError('AUDIT_CONFIG_KEY', 'no', { file: 'server.conf', line: 2, column: 5 }));
  plainLog(out, true).failed(new AuditError('AUDIT_USAGE', 'no'));
  t.same(out.lines, [
    'AUDIT_SPOOL: the spool can be written again\n',
    'a word\n',
    'AUDIT_CONFIG_KEY: server.conf:2:5: no\n',
    '\x1b[31mAUDIT_USAGE\x1b[39m: no\n',
  ]);
});

t.test('for machines: one JSON object a line, with level, time, code and message', async (t) => {
  const out = paper();
  const log = await openLog('json', out);
  log.info('AUDIT_SPOOL: the spool can be written again');
  log.warn('a word');
  log.failed(new AuditError('AUDIT_CONFIG_KEY', 'no', { file: 'server.conf', line: 2, column: 5 }));
  const said = out.lines.map((line) => JSON.parse(line) as { time: string });
  for (const { time } of said) t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(
    said.map(({ time: _time, ...rest }) => rest),
    [
      { level: 'info', pid: process.pid, code: 'AUDIT_SPOOL', msg: 'the spool can be written again' },
      { level: 'warn', pid: process.pid, msg: 'a word' },
      { level: 'error', pid: process.pid, code: 'AUDIT_CONFIG_KEY', file: 'server.conf', line: 2, column: 5, msg: 'no' },
    ],
  );
});
