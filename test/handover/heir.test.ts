import { closeSync, fstatSync, openSync } from 'node:fs';
import t from 'tap';
import { parseAddress, type SocketAddress } from '../../src/bridge/address.js';
import { HANDED, Heir, heirOf } from '../../src/handover/heir.js';

const listener = (name: string, listen: string) => ({ name, listen: parseAddress(listen) as SocketAddress });
const [A, B, C] = ['telnet://127.0.0.1:4000', 'telnet://127.0.0.1:4001', 'telnet://127.0.0.1:4002'];

t.test('a listener gets the socket that listens where it is to listen, whatever it was called; a socket that nobody wants is closed', (t) => {
  const fds = [0, 1, 2].map(() => openSync('/dev/null', 'r')) as [number, number, number];
  const heir = new Heir({
    spool: null,
    sockets: [
      { name: 'main', listen: A, fd: fds[0] },
      { name: 'other', listen: B, fd: fds[1] },
      { name: 'gone', listen: C, fd: fds[2] },
    ],
  });
  t.same(Object.fromEntries(heir.sockets([listener('main', A), listener('renamed', B), listener('new', 'tcp://127.0.0.1:4002')])), {
    main: fds[0],
    renamed: fds[1],
  });
  t.throws(() => fstatSync(fds[2]), { code: 'EBADF' });
  for (const fd of fds.slice(0, 2)) closeSync(fd);
  t.end();
});

t.test('two listeners that are told the same address keep their own sockets', (t) => {
  const heir = new Heir({
    spool: null,
    sockets: [
      { name: 'b', listen: A, fd: 1_000_001 },
      { name: 'a', listen: A, fd: 1_000_002 },
    ],
  });
  t.same(Object.fromEntries(heir.sockets([listener('a', A), listener('b', A)])), { a: 1_000_002, b: 1_000_001 });
  t.end();
});

t.test('who was started by nobody that hands over is no heir, and the variable is for nobody else', (t) => {
  const env: NodeJS.ProcessEnv = { [HANDED]: '{"spool":null,"sockets":[]}', PATH: '/bin' };
  // Without a channel to whoever started it there is nobody to say anything to.
  t.equal(heirOf(env) === undefined, process.send === undefined);
  t.same(env, { PATH: '/bin' });
  t.equal(heirOf({}), undefined);
  t.end();
});
