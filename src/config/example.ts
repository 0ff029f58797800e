/** Prints server.conf.example from the one table of keys. The file is committed; a test holds the two together. */
import { CALLBACK_OPTIONS, CALLBACKS, KEYS, type Key, LISTENER_OPTIONS } from './keys.js';

/** Comments are wrapped at this many characters. */
const WIDTH = 118;

const HEAD = `The configuration of Wirescribe. Copy it to server.conf, change what you need, and try it with \`wirescribe check\`.

The syntax is that of Evennia's settings: NAME = value, with Python's strings, numbers, True, False, None, lists, tuples and dicts, and # for comments.
Nothing is executed: no calls, names, operators, f-strings or imports. Evennia's AUDIT_ block can be pasted as it stands. Relative paths start at the
folder of this file. A line with a # in front shows the value that counts without it.`;

function wrap(text: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(`# ${indent}${line}`);
      line = '';
    }
    line = line ? `${line} ${word}` : word;
  }
  return [...lines, `# ${indent}${line}`];
}

function keyLines(name: string, key: Key): string[] {
  const below = name === 'LISTENERS' ? listenerLines() : name === 'AUDIT_CALLBACK' ? callbackLines() : [];
  const otherwise = key.example === undefined ? '' : ` Default: ${key.default}.`;
  const value = key.example === undefined ? `# ${name} = ${key.default}` : `${name} = ${key.example}`;
  return ['', ...wrap(key.means + otherwise), ...below, value];
}

function optionLines(options: { readonly [name: string]: Key }): string[] {
  return Object.entries(options).flatMap(([name, { means, default: otherwise }]) =>
    wrap(`'${name}': ${means}${otherwise === '' ? '' : ` (${otherwise})`}`, '  '),
  );
}

function listenerLines(): string[] {
  return [
    ...optionLines(LISTENER_OPTIONS),
    "# LISTENERS = [{'name': 'game', 'listen': 'telnet://0.0.0.0:4000', 'upstream': 'telnet://127.0.0.1:4001', 'AUDIT_OUT': False}]",
  ];
}

function callbackLines(): string[] {
  const own = Object.entries(CALLBACKS).flatMap(([use, { means, options }]) => [
    `# '${use}' ${means}:`,
    ...Object.entries(options).flatMap(([name, says]) => wrap(`'${name}': ${says}`, '  ')),
  ]);
  return [
    '# Options of every callback:',
    ...optionLines(CALLBACK_OPTIONS),
    ...own,
    "# AUDIT_CALLBACK = ['console', {'use': 'file', 'path': 'audit/audit.log'}]",
  ];
}

/** The whole file, ending in a line end. */
export function exampleText(): string {
  const head = HEAD.split('\n\n').flatMap((part, index) => [...(index > 0 ? ['#'] : []), ...wrap(part)]);
  return `${[...head, ...Object.entries(KEYS).flatMap(([name, key]) => keyLines(name, key))].join('\n')}\n`;
}
