/**
 * Public keys of `verify --key` and the signatures of checkpoints. Receives paths of PEM files and lines, gives whether a signature holds. Trusts no key
 * that was not given: the one that a record names only says which to try.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AuditError, nameOf } from '../errors.js';

export interface TrustedKey {
  readonly path: string;
  /** SHA-256 of the key's SPKI DER, in hex: what `keygen` prints, and checkpoints name. */
  readonly fingerprint: string;
  readonly key: KeyObject;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw new AuditError('AUDIT_USAGE', `--key ${path} cannot be read (${nameOf(error)}); give the public key that keygen wrote, FILE.pub`);
  }
}

/** Reads public keys (SPKI, PEM, Ed25519). Throws AUDIT_USAGE for anything else, a private key above all. */
export function readKeys(paths: readonly string[]): TrustedKey[] {
  return paths.map((path) => {
    const text = readText(path);
    if (text.includes('PRIVATE KEY'))
      throw new AuditError('AUDIT_USAGE', `--key ${path} is a private key; give its public half, and take this one off the auditor's machine`);
    const key = publicKey(text);
    if (key?.asymmetricKeyType !== 'ed25519')
      throw new AuditError('AUDIT_USAGE', `--key ${path} is no Ed25519 public key in PEM; give what keygen wrote, FILE.pub`);
    const fingerprint = createHash('sha256')
      .update(key.export({ format: 'der', type: 'spki' }))
      .digest('hex');
    return { path, fingerprint, key };
  });
}

function publicKey(text: string): KeyObject | undefined {
  try {
    return createPublicKey(text);
  } catch {
    return undefined;
  }
}

/** What a signature comes to: `unknown`: by a key that was not given. */
export type Signed = 'good' | 'unsigned' | 'unknown' | 'bad';

/** @param signed the bytes that were signed; `key`, `signature`: as the checkpoint names them */
export function checkSignature(keys: readonly TrustedKey[], signed: Buffer, key: string | null, signature: string | null): Signed {
  if (key === null || signature === null) return 'unsigned';
  const trusted = keys.find(({ fingerprint }) => fingerprint === key);
  if (!trusted) return 'unknown';
  return verify(null, signed, trusted.key, Buffer.from(signature, 'base64')) ? 'good' : 'bad';
}
