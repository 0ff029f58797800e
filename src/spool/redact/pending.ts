/**
 * A redaction that has begun and is not done: SPOOL_DIR/redact.json, replaced atomically. After a crash the next start finds it and finishes it. Holds
 * hashes and ids, by whom and why, and the files that were named; nothing of what is erased.
 */
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AuditError, nameOf } from '../../errors.js';
import { replaceFile, syncFolder } from '../files.js';
import type { ErasedPart } from './erase.js';
import type { Selection } from './select.js';

export interface Redaction {
  /** A UUID; joins the records that name it. */
  readonly request: string;
  readonly by: string;
  readonly why: string;
  readonly selection: Selection;
  /** As in a request: absolute paths. */
  readonly files: readonly string[];
}

const pathOf = (folder: string): string => join(folder, 'redact.json');

const PARTS: readonly unknown[] = ['who', 'body', 'both'];
const HASH = /^[0-9a-f]{64}$/;

const isText = (value: unknown): value is string => typeof value === 'string';

type Entries = [string, ErasedPart][];

const areEntries = (value: unknown, fits: (key: string) => boolean): value is Entries =>
  Array.isArray(value) && value.every((one) => Array.isArray(one) && isText(one[0]) && fits(one[0]) && PARTS.includes(one[1]));

/** Remembers a redaction, durably. Throws what the disk throws. */
export function keepPending(folder: string, { request, by, why, selection, files }: Redaction): void {
  const [hashes, ids] = [[...selection.hashes], [...selection.ids]];
  replaceFile(pathOf(folder), `${JSON.stringify({ request, by, why, files, hashes, ids })}\n`);
}

/** The redaction that is not done, if there is one. Throws AUDIT_SPOOL where its file cannot be read. */
export function readPending(folder: string): Redaction | undefined {
  try {
    const { request, by, why, files, hashes, ids } = JSON.parse(readFileSync(pathOf(folder), 'utf8'));
    const whole = [request, by, why].every(isText) && Array.isArray(files) && files.every(isText);
    if (!whole || !areEntries(hashes, (hash) => HASH.test(hash)) || !areEntries(ids, () => true)) throw new SyntaxError();
    return { request, by, why, files, selection: { hashes: new Map(hashes), ids: new Map(ids) } };
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return undefined;
    const mend = 'a redaction was begun and cannot be finished; look at it, remove it, and run `wirescribe redact` again';
    throw new AuditError('AUDIT_SPOOL', `${pathOf(folder)} cannot be read (${nameOf(error)}): ${mend}`);
  }
}

export function dropPending(folder: string): void {
  rmSync(pathOf(folder), { force: true });
  syncFolder(dirname(pathOf(folder)));
}
