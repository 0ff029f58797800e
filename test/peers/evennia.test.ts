/**
 * Evennia, with its own auditing contrib on, behind the proxy with the contrib's settings block pasted into ours. Each records the same session; ours
 * must hold every input that theirs does, and the one that theirs loses.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../wait.js';
import { dial } from './clients.js';
import { peerMissing, startPeer } from './peer.js';
import { Wirescribe } from './proxy.js';

/** As the contrib's README has it, for its operators to paste. */
const CONF = `
# This tells Evennia to use this ServerSession instead of its own.
SERVER_SESSION_CLASS = 'evennia.contrib.utils.auditing.server.AuditedServerSession'
AUDIT_CALLBACK = 'evennia.contrib.utils.auditing.outputs.to_file'
AUDIT_IN = True
AUDIT_OUT = True
AUDIT_ALLOW_SPARSE = False
AUDIT_MASKS = []
`;

/** What a person does, and the answer that each line waits for. */
const SESSION: readonly (readonly [string, RegExp])[] = [
  ['connect wizard wrong-pass-1', /incorrect/i],
  ['connect wizard potrzebie-9', /You become wizard/i],
  ['look', /Limbo/],
  ['say Grüße from “outside”', /You say, "Grüße/],
  ['@password potrzebie-9 = second-pass-2', /Password changed/i],
  ['@password old = pa$$w0rd(x', /isn't correct/],
  ['@userpassword wizard = third-pass-3', /new password set/],
  ['say that was all', /You say, "that was all"/],
];
const SECRETS = ['wrong-pass-1', 'potrzebie-9', 'second-pass-2', 'pa$$w0rd', 'third-pass-3'];

interface Theirs {
  readonly direction: 'RCV' | 'SND';
  readonly text?: string;
}

/** The contrib's records: JSON behind a time stamp, one a line. */
function theirInputs(dir: string): string[] {
  const logs = join(dir, 'game/server/logs');
  const lines = readdirSync(logs)
    .filter((name) => name.startsWith('audit_'))
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
  const records = lines.flatMap((line) => (line.includes('{') ? [JSON.parse(line.slice(line.indexOf('{'))) as Theirs] : []));
  // What begins with __ the engine tells itself; nobody typed it.
  return records.flatMap(({ direction, text }) => (direction === 'RCV' && text && !text.startsWith('__') ? [text] : []));
}

/** Ours says what theirs does, in the same place, or hides it: theirs is ours with anything in the place of stars. */
const asGood = (ours: string, theirs: string): boolean => {
  const shown = ours.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${shown.join('.+')}$`, 's').test(theirs);
};

t.test('Evennia: every input of its own audit is in ours, and the one at which it fails', { skip: peerMissing('evennia') }, async (t) => {
  const evennia = await startPeer('evennia', ['audit']);
  t.teardown(evennia.stop);
  const proxy = await Wirescribe.start(evennia.port, CONF);
  t.teardown(proxy.stop);

  const client = await dial(proxy.port);
  await client.waitFor(/connect <username> <password>/);
  for (const [line, answer] of SESSION) {
    client.send(line);
    await client.waitFor(answer);
  }
  const theirs = await until(() => {
    const inputs = theirInputs(evennia.dir);
    return inputs.includes('say that was all') && inputs;
  }, "the last input in Evennia's audit");
  await proxy.waitForRecord((one) => one.text === 'say that was all', 'the last input in our audit');
  const live = proxy.everything();
  await client.end();
  t.equal(await proxy.end(), 0);

  const inputs = proxy.records().filter((one) => one.topic === 'session.input');
  const ours = inputs.map((one) => (one.text ?? '').trim());
  t.equal(ours.length, SESSION.length);
  t.same(
    theirs.filter((text) => !ours.some((one) => asGood(one, text))),
    [],
    'theirs without an equal of ours',
  );
  t.notOk(
    theirs.some((text) => text.startsWith('@password old')),
    'Evennia lost it',
  );
  t.match(ours[5], /^@password \*+$/);
  t.match(inputs[5]?.masked, [{ mask: 'password' }]);
  t.equal(inputs[2]?.account, 'wizard');
  t.equal(proxy.verify(), 0);
  for (const secret of SECRETS) {
    t.notOk(live.includes(secret), 'no secret in any file or word of ours while it runs');
    t.notOk(proxy.everything().includes(secret), 'nor after it');
  }
});
