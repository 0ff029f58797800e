/** The words of a command as a shell splits them (POSIX.1-2017, XCU 2.2: quoting), without the shell: nothing is expanded, joined to others or run. */
import { AuditError } from '../../errors.js';

/** What a backslash keeps its meaning in front of within double quotes. */
const ESCAPED_IN_QUOTES = '"\\$`';

/** Splits at blanks; '...', "..." and a backslash keep what they keep in a shell. Throws AUDIT_CONFIG_TYPE, without a place: config/ knows it. */
export function splitWords(command: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let at = 0;
  while (at < command.length) {
    if (/\s/.test(command[at] as string)) at++;
    else {
      const { word, end } = readWord(command, at);
      words.push(word);
      at = end;
    }
  }
  const [program, ...rest] = words;
  if (!program) throw refuse("names no program; write 'pty:/usr/games/nethack -u guest'");
  return [program, ...rest];
}

function readWord(command: string, start: number): { readonly word: string; readonly end: number } {
  let word = '';
  let at = start;
  while (at < command.length && !/\s/.test(command[at] as string)) {
    const { text, end } = readPart(command, at);
    word += text;
    at = end;
  }
  return { word, end: at };
}

function readPart(command: string, at: number): { readonly text: string; readonly end: number } {
  const char = command[at] as string;
  if (char === "'") {
    const end = command.indexOf("'", at + 1);
    if (end < 0) throw refuse("has a ' that is not closed");
    return { text: command.slice(at + 1, end), end: end + 1 };
  }
  if (char === '"') return readQuoted(command, at + 1);
  if (char !== '\\') return { text: char, end: at + 1 };
  if (at + 1 === command.length) throw refuse('ends with a backslash');
  return { text: command[at + 1] as string, end: at + 2 };
}

function readQuoted(command: string, start: number): { readonly text: string; readonly end: number } {
  let text = '';
  for (let at = start; at < command.length; at++) {
    const char = command[at] as string;
    if (char === '"') return { text, end: at + 1 };
    if (char === '\\' && ESCAPED_IN_QUOTES.includes(command[at + 1] ?? ' ')) text += command[++at];
    else text += char;
  }
  throw refuse('has a " that is not closed');
}

const refuse = (what: string): AuditError => new AuditError('AUDIT_CONFIG_TYPE', `the command of pty: ${what}`);
