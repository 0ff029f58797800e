/** tintin++ plays on tintin++ (#port) through the proxy: compressed both ways (MCCP2, MCCP3), with a password behind WILL ECHO and one on a line. */
import t from 'tap';
import { peerMissing, startPeer, typeInto } from './peer.js';
import { Wirescribe } from './proxy.js';

const SECRETS = ['S3cretWord9', 'An0therWord8'];

const SCRIPT: readonly (readonly [string, string])[] = [
  ['Who are you?', 'bob'],
  ['Password:', 'S3cretWord9'],
  ['Welcome', 'hello there'],
  ['You said, "hello there"', 'connect bob An0therWord8'],
  ['You said, "connect', 'that was all'],
  ['You said, "that was all"', ''],
];

t.test(
  'tintin++ on tintin++: lines and logins are read out of MCCP3, the answers out of MCCP2',
  {
    skip: peerMissing('tintin-server', 'tintin'),
  },
  async (t) => {
    const server = await startPeer('tintin-server');
    t.teardown(server.stop);
    const proxy = await Wirescribe.start(server.port, 'AUDIT_IN = True\nAUDIT_OUT = True\n');
    t.teardown(proxy.stop);

    const client = await typeInto('tintin', proxy.port, SCRIPT);
    t.teardown(client.stop);
    t.equal(await client.ended, 0, client.output());
    await client.stop();
    const live = proxy.leaks(SECRETS);
    t.equal(await proxy.end(), 0);

    t.strictSame(proxy.texts('RCV'), ['bob', '***********', 'hello there', 'connect bob ************', 'that was all']);
    const shown = proxy.texts('SND').join('\n');
    t.match(shown, /^Who are you\? $/m);
    t.match(shown, /^You said, "hello there"$/m);
    t.match(shown, /^You said, "connect bob \*{12}"$/m);
    t.match(shown, /^You said, "that was all"$/m);
    t.equal(proxy.verify(), 0);
    t.strictSame(live, []);
    t.strictSame(proxy.leaks(SECRETS), []);
  },
);
