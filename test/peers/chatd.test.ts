/**
 * chatd behind the proxy: MCCP2 from its first answer on, inflated for the audit while the bytes pass as they are. It has no password; one that is typed
 * at its prompt for a name, behind WILL ECHO, is a secret all the same.
 */
import t from 'tap';
import { until } from '../wait.js';
import { peerMissing, startPeer, typeInto } from './peer.js';
import { Wirescribe } from './proxy.js';
import { dialAs, MUDLET } from './telnet-client.js';

const CONF = 'AUDIT_IN = True\nAUDIT_OUT = True\n';
const SECRET = 'S3cretWord9';

t.test('tintin++ on chatd: what it says is read out of MCCP2, and the hidden word nowhere', { skip: peerMissing('chatd', 'tintin') }, async (t) => {
  const chatd = await startPeer('chatd');
  t.teardown(chatd.stop);
  const proxy = await Wirescribe.start(chatd.port, CONF);
  t.teardown(proxy.stop);

  const tintin = await typeInto('tintin', proxy.port, [
    ['Enter name:', SECRET],
    ['Welcome', 'hello there'],
    [': hello there', 'a second line'],
    [': a second line', ''],
  ]);
  t.teardown(tintin.stop);
  t.equal(await tintin.ended, 0, tintin.output());
  await tintin.stop();
  const live = proxy.leaks([SECRET]);
  t.equal(await proxy.end(), 0);

  t.strictSame(proxy.texts('RCV'), ['***********', 'hello there', 'a second line']);
  const shown = proxy.texts('SND').join('\n');
  t.match(shown, /^Enter name: $/m);
  t.match(shown, /^Welcome, \*{11}!$/m);
  t.match(shown, /^\*{11}: hello there$/m);
  t.match(shown, /^\*{11}: a second line$/m);
  t.equal(proxy.verify(), 0);
  t.strictSame(live, []);
  t.strictSame(proxy.leaks([SECRET]), []);
});

t.test(
  'chatd holds ECHO for ever and sends no line back as it was typed: no more than the first lines are hidden',
  {
    skip: peerMissing('chatd'),
  },
  async (t) => {
    const chatd = await startPeer('chatd');
    t.teardown(chatd.stop);
    const proxy = await Wirescribe.start(chatd.port, CONF);
    t.teardown(proxy.stop);

    // As it says WONT ECHO after every line and takes Mudlet's DONT for a reason to say WILL again, ECHO is on whenever a line comes. The talk is at a
    // person's pace, each line typed when the one before it is on record: lines that wait while WILL ECHO comes are hidden, whatever they are.
    const client = await dialAs(proxy.port, MUDLET);
    await client.waitFor(/Enter name: /);
    client.send('wanderer');
    await client.waitFor(/Welcome, wanderer!/);
    const said = ['one', 'two', 'three', 'four', 'five', 'six'].map((number) => `this is line ${number}`);
    for (const [index, line] of said.entries()) {
      await until(() => proxy.texts('RCV').length > index, 'the line before');
      client.send(line);
      await client.waitFor(new RegExp(`wanderer: ${line}`));
    }
    await client.end();
    t.equal(await proxy.end(), 0);

    t.strictSame(proxy.texts('RCV').slice(3), said.slice(2));
    t.match(proxy.texts('SND').join('\n'), /^wanderer: this is line six$/m);
  },
);

t.test('chatd: in none of the four settings of AUDIT_IN and AUDIT_OUT is the hidden word written', { skip: peerMissing('chatd') }, async (t) => {
  const chatd = await startPeer('chatd');
  t.teardown(chatd.stop);
  for (const input of ['True', 'False']) {
    for (const output of ['True', 'False']) {
      const proxy = await Wirescribe.start(chatd.port, `AUDIT_IN = ${input}\nAUDIT_OUT = ${output}\n`);
      t.teardown(proxy.stop);
      const client = await dialAs(proxy.port, MUDLET);
      await client.waitFor(/Enter name: /);
      client.send(SECRET);
      await client.waitFor(/Welcome/);
      client.send('hello there');
      await client.waitFor(/hello there\r\n/);
      await client.end();
      t.equal(await proxy.end(), 0);
      t.strictSame(proxy.leaks([SECRET]), [], `AUDIT_IN = ${input}, AUDIT_OUT = ${output}`);
      t.equal(proxy.texts('RCV').length, input === 'True' ? 2 : 0);
      t.equal(proxy.texts('SND').length > 0, output === 'True');
    }
  }
});
