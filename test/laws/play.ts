/**
 * Plays a generated case through the real stages, and looks for its secret in every line that was written: in the line as it stands, in its strings, in
 * what stands in base64, and in what the records of one direction spell one behind the other.
 */
import type { Finishing } from '../../src/audit/finisher.js';
import { compileMasks, type MaskSet, type Style } from '../../src/mask/masker.js';
import { pack } from '../mask/masks.js';
import { Talk } from '../talk.js';
import type { Case, Settings } from './generator.js';
import { REWRITES, TELLS } from './meddlers.js';
import type { Step } from './scene.js';
import { partsOf, type Secret } from './secrets.js';

/** A rest that is longer passes in one beat. */
const MOST_BEATS_MS = 10_000;

const STYLES: { readonly [name in Settings['style']]: Style } = {
  length: { name: 'length' },
  fixed: { name: 'fixed' },
  tag: { name: 'tag', key: Buffer.alloc(32, 7) },
};

/** Modules of an operator's: none, one that says again what it is given, and one that rewrites what was said. */
const MEDDLERS: { readonly [name in Settings['style']]: Finishing | undefined } = { length: undefined, fixed: REWRITES, tag: TELLS };

const compiled = new Map<string, MaskSet>();

function masksOf({ packs, style }: Settings): MaskSet {
  const key = `${packs.join()} ${style}`;
  const masks = compiled.get(key) ?? compileMasks(packs.flatMap(pack), STYLES[style]);
  compiled.set(key, masks);
  return masks;
}

/** The lines that were written of a case. */
export function play({ settings, steps }: Pick<Case, 'settings' | 'steps'>): readonly string[] {
  const { in: keepIn, out, outUnit, wire, charset } = settings;
  const masks = masksOf(settings);
  const finishing = MEDDLERS[settings.style];
  const talk = new Talk({ in: keepIn, out, outUnit, wire, masks, finishing, watch: ['Comm.Channel.Text'], ...(charset ? { charset } : undefined) });
  for (const step of steps) take(talk, step);
  talk.end();
  return talk.lines;
}

function take(talk: Talk, [what, how]: Step): void {
  if (what === 'wait') {
    if (how > MOST_BEATS_MS) talk.at += (how - 50) * 1_000;
    talk.wait(Math.min(how, MOST_BEATS_MS));
  } else if (what === 'gap') talk.gap(how, 40);
  else talk[what](how);
}

/** A form that a part of a secret can have in a record, in small letters. */
interface Form {
  readonly text: string;
  /** Too short to be looked for where hashes and names stand. */
  readonly short: boolean;
}

/** All that its bytes can be read as, and each part of that. */
function formsOf({ text, bytes, charset }: Secret): Form[] {
  const buffer = Buffer.from(bytes, 'latin1');
  const readings = new Set([
    text,
    bytes,
    buffer.toString('utf8'),
    ...(charset ? [new TextDecoder(charset === 'latin-1' ? 'latin1' : charset).decode(buffer)] : []),
  ]);
  const parts = new Set([...readings].flatMap(partsOf).map((part) => part.toLowerCase()));
  return [...parts].map((part) => ({ text: part, short: part.length < 6 }));
}

const forms = new Map<Secret, readonly Form[]>();

/** Places where the secret, or a half of it, stands: `PART in PLACE`. The empty list is what a test wants. */
export function leaks(lines: readonly string[], secret: Secret): string[] {
  const looked = forms.get(secret) ?? formsOf(secret);
  forms.set(secret, looked);
  const said = stringsOf(lines);
  const places: readonly (readonly [name: string, text: string, whole: boolean])[] = [
    ['the lines', lines.join('').toLowerCase(), true],
    ['the strings', said.all.toLowerCase(), false],
    ['what the client spelled', said.RCV.toLowerCase(), false],
    ['what the server spelled', said.SND.toLowerCase(), false],
  ];
  return looked.flatMap(({ text, short }) =>
    places.filter(([, place, whole]) => !(whole && short) && place.includes(text)).map(([name]) => `${text} in ${name}`),
  );
}

/** What members of who and body say, and what each direction spelled over its records. */
function stringsOf(lines: readonly string[]): { readonly all: string; readonly RCV: string; readonly SND: string } {
  const found = { all: '', RCV: '', SND: '' };
  for (const line of lines) {
    const { text = '', raw = '', raw_b64 = '', direction, data, account, character, room, ip } = JSON.parse(line) as Record<string, unknown>;
    const bytes = Buffer.from(String(raw_b64), 'base64');
    found.all += [text, raw, bytes.toString('latin1'), bytes.toString('utf8'), leavesOf(data), account, character, room, ip].join('\n');
    if (direction === 'RCV' || direction === 'SND') found[direction] += text;
  }
  return { all: found.all.replace(TAG, ''), RCV: found.RCV.replace(TAG, ''), SND: found.SND.replace(TAG, '') };
}

/** What the style 'tag' writes. */
const TAG = /<masked:[\w-]+:[0-9a-f]{8}>/g;

/** Every string and member's name in it. */
function leavesOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  return Object.entries(value)
    .map(([name, one]) => `${name}\n${leavesOf(one)}`)
    .join('\n');
}
