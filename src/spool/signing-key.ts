/**
 * The key that signs checkpoints (CHECKPOINT_KEY): an Ed25519 pair, PKCS #8 and SubjectPublicKeyInfo in PEM (RFC 8410). Makes the two files, reads the
 * private one. No part of a key ever stands in a message.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, fsyncSync, openSync, readSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { AuditError, nameOf, type Place } from '../errors.js';
import { FILE_MODE, syncFolder, writeAll } from './files.js';

/** The public key is for everybody. */
const PUBLIC_MODE = 0o644;
/** Group and others, in a file's mode. */
const NOT_OWNER = 0o077;
/** An Ed25519 key in PEM has 119 bytes, with comments around it perhaps a few hundred; more is another file. */
const MAX_BYTES = 16 * 1024;

/** Hex SHA-256 of the public key's SubjectPublicKeyInfo in DER: what an `audit.checkpoint` calls its `key`. */
export function fingerprintOf(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(open.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/**
 * Reads the private key.
 * @param place where the configuration names it
 * @throws AuditError AUDIT_CONFIG_FILE where it cannot be read, others than its owner may, or it is no Ed25519 key
 */
export function readSigningKey(path: string, place?: Place): KeyObject {
  const refuse = (why: string): never => {
    throw new AuditError('AUDIT_CONFIG_FILE', `CHECKPOINT_KEY: ${path} ${why}`, place);
  };
  let pem: Buffer;
  try {
    pem = readPrivate(path, refuse);
  } catch (error) {
    if (error instanceof AuditError) throw error;
    return refuse(`cannot be read (${nameOf(error)}); \`wirescribe keygen\` makes one`);
  }
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's reasons differ from version to version.
  }
  pem.fill(0);
  if (key?.asymmetricKeyType !== 'ed25519') return refuse('is no Ed25519 private key in PEM without a passphrase; `wirescribe keygen` makes one');
  return key;
}

function readPrivate(path: string, refuse: (why: string) => never): Buffer {
  // A pipe that nobody writes to must not hold up the start.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) refuse('is no file; `wirescribe keygen` makes one');
    if ((stat.mode & NOT_OWNER) !== 0) refuse('may be used by others than its owner; `chmod 600` it, and make a new one if they may have read it');
    const room = Buffer.alloc(MAX_BYTES);
    return room.subarray(0, readSync(fd, room, 0, room.length, 0));
  } finally {
    closeSync(fd);
  }
}

export interface MadeKey {
  readonly privatePath: string;
  readonly publicPath: string;
  readonly fingerprint: string;
}

/**
 * Makes a pair, durably: the private key in `path` (0600), the public one beside it in `path.pub` (0644).
 * @throws AuditError AUDIT_USAGE where one of the files is there already (neither is touched then), or cannot be written
 */
export function makeSigningKey(path: string): MadeKey {
  const publicPath = `${path}.pub`;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  if (existsSync(publicPath)) throw existing(publicPath);
  writeNew(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, FILE_MODE);
  try {
    writeNew(publicPath, publicKey.export({ type: 'spki', format: 'pem' }) as string, PUBLIC_MODE);
    syncFolder(dirname(path));
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
  return { privatePath: path, publicPath, fingerprint: fingerprintOf(publicKey) };
}

const existing = (path: string): AuditError =>
  new AuditError('AUDIT_USAGE', `${path} is there already, and a key is never overwritten; name another file with --out`);

function writeNew(path: string, text: string, mode: number): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'wx', mode);
    writeAll(fd, Buffer.from(text));
    fsyncSync(fd);
  } catch (error) {
    if (nameOf(error) === 'EEXIST') throw existing(path);
    if (fd !== undefined) unlinkSync(path);
    throw new AuditError('AUDIT_USAGE', `${path} cannot be written (${nameOf(error)}); name another file with --out`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
