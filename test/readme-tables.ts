/**
 * The tables of README.md, made from the tables of the program. `node dist/test/readme-tables.js` writes them into README.md anew, each under its
 * heading; the test of the README holds the two together.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALLBACK_OPTIONS, CALLBACKS, KEYS, type Key, LISTENER_OPTIONS } from '../src/config/keys.js';
import { ERRORS } from '../src/errors.js';

export const README = join(import.meta.dirname, '../../README.md');

/** What Markdown would take for a column or a tag. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |\n`.replaceAll(' --- ', '---')).join('');
}

const optionTable = (word: string, options: { readonly [name: string]: Key }): string =>
  table(
    [word, 'default', 'meaning'],
    Object.entries(options).map(([name, { default: otherwise, means }]) => [`\`${name}\``, otherwise && `\`${otherwise}\``, means]),
  );

/** Heading, and the table that stands first under it. */
export const TABLES: { readonly [heading: string]: string } = {
  '### Keys': optionTable('key', KEYS),
  '### Options of a listener': optionTable('option', LISTENER_OPTIONS),
  '### Options of every callback': optionTable('option', CALLBACK_OPTIONS),
  '### Callbacks that ship with Wirescribe': table(
    ['callback', 'option', 'meaning'],
    Object.entries(CALLBACKS).flatMap(([use, { means, options }]) => [
      [`\`${use}\``, '', means],
      ...Object.entries(options).map(([name, says]) => ['', `\`${name}\``, says]),
    ]),
  ),
  '## Error codes': table(
    ['code', 'kind', 'meaning'],
    Object.entries(ERRORS).map(([code, { kind, means }]) => [`\`${code}\``, kind, means]),
  ),
};

/** Where the table under a heading stands in a text: its lines, or the empty place for it. */
export function placeOfTable(text: string, heading: string): { readonly start: number; readonly end: number } {
  const at = text.indexOf(`\n${heading}\n`);
  if (at < 0) throw new Error(`README.md has no heading ${heading}`);
  const start = text.indexOf('\n| ', at) + 1;
  const end = /\n(?!\|)/.exec(text.slice(start));
  return { start, end: end ? start + end.index + 1 : text.length };
}

if (process.argv[1] === import.meta.filename) {
  let text = readFileSync(README, 'utf8');
  for (const [heading, rows] of Object.entries(TABLES)) {
    const { start, end } = placeOfTable(text, heading);
    text = text.slice(0, start) + rows + text.slice(end);
  }
  writeFileSync(README, text);
}
