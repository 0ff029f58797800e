/** Where callbacks keep what they were given: asks each module (contract.ts). To be called off the I/O thread: it imports modules that are not ours. */
import { pathToFileURL } from 'node:url';
import type { ListEvidence, ListKept } from '../contract.js';
import { AuditError, type ErrorCode, nameOf } from '../errors.js';
import type { CallbackSettings } from './delivery/load.js';

export type Keeper = Pick<CallbackSettings, 'name' | 'module' | 'options'>;

/** What a module may export for it. */
interface Lists {
  readonly evidence?: ListEvidence;
  readonly kept?: ListKept;
}

/**
 * Files with lines of the journal that callbacks keep, each once. Throws AUDIT_REDACT where one cannot say.
 * @param folder where relative paths in options start
 */
export const evidenceOf = (keepers: readonly Keeper[], folder: string): Promise<string[]> =>
  filesOf(keepers, folder, 'AUDIT_REDACT', ({ evidence }) => evidence);

/** All files that callbacks have written, each once. Throws AUDIT_CHORE where one cannot say. @param folder where relative paths in options start */
export const keptOf = (keepers: readonly Keeper[], folder: string): Promise<string[]> =>
  filesOf(keepers, folder, 'AUDIT_CHORE', ({ evidence, kept }) => kept ?? evidence);

async function filesOf(
  keepers: readonly Keeper[],
  folder: string,
  code: ErrorCode,
  listOf: (lists: Lists) => ListKept | undefined,
): Promise<string[]> {
  const files = new Set<string>();
  for (const { name, module, options } of keepers) {
    try {
      const list = listOf((await import(pathToFileURL(module).href)) as Lists);
      for (const file of typeof list === 'function' ? list(options, folder) : []) files.add(file);
    } catch (error) {
      throw new AuditError(code, `the callback ${name} cannot say which files it keeps (${nameOf(error)})`);
    }
  }
  return [...files];
}
