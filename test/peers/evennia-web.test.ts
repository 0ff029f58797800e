/**
 * Evennia's WebSocket and its web client in a real browser, behind a proxy that passes the frames as they come: what is typed and shown is recorded as a
 * person sees it, and neither a password nor the id of the browser's session is.
 */
import { join } from 'node:path';
import t from 'tap';
import WebSocket from 'ws';
import { type Program, records, startProgram } from '../harness.js';
import { until } from '../wait.js';
import { Browser } from './browser.js';
import { CACHE, freePorts, peerMissing, startPeer } from './peer.js';
import { leaksOf } from './secrets.js';

const SECRETS = ['wrong-pass-1', 'potrzebie-9', 'S3cretWord9'];
const KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True'];

const said = (program: Program, topic: string): string[] =>
  records(program.folder)
    .filter((one) => one.topic === topic)
    .map((one) => one.text ?? '');

t.test("Evennia's web client in a browser", { skip: peerMissing('evennia', 'browser') }, async (t) => {
  const port = await freePorts(1);
  const evennia = await startPeer('evennia', [`ws://127.0.0.1:${port}`]);
  t.teardown(evennia.stop);
  const proxy = await startProgram(t, { listen: `ws://127.0.0.1:${port}`, upstream: `ws://127.0.0.1:${evennia.port + 1}`, set: KEPT });
  const scripts = join(CACHE, 'webclient');
  const browser = await Browser.start({
    '/jquery-3.2.1.min.js': join(scripts, 'jquery.min.js'),
    '/goldenlayout.min.js': join(scripts, 'goldenlayout.min.js'),
    '/favico-0.3.10.min.js': join(scripts, 'favico-0.3.10.min.js'),
  });
  t.teardown(browser.stop);

  await browser.open(`http://127.0.0.1:${evennia.port + 2}/webclient/`);
  await browser.shows(/connect <username> <password>/);
  const csessid = String(await browser.value('csessid'));
  t.match(csessid, /^[a-z0-9]{32}$/);
  await browser.type('.inputfield', 'connect wizard wrong-pass-1');
  await browser.shows(/incorrect/);
  await browser.type('.inputfield', 'connect wizard potrzebie-9');
  await browser.shows(/You become wizard/);
  await browser.type('.inputfield', 'say Grüße & <b>more</b>');
  await browser.shows(/You say, "Grüße & <b>more<\/b>"/);
  await browser.type('.inputfield', 'quit');
  await until(() => records(proxy.folder).some((one) => one.topic === 'session.end'), 'the end of the session');
  t.equal(await proxy.end(), 0);

  const all = records(proxy.folder);
  const start = all.find((one) => one.topic === 'session.start');
  t.match(start?.data, { url: /^\/\?\*{32}&\*+&chrome$/, headers: { host: `127.0.0.1:${port}`, 'user-agent': /Chrome/ } });
  const typed = said(proxy, 'session.input');
  t.same(typed, ['connect wizard ************', 'connect wizard ***********', 'say Grüße & <b>more</b>', 'quit']);
  t.equal(all.find((one) => one.text === 'say Grüße & <b>more</b>')?.account, 'wizard');
  const shown = said(proxy, 'session.output').join('\n');
  t.match(shown, /connect <username> <password>/);
  t.match(shown, /^You become wizard\.$/m);
  t.match(shown, /^You say, "Grüße & <b>more<\/b>"$/m);
  t.notMatch(shown, /<span|&lt;|&nbsp;/);
  t.ok(all.some((one) => one.topic === 'session.oob' && one.data?.protocol === 'evennia' && one.data.name === 'logged_in'));
  t.same(leaksOf(proxy.folder, proxy.printed, [...SECRETS, csessid]), []);
});

t.test("Evennia's WebSocket with a client of another make: compression offered, a login out of band", { skip: peerMissing('evennia') }, async (t) => {
  const evennia = await startPeer('evennia');
  t.teardown(evennia.stop);
  const proxy = await startProgram(t, { listen: 'ws://127.0.0.1:0', upstream: `ws://127.0.0.1:${evennia.port + 1}`, set: KEPT });
  const { address } = proxy;
  const client = new WebSocket(`ws://127.0.0.1:${'port' in address ? address.port : 0}/?&1&test`, { perMessageDeflate: true });
  let heard = '';
  client.on('message', (message) => {
    heard += String(message);
  });
  const hears = (what: string) => until(() => heard.includes(what), what);
  const say = (name: string, args: readonly unknown[], kwargs: object = {}) => client.send(JSON.stringify([name, args, kwargs]));
  await hears('connect &lt;username&gt; &lt;password&gt;');
  say('login', [], { name: 'wizard', password: 'S3cretWord9' });
  say('text', ['connect wizard potrzebie-9']);
  await hears('You become');
  say('text', ['say my word is S3cretWord9']);
  await hears('S3cretWord9');
  client.close(1000, 'bye');
  await until(() => records(proxy.folder).some((one) => one.topic === 'session.end'), 'the end of the session');
  t.equal(await proxy.end(), 0);

  const all = records(proxy.folder);
  const login = all.find((one) => one.data?.name === 'login');
  t.match(login, { direction: 'RCV', data: { protocol: 'evennia', value: { name: 'wizard', password: '***********' } } });
  t.same(said(proxy, 'session.input'), ['connect wizard ***********', 'say my word is ***********']);
  t.match(said(proxy, 'session.output').join('\n'), /^You say, "my word is \*{11}"$/m);
  t.match(all.find((one) => one.topic === 'session.end')?.data, { close_code: 1000 });
  t.same(leaksOf(proxy.folder, proxy.printed, SECRETS), []);
});
