/**
 * Records in SQLite, where they can be found again: a folder with one file for each day of UTC (`2026-01-31.db`) and `store.db` for what is known over all
 * days. A batch is taken once the day's file is durable. A record that is there already is not entered twice, and what `redact` erased does not come back.
 *
 * `openStore` is the other side: it reads, in another thread or process, while this one writes (src/store-contract.ts).
 */
import type { Callback, CallbackContext, CallbackOptions, CheckOptions, ListKept } from '../src/contract.js';
import type { OpenStore } from '../src/store-contract.js';
import { filesIn } from './store/kept.js';
import { readOptions } from './store/options.js';
import { Reader } from './store/reader.js';
import { Writer } from './store/writer.js';

export const check: CheckOptions = (options, folder) => {
  readOptions(options, folder);
  return undefined;
};

/** All its files, for `remove`. */
export const kept: ListKept = (options, folder) => filesIn(readOptions(options, folder).folder);

/** Opens nothing: the store is looked for at each question, so it may come, and go, later. Throws OptionError. */
export const openStore = ((options, folder) => new Reader(readOptions(options, folder))) satisfies OpenStore;

export default async function open(options: CallbackOptions, context: CallbackContext): Promise<Callback> {
  let writer: Writer | undefined = new Writer(readOptions(options, context.folder));
  return {
    write: async (records) => writer?.write(records),
    close: async () => {
      writer?.close();
      writer = undefined;
    },
  };
}
