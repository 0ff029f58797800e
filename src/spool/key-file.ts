/**
 * A key of a spool's own: 32 random bytes as hex digits in a file of SPOOL_DIR, made when first needed, for the owner's eyes alone. Never made anew over one
 * that is there.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError, nameOf } from '../errors.js';
import { makeFolder, replaceFile } from './files.js';

const KEY_BYTES = 32;
const HEX = /^[0-9a-f]{64}\n?$/;

export interface KeyFile {
  /** In SPOOL_DIR. */
  readonly name: string;
  /** What its loss comes to, for the message: 'new tags'. */
  readonly loss: string;
}

/**
 * The key in a spool's folder, undefined where it has none yet.
 * @throws AuditError AUDIT_SPOOL where it is there and cannot be read, or is no key
 */
export function readKeyFile(folder: string, { name, loss }: KeyFile): Buffer | undefined {
  const path = join(folder, name);
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return undefined;
    throw new AuditError('AUDIT_SPOOL', `the key ${path} cannot be read (${nameOf(error)}); give it back to this user`);
  }
  if (HEX.test(text)) return Buffer.from(text.trimEnd(), 'hex');
  throw new AuditError('AUDIT_SPOOL', `${path} is no key of 64 hex digits; put back the one that was there, or delete it to begin with ${loss}`);
}

/** The key of a spool that this process owns; made, durably, where there is none. Throws as `readKeyFile`, and the system's errors. */
export function keyFileOf(folder: string, file: KeyFile): Buffer {
  const known = readKeyFile(folder, file);
  if (known) return known;
  const key = randomBytes(KEY_BYTES);
  makeFolder(folder);
  replaceFile(join(folder, file.name), `${key.toString('hex')}\n`);
  return key;
}
