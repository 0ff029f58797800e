import t from 'tap';
import { loadSettings } from '../../src/config/settings.js';
import { type Machine, remarksOnWays } from '../../src/config/ways.js';

const MACHINE: Machine = { isRoot: false, hasUser: (user) => user === 'games' };

/** What is said of listeners, a dict each. */
function remarks(listeners: readonly string[], machine: Machine = MACHINE): string[] {
  const set = ['AUDIT_MASK_PACKS=[]', `LISTENERS=[${listeners.map((one) => `{${one}}`).join(', ')}]`];
  return remarksOnWays(loadSettings({ file: null, set, cwd: '/', env: {} }).listeners, machine);
}

const way = (listen: string, upstream: string, more = ''): string => `'listen': '${listen}', 'upstream': '${upstream}'${more}`;
const LOCAL_WS = 'ws://127.0.0.1:4003';

t.test('options that have no effect are named, with their reason', async (t) => {
  t.same(remarks([way(LOCAL_WS, 'ws://10.0.0.1:4003', ", 'subprotocol': 'binary'")]), [
    'main: subprotocol has no effect where both sides are WebSocket: they agree on one themselves',
  ]);
  const plain = way('telnet://127.0.0.1:4000', 'tcp://10.0.0.1:4001', ", 'subprotocol': 'binary', 'origins': ['https://a.example'], 'user': 'games'");
  t.same(remarks([plain]), [
    'main: subprotocol has no effect where no side is WebSocket',
    'main: origins has no effect where clients come in by no WebSocket',
    'main: user has no effect where upstream is no program (pty:)',
  ]);
  t.same(remarks([way(LOCAL_WS, 'telnet://10.0.0.1:4001', ", 'subprotocol': 'binary', 'origins': ['https://a.example']")]), []);
  t.same(remarks([way('telnet://127.0.0.1:4000', 'ws://10.0.0.1:4003', ", 'subprotocol': 'binary'")]), []);
});

t.test('a program: a user that is nobody here, and root without one', async (t) => {
  const program = (more = ''): string => way('telnet://127.0.0.1:4000', 'pty:nethack', more);
  t.same(remarks([program(", 'user': 'nobody-here'")]), ['main: user is nobody on this machine: run refuses to start here']);
  t.same(remarks([program()], { ...MACHINE, isRoot: true }), ['main: programs run as root; user names somebody else']);
  t.same(remarks([program(", 'user': 'games'")], { ...MACHINE, isRoot: true }), []);
  t.same(remarks([program()]), []);
});

t.test('listeners that any web page may reach are named once; those on this machine alone are not', async (t) => {
  const game = 'telnet://10.0.0.1:4001';
  t.same(
    remarks([
      way('ws://0.0.0.0:4003', game, ", 'name': 'a'"),
      way('ws://[::]:4004', game, ", 'name': 'b'"),
      way('ws://192.0.2.1:4005', game, ", 'name': 'c', 'origins': ['https://a.example']"),
      way('ws://[::1]:4006', game, ", 'name': 'd'"),
      way('ws://localhost:4007', game, ", 'name': 'e'"),
      way('telnet://0.0.0.0:4008', game, ", 'name': 'f'"),
    ]),
    ['a, b: origins is []: any web page may connect'],
  );
});
