import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import t from 'tap';
import { noticeGone } from '../../src/bridge/keepalive.js';
import { bridgeTo, Upstream } from './ends.js';

/** In how many seconds the kernel asks the peer of our end of a connection, of which `port` is the other's; undefined: never. */
function asksInS(port: number): number | undefined {
  const other = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  for (const row of rows) {
    const [, , remote = '', , , timer = ''] = row.trim().split(/\s+/);
    const [kind, ticks = ''] = timer.split(':');
    if (remote.endsWith(other)) return kind === '02' ? Number.parseInt(ticks, 16) / 100 : undefined;
  }
  return undefined;
}

t.test(
  'both peers of a session are asked after two minutes of silence whether they are still there',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const upstream = await Upstream.listen(t);
    const { dial } = await bridgeTo(t, upstream.address);
    const client = await dial();
    const server = await upstream.accept();
    for (const end of [client, server]) {
      const seconds = asksInS((end.address() as { port: number }).port);
      t.ok(seconds !== undefined && seconds > 60 && seconds <= 120, `in ${seconds} s`);
    }
  },
);

t.test('what is no open socket is left alone', async (t) => {
  t.equal(noticeGone({} as Socket), false);
});
