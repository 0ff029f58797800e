/** Prints values as Python literals, secrets starred, for `check --print` and the digest of what is in force. */
import type { Literal } from './literals.js';
import { isElsewhere } from './values.js';

export const STARS = '********';

/** Names of options whose values are shown to nobody. Better one too many. */
const SECRET_NAME = /pass|secret|token|cred|sasl|auth|private|api[-_]?key|cookie|session-?id|^key$/i;

/** Options whose every value is: names of headers are other people's. */
const ALL_SECRET = /^headers$/i;

/** User and password in a URL. */
const USER_INFO = /(:\/\/)[^/\s@]+@/g;
/** What a URL says behind its path: a webhook's token stands there as a rule. */
const QUERY = /(:\/\/[^\s?]+\?)\S+/g;

/** A literal as a plain value for showing: stars for what comes from elsewhere, for options with a secret's name, and for passwords in URLs. */
export function starred(literal: Literal): unknown {
  if (isElsewhere(literal)) return STARS;
  if (literal.kind === 'list' || literal.kind === 'tuple') return literal.value.map(starred);
  if (literal.kind === 'string') return literal.value.replace(USER_INFO, `$1${STARS}@`).replace(QUERY, `$1${STARS}`);
  if (literal.kind !== 'dict') return literal.value;
  return Object.fromEntries(literal.value.map(({ key, value }) => [String(key.value), showOption(String(key.value), value)]));
}

/** The same for the value of an option by its name. */
export function showOption(name: string, value: Literal): unknown {
  if (SECRET_NAME.test(name)) return STARS;
  if (ALL_SECRET.test(name) && value.kind === 'dict') return Object.fromEntries(value.value.map(({ key }) => [String(key.value), STARS]));
  return starred(value);
}

/** A plain value as Python source, in one line; `readLiterals` reads it back. */
export function pythonOf(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonString(value);
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  return `{${Object.entries(value)
    .map(([name, one]) => `${pythonString(name)}: ${pythonOf(one)}`)
    .join(', ')}}`;
}

function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const plain = !/[\0-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]/.test(text);
  if (plain && text.includes('\\') && !text.includes(quote) && !text.endsWith('\\')) return `r${quote}${text}${quote}`;
  const escaped = text.replace(/[\\\0-\x1f\x7f-\xa0\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, escapeOf);
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

function escapeOf(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  const hex = character.charCodeAt(0).toString(16);
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
}
