/** The README is true: its tables are the program's, its settings load, its commands exist, and its examples do what it says. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { finishingOf } from '../src/audit/keepings.js';
import { Modules } from '../src/audit/providers.js';
import { COMMANDS, commandHelp } from '../src/config/help.js';
import { loadSettings } from '../src/config/settings.js';
import { readCommandLine } from '../src/config/usage.js';
import type { CallbackOptions } from '../src/contract.js';
import { EXIT } from '../src/errors.js';
import { Events } from '../src/mask/events.js';
import { compileMasks } from '../src/mask/masker.js';
import { deliver } from '../src/spool/delivery/delivery.js';
import { FEATURES, ROLES } from '../src/view/access/permissions.js';
import { messageOf } from '../src/view/message.js';
import { inlineDelivery, settingsFor } from './delivery-bench.js';
import { HandMadeJournal, line } from './journal-lines.js';
import { placeOfTable, README, TABLES } from './readme-tables.js';
import { sound, Talk } from './talk.js';

const ROOT = join(README, '..');
const CLI = join(import.meta.dirname, '../src/cli.js');
const readme = readFileSync(README, 'utf8');

/** The fenced blocks of a language, without their fences. */
const blocks = (language: string): string[] =>
  [...readme.matchAll(/^```(\S*)\n(.*?)^```$/gms)].flatMap(([, found, block = '']) => (found === language ? [block] : []));

/** The one block of a language that a pattern matches. */
function blockWith(language: string, pattern: RegExp): string {
  const [found, more] = blocks(language).filter((block) => pattern.test(block));
  if (found === undefined || more !== undefined) throw new Error(`README.md has ${more ? 'several blocks' : 'no block'} with ${pattern}`);
  return found;
}

t.test('its tables of keys, options and error codes are those of the program', async (t) => {
  for (const [heading, rows] of Object.entries(TABLES)) {
    const { start, end } = placeOfTable(readme, heading);
    t.equal(readme.slice(start, end), rows, `${heading}: write it anew with node dist/test/readme-tables.js`);
  }
});

t.test('its tables of roles and features are those of the program', async (t) => {
  const section = readme.slice(readme.indexOf('\n## Who may see what\n'), readme.indexOf('\n## ', readme.indexOf('\n## Who may see what\n') + 1));
  const rows = [...section.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, name = '', rest = '']) => [name, ...rest.split(' | ')]);
  const roles = Object.entries(ROLES).map(([name, { means, features, scope }]) => [
    name,
    means,
    features.map((feature) => `\`${feature}\``).join(' '),
    `\`${scope}\``,
  ]);
  t.strictSame(
    rows.filter(([name]) => name && Object.hasOwn(ROLES, name)),
    roles,
  );
  t.strictSame(
    rows.filter(([name]) => name && Object.hasOwn(FEATURES, name)),
    Object.entries(FEATURES),
  );
});

t.test('it names every command with its options, and every exit code', async (t) => {
  const { start, end } = placeOfTable(readme, '### Commands');
  const named = [...readme.slice(start, end).matchAll(/^\| `(\w+)([^`]*)` \|/gm)].map(([, name, rest = '']) => [
    name,
    rest.replaceAll('\\', '').trim(),
  ]);
  t.strictSame(
    named,
    Object.entries(COMMANDS).map(([name, { usage }]) => [name, usage]),
  );
  for (const code of Object.values(EXIT)) t.ok(new RegExp(`^Exit codes:.*\\b${code} `, 'm').test(readme), `exit code ${code}`);
  for (const name of Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]) t.match(commandHelp(name), /Example:/);
});

/** Words of a simple shell command, quotes taken away. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|[^\s'"]+)+/g)].map(([word]) => word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, '$1$2'));

/** Simple commands in the shell's lines of the README. */
function commands(): string[] {
  const console = blocks('console').flatMap((block) => [...block.matchAll(/^\$ (.*)$/gm)].map(([, command = '']) => command));
  const lines = [...blocks('sh').join('').split('\n'), ...console];
  return lines.map((one) => one.replace(/\s#.*$/, '')).flatMap((one) => one.split(/ && | \| |; /).map((command) => command.trim()));
}

t.test('its commands use words and options that exist', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  let programs = 0;
  for (const command of commands()) {
    const [program = '', ...words] = wordsOf(command);
    const ours = program === 'npx' ? words.shift() === 'wirescribe' : program === 'node' && words[0] === 'dist/src/cli.js' && words.shift() !== '';
    if (ours) {
      programs++;
      t.doesNotThrow(() => readCommandLine(words), command);
    } else if (program === 'npm') {
      const script = words[0] === 'run' ? words[1] : words[0];
      t.ok(script === 'ci' || (script && Object.hasOwn(scripts, script)), command);
      if (script === 'start') t.doesNotThrow(() => readCommandLine(['demo', ...words.slice(words.indexOf('--') + 1 || words.length)]), command);
    } else if (program === 'node' || program === 'bash' || program === 'cp') t.ok(words[0] && existsSync(join(ROOT, words[0])), command);
  }
  t.ok(programs >= 6);
});

t.test('its settings load, and their masks prove themselves', async (t) => {
  const confs = blocks('conf');
  t.ok(confs.length >= 6);
  for (const conf of confs) {
    const cwd = t.testdir({ 'server.conf': conf, 'game-name.txt': 'Lanternford\n' });
    const { audit } = loadSettings({ cwd, env: { GAME_NODE: 'north' } });
    t.doesNotThrow(() => compileMasks(audit.masks));
  }
});

/** Runs a command line of the shell with `wirescribe` in place of `npx wirescribe`. */
async function shell(command: string, cwd: string): Promise<string> {
  const script = command.replaceAll('npx wirescribe', `'${process.execPath}' '${CLI}'`);
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd, env: { PATH: process.env.PATH ?? '' } });
  return stdout;
}

t.test('its example of a mask gives what it says to `wirescribe mask`', async (t) => {
  const cwd = t.testdir({ 'server.conf': blockWith('conf', /'vault'/) });
  const [, command = '', out] = /^\$ ([^\n]*)\n(.*)$/s.exec(blockWith('console', /wirescribe mask/)) ?? [];
  t.equal(await shell(command, cwd), out);
});

t.test('its way to verify by hand comes to the digests, the hash and the hash before', async (t) => {
  const cwd = t.testdir({});
  symlinkSync(join(ROOT, 'src'), join(cwd, 'src'));
  const out = await shell(blockWith('sh', /sha256sum/), cwd);
  const last = JSON.parse(readFileSync(join(cwd, 'vectors.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? '');
  t.match(out, /^good: 3 records of 1 session in 1 file/);
  t.strictSame(out.match(/\b[0-9a-f]{64}\b/g), [...last.digest, last.hash, last.prev]);
});

/** A module of the README, written to a folder under the name in its first line. */
function moduleOf(t: Test, name: string): { folder: string; path: string } {
  const folder = t.testdir({ [name]: blockWith('js', new RegExp(`^// ${name}: `)) });
  return { folder, path: join(folder, name) };
}

/** Delivers these lines out of a journal to a module, to the end; gives what went wrong. */
async function deliverTo(path: string, folder: string, lines: readonly string[], options: CallbackOptions = {}): Promise<readonly unknown[]> {
  const journal = new HandMadeJournal(join(folder, 'spool'));
  const { options: delivery, faults } = inlineDelivery(join(folder, 'spool'), journal, settingsFor(path, { options }));
  journal.write(lines);
  journal.board.close();
  await deliver({ ...delivery, context: { ...delivery.context, folder } });
  return faults;
}

t.test('its simple callback, as printed, posts what was lost, and is given again what was not taken', async (t) => {
  const posted: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      posted.push(body);
      response.writeHead(posted.length === 1 ? 503 : 204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  process.env.ALARM_URL = `http://127.0.0.1:${typeof address === 'object' && address?.port}/`;
  const { folder, path } = moduleOf(t, 'alarm.mjs');
  const gap = line(2, undefined, 'audit.gap');
  const faults = await deliverTo(path, folder, [line(1, 'look'), gap, line(3, 'say hi')]);
  t.same(posted, [gap.trimEnd(), gap.trimEnd()]);
  t.match(faults, [{ code: 'AUDIT_CALLBACK_FAILED' }]);
});

t.test('its full callback, as printed, keeps who said the word, and refuses to go without one', async (t) => {
  const { folder, path } = moduleOf(t, 'watch.mjs');
  const said = [line(1, 'look'), line(2, 'say a dragon!'), line(3), line(4, 'A dragon.', 'session.output')];
  t.same(await deliverTo(path, folder, said, { word: 'dragon' }), []);
  const { id } = JSON.parse(said[1] ?? '');
  t.equal(readFileSync(join(folder, 'watch.log'), 'utf8'), `2026-01-31T12:00:01.123456Z alice ${id} say a dragon!\n`);
  const { check } = (await import(pathToFileURL(path).href)) as { check: (options: CallbackOptions) => void };
  t.throws(() => check({}), { name: 'OptionError' });
  const conf = blockWith('conf', /watch\.mjs/).replaceAll(/'file', '.\/alarm.mjs', |, 'word': 'dragon'/g, '');
  const checked = spawn(process.execPath, [CLI, 'check', '--set', conf.trim()], { cwd: folder });
  const [err] = await Promise.all([text(checked.stderr), once(checked, 'exit')]);
  t.match(err, "AUDIT_CALLBACK_LOAD: --set:1:19: the callback 'watch' refuses its options: word: the word to watch for\n");
});

t.test('its events, exclusions and module, as printed, do what is said beside them', async (t) => {
  const { folder } = moduleOf(t, 'district.mjs');
  const { audit } = loadSettings({
    cwd: folder,
    env: {},
    file: null,
    set: blockWith('conf', /district\.mjs/)
      .trim()
      .split(/\n(?=AUDIT_)/),
  });
  const modules = await Modules.load([audit]);
  const talk = new Talk({ finishing: finishingOf(audit, modules), names: { matchers: [], paths: [{ oob: 'Here', path: '', field: 'room' }] } });
  talk['<']('\xff\xfa\xc9Here "North, by the gate"\xff\xf0Hi.\r\n').wait(200)['>']('whisper bob\r\n')['<']('You give 12 gold to Bob.\r\n').wait(200);
  for (const line of ['idle', 'my card is 4929123412341234', 'look']) talk['>'](`${line}\r\n`)['<']('Ok.\r\n').wait(200);
  talk.end();
  const said = talk.records.filter(({ topic }) => /put$/.test(topic));
  t.strictSame(
    said.map(({ text, event }) => [text, event]),
    [
      ['Hi.', undefined],
      ['You give 12 gold to Bob.', 'gold.given'],
      ['Ok.', undefined],
      ['my card is (card)', 'card.said'],
      ['Ok.', undefined],
      ['look', undefined],
      ['Ok.', undefined],
    ],
  );
  t.same(said[1]?.custom, { district: { district: 'North' } });
  t.match(said[1], { event_type: 'trade', also: 'economy' });
  t.match(talk.records.at(-1)?.data, { excluded: 1, dropped: 1 });
  t.equal(messageOf({ ...said[1], character: 'Al' }, new Events(audit.events)), 'Al gives 12 gold to Bob');
  sound(t, talk);
});

t.test('it names every room of the house', async (t) => {
  const house = blockWith('', /^src\/$/m);
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.strictSame([...house.matchAll(/^ {2}(\w+)\//gm)].map(([, room]) => room).toSorted(), rooms.map(({ name }) => name).toSorted());
});

t.test('its links lead somewhere', async (t) => {
  const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  );
  for (const [, target = ''] of readme.matchAll(/\]\(([^)]+)\)/g)) {
    t.ok(target.startsWith('#') ? anchors.includes(target) : existsSync(join(ROOT, target)), target);
  }
});
