/**
 * A redaction that has begun and is not done: SPOOL_DIR/redact.json, replaced atomically. After a crash the next start finds it and finishes it. Holds
 * hashes, by whom and why; nothing of what is erased.
 */
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AuditError, nameOf } from '../errors.js';
import type { ErasedPart } from './erase.js';
import { replaceFile, syncFolder } from './files.js';
import type { Selection } from './redact-select.js';

export interface Redaction {
  /** A UUID; joins the records that name it. */
  readonly request: string;
  readonly by: string;
  readonly why: string;
  readonly selection: Selection;
}

const pathOf = (folder: string): string => join(folder, 'redact.json');

const PARTS: readonly unknown[] = ['who', 'body', 'both'];

const isEntry = (value: unknown): value is [string, ErasedPart] =>
  Array.isArray(value) && typeof value[0] === 'string' && /^[0-9a-f]{64}$/.test(value[0]) && PARTS.includes(value[1]);

/** Remembers a redaction, durably. */
export function keepPending(folder: string, { request, by, why, selection }: Redaction): void {
  replaceFile(pathOf(folder), `${JSON.stringify({ request, by, why, selection: [...selection] })}\n`);
}

/** The redaction that is not done, if there is one. Throws AUDIT_SPOOL where its file cannot be read. */
export function readPending(folder: string): Redaction | undefined {
  try {
    const { request, by, why, selection } = JSON.parse(readFileSync(pathOf(folder), 'utf8'));
    if (![request, by, why].every((one) => typeof one === 'string') || !Array.isArray(selection) || !selection.every(isEntry))
      throw new SyntaxError();
    return { request, by, why, selection: new Map(selection) };
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
