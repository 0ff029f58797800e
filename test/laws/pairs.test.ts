/**
 * Laws over the whole table of README, Ways in and out: every address that can be listened on in front of every one that can be reached. Transparency: bytes
 * pass as they are, as far as the pair promises it, and so does the end; also while the audit side is stuck. No leak: a secret that was typed at a prompt, and
 * one in a command, stand nowhere, in all four settings of AUDIT_IN and AUDIT_OUT.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { pythonOf } from '../../src/config/python.js';
import type { RunOptions } from '../../src/run/running.js';
import { Dice, folderOf } from '../harness.js';
import { type Recorded, type StartedListeners, startListeners } from '../peers/listener.js';
import { leaksOf } from '../peers/secrets.js';
import { until } from '../wait.js';
import { type End, Ends, isWeb, LISTENS, type Listen, UPSTREAMS, type Upstream, WebEnd } from './pair-ends.js';

interface Pair {
  readonly name: string;
  readonly listen: Listen;
  readonly upstream: Upstream;
  readonly kept: { readonly in: boolean; readonly out: boolean };
}

/** All four, in turns. */
const KEPT = [0, 1, 2, 3].map((index) => ({ in: (index & 1) === 0, out: (index & 2) === 0 }));
const keptOf = (index: number): Pair['kept'] => KEPT[index % KEPT.length] as Pair['kept'];

const pair = (listen: Listen, upstream: Upstream, kept: Pair['kept'], name = `${listen}-${upstream}`): Pair => ({ name, listen, upstream, kept });

const PAIRS: readonly Pair[] = LISTENS.flatMap((listen, row) => UPSTREAMS.map((upstream, column) => pair(listen, upstream, keptOf(row + column))));

/** A program that gives back what it is told, byte for byte. */
const MIRROR = "pty:sh -c 'stty raw -echo; echo ready; exec cat'";

/** The proxy with a listener for each pair. */
async function startPairs(t: Test, ends: Ends, pairs: readonly Pair[], program: string, conf = '', options: Partial<RunOptions> = {}) {
  const listeners = await Promise.all(
    pairs.map(async ({ name, listen, upstream, kept }) => {
      const url = upstream === 'pty' ? program : (await ends.server(upstream)).url;
      const both = { ...ends.reaching(upstream), ...ends.listening(listen, name) };
      return pythonOf({ name, ...both, upstream: url, AUDIT_IN: kept.in, AUDIT_OUT: kept.out });
    }),
  );
  return startListeners(t, listeners, conf, options);
}

const isTelnet = (listen: Listen): boolean => listen === 'telnet' || listen === 'telnets';

/** WONT TTYPE, WONT NAWS: what a telnet client that has no terminal answers, so that nobody waits for it. */
const NO_TERMINAL = Buffer.from('fffc18fffc1f', 'hex');

/** A session of a pair: the client's end, and the server's unless that is a program. */
async function session(ends: Ends, { running }: StartedListeners, { name, listen, upstream }: Pair): Promise<[End, End | undefined]> {
  const at = running.listeners.find((one) => one.name === name);
  if (!at) throw new Error(`no listener ${name}`);
  const server = upstream === 'pty' ? undefined : ends.server(upstream).then((one) => one.accept());
  const client = await ends.dial(listen, at.listen);
  if (upstream === 'pty' && isTelnet(listen)) await client.say(NO_TERMINAL);
  return [client, await server];
}

/** Does it for each pair: at the same time for different upstreams, one after the other for the same, so that a server's sessions are told apart. */
async function forEachPair(pairs: readonly Pair[], work: (one: Pair, index: number) => Promise<void>): Promise<void> {
  const column = async (upstream: Upstream): Promise<void> => {
    for (const [index, one] of pairs.entries()) if (one.upstream === upstream) await work(one, index);
  };
  await Promise.all(UPSTREAMS.map(column));
}

/** The last record of each pair's session, once they are all there. */
function endsOf(proxy: StartedListeners, pairs: readonly Pair[]): Promise<readonly Recorded[]> {
  return until(() => {
    const all = proxy.records().filter(({ topic }) => topic === 'session.end');
    const found = pairs.flatMap(({ name }) => all.find(({ listener }) => listener === name) ?? []);
    return found.length === pairs.length && found;
  }, 'the end of each session');
}

/** Bytes that a session is to carry, each way. */
const TOTAL = 24_576;
/** Of them, those that telnet would write in another way are left out: IAC and CR. */
const forTelnet = (bytes: Buffer): Buffer => bytes.map((byte) => (byte === 0xff || byte === 0x0d ? 0x20 : byte)) as Buffer;

/** Says it in chunks by dice. What is no letter of UTF-8 without its other half ends it: where messages are text such a half waits. */
async function sayInChunks(end: End, bytes: Buffer, dice: Dice): Promise<string[]> {
  const said: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const chunk = bytes.subarray(at, at + dice.between(1, dice.next() < 0.7 ? 300 : 16_000));
    await end.say(chunk);
    said.push(`binary ${chunk.length}`);
    at += chunk.length;
  }
  return said;
}

const randomBytes = (dice: Dice): Buffer => Buffer.concat([dice.bytes(TOTAL - 1), Buffer.from('\n')]);

/** Random bytes both ways at once, in any chunks. */
async function exchange(t: Test, { listen, upstream }: Pair, client: End, server: End, seed: number): Promise<void> {
  const dice = new Dice(seed);
  const [up, down] = [randomBytes(dice), randomBytes(dice)];
  const [saidUp, saidDown] = await Promise.all([
    sayInChunks(client, up, new Dice(seed + 1_000)),
    sayInChunks(server, down, new Dice(seed + 2_000)),
    server.hearsBytes(TOTAL, 'server'),
    client.hearsBytes(TOTAL, 'client'),
  ]);
  t.ok(server.heard.equals(up), `${listen} to ${upstream}: to the server as they are`);
  t.ok(client.heard.equals(down), `${listen} to ${upstream}: to the client as they are`);
  if (!(isWeb(listen) && isWeb(upstream) && client instanceof WebEnd && server instanceof WebEnd)) return;
  t.same(server.messages, saidUp, 'in the same messages');
  t.same(client.messages, saidDown, 'in the same messages');
}

/** The client's bytes come back from a program. */
async function mirror(t: Test, { listen }: Pair, client: End, seed: number): Promise<void> {
  const dice = new Dice(seed);
  const bytes = isTelnet(listen) ? forTelnet(randomBytes(dice)) : randomBytes(dice);
  await client.hears('ready\n');
  const before = client.heard.length;
  await Promise.all([sayInChunks(client, bytes, dice), client.hearsBytes(before + TOTAL, 'client')]);
  t.ok(client.heard.subarray(before).equals(bytes), `${listen} to pty: there and back as they are`);
}

/** Between sockets one side's end is half of it: the other is still heard. */
async function halfClose(t: Test, client: End, server: End): Promise<void> {
  client.end();
  await server.hearsEnd('server');
  const before = client.heard.length;
  await server.say('still here');
  await client.hearsBytes(before + 10, 'client');
  t.equal(client.ended, false, 'the client is still told something');
  server.end();
  await client.hearsEnd('client');
}

/** Either side's end is that of the other. */
async function close(first: End, other: End | undefined): Promise<void> {
  first.end();
  await other?.hearsEnd('other side');
  other?.end();
  await first.hearsEnd('side that ended it');
}

async function passes(t: Test, ends: Ends, proxy: StartedListeners, one: Pair, seed: number): Promise<void> {
  const [client, server] = await session(ends, proxy, one);
  if (!server) {
    await mirror(t, one, client, seed);
    return close(client, undefined);
  }
  await exchange(t, one, client, server, seed);
  if (!isWeb(one.listen) && !isWeb(one.upstream)) return halfClose(t, client, server);
  return seed % 2 === 0 ? close(client, server) : close(server, client);
}

t.test('transparency: any bytes in any chunks pass as they are, and so does the end', async (t) => {
  const ends = new Ends(t);
  const proxy = await startPairs(t, ends, PAIRS, MIRROR);
  await forEachPair(PAIRS, (one, seed) => passes(t, ends, proxy, one, seed));
  for (const { data } of await endsOf(proxy, PAIRS)) t.match(data, { reason: 'closed', bytes_in: Number, bytes_out: Number });
});

/** A callback that takes nothing: with it the spool fills, and the audit side holds its slabs. */
const GATE = 'export default async (record) => new Promise(() => undefined);\n';

t.test('transparency: a stuck audit side touches neither the bytes nor the end', async (t) => {
  const ends = new Ends(t);
  const both = { in: true, out: true };
  const flood = pair('tcp', 'tcp', both);
  const pairs = [
    pair('telnets', 'tls', both),
    pair('ws', 'wss', both),
    pair('wss', 'telnet', both),
    pair('unix', 'ws', both),
    pair('tls', 'pty', both),
  ];
  const gate = join(folderOf(t), 'gate.mjs');
  writeFileSync(gate, GATE);
  const conf = `SPOOL_MAX_BYTES = '1m'\nAUDIT_CALLBACK = ['file', ${pythonOf({ use: gate, required: true })}]\nDRAIN_TIMEOUT_S = 1\n`;
  const proxy = await startPairs(t, ends, [flood, ...pairs], MIRROR, conf, { slabs: 8 });
  const [client, server] = await session(ends, proxy, flood);
  const much = new Dice(1).bytes(4 * 1024 ** 2);
  await Promise.all([client.say(much), server?.hearsBytes(much.length, 'server')]);
  await close(client, server);
  await forEachPair(pairs, (one, index) => passes(t, ends, proxy, one, index + 100));
  t.notOk(
    proxy.records().some(({ topic }) => topic === 'session.end'),
    'the audit side was stuck all the while',
  );
});

/** A program that asks for a password as login(1) does, and then answers a command. */
const LOGIN = `pty:sh -c 'stty -echo; printf "Password: "; read p; stty echo; echo; echo Welcome.; read l; echo "You said $l, and so on."; read q'`;

/** Secrets of a session that no text has by chance. */
const secretsOf = (dice: Dice): [string, string] => {
  const word = (): string =>
    Array.from({ length: 16 }, () => 'abcdefghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ23456789!%+'[dice.between(0, 54)]).join('');
  return [word(), word()];
};

/** Somebody logs in, and gives a password in a command too; the server says that one back. */
async function logIn(client: End, server: End | undefined, [typed, commanded]: readonly [string, string]): Promise<void> {
  const end = server ? '\r\n' : '\n';
  await server?.say('Password: ');
  await client.hears('Password: ');
  await client.say(`${typed}${end}`);
  await server?.hears(typed);
  await server?.say('\r\nWelcome.\r\n');
  await client.hears('Welcome.');
  await client.say(`connect bob ${commanded}${end}`);
  await server?.hears(commanded);
  await server?.say(`You said connect bob ${commanded}, and so on.\r\n`);
  await client.hears('and so on.');
  await close(client, server);
}

t.test('no leak: a password that was typed or commanded stands nowhere, whatever is kept', async (t) => {
  const ends = new Ends(t);
  const others = (['telnet-telnet', 'ws-ws', 'ws-telnet', 'telnet-pty', 'tcp-pty'] as const).flatMap((name) => {
    const [listen, upstream] = name.split('-') as [Listen, Upstream];
    return KEPT.map((kept, index) => pair(listen, upstream, kept, `${name}-${index}`));
  });
  const pairs = [...PAIRS, ...others];
  const proxy = await startPairs(t, ends, pairs, LOGIN);
  const dice = new Dice(7);
  const secrets = pairs.map(() => secretsOf(dice));
  await forEachPair(pairs, async (one, index) => {
    const [client, server] = await session(ends, proxy, one);
    await logIn(client, server, secrets[index] as [string, string]);
  });
  await endsOf(proxy, pairs);
  await proxy.stop();
  t.same(leaksOf(proxy.folder, proxy.logged.join('\n'), secrets.flat()), []);
  const all = proxy.records();
  for (const { name, kept } of pairs) {
    const topics = new Set(all.filter(({ listener }) => listener === name).map(({ topic }) => topic));
    const said = { start: topics.has('session.start'), in: topics.has('session.input'), out: topics.has('session.output') };
    t.same(said, { start: true, ...kept }, `records of ${name}`);
  }
});
