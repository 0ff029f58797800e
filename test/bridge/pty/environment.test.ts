import t from 'tap';
import { environmentFor, findProgram, folderFor, termOf } from '../../../src/bridge/pty/environment.js';
import type { Account } from '../../../src/bridge/pty/libc.js';

const BOB: Account = { name: 'bob', uid: 4_242, gid: 4_242, home: '/tmp', shell: '/bin/dash' };

t.test('a program sees who it is and where its client came from, and nothing of our environment but what is on the list', async (t) => {
  Object.assign(process.env, { WIRESCRIBE_TEST_SECRET: 'hunter2', LC_TIME: 'de_DE.UTF-8', TZ: 'Europe/Berlin' });
  t.teardown(() => {
    for (const name of ['WIRESCRIBE_TEST_SECRET', 'LC_TIME', 'TZ']) delete process.env[name];
  });
  const around = { account: BOB, changed: true, term: 'xterm', client: { ip: '10.1.2.3', port: 40_000 }, session: 'id-1' };
  const environment = environmentFor(around);
  t.same(environment.filter((one) => !/^(LANG|LANGUAGE|LC_)/.test(one)).sort(), [
    'HOME=/tmp',
    'LOGNAME=bob',
    'PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games',
    'PWD=/tmp',
    'SHELL=/bin/dash',
    'TERM=xterm',
    'TZ=Europe/Berlin',
    'USER=bob',
    'WIRESCRIBE_CLIENT=10.1.2.3 40000',
    'WIRESCRIBE_SESSION=id-1',
  ]);
  t.ok(environment.includes('LC_TIME=de_DE.UTF-8'));
});

t.test('a home that is not there is the root', async (t) => {
  t.equal(folderFor({ ...BOB, home: '/nonexistent' }), '/');
  t.equal(folderFor({ ...BOB, home: '' }), '/');
});

t.test('TERM is the first type that this machine knows', async (t) => {
  t.equal(termOf(['MUDLET', 'XTERM', 'MTTS 137']), 'xterm');
  t.equal(termOf(['../../etc/passwd', 'no such terminal', '\0']), 'dumb');
  t.equal(termOf([]), 'dumb');
});

t.test('a program is looked for as execvp does', async (t) => {
  t.equal(findProgram('sh', BOB, true), 'found');
  t.equal(findProgram('/bin/sh', BOB, true), 'found');
  t.equal(findProgram('no-such-program', BOB, true), 'missing');
  t.equal(findProgram('/etc/passwd', BOB, true), 'refused');
  t.equal(findProgram('./no-such-program', BOB, true), 'missing');
});
