/** A real client, tintin++, plays on a real server, TinyMUX, through the proxy; another player answers. */
import t from 'tap';
import { dial, type LineClient } from './clients.js';
import { peerMissing, startPeer, typeInto } from './peer.js';
import { Wirescribe, type Written } from './proxy.js';

const CONF = `
AUDIT_IN = True
AUDIT_OUT = True
`;

const SCRIPT: readonly (readonly [string, string])[] = [
  ['connect <name>', 'connect wizard potrzebie'],
  ['Auxiliary Room', '@teleport me=#0'],
  ['Limbo', 'say hello from a terminal'],
  ['You say,', ''],
  ['Gast says,', '@password potrzebie=neu-pa$$w0rd(x'],
  ['Password changed', ''],
];

const SECRETS = ['potrzebie', 'geheim-77', 'neu-pa$$w0rd'];

const textsOf = (records: readonly Written[], direction: 'RCV' | 'SND') =>
  records.flatMap((one) => (one.direction === direction && one.text !== undefined ? [one.text] : []));

/** Makes a player on the way, and comes back as that player: only a login with a name that exists is answered in words that every MUSH has. */
async function guestAt(port: number): Promise<LineClient> {
  const newcomer = await dial(port);
  await newcomer.waitFor(/create <name>/);
  newcomer.send('create Gast geheim-77');
  await newcomer.waitFor(/MAIL/);
  newcomer.send('QUIT');
  await newcomer.waitForEnd();
  const guest = await dial(port);
  await guest.waitFor(/create <name>/);
  guest.send('connect Gast geheim-77');
  await guest.waitFor(/MAIL/);
  return guest;
}

t.test('tintin++ on TinyMUX: logins masked, speech recorded both ways, speakers known', { skip: peerMissing('tinymux', 'tintin') }, async (t) => {
  const mux = await startPeer('tinymux');
  t.teardown(mux.stop);
  const proxy = await Wirescribe.start(mux.port, CONF);
  t.teardown(proxy.stop);

  const guest = await guestAt(proxy.port);
  const tintin = await typeInto('tintin', proxy.port, SCRIPT);
  t.teardown(tintin.stop);
  await guest.waitFor(/Wizard says, "hello from a terminal"/);
  guest.send('say and hello back');
  t.equal(await tintin.ended, 0, tintin.output());
  guest.send('QUIT');
  await guest.waitForEnd();
  const live = proxy.everything();
  t.equal(await proxy.end(), 0);

  const records = proxy.records();
  const wizard = records.find((one) => one.text?.startsWith('connect wizard'))?.session;
  const his = records.filter((one) => one.session === wizard);
  const typed = textsOf(his, 'RCV');
  t.same(typed.slice(0, 3), ['connect wizard *********', '@teleport me=#0', 'say hello from a terminal']);
  t.match(typed[3], /^@password \*+(=\*+)?$/);
  t.match(textsOf(his, 'SND').join('\n'), /You say, “hello from a terminal”/);
  t.match(textsOf(his, 'SND').join('\n'), /Gast says, “and hello back”/);
  t.equal(his.find((one) => one.text === 'say hello from a terminal')?.account, 'wizard');
  t.equal(records.find((one) => one.text === 'say and hello back')?.account, 'Gast');
  t.equal(proxy.verify(), 0);
  for (const secret of SECRETS) {
    t.notOk(live.includes(secret), 'no secret in any file or word of ours while it runs');
    t.notOk(proxy.everything().includes(secret), 'nor after it');
  }
});

t.test(
  'TinyMUX: a login and what was typed ahead in the same packet are whole, but for the passwords',
  { skip: peerMissing('tinymux') },
  async (t) => {
    const mux = await startPeer('tinymux');
    t.teardown(mux.stop);
    const proxy = await Wirescribe.start(mux.port, CONF);
    t.teardown(proxy.stop);

    const client = await dial(proxy.port);
    client.write('connect wizard potrzebie\r\n@teleport me=#0\r\nsay typed ahead\r\n');
    await client.waitFor(/You say, "typed ahead"/);
    client.write('@password potrzebie=neu-pa$$w0rd(x\r\nsay that was all\r\n');
    await client.waitFor(/You say, "that was all"/);
    client.send('QUIT');
    await client.waitForEnd();
    t.equal(await proxy.end(), 0);

    const typed = proxy.texts('RCV');
    t.strictSame(
      [...typed.slice(0, 3), ...typed.slice(4)],
      ['connect wizard *********', '@teleport me=#0', 'say typed ahead', 'say that was all', 'QUIT'],
    );
    t.match(typed[3], /^@password \*+(=\*+)?$/);
    t.equal(proxy.records().find((one) => one.text === 'say that was all')?.account, 'wizard');
    t.match(proxy.texts('SND').join('\n'), /^You say, "typed ahead"$/m);
    t.equal(proxy.verify(), 0);
    t.strictSame(proxy.leaks(SECRETS), []);
  },
);
