import t from 'tap';
import { readMetricsPath } from '../../src/view/metrics-path.js';

t.test('reads what is counted, of whom, and by what it is told apart', async (t) => {
  t.same(readMetricsPath('inputs'), { counted: 'inputs', only: {}, by: undefined });
  t.same(readMetricsPath('bytes_in/listener'), { counted: 'bytes_in', only: {}, by: 'listener' });
  t.same(readMetricsPath('logins/account/bob'), { counted: 'logins', only: { account: ['bob'] }, by: undefined });
  t.same(readMetricsPath('events/listener/game/event'), { counted: 'events', only: { listener: ['game'] }, by: 'event' });
  t.same(readMetricsPath('sessions/listener/game/account'), { counted: 'sessions', only: { listener: ['game'] }, by: 'account' });
  t.same(readMetricsPath('inputs/account/a%2Fb%25'), { counted: 'inputs', only: { account: ['a/b%'] }, by: undefined });
});

t.test('refuses other words, and says which was meant', async (t) => {
  const refuses = (path: string, message: string) => t.throws(() => readMetricsPath(path), { code: 'AUDIT_QUERY', message });
  refuses('input', "path: there is no figure 'input'; did you mean 'inputs'?");
  refuses('inputs/acount/bob', "path: there is no way to tell figures apart, 'acount'; did you mean 'account'?");
  refuses('inputs/account/bob/account', 'path: account stands there twice; keep one');
  refuses('sessions/event', 'path: sessions are told apart by listener and account alone');
  refuses('inputs/account/%zz', 'path: a % stands before two hexadecimal digits; write %25 for one of a name');
  refuses('x'.repeat(1_001), 'path wants at most 1000 characters');
});
