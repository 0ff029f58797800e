/** Where callbacks keep lines of the journal: asks each module's `evidence` (contract.ts). To be called off the I/O thread: it imports modules that are not ours. */
import { pathToFileURL } from 'node:url';
import type { ListEvidence } from '../contract.js';
import { AuditError, nameOf } from '../errors.js';
import type { CallbackSettings } from './load.js';

export type Keeper = Pick<CallbackSettings, 'name' | 'module' | 'options'>;

/**
 * Files that callbacks keep, each once. Throws AUDIT_REDACT where one cannot say.
 * @param folder where relative paths in options start
 */
export async function evidenceOf(keepers: readonly Keeper[], folder: string): Promise<string[]> {
  const files = new Set<string>();
  for (const { name, module, options } of keepers) {
    try {
      const { evidence } = (await import(pathToFileURL(module).href)) as { readonly evidence?: ListEvidence };
      for (const file of typeof evidence === 'function' ? evidence(options, folder) : []) files.add(file);
    } catch (error) {
      throw new AuditError('AUDIT_REDACT', `the callback ${name} cannot say which files it keeps (${nameOf(error)})`);
    }
  }
  return [...files];
}
