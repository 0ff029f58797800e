/** The house's rules (DESIGN 1), read off the imports: who may know whom, and which room may touch the network, the disk and RE2. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '../..');

type Import = { readonly from: string; readonly to: string };

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** Imports of a file: ours as paths of sources, others as package names. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'/gms);
  return [...found].map(([, name = '']) => {
    const to = name.startsWith('.') ? normalize(join(dirname(file), name)).replace(/\.js$/, '.ts') : name.replace(/^node:/, '');
    return { from: file, to };
  });
}

const files = [...sources('src'), ...sources('callbacks')];
const imports = files.flatMap(importsOf);
const room = (file: string) => (file.startsWith('callbacks/') ? 'callbacks' : dirname(relative('.', file)).split('/').slice(0, 2).join('/'));
/** A callback of several files: callbacks/NAME.ts and callbacks/NAME/. */
const folderOf = (file: string) => `${file.split('/').slice(0, 2).join('/').replace(/\.ts$/, '')}/`;
const ours = (to: string) => to.startsWith('src/') || to.startsWith('callbacks/');
const STAGES = ['src/decode', 'src/gather', 'src/identify', 'src/mask', 'src/record'];
/** What callbacks may know of us. */
const CONTRACTS = ['src/contract.ts', 'src/store-contract.ts'];
const WAY = ['src/bridge', 'src/capture', ...STAGES, 'src/spool', 'src/view'];

/** Imports that break a rule, one a line, for the failing message. */
const breaks = (rule: (one: Import) => boolean) => imports.filter(rule).map(({ from, to }) => `${from} imports ${to}`);

t.test('stages import only contract, errors and their own room', async (t) => {
  const allowed = ['src/contract.ts', 'src/errors.ts'];
  t.same(
    breaks(({ from, to }) => STAGES.includes(room(from)) && ours(to) && !allowed.includes(to) && room(to) !== room(from)),
    [],
  );
});

t.test('no room on the way reaches into another', async (t) => {
  t.same(
    breaks(({ from, to }) => WAY.includes(room(from)) && WAY.includes(room(to)) && room(from) !== room(to)),
    [],
  );
});

t.test('callbacks import only the contracts of ours, and the files of their own folder', async (t) => {
  t.same(
    breaks(({ from, to }) => room(from) === 'callbacks' && ours(to) && !CONTRACTS.includes(to) && !to.startsWith(folderOf(from))),
    [],
  );
});

t.test('the network stands in bridge and view, and the demo, alone', async (t) => {
  const network = ['net', 'tls', 'http', 'https', 'dgram', 'node-pty', 'ws', 'telnetlib'];
  // exec hands in what it records on a socket of the owner's.
  const allowed = ['src/bridge', 'src/view', 'src/demo', 'src/exec', 'callbacks'];
  t.same(
    breaks(({ from, to }) => network.includes(to) && !allowed.includes(room(from))),
    [],
  );
});

t.test('RE2 stands in mask alone', async (t) => {
  t.same(
    breaks(({ from, to }) => to === 're2' && room(from) !== 'src/mask'),
    [],
  );
});

t.test('the disk is touched by spool, config, view and callbacks alone', async (t) => {
  const disk = ['fs', 'fs/promises'];
  // A dead process leaves its unix socket as a file; whoever listens there takes it away.
  const socketFile = 'src/bridge/listen.ts';
  const allowed = ['src/spool', 'src/config', 'src/view', 'src/demo', 'callbacks'];
  t.same(
    breaks(({ from, to }) => disk.includes(to) && !allowed.includes(room(from)) && from !== socketFile),
    [],
  );
});

t.test('stages read no clock', async (t) => {
  const clock = /\b(Date\.now|new Date\(\)|performance\.now|hrtime|setTimeout|setInterval|setImmediate)\b/;
  const guilty = files.filter((file) => STAGES.includes(room(file)) && clock.test(readFileSync(join(root, file), 'utf8')));
  t.same(guilty, []);
});

t.test('only mask makes what record takes', async (t) => {
  const makes = /as (unknown as )?Masked(Utterance|Data|Name)\b/;
  const guilty = files.filter((file) => room(file) !== 'src/mask' && makes.test(readFileSync(join(root, file), 'utf8')));
  t.same(guilty, []);
});

t.test('no import goes round in a circle', async (t) => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) if (ours(to)) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (done.has(file) || path.includes(file)) return;
    for (const to of next.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  t.same(circles, []);
});
