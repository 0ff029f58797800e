import { execFileSync } from 'node:child_process';
import t from 'tap';
import { completionFor } from '../../src/config/completion.js';
import { COMMANDS, type CommandName, optionsFor } from '../../src/config/help.js';

/** What bash would complete a line to. */
function completed(...words: readonly string[]): string[] {
  const script = `${completionFor(['bash'])}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wirescribe; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', script, 'bash', 'wirescribe', ...words], { encoding: 'utf8' });
  return out.split('\n').filter(Boolean);
}

t.test('bash completes commands, and the options of a command', async (t) => {
  t.strictSame(completed('rep'), ['replay']);
  t.strictSame(completed('replay', '--i'), ['--idle-limit', '--input']);
  t.strictSame(
    completed('tail', '-'),
    Object.keys(optionsFor('tail')).flatMap(
      (name) => ({ follow: ['--follow', '-f'], lines: ['--lines', '-n'], help: ['--help', '-h'] })[name] ?? [`--${name}`],
    ),
  );
  t.strictSame(completed('replay', '019b'), []);
});

t.test('every shell is told every command and option', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = completionFor([shell]);
    for (const name of Object.keys(COMMANDS) as CommandName[]) {
      t.match(script, name);
      for (const option of Object.keys(optionsFor(name))) t.match(script, shell === 'fish' ? `-l ${option} ` : `--${option}`);
    }
  }
});

t.test('the quotes of what is said are the shell’s', async (t) => {
  const parse = (shell: string) => execFileSync('bash', ['-n'], { input: completionFor([shell]), encoding: 'utf8' });
  for (const shell of ['bash', 'fish']) t.equal(parse(shell), '');
});

t.test('another shell is refused', async (t) => {
  for (const words of [[], ['tcsh'], ['bash', 'zsh'], ['constructor']]) t.throws(() => completionFor(words), { code: 'AUDIT_USAGE' });
});
