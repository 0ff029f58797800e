/** AUDIT_PROVIDERS as an operator writes it: which modules, with which options. Gives plain data; loading them is src/audit/providers.ts's. */
import { basename, extname, resolve } from 'node:path';
import type { ProviderSettings } from '../contract.js';
import { AuditError } from '../errors.js';
import type { Literal, StringLiteral } from './literals.js';
import { quoteName } from './source.js';
import { type Asked, type Check, line, number, optionsOf, plainValue, string, wants } from './values.js';

/** Each is asked about every record. */
const MAX_PROVIDERS = 16;
const DEFAULT_MS = 50;
/** What a session's records may wait for one. */
const timeout = number({ min: 1, max: 1_000, unit: 'milliseconds' });

type Options = ReturnType<typeof optionsOf>;

/** Reads the entries. Throws AUDIT_CONFIG_... at the place. */
export function providersOf(entries: readonly Literal[], asked: Asked): ProviderSettings[] {
  const over = entries[MAX_PROVIDERS];
  if (over) throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants at most ${MAX_PROVIDERS} modules`, over.place);
  const providers = entries.map((entry) => providerOf(entry, asked));
  for (const [index, { name, place }] of providers.entries()) {
    if (providers.findIndex((one) => one.name === name) === index) continue;
    throw new AuditError('AUDIT_CONFIG_TYPE', `there are two providers of the name ${quoteName(name)}; give one another 'name'`, place);
  }
  return providers;
}

function providerOf(entry: Literal, asked: Asked): ProviderSettings {
  if (entry.kind === 'string') return settingsOf(entry, new Map(), entry, asked);
  if (entry.kind !== 'dict') return wants("the paths of modules, or dicts {'use': PATH}", entry, asked);
  const options = optionsOf(entry, { what: `an entry of ${asked.name}`, known: undefined });
  const use = options.get('use');
  if (!use) throw new AuditError('AUDIT_CONFIG_KEY', `an entry of ${asked.name} wants 'use', the path of a module`, entry.place);
  return settingsOf(string(use.value, { ...asked, name: "'use'" }), options, entry, asked);
}

function settingsOf(use: StringLiteral, options: Options, { place }: Literal, asked: Asked): ProviderSettings {
  if (!/\/|\.m?js$/.test(use.value)) {
    throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants the path of a module of JavaScript, such as './mine.mjs'`, use.place);
  }
  const about = (option: string): Asked => ({ ...asked, name: `'${option}' of ${asked.name}` });
  const [name, wait] = [options.get('name'), options.get('timeout_ms')];
  const own = [...options].filter(([option]) => !['use', 'name', 'timeout_ms'].includes(option));
  return {
    name: name ? nameCheck(name.value, about('name')) : nameOf(use.value),
    module: resolve(asked.folder, use.value),
    options: Object.fromEntries(own.map(([option, { value }]) => [option, plainValue(value, about(option))])),
    timeoutMs: wait ? timeout(wait.value, about('timeout_ms')) : DEFAULT_MS,
    place,
  };
}

/** It is a member of `custom`, and part of paths with dots. */
const nameCheck: Check<string> = (literal, asked) => {
  const name = line(64)(literal, asked);
  if (/^[A-Za-z][\w-]*$/.test(name)) return name;
  throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants letters, digits, '_' and '-', a letter first`, literal.place);
};

const nameOf = (path: string): string => {
  const stem = basename(path, extname(path))
    .replace(/[^\w-]/g, '-')
    .slice(0, 64);
  return /^[A-Za-z]/.test(stem) ? stem : `own${stem}`.slice(0, 64);
};
