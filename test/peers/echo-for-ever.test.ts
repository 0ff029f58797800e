/**
 * A MUD that says WILL ECHO when a player comes, never takes it back and never echoes, as some do that turn off their clients' local echo. A small
 * server of ours over real sockets: none of the peers at hand does it to every client (chatd does to those that answer WONT, see chatd.test.ts).
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { Wirescribe } from './proxy.js';
import { dialAs, MUDLET } from './telnet-client.js';

const WILL_ECHO = Buffer.from([255, 251, 1]);

t.test('a server that holds ECHO for ever and never echoes does not blank the session', async (t) => {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.write(Buffer.concat([WILL_ECHO, Buffer.from('By what name do they call you? ')]));
    let open = '';
    socket
      .on('error', () => {})
      .on('data', (chunk: Buffer) => {
        const lines = (open + chunk.toString('latin1').replace(/\xff../gs, '')).split('\r\n');
        open = lines.pop() ?? '';
        for (const line of lines) socket.write(`You do what you call "${line}".\r\n> `);
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const proxy = await Wirescribe.start((server.address() as AddressInfo).port, 'AUDIT_IN = True\nAUDIT_OUT = True\n');
  t.teardown(proxy.stop);

  const client = await dialAs(proxy.port, MUDLET);
  await client.waitFor(/call you\? /);
  const lines = ['wanderer', 'north', 'look', 'say hello there', 'south', 'say that was all'];
  for (const line of lines) {
    client.send(line);
    await client.waitFor(new RegExp(`you call "${line}"`));
  }
  await client.end();
  t.equal(await proxy.end(), 0);

  t.strictSame(proxy.texts('RCV').slice(3), lines.slice(3));
  t.match(proxy.texts('SND').join('\n'), /You do what you call "say that was all"\./);
  t.equal(proxy.verify(), 0);
});
