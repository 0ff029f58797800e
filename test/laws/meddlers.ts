/** What an operator may set between mask and record, for the laws: events, exclusions, and modules that say again all that they are given. */

import type { Finishing } from '../../src/audit/finisher.js';
import { finishingOf } from '../../src/audit/keepings.js';
import type { Module } from '../../src/audit/provider-round.js';
import { Modules } from '../../src/audit/providers.js';
import { loadSettings } from '../../src/config/settings.js';
import type { RecordDraft } from '../../src/contract.js';

const { audit } = loadSettings({ file: null, set: ["AUDIT_EXCLUDE=[{'pattern': 'whisper '}]"], cwd: '/', env: {} });
const quiet = finishingOf(audit, Modules.none) as Finishing;

const module = (name: string, parts: Partial<Pick<Module, 'provide' | 'beforeRecord'>>): Module => ({
  name,
  options: {},
  timeoutMs: 50,
  provide: undefined,
  beforeRecord: undefined,
  failed: () => undefined,
  ...parts,
});

const say = (text: string) => ({ [text.toUpperCase()]: Buffer.from(text).toString('base64') });
const provide = (draft: RecordDraft): unknown => say(JSON.stringify(draft.data ?? draft.text ?? '').slice(0, 200));
const beforeRecord = ({ text, custom }: RecordDraft) =>
  text === undefined ? undefined : { text: `${text.toUpperCase()} ${text}`, custom: { ...custom, ...say(text.slice(0, 200)) }, event: 'said.again' };

/** Modules that add what they are given, in other forms. */
export const TELLS: Finishing = { ...quiet, modules: [module('tells', { provide })] };
/** And one that writes it into the text. */
export const REWRITES: Finishing = { ...quiet, modules: [module('rewrites', { beforeRecord })] };
