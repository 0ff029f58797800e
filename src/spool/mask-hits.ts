/**
 * What is remembered of the masks' hits over a restart: SPOOL_DIR/mask-hits.json, replaced whole. Receives and gives plain data; that it fits is for
 * its reader to see. Numbers and names of masks alone, so nothing is lost with it but an alert.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from '../errors.js';
import { replaceFile } from './files.js';

const fileOf = (folder: string): string => join(folder, 'mask-hits.json');

/** What was kept; undefined where nothing was, null where it cannot be read. Never throws. */
export function readMaskHits(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  } catch (error) {
    return nameOf(error) === 'ENOENT' ? undefined : null;
  }
}

/** Keeps it. A disk that does not take it is for the journal to tell of: this does without. */
export function keepMaskHits(folder: string, hits: unknown): void {
  try {
    replaceFile(fileOf(folder), `${JSON.stringify(hits)}\n`);
  } catch {
    // What was kept before stays, or nothing.
  }
}
