/**
 * Loads a callback: imports its module, tells the two forms apart, makes the full form with its options. Receives settings, gives something that
 * delivery can call; refuses with AUDIT_CALLBACK_LOAD, or with AUDIT_CALLBACK_FAILED what the system did not let it open. Of a foreign error only name
 * and code are shown, but for an OptionError, made to be shown.
 */
import { constants } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { AuditRecord, Callback, CallbackContext, CallbackFactory, CallbackOptions, SimpleCallback } from '../../contract.js';
import { AuditError, nameOf } from '../../errors.js';

/** One entry of AUDIT_CALLBACK, resolved. */
export interface CallbackSettings {
  readonly name: string;
  /** As the operator wrote it: a built-in's name, or a path. */
  readonly use: string;
  /** Absolute path of the module. */
  readonly module: string;
  /** Plain values that a structured clone carries. */
  readonly options: CallbackOptions;
  /** Dotted prefixes; null: all. */
  readonly topics: readonly string[] | null;
  readonly batchRecords: number;
  readonly batchBytes: number;
  /** While little comes, a batch begins at the earliest so many milliseconds after the one before. */
  readonly batchMs: number;
  /** Where it starts when it has no cursor yet. */
  readonly start: 'newest' | 'oldest';
  readonly required: boolean;
  /** What `record.line` is: the journal's line, or the same record in another schema (forms.ts). */
  readonly format: RecordFormat;
  /** Members that a record is given with, beside those that name it; null: all. */
  readonly fields: readonly string[] | null;
}

export type RecordFormat = 'record' | 'ecs' | 'otel';

/** A callback that takes batches, or one that takes record by record: the second can be half through a batch. */
export type LoadedCallback =
  | { readonly form: 'full'; readonly callback: Callback }
  | { readonly form: 'simple'; readonly take: (record: AuditRecord) => Promise<void> };

const refuse = (settings: CallbackSettings, what: string) =>
  new AuditError('AUDIT_CALLBACK_LOAD', `callback ${settings.name} (${settings.use}): ${what}`);

/** What a disk says no with. */
const OF_DISK: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOSPC', 'EDQUOT']);

/** A factory threw: the operator mends options (AUDIT_CALLBACK_LOAD); what the system refused may be right again without a change of them. */
function doesNotStart(settings: CallbackSettings, error: unknown): AuditError {
  if (error instanceof Error && error.name === 'OptionError') return refuse(settings, error.message);
  const code = nameOf(error);
  if (!(code in constants.errno)) return refuse(settings, `does not start (${code})`);
  const what = OF_DISK.has(code)
    ? `cannot write its files (${code}); give it a path in a folder that this user may write, on a disk with room`
    : `does not start (${code})`;
  return new AuditError('AUDIT_CALLBACK_FAILED', `callback ${settings.name} (${settings.use}): ${what}`);
}

/** Loads and starts the callback of `settings`. Throws AUDIT_CALLBACK_LOAD, and AUDIT_CALLBACK_FAILED where the system refused it what it opens. */
export async function loadCallback(settings: CallbackSettings, context: CallbackContext): Promise<LoadedCallback> {
  const exported = await importDefault(settings);
  if (typeof exported !== 'function')
    throw refuse(settings, 'has no function as its default export; write export default async (options, context) => ...');
  if (exported.length >= 2) return { form: 'full', callback: await make(settings, exported as CallbackFactory, context) };
  if (exported.length === 1) return { form: 'simple', take: simple(settings, exported as SimpleCallback) };
  throw refuse(settings, 'its function must declare (record), or (options, context), by name and without defaults');
}

async function importDefault(settings: CallbackSettings): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(settings.module).href)) as { default?: unknown }).default;
  } catch (error) {
    throw refuse(settings, `does not load (${nameOf(error)}); node --check ${settings.module} may say more`);
  }
}

async function make(settings: CallbackSettings, factory: CallbackFactory, context: CallbackContext): Promise<Callback> {
  let callback: Partial<Callback> | null | undefined;
  try {
    callback = await factory(settings.options, context);
  } catch (error) {
    throw doesNotStart(settings, error);
  }
  if (typeof callback?.write !== 'function' || typeof callback.close !== 'function') {
    throw refuse(settings, 'a function of (options, context) must give { write(records), close() }');
  }
  return callback as Callback;
}

/** The simple form. One that gives a callback back is a full form in disguise: it was called with a record for its options. */
function simple(settings: CallbackSettings, callback: SimpleCallback): (record: AuditRecord) => Promise<void> {
  let first = true;
  return async (record) => {
    const given: unknown = await callback(record);
    if (first && typeof given === 'object' && given !== null && 'write' in given) {
      throw refuse(settings, 'gives { write }, so it is the full form, and must declare both its parameters: (options, context)');
    }
    first = false;
  };
}
