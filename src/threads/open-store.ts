/**
 * Finds the store of a configuration: that of the first callback whose module exports `openStore` (store-contract.ts). Receives callbacks, gives the
 * store, opened for reading. Knows no engine.
 */
import { pathToFileURL } from 'node:url';
import type { CallbackOptions } from '../contract.js';
import { AuditError, nameOf } from '../errors.js';
import type { OpenStore, Store } from '../store-contract.js';

/** A callback that may fill a store. */
export interface Filler {
  readonly name: string;
  /** Absolute path of its module. */
  readonly module: string;
  readonly options: CallbackOptions;
}

/**
 * Opens it.
 * @param folder where relative paths in options start
 * @throws AuditError AUDIT_STORE_NONE where no callback keeps one; AUDIT_CALLBACK_LOAD where its options are refused
 */
export async function openStoreOf({ fillers, folder }: { readonly fillers: readonly Filler[]; readonly folder: string }): Promise<Store> {
  const unread: string[] = [];
  for (const { name, module, options } of fillers) {
    const loaded = await load(module);
    if (typeof loaded === 'string') unread.push(`${name} (${loaded})`);
    else if (loaded) return open(name, () => loaded(options, folder));
  }
  const also = unread.length === 0 ? '' : `; these callbacks do not load: ${unread.join(', ')}`;
  throw new AuditError('AUDIT_STORE_NONE', `no callback keeps records that can be searched; add 'store' to AUDIT_CALLBACK${also}`);
}

/**
 * Opens all stores that callbacks keep. Of a module that does not load nothing is known to be kept; whoever must have all asks for its `evidence` as well,
 * which says so.
 * @throws AuditError AUDIT_CALLBACK_LOAD where its options are refused
 */
export async function openStoresOf(fillers: readonly Filler[], folder: string): Promise<{ readonly name: string; readonly store: Store }[]> {
  const stores = [];
  for (const { name, module, options } of fillers) {
    const loaded = await load(module);
    if (typeof loaded === 'function') stores.push({ name, store: await open(name, () => loaded(options, folder)) });
  }
  return stores;
}

/** Its `openStore`, undefined where it has none, or the name of what kept it from loading: a callback that is not used here may lack what it imports. */
async function load(module: string): Promise<OpenStore | string | undefined> {
  try {
    const { openStore } = (await import(pathToFileURL(module).href)) as { readonly openStore?: unknown };
    return typeof openStore === 'function' ? (openStore as OpenStore) : undefined;
  } catch (error) {
    return nameOf(error);
  }
}

async function open(name: string, make: () => Store | Promise<Store>): Promise<Store> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof AuditError || !(error instanceof Error) || error.name !== 'OptionError') throw error;
    throw new AuditError('AUDIT_CALLBACK_LOAD', `the callback ${name} refuses its options: ${error.message}`);
  }
}
