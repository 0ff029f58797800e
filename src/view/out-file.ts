/** A file that a command makes for somebody: for its owner alone, never over one that is there, whole or not at all. */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { AuditError, nameOf } from '../errors.js';

/** What is recorded is for its owner alone, also where it is a copy. */
const OWNER_ALONE = 0o600;

export class OutFile {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Makes the file. Throws AUDIT_OUT where there is one, or it cannot be made. */
  static async create(path: string): Promise<OutFile> {
    try {
      return new OutFile(path, await open(path, 'wx', OWNER_ALONE));
    } catch (error) {
      throw unwritten(path, error);
    }
  }

  /** Throws AUDIT_OUT, and the file is gone. */
  async write(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text);
    } catch (error) {
      await this.discard();
      throw unwritten(this.#path, error);
    }
  }

  /** Resolves when it is on the disk. */
  async close(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#file.close();
    } catch (error) {
      await this.discard();
      throw unwritten(this.#path, error);
    }
  }

  /** Takes it away again. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await unlink(this.#path).catch(() => undefined);
  }
}

function unwritten(path: string, error: unknown): AuditError {
  const name = nameOf(error);
  if (name === 'EEXIST') return new AuditError('AUDIT_OUT', `there is a file ${path} already; name another one`);
  return new AuditError('AUDIT_OUT', `${path} cannot be written (${name}); check its folder and disk`);
}
