/**
 * AUDIT_CALLBACK: which callbacks there are, and what each is told. Receives the literal, gives settings; options of a callback's own are passed on as
 * plain values, for it checks them itself. `checkCallback` imports a module to see that it is one.
 */
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CheckOptions } from '../contract.js';
import { AuditError, type ErrorCode, nameOf, type Place } from '../errors.js';
import type { CallbackSettings as Delivered } from '../spool/delivery/load.js';
import { CALLBACK_OPTIONS, CALLBACKS, type ValueOf } from './keys.js';
import { type Literal, readLiterals, type StringLiteral } from './literals.js';
import { didYouMean } from './nearest.js';
import { showOption } from './python.js';
import { quoteName } from './source.js';
import { type Asked, optionsOf, plainValue, string, wants } from './values.js';

/** What delivery needs, and where the configuration names it, for errors. */
export interface CallbackSettings extends Delivered {
  readonly place: Place;
}

/** A callback's settings, and how they may be shown. */
export interface ReadCallback {
  readonly settings: CallbackSettings;
  readonly shown: Readonly<Record<string, unknown>>;
}

type Options = Map<string, { readonly key: StringLiteral; readonly value: Literal }>;
type CommonName = keyof typeof CALLBACK_OPTIONS;

const COMMON = Object.keys(CALLBACK_OPTIONS) as CommonName[];
const EVENNIA = /^evennia\.contrib\.(?:utils|security)\.auditing\.outputs\.to_(file|syslog)$/;
const IS_PATH = /\/|\.m?js$/;

/** Where those that keep files write if they are not told (callbacks/file.ts, callbacks/store.ts). */
const PATHS: { readonly [use: string]: string | undefined } = { file: 'audit/audit.log', store: 'audit/store' };

/** STORE_INDEXES: each a list of paths. */
export type StoreIndexes = readonly (readonly string[])[];

/**
 * Reads AUDIT_CALLBACK: a name, a path, a dict, or a list of these. Throws AUDIT_CONFIG_... at the place.
 * @param indexes what `store` is told besides its options
 */
export function callbacksOf(literal: Literal, asked: Asked, indexes: StoreIndexes): ReadCallback[] {
  const many = literal.kind === 'list' || literal.kind === 'tuple' ? literal.value : [literal];
  if (many.length === 0) wants('at least one callback (AUDIT_ACTIVATE = False makes a plain proxy)', literal, asked);
  const given = many.map((one) => describe(one, asked));
  const names = given.map(({ options }) => options.get('name')?.value);
  const taken = new Set<string>();
  for (const [index, name] of names.entries()) if (name) takeName(common(given[index]?.options, 'name', asked), name, taken);
  const callbacks = given.map((one) => read(one, asked, taken, indexes));
  eachItsOwnFiles(callbacks, asked.folder);
  return callbacks;
}

/** Two that write one file would each keep everything twice, and after a full disk cut off what the other wrote. */
function eachItsOwnFiles(callbacks: readonly ReadCallback[], folder: string): void {
  const taken = new Map<string, string>();
  for (const { settings } of callbacks) {
    const { use, name, options, place } = settings;
    const { path = PATHS[use] } = options;
    if (PATHS[use] === undefined || typeof path !== 'string') continue;
    const file = resolve(folder, path);
    const other = taken.get(file);
    if (other !== undefined) {
      throw new AuditError(
        'AUDIT_CONFIG_TYPE',
        `the callbacks ${quoteName(other)} and ${quoteName(name)} write the same file; give one another 'path'`,
        place,
      );
    }
    taken.set(file, name);
  }
}

function takeName(name: string, at: Literal, taken: Set<string>): void {
  if (taken.has(name)) throw new AuditError('AUDIT_CONFIG_TYPE', `there are two callbacks of the name ${quoteName(name)}; rename one`, at.place);
  taken.add(name);
}

interface Described {
  readonly place: Place;
  readonly use: string;
  readonly options: Options;
}

function describe(literal: Literal, asked: Asked): Described {
  if (literal.kind === 'string') return { place: literal.place, use: useOf(literal), options: new Map() };
  if (literal.kind !== 'dict') return wants("the name or path of a callback, or a dict {'use': ...}", literal, asked);
  const entry = literal.value.find(({ key }) => key.value === 'use');
  if (!entry) throw new AuditError('AUDIT_CONFIG_KEY', "a callback wants 'use', the name or path of what to use", literal.place);
  const use = useOf(string(entry.value, { ...asked, name: "'use'" }));
  const own = Object.hasOwn(CALLBACKS, use) ? Object.keys(CALLBACKS[use]?.options ?? {}) : undefined;
  return {
    place: literal.place,
    use,
    options: optionsOf(literal, { what: `the callback ${quoteName(use)}`, known: own && [...COMMON, ...own] }),
  };
}

/** The name of one of ours, or a path; says what else it is. */
function useOf(literal: StringLiteral): string {
  const evennia = EVENNIA.exec(literal.value)?.[1];
  const use = evennia ?? literal.value;
  const refuse = (code: ErrorCode, message: string): never => {
    throw new AuditError(code, message, literal.place);
  };
  if (IS_PATH.test(use) || Object.hasOwn(CALLBACKS, use)) return use;
  if (/^\w+(\.\w+)+$/.test(use)) {
    return refuse('AUDIT_CONFIG_TYPE', "a function of Python cannot be called here; write the path of a module of JavaScript, such as './mine.mjs'");
  }
  return refuse('AUDIT_CONFIG_KEY', `there is no callback ${quoteName(use)} (a path has a / in it); ${didYouMean(use, Object.keys(CALLBACKS))}`);
}

/** The value of a common option, given or default. */
function common<K extends CommonName>(options: Options | undefined, name: K, asked: Asked): ValueOf<(typeof CALLBACK_OPTIONS)[K]> {
  const { check, default: otherwise } = CALLBACK_OPTIONS[name];
  const literal = options?.get(name)?.value ?? readLiterals(`X = ${otherwise}`, 'default')[0]?.value;
  if (!literal) throw new AuditError('AUDIT_INTERNAL', `no default of ${name}`);
  return check(literal, { ...asked, name: `'${name}'` }) as ValueOf<(typeof CALLBACK_OPTIONS)[K]>;
}

function read({ place, use, options }: Described, asked: Asked, taken: Set<string>, indexes: StoreIndexes): ReadCallback {
  const name = options.has('name') ? common(options, 'name', asked) : freeName(use, taken);
  const ours = Object.hasOwn(CALLBACKS, use) ? (CALLBACKS[use]?.options ?? {}) : {};
  const own = [...options].filter(([option]) => !COMMON.some((one) => one === option) || Object.hasOwn(ours, option));
  const told = {
    topics: common(options, 'topics', asked),
    batchRecords: common(options, 'batch_records', asked),
    batchBytes: common(options, 'batch_bytes', asked),
    batchMs: common(options, 'batch_ms', asked),
    start: common(options, 'start', asked),
    required: common(options, 'required', asked),
    format: Object.hasOwn(ours, 'format') ? ('record' as const) : formatOf(use, options, asked),
    fields: common(options, 'fields', asked),
  };
  const settings = {
    name,
    place,
    use,
    module: moduleOf(use, asked.folder),
    options: {
      ...Object.fromEntries(own.map(([option, { value }]) => [option, plainValue(value, { ...asked, name: quoteName(option) })])),
      ...(use === 'store' && indexes.length > 0 ? { indexes } : {}),
    },
    ...told,
  };
  const { topics, batchRecords: batch_records, batchBytes: batch_bytes, batchMs: batch_ms, start, required, format, fields } = told;
  const ownShown = Object.fromEntries(own.map(([option, { value }]) => [option, showOption(option, value)]));
  return { settings, shown: { use, name, topics, batch_records, batch_bytes, batch_ms, start, required, format, fields, ...ownShown } };
}

/** An OpenTelemetry collector takes its own records alone, so whoever asks for that form need not ask for the format as well. */
function formatOf(use: string, options: Options, asked: Asked): CallbackSettings['format'] {
  if (use === 'store') return recordFormat(options, asked);
  const form = options.get('form')?.value;
  if (use !== 'http' || form?.kind !== 'string' || form.value !== 'otlp') return common(options, 'format', asked);
  const given = options.get('format');
  if (given && common(options, 'format', asked) !== 'otel') wants("'otel' where 'form' is 'otlp'", given.value, { ...asked, name: "'format'" });
  return 'otel';
}

/** What is kept to be found again is the journal's line, and nothing else. */
function recordFormat(options: Options, asked: Asked): 'record' {
  for (const name of ['format', 'fields'] as const) {
    const given = options.get(name);
    if (given && common(options, name, asked) !== (name === 'format' ? 'record' : null)) {
      wants(name === 'format' ? "'record' where 'use' is 'store'" : "None where 'use' is 'store'", given.value, { ...asked, name: `'${name}'` });
    }
  }
  return 'record';
}

/** `file`, `file2`, `file3` ... */
function freeName(use: string, taken: Set<string>): string {
  const stem = IS_PATH.test(use)
    ? basename(use, extname(use))
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 60) || 'own'
    : use;
  let name = stem;
  for (let number = 2; taken.has(name); number += 1) name = `${stem}${number}`;
  taken.add(name);
  return name;
}

function moduleOf(use: string, folder: string): string {
  if (IS_PATH.test(use)) return resolve(folder, use);
  return fileURLToPath(new URL(`../../callbacks/${use}.js`, import.meta.url));
}

/** Why a module does not load, and how to find out more. */
function loadFailure(code: string): string {
  if (code === 'ERR_MODULE_NOT_FOUND') return 'it, or a module that it imports, is not there';
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return 'a module of JavaScript is wanted, whose name ends in .mjs or .js';
  return `${code}; \`node --check\` on it may say more`;
}

/**
 * Imports a callback's module to see that delivery could load it, and has it look at its options where it exports a `check`; does not start it. Throws
 * AUDIT_CALLBACK_LOAD, at the place that names it, where it is not there, fails, has no function of one or two parameters as its default export, or
 * refuses its options. Gives what its `check` remarks.
 *
 * @param folder where relative paths in its options start
 */
export async function checkCallback({ name, module, place, options }: CallbackSettings, folder: string): Promise<readonly string[]> {
  const refuse = (why: string): never => {
    throw new AuditError('AUDIT_CALLBACK_LOAD', `the callback ${quoteName(name)} ${why}`, place);
  };
  const loaded: { readonly default?: unknown; readonly check?: unknown } = await import(pathToFileURL(module).href).catch((error: unknown) => {
    return refuse(`does not load: ${loadFailure(nameOf(error))}`);
  });
  if (typeof loaded.default !== 'function') refuse('has no function as its default export; write `export default function ...`');
  else if (![1, 2].includes(loaded.default.length)) refuse('wants a function of (record), or of (options, context), as its default export');
  if (typeof loaded.check !== 'function') return [];
  try {
    return (loaded.check as CheckOptions)(options, folder) ?? [];
  } catch (error) {
    return refuse(
      error instanceof Error && error.name === 'OptionError' ? `refuses its options: ${error.message}` : `fails in its \`check\`: ${nameOf(error)}`,
    );
  }
}
