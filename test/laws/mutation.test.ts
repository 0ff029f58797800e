/**
 * Law: the generated cases would find a leak. Each protection is switched off in a copy of the compiled program, one line of it, and the cases that lean on
 * it are played against that copy: at least one must leak. Played against the copy as it is, none does.
 */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { folderOf } from '../harness.js';
import { MUTATIONS, type Mutation } from './mutations.js';

// The time that .taprc gives a file; on its own it would have 30 s.
t.setTimeout(300_000);

const SEED = 4;
/** So many of the cases are played against the copy as it is. */
const EVERY = 12;
const ROOT = join(import.meta.dirname, '../../..');

/** What mutant.js said. */
interface Played {
  readonly played: number;
  readonly leaked: string | null;
}

/** The compiled program and its tests, with what they read beside them. */
function copyOf(folder: string): string {
  for (const part of ['dist/src', 'dist/test']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  for (const beside of ['masks', 'src', 'node_modules', 'package.json']) symlinkSync(join(ROOT, beside), join(folder, beside));
  return folder;
}

async function playIn(folder: string, every: number, seenIn: RegExp): Promise<Played> {
  const args = [join(folder, 'dist/test/laws/mutant.js'), String(SEED), String(every), seenIn.source];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Played;
}

/** Plays against the copy with one protection off, and puts it back. Nothing is played where what switches it off does not stand there once. */
async function playWithout({ file, from, to, seenIn }: Mutation): Promise<Played> {
  const place = join(folder, 'dist/src', file);
  const source = readFileSync(place, 'utf8');
  if (source.split(from).length !== 2) return { played: 0, leaked: null };
  writeFileSync(
    place,
    source.replace(from, () => to),
  );
  try {
    return await playIn(folder, 1, seenIn);
  } finally {
    writeFileSync(place, source);
  }
}

const folder = copyOf(folderOf(t));

t.test('the copy as it is leaks nothing', async (t) => {
  const { played, leaked } = await playIn(folder, EVERY, /./);
  t.equal(leaked, null);
  t.ok(played > 500, `${played} cases`);
});

for (const mutation of MUTATIONS) {
  t.test(`without ${mutation.name}, a case leaks`, async (t) => {
    const { played, leaked } = await playWithout(mutation);
    t.ok(leaked, played === 0 ? `what switches it off must stand once in ${mutation.file}` : `found in ${played} cases`);
  });
}
