/**
 * Looks for secrets in all that a proxy wrote. Receives a folder and the words it printed, gives each place and form in which a secret or one half of
 * it stands there: as it is, as JSON writes it, in base64, in compressed files, and spelled over several records, as from one key a packet.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Shorter halves than this would be found by chance. */
const LEAST = 4;

/** A file's bytes, uncompressed; none if it has gone meanwhile. */
export function contentOf(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** Every file below the folder but the configuration. */
export function filesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name !== 'server.conf');
  return names.filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile());
}

function partsOf(secret: string): string[] {
  const middle = Math.floor(secret.length / 2);
  return [secret, secret.slice(0, middle), secret.slice(middle)].filter((part) => part === secret || part.length >= LEAST);
}

/** What base64 of a text with `part` somewhere in it holds for sure, for each of the three places where a group of three bytes may begin. */
function base64Of(part: string): string[] {
  const bytes = Buffer.from(part);
  const inner = (from: number): string => bytes.subarray(from, from + Math.floor((bytes.length - from) / 3) * 3).toString('base64');
  return [0, 1, 2].map(inner).filter((form) => form.length >= 2 * LEAST);
}

const formsOf = (part: string): string[] => [part, JSON.stringify(part).slice(1, -1), ...base64Of(part)];

/** The texts of each direction of a file of records, one behind the other with nothing in between. */
function spelled(content: Buffer): string {
  const records = content
    .toString('utf8')
    .split('\n')
    .flatMap((line) => (/^\{.*\}$/.test(line) ? [JSON.parse(line) as { direction?: string; text?: string }] : []));
  const of = (direction: string): string => records.map((one) => (one.direction === direction ? (one.text ?? '') : '')).join('');
  return `${of('RCV')}\n${of('SND')}`;
}

/** Each secret that is there, as `SECRET in PLACE`; the empty list is what a test wants. */
export function leaksOf(folder: string, printed: string, secrets: readonly string[]): string[] {
  const files = filesOf(folder).map((name) => [name, contentOf(join(folder, name))] as const);
  const records = files
    .filter(([name]) => /\.(jsonl|log|log\.gz)$/.test(name))
    .map(([name, content]) => [`records of ${name}`, Buffer.from(spelled(content))] as const);
  const places = [...files, ...records, ['what it printed', Buffer.from(printed)] as const];
  const found = secrets.flatMap((secret) =>
    partsOf(secret).flatMap((part) =>
      places.filter(([, content]) => formsOf(part).some((form) => content.includes(form))).map(([name]) => `${part} in ${name}`),
    ),
  );
  return [...new Set(found)];
}
