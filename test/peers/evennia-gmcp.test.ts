/** Evennia with MCCP2 and GMCP on, as Mudlet plays it: what both say out of band is recorded, a password in a field of it is not. */
import t from 'tap';
import { peerMissing, startPeer } from './peer.js';
import { Wirescribe } from './proxy.js';
import { dialAs, gmcp, MUDLET } from './telnet-client.js';

const SECRETS = ['potrzebie-9', 'wrong-pass-1', 'S3cretWord9'];

t.test('Evennia with MCCP2 and GMCP: messages out of band are records, and their passwords are not', { skip: peerMissing('evennia') }, async (t) => {
  const evennia = await startPeer('evennia');
  t.teardown(evennia.stop);
  const proxy = await Wirescribe.start(evennia.port, 'AUDIT_IN = True\nAUDIT_OUT = True\n');
  t.teardown(proxy.stop);

  const client = await dialAs(proxy.port, MUDLET);
  await client.waitFor(/connect <username> <password>/);
  client.send('connect wizard wrong-pass-1');
  await client.waitFor(/incorrect/);
  client.write(gmcp('Char.Login.Credentials {"account": "wizard", "password": "S3cretWord9"}'));
  client.send('connect wizard potrzebie-9');
  await client.waitFor(/You become wizard/);
  client.send('say hello there');
  await client.waitFor(/You say, "hello there"/);
  client.send('quit');
  await client.waitForEnd();
  const live = proxy.leaks(SECRETS);
  t.equal(await proxy.end(), 0);

  const oob = proxy.records().filter((one) => one.topic === 'session.oob' && one.data?.protocol === 'gmcp');
  const named = (name: string) => oob.find((one) => one.data?.name === name);
  t.match(named('Core.Hello'), { direction: 'RCV', data: { value: { client: 'Mudlet', version: '4.17.2' } } });
  t.match(named('Core.Supports.Set'), { direction: 'RCV', data: { value: ['Char 1', 'Char.Login 1', 'Room 1'] } });
  t.match(named('Char.Login.Credentials'), { direction: 'RCV', data: { value: { account: 'wizard', password: '***********' } } });
  t.match(named('Logged.In'), { direction: 'SND' });

  t.strictSame(
    proxy.texts('RCV').filter((text) => text !== ''),
    ['connect wizard ************', 'connect wizard ***********', 'say hello there', 'quit'],
  );
  t.match(proxy.texts('SND').join('\n'), /^You say, "hello there"$/m);
  t.equal(proxy.records().find((one) => one.text === 'say hello there')?.account, 'wizard');
  t.equal(proxy.verify(), 0);
  t.strictSame(live, []);
  t.strictSame(proxy.leaks(SECRETS), []);
});
