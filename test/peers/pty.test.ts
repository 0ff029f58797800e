/**
 * A shell in a pty of ours, and inetutils' telnet in a terminal in front of it: we stand where telnetd stands. The window has the client's size, a key is
 * a packet, and what is typed while the terminal does not echo is in no file.
 */
import t from 'tap';
import { records, startProgram } from '../harness.js';
import { peerMissing, typeInto } from './peer.js';
import { leaksOf } from './secrets.js';

const SECRET = 'S3cretWord9';

t.test("a shell in a pty, and inetutils' telnet", { skip: peerMissing('telnet') }, async (t) => {
  const program = await startProgram(t, { upstream: 'pty:env "PS1=wire$ " bash --norc --noprofile -i', set: ['AUDIT_IN=True', 'AUDIT_OUT=True'] });
  const port = 'port' in program.address ? program.address.port : 0;

  const telnet = await typeInto('telnet', port, [
    ['wire$', 'stty size; echo "TERM is <$TERM>"; expr 40 + 1'],
    ['41', 'read -s -p "riddle? " word; echo; expr 50 + 2'],
    ['riddle? ', 'S3cretWoe\\x7frd9'],
    ['52', 'echo a lost line\\x03'],
    ['^C', 'echo wrong\\x15expr 60 + 3'],
    ['63', 'top -n 1; expr 70 + 4'],
    ['74', 'exit 5'],
    ['closed', ''],
  ]);
  t.teardown(telnet.stop);
  t.equal(await telnet.ended, 0, telnet.output());
  t.equal(await program.end(), 0);

  t.match(telnet.output(), /^50 120$/m, 'the size of its window');
  t.match(telnet.output(), /^TERM is <(screen|tmux)/m, 'its type');
  const typed = records(program.folder).filter(({ topic }) => topic === 'session.input');
  t.same(
    typed.map(({ text = '' }) => text.trimEnd()).filter((text) => text !== '' && text !== 'echo a lost line'),
    [
      'stty size; echo "TERM is <$TERM>"; expr 40 + 1',
      'read -s -p "riddle? " word; echo; expr 50 + 2',
      '*'.repeat(SECRET.length),
      'expr 60 + 3',
      'top -n 1; expr 70 + 4',
      'exit 5',
    ],
  );
  t.match(records(program.folder).find(({ topic }) => topic === 'session.resize')?.data, { columns: 120, rows: 50 });
  t.match(records(program.folder).find(({ topic }) => topic === 'session.end')?.data, { exit: 5, reason: 'closed', by: 'server' });
  t.same(leaksOf(program.folder, program.printed, [SECRET]), []);
});
