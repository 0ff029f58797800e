/**
 * masks/README.md and src/decode/README.md are true: every mask, pack, option, protocol, bound and code that they name is one of the program's and the
 * other way round; what they say of a session is what comes out of one, and their commands print what stands there.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { protocolOf } from '../src/audit/oob-messages.js';
import { loadSettings } from '../src/config/settings.js';
import type { AnyMask } from '../src/contract.js';
import * as bytes from '../src/decode/bytes.js';
import { AuditError } from '../src/errors.js';
import { ENVIRON_VALUE, HIDDEN_TYPING, SECRET_FIELD } from '../src/mask/mask-set.js';
import { compileMasks, scrub } from '../src/mask/masker.js';
import { compileNamed } from '../src/mask/named-groups.js';
import { pack, utterance } from './mask/masks.js';
import { Talk } from './talk.js';

const ROOT = join(import.meta.dirname, '../..');
const CLI = join(ROOT, 'dist/src/cli.js');
const page = readFileSync(join(ROOT, 'masks/README.md'), 'utf8');

/** The rows of the first table under a heading, without its head: cells as they stand. */
function rowsUnder(text: string, heading: string): string[][] {
  const at = text.indexOf(`\n${heading}\n`);
  if (at < 0) throw new Error(`no heading ${heading}`);
  const [, table = ''] = /\n((?:\|.*\n)+)/.exec(text.slice(at)) ?? [];
  const rows = table.trimEnd().split('\n').slice(2);
  return rows.map((row) => row.slice(2, row.endsWith(' |') ? -2 : -1).split(' | '));
}

/** What stands between backquotes. */
const codes = (cell = ''): string[] => [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);

const settings = (conf: string, set: readonly string[] = [], cwd = ROOT) =>
  loadSettings({ file: null, cwd, env: {}, set: conf ? [conf, ...set] : set });
const inForce = (): readonly AnyMask[] => settings('').audit.masks;
const MASKS = compileMasks(inForce());

t.test('its packs are the files of the folder, their masks those of the files, and in force are those of the key', async (t) => {
  const rows = rowsUnder(page, '## The packs');
  const files = readdirSync(join(ROOT, 'masks')).flatMap((file) => (file.endsWith('.conf') ? [file.slice(0, -'.conf'.length)] : []));
  const names = rows.map(([name = '']) => /^\[(.*)\]/.exec(name)?.[1] ?? name);
  t.strictSame(names.toSorted(), files.toSorted());
  for (const [index, [, , , masks]] of rows.entries())
    t.strictSame(codes(masks), [...new Set(pack(names[index] ?? '').map(({ name }) => name))], names[index] ?? '');
  const said = names.filter((_, index) => rows[index]?.[1] === 'yes').flatMap((name) => pack(name).map((mask) => mask.name));
  t.strictSame(
    said,
    inForce().map(({ name }) => name),
  );
});

t.test('its packs hide as much of the corpus needlessly as it says', async (t) => {
  const prose = readFileSync(join(ROOT, 'test/mask/corpus/prose.txt'), 'utf8').trimEnd().split('\n');
  for (const [name = '', , , , needlessly] of rowsUnder(page, '## The packs')) {
    const masks = compileMasks(pack(/^\[(.*)\]/.exec(name)?.[1] ?? ''));
    const hidden = (['RCV', 'SND'] as const).map((way) => prose.filter((one) => scrub(masks, utterance(way, one)).spans.length > 0).length);
    t.equal(hidden.join(', '), needlessly, name);
  }
});

t.test('the names of masks that no pack has are those of the program', async (t) => {
  const names = rowsUnder(page, '## In the record').flatMap(([name]) => codes(name));
  t.strictSame(names, [HIDDEN_TYPING, SECRET_FIELD, ENVIRON_VALUE]);
});

/** Text as a test writes it: `\n` a line end, ECHO the server's WILL ECHO; as the bytes of a string in latin-1. */
const bytesOf = (text: string): string => Buffer.from(text.replaceAll('\\n', '\r\n'), 'utf8').toString('latin1').replaceAll('ECHO', '\xff\xfb\x01');

/** A session of these steps, and an answer of the server's at its end. */
function talkOf(steps: readonly string[]): Talk {
  const talk = new Talk({ masks: MASKS });
  for (const step of [...steps, '< \\nOk.\\n']) {
    const text = bytesOf(step.slice(2));
    if (step.startsWith('> ')) talk['>'](`${text}\r\n`);
    else talk['<'](text).wait(200);
  }
  return talk.end();
}

/** What a talk recorded: lines that were typed, and all that was said. */
function recorded(talk: Talk): { typed: string[]; said: string[]; masks: unknown[] } {
  const spoken = talk.records.filter(({ text }) => typeof text === 'string');
  const of = (topic: string, mark: string) =>
    spoken.flatMap((one) => (one.topic === topic ? [`${mark} ${String(one.text).replaceAll('\n', '\\n')}`] : []));
  const masks = spoken.flatMap(({ masked = [] }) => (masked as { mask: string }[]).map(({ mask }) => mask));
  return { typed: of('session.input', '>'), said: of('session.output', '<'), masks };
}

function expectRow(t: Test, [what = '', steps, result, mask]: readonly string[]): Talk {
  const talk = talkOf(codes(steps));
  const { typed, said, masks } = recorded(talk);
  const expected = codes(result);
  t.strictSame(
    typed,
    expected.filter((one) => one.startsWith('> ')),
    what,
  );
  for (const one of expected.filter((one) => one.startsWith('< '))) t.ok(said.includes(one), `${what}: ${one} in ${JSON.stringify(said)}`);
  if (mask) t.strictSame([...new Set(masks)], [mask], what);
  return talk;
}

t.test('what it says is caught is recorded so, and nothing else of it', async (t) => {
  const rows = rowsUnder(page, '## What is caught');
  t.ok(rows.length >= 12);
  for (const [what = '', steps = '', result = '', mask] of rows) {
    const talk = expectRow(t, [what, steps, result, codes(mask)[0] ?? '']);
    for (const secret of ['hunter2', 'swordfish', 'sésame', 'pa$$', 'kX9', 'MIIE', '7EXAMPLE'])
      t.notOk(talk.lines.join('').toLowerCase().includes(secret.toLowerCase()), `${what}: ${secret}`);
  }
});

t.test('what it says is not caught is not', async (t) => {
  const rows = rowsUnder(page, '## What is not caught');
  t.ok(rows.length >= 12);
  for (const row of rows) expectRow(t, row.slice(0, 3));
});

/** The fenced blocks of the page in their order, without what they are indented by. */
function blocks(text: string): { language: string; block: string }[] {
  return [...text.matchAll(/^( *)```(\S*)\n(.*?)^ *```$/gms)].map(([, indent = '', language = '', block = '']) => ({
    language,
    block: block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** Runs one command line of the shell in `cwd`, and gives all that it prints, also where it fails. */
async function shell(command: string, cwd: string): Promise<string> {
  const script = `(${command.replaceAll('npx wirescribe', `'${process.execPath}' '${CLI}'`)}\n) 2>&1 || true`;
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { cwd, env: { PATH: process.env.PATH ?? '' } });
  return stdout;
}

t.test('its settings load and prove themselves', async (t) => {
  const confs = blocks(page).filter(({ language }) => language === 'conf');
  t.ok(confs.length >= 5);
  for (const { block } of confs) {
    const cwd = t.testdir({ 'server.conf': block, 'ours.conf': "MASKS = [{'name': 'ours', 'pattern': r'ours (?P<secret>.+)'}]\n" });
    t.doesNotThrow(() => compileMasks(loadSettings({ cwd, env: {} }).audit.masks), block);
  }
});

t.test('its commands print what stands below them, with the settings above them', async (t) => {
  const folders: { conf: string; commands: { command: string; printed: string }[] }[] = [];
  for (const { language, block } of blocks(page)) {
    if (language === 'conf') folders.push({ conf: block, commands: [] });
    if (language !== 'console') continue;
    for (const [, command = '', printed = ''] of block.matchAll(/^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)/gm))
      folders.at(-1)?.commands.push({ command, printed });
  }
  const cwd = t.testdir(Object.fromEntries(folders.map(({ conf }, index) => [String(index), { 'server.conf': conf }])));
  const run = async ({ commands }: (typeof folders)[number], index: number): Promise<void> => {
    for (const { command, printed } of commands) t.equal(await shell(command, join(cwd, String(index))), printed, command);
  };
  await Promise.all(folders.map(run));
  t.ok(folders.flatMap(({ commands }) => commands).length >= 9);
});

t.test('its examples of errors are what is said of them', async (t) => {
  const rows = rowsUnder(page, '### Errors');
  t.ok(rows.length >= 9);
  for (const [mask, error = ''] of rows) {
    const [definition = ''] = codes(mask);
    try {
      compileMasks(settings(`AUDIT_MASKS = [${definition}]`).audit.masks);
      t.fail(definition);
    } catch (caught) {
      if (!(caught instanceof AuditError)) throw caught;
      t.equal(`\`${caught.code}\`: ${caught.message.replaceAll('<', '\\<')}`, error, definition);
    }
  }
});

const decodePage = readFileSync(join(ROOT, 'src/decode/README.md'), 'utf8');
const source = (file: string): string => readFileSync(join(ROOT, 'src', file), 'utf8');
const optionRows = (): string[][] => rowsUnder(decodePage, '## Options').filter(([, number]) => number !== 'N');

t.test('every option that has a name in the program stands in the table, with its number', async (t) => {
  const listed = optionRows().map(([, number]) => Number(number));
  const known = Object.entries(bytes).flatMap(([name, number]) => (name.startsWith('OPTION_') ? [Number(number)] : []));
  t.ok(known.length >= 20);
  for (const number of known) t.ok(listed.includes(number), String(number));
  t.strictSame(
    listed,
    listed.toSorted((one, other) => one - other),
  );
});

t.test('the protocols that are recorded are those of the table, under their numbers', async (t) => {
  const listed = new Map(optionRows().map(([, number, recorded]) => [Number(number), codes(recorded)[0]]));
  for (let number = 0; number < 256; number++) {
    const protocol = protocolOf(number);
    const recorded = listed.get(number);
    t.equal(protocol.startsWith('option-') ? undefined : protocol, recorded?.startsWith('session.') ? undefined : recorded, String(number));
  }
});

/** For each option of the table that is recorded: what one side says, and which. */
const SAYS: { readonly [number: string]: readonly ['>' | '<', string] } = {
  24: ['>', '\x00MTTS 137'],
  31: ['>', '\x00\x50\x00\x18'],
  34: ['<', '\x01\x03'],
  36: ['>', '\x00\x00USER\x01bob'],
  37: ['>', '\x00\x02\x00abc'],
  38: ['>', '\x03'],
  39: ['>', '\x00\x00LANG\x01de_DE.UTF-8'],
  42: ['<', '\x01;UTF-8;KOI8-R'],
  44: ['>', '\x01\x00\x00\x25\x80'],
  46: ['<', '\x01'],
  69: ['<', '\x01ROOM\x02\x03\x01VNUM\x026\x01EXITS\x02\x05\x02n\x02s\x06\x04'],
  70: ['<', '\x01PORT\x0223\x024000'],
  93: ['<', 'zmp.ping\x002026\x00'],
  200: ['<', 'Room.Brief The hall'],
  201: ['<', 'Char.Vitals {"hp":10,"gold":12345678901234567890}'],
  99: ['>', 'hi'],
};

/** The `data` of the record that follows. */
function dataOf(number: number): Record<string, unknown> | undefined {
  const talk = new Talk({ masks: MASKS });
  const option = String.fromCharCode(number);
  const [side, payload] = SAYS[number] ?? [];
  if (side && payload) talk[side](`\xff\xfa${option}${payload}\xff\xf0`);
  else talk['<'](`\xff\xfb${option}`)['>'](`\xff\xfd${option}`);
  return talk.records.find(({ topic }) => topic === 'session.oob' || topic === 'session.resize')?.data;
}

t.test('what the table gives for an example is what is recorded', async (t) => {
  const rows = rowsUnder(decodePage, '## Options').filter(([, , recorded]) => recorded !== '-');
  for (const [option = '', number, recorded, example] of rows) {
    const [name = ''] = codes(recorded);
    const { protocol, ...rest } = dataOf(number === 'N' ? 99 : Number(number)) ?? {};
    t.equal(JSON.stringify(rest), codes(example)[0], option);
    t.equal(protocol, name.startsWith('session.') ? undefined : name, option);
  }
});

t.test('its bounds are the constants that it names', async (t) => {
  for (const [what, value = '', where] of rowsUnder(decodePage, '## What is bounded, and how')) {
    const [name = '', file = ''] = codes(where);
    const [, number = ''] = new RegExp(`const ${name} = ([\\d_]+);`).exec(source(join('decode', file))) ?? [];
    t.equal(Number(number.replaceAll('_', '')), Number(value.replaceAll(',', '')), `${what}: ${name}`);
  }
});

/** Codes of faults in the sources of what stands before the masks. */
function codesOfDecode(): string[] {
  const found = ['decode/telnet.ts', 'audit/oob.ts'].flatMap((file) =>
    [...source(file).matchAll(/'((?:telnet|compressed|encrypted|oob)(?:-[a-z]+)*)'/g)].map(([, code = '']) => code),
  );
  const framed = ['decode/websocket/messages.ts', 'decode/websocket/websocket.ts', 'audit/web-messages.ts'].flatMap((file) =>
    [...source(file).matchAll(/'(websocket(?:-[a-z0-9]+)+)'/g)].map(([, code = '']) => code),
  );
  // `compressed-${outcome}`, `websocket-${outcome}`
  const inflated = ['compressed', 'websocket'].flatMap((of) => [`${of}-corrupt`, `${of}-bomb`]);
  return [...new Set([...found, ...framed, ...inflated])].toSorted();
}

t.test('its faults are all that decode can say', async (t) => {
  const listed = rowsUnder(decodePage, '## Faults').flatMap(([code]) => codes(code));
  t.strictSame(listed.toSorted(), codesOfDecode());
});

t.test('the links of both pages lead somewhere', async (t) => {
  for (const [folder, text] of [
    ['masks', page],
    ['src/decode', decodePage],
  ] as const) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('http')) continue;
      const [path = '', anchor] = target.split('#');
      const whole = join(ROOT, folder, path);
      t.ok(existsSync(whole), target);
      if (anchor) t.ok(anchorsOf(path === '' ? text : readFileSync(whole, 'utf8')).includes(anchor), target);
    }
  }
});

const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

t.test("FORMAT.md's codes of faults are all that the other stages can say, and its ways to know a name are those of identify", async (t) => {
  const format = source('record/FORMAT.md');
  const listed = rowsUnder(format, '### Faults').flatMap(([, code]) => codes(code));
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  // Of `code = full ? 'one' : 'other'` each is said.
  const plain = (file: string): string => source(file).replace(/\bcode = [^;?]*\? ('[a-z-]+') : ('[a-z-]+');/g, 'code: $1 code: $2');
  const said = files.flatMap((file) =>
    [...plain(file).matchAll(/(?:\bcode: |ault\(|restarted\(|module\.failed\()'([a-z]+(?:-[a-z]+)*)'/g)].map(([, code = '']) => code),
  );
  const decode = codesOfDecode();
  t.strictSame(listed.toSorted(), [...new Set(said)].filter((code) => !decode.includes(code)).toSorted());
  const ways = rowsUnder(format, '### How a name is known').flatMap(([how]) => codes(how));
  const known = ['identify/login.ts', 'identify/oob.ts'].flatMap((file) =>
    [...source(file).matchAll(/how(?:: | === )'([a-z]+)'/g)].map(([, how = '']) => how),
  );
  for (const how of [...known, 'output']) t.ok(ways.includes(how), how);
});

t.test("README.md's AUDIT_IDENTITY and AUDIT_WATCH do what is said beside them", async (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const conf = blocks(readme).flatMap(({ language, block }) => (language === 'conf' && /AUDIT_(?:IDENTITY|WATCH) /.test(block) ? [block] : []));
  t.equal(conf.length, 2);
  const { audit } = loadSettings({ cwd: t.testdir({ 'server.conf': conf.join('') }), env: {} });
  const names = { matchers: compileNamed(audit.identity.patterns), paths: audit.identity.paths };
  const talk = new Talk({ masks: MASKS, out: false, names, watch: audit.watch, watchExclude: audit.watchExclude });
  const gmcp = (text: string): Talk => talk['<'](`\xff\xfa\xc9${text}\xff\xf0`);
  talk['>']('enlist bob now\r\n')['<']('The gate stays shut.\r\n').wait(200);
  talk['>']('enlist tom now\r\n')['<']('The gate opens.\r\n').wait(200);
  talk['<']('Welcome home, Tom2.\r\nYou are now Grom\r\n').wait(200)['<']('You are now nobody\r\n').wait(200);
  gmcp('My.Player {"place":{"title":"Mill"}}');
  for (const gold of [1, 2]) gmcp(`Char.Status {"level":7,"gold":${gold}}`);
  gmcp('Char.Status {"level":8,"gold":3}');
  talk.end();
  const said = talk.records.flatMap(({ topic, data }) => (/identity|change/.test(topic) ? [data] : []));
  t.strictSame(said, [
    { field: 'account', old: null, new: 'tom', how: 'pattern' },
    { field: 'account', old: 'tom', new: 'Tom2', how: 'pattern' },
    { field: 'character', old: null, new: 'Grom', how: 'pattern' },
    { field: 'character', old: 'Grom', new: null, how: 'pattern' },
    { field: 'room', old: null, new: 'Mill', how: 'gmcp My.Player' },
    { path: 'Char.Status', old: null, new: { level: 7 } },
    { path: 'Char.Status', old: { level: 7 }, new: { level: 8 } },
  ]);
});
