/**
 * The key of the tags that AUDIT_MASK_STYLE = 'tag' writes: 32 random bytes in SPOOL_DIR/tag.key, made when first needed, for the owner's eyes alone.
 * Whoever has it can try guesses against the tags; without it they say only which secrets are equal.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError, nameOf } from '../errors.js';
import { makeFolder, replaceFile } from './files.js';

const KEY_BYTES = 32;
const HEX = /^[0-9a-f]{64}\n?$/;

/**
 * The key of a spool, undefined where it has none yet.
 * @throws AuditError AUDIT_SPOOL where it is there and cannot be read, or is no key
 */
export function readTagKey(folder: string): Buffer | undefined {
  const path = join(folder, 'tag.key');
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return undefined;
    throw new AuditError('AUDIT_SPOOL', `the key ${path} cannot be read (${nameOf(error)}); give it back to this user`);
  }
  if (HEX.test(text)) return Buffer.from(text.trimEnd(), 'hex');
  throw new AuditError('AUDIT_SPOOL', `${path} is no key of 64 hex digits; put back the one that was there, or delete it to begin with new tags`);
}

/** The key of a spool that this process owns; made, durably, where there is none. Throws as `readTagKey`, and the system's errors. */
export function tagKeyOf(folder: string): Buffer {
  const known = readTagKey(folder);
  if (known) return known;
  const key = randomBytes(KEY_BYTES);
  makeFolder(folder);
  replaceFile(join(folder, 'tag.key'), `${key.toString('hex')}\n`);
  return key;
}
