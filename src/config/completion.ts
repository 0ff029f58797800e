/** `wirescribe completion`: what a shell needs to complete our command lines, printed from the table of commands. Nothing of it is written by hand. */
import { AuditError } from '../errors.js';
import { COMMANDS, type CommandName, optionsFor } from './help.js';

const NAMES = Object.keys(COMMANDS) as readonly CommandName[];

/** Options of a command as they are typed. */
const typed = (name: CommandName): string[] =>
  Object.entries(optionsFor(name)).flatMap(([option, { short }]) => [`--${option}`, ...(short ? [`-${short}`] : [])]);

function bash(): string {
  const cases = NAMES.map((name) => `    ${name}) words='${typed(name).join(' ')}' ;;`);
  return `# wirescribe completion bash > /etc/bash_completion.d/wirescribe
_wirescribe() {
  local word=\${COMP_WORDS[COMP_CWORD]} words='${NAMES.join(' ')} --help --version'
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  [ "$COMP_CWORD" = 1 ] && words='${NAMES.join(' ')} --help --version'
  case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
    *) [ "$COMP_CWORD" = 1 ] && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
  esac
}
complete -o default -F _wirescribe wirescribe
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(): string {
  const commands = NAMES.map((name) => `    ${quoted(`${name}:${COMMANDS[name].summary.replaceAll(':', '\\:')}`)}`);
  const escaped = (says: string): string => says.replace(/[[\]:\\]/g, '\\$&');
  const cases = NAMES.map((name) => {
    const options = Object.entries(optionsFor(name)).map(([option, { takes, says }]) => {
      return quoted(`--${option}${takes ? '=' : ''}[${escaped(says)}]${takes ? `:${escaped(takes)}:_files` : ''}`);
    });
    return `    ${name}) _arguments ${options.join(' ')} '*:file:_files' ;;`;
  });
  return `#compdef wirescribe
# wirescribe completion zsh > ~/.zfunc/_wirescribe
_wirescribe() {
  local -a commands=(
${commands.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _wirescribe wirescribe
`;
}

function fish(): string {
  const lines = NAMES.flatMap((name) => [
    `complete -c wirescribe -n __fish_use_subcommand -a ${name} -d ${quoted(COMMANDS[name].summary)}`,
    ...Object.entries(optionsFor(name)).map(([option, { short, takes, says }]) => {
      const words = [`-l ${option}`, ...(short ? [`-s ${short}`] : []), ...(takes ? ['-r'] : []), `-d ${quoted(says)}`];
      return `complete -c wirescribe -n '__fish_seen_subcommand_from ${name}' ${words.join(' ')}`;
    }),
  ]);
  return `# wirescribe completion fish > ~/.config/fish/completions/wirescribe.fish\n${lines.join('\n')}\n`;
}

const SHELLS = { bash, zsh, fish } as const;

/** The script for a shell. Throws AUDIT_USAGE where the words name none. */
export function completionFor(words: readonly string[]): string {
  const [shell = '', more] = words;
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell as keyof typeof SHELLS] : undefined;
  if (!make || more !== undefined) throw new AuditError('AUDIT_USAGE', "'completion' wants one of bash, zsh and fish");
  return make();
}
