/** What `--help` says: every command of this version with its options and an example. cli.ts reads its options out of the same table. */

export interface CommandHelp {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands behind `wirescribe COMMAND`. */
  readonly usage: string;
  /** Options by name without their dashes; those with `takes` want a value. */
  readonly options: { readonly [name: string]: { readonly takes?: string; readonly says: string } };
  /** Which of COMMON_OPTIONS it takes too. */
  readonly common: readonly string[];
  /** True where words without dashes are taken (files). */
  readonly words: boolean;
  /** Paragraphs that teach. */
  readonly teaches: string;
  readonly example: string;
}

export type OptionHelp = CommandHelp['options'];

export const COMMON_OPTIONS: OptionHelp = {
  config: { takes: 'FILE', says: 'the configuration; else ./server.conf, where there is one; else defaults' },
  set: { takes: 'KEY=LITERAL', says: 'a key on top of it, as often as you like: --set AUDIT_OUT=True --set "NODE=\'mud1\'"' },
  help: { says: 'this text' },
};

const ALL = ['config', 'set', 'help'] as const;

export const COMMANDS = {
  run: {
    summary: 'be the proxy',
    usage: '',
    options: {},
    common: ALL,
    words: false,
    teaches: `Listens where LISTEN (or LISTENERS) says, passes every byte on to UPSTREAM and back, and records what is said. One line is printed for each
listener once it is ready. SIGTERM or Ctrl-C stops: no new connections, what is recorded is delivered for up to DRAIN_TIMEOUT_S.`,
    example: `$ wirescribe run --set "LISTEN='telnet://0.0.0.0:4000'" --set "UPSTREAM='telnet://127.0.0.1:4001'" --set AUDIT_IN=True
$ telnet 127.0.0.1 4000`,
  },
  demo: {
    summary: 'see it work: a small MUD, the proxy in front of it, two bots, the records on this terminal',
    usage: '',
    options: {},
    common: ['set', 'help'],
    words: false,
    teaches:
      'Needs no configuration, and reads no server.conf. Join with `telnet 127.0.0.1 4000`, log in with any password, and see what of it is recorded. Ctrl-C ends it.',
    example: '$ wirescribe demo',
  },
  check: {
    summary: 'validate the configuration, its masks and its callbacks',
    usage: '[--print] [--json]',
    options: {
      print: { says: 'show every setting in force and where it comes from, secrets starred' },
      json: { says: 'the same for machines: one JSON object' },
    },
    common: ALL,
    words: false,
    teaches: `Reads the configuration, compiles every mask and has it prove itself on its examples, and loads every callback. Nothing is listened on and
nothing written. The first thing that is wrong is said with its file, line and column, and how to mend it (exit 2).`,
    example: `$ wirescribe check --print --config server.conf
LISTEN = 'telnet://0.0.0.0:4000'  # server.conf:10
AUDIT_ACTIVATE = True  # default`,
  },
  mask: {
    summary: 'try the masks: scrub the lines on standard input',
    usage: '[--direction in|out] [--json]',
    options: {
      direction: { takes: 'in|out', says: 'read them as what clients send (in) or what the server says (out); without it, all masks count' },
      json: { says: 'a JSON object a line: {"text", "masked"}' },
    },
    common: ALL,
    words: false,
    teaches: `Reads lines on standard input as one session and writes them as they would be recorded, each as soon as it is read. Uses the masks in force:
those of AUDIT_MASK_PACKS, then AUDIT_MASKS.`,
    example: `$ echo 'connect bob hunter2' | wirescribe mask
connect bob ********`,
  },
  verify: {
    summary: 'prove that records are whole and unchanged',
    usage: 'FILE... | --spool DIR [--json] [--strict]',
    options: {
      spool: { takes: 'DIR', says: 'the journal in this folder (SPOOL_DIR), instead of files' },
      json: { says: 'one JSON object with everything found' },
      strict: { says: 'what is explained (a declared loss, a double, a part of a session) counts as damage too' },
    },
    common: ['help'],
    words: true,
    teaches: `Checks the seal of every record and the chain that binds each to the one before. Give all files of a set, in any order. Exit 0: whole; 1: damage,
each with its place; 2: these files hold no records.`,
    example: `$ wirescribe verify audit/audit.*.log
$ wirescribe verify --spool audit/spool`,
  },
  keygen: {
    summary: 'make the key that signs checkpoints',
    usage: '[--out FILE]',
    options: { out: { takes: 'FILE', says: "where the private key goes, './checkpoint.key' where not given; the public one goes to FILE.pub" } },
    common: ['help'],
    words: false,
    teaches: `Makes an Ed25519 pair in two PEM files, and overwrites none. Name the private key in CHECKPOINT_KEY; nobody but the proxy's user may read it
(mode 0600). Keep the public key, or the fingerprint that is printed, where whoever can write the records cannot change it: \`verify\` trusts no other.`,
    example: `$ wirescribe keygen --out checkpoint.key
$ wirescribe run --set "CHECKPOINT_KEY='checkpoint.key'"`,
  },
} as const satisfies { readonly [name: string]: CommandHelp };

export type CommandName = keyof typeof COMMANDS;

/** Commands of the design that this version refuses by name. */
export const LATER_COMMANDS: readonly string[] = [
  'exec',
  'sessions',
  'query',
  'tail',
  'replay',
  'export',
  'stats',
  'prepare',
  'drop',
  'archive',
  'redact',
  'remove',
  'token',
];

function optionLines(options: OptionHelp): string[] {
  const left = (name: string, takes?: string) => `  --${name}${takes ? ` ${takes}` : ''}`;
  return Object.entries(options).map(([name, { takes, says }]) => `${left(name, takes).padEnd(22)}  ${says}`);
}

/** `wirescribe --help`. */
export function helpText(): string {
  const list = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`);
  return `${[
    'wirescribe COMMAND [--config FILE] [--set KEY=LITERAL]...',
    '',
    'Stands between people and a text server, passes every byte through unchanged, and writes down what is said, with the secrets scrubbed out.',
    '',
    ...list,
    '',
    ...optionLines(optionsFor(undefined)),
    '',
    '`wirescribe COMMAND --help` says more. Every key of the configuration is explained in server.conf.example.',
    'Exit: 0 done; 1 a check said no; 2 bad usage or configuration; 3 failed while running.',
  ].join('\n')}\n`;
}

/** All options of a command, or those of no command. */
export function optionsFor(name: CommandName | undefined): OptionHelp {
  if (name === undefined) return { ...COMMON_OPTIONS, version: { says: 'which version this is' } };
  const { options, common }: CommandHelp = COMMANDS[name];
  return { ...options, ...Object.fromEntries(Object.entries(COMMON_OPTIONS).filter(([option]) => common.includes(option))) };
}

/** `wirescribe COMMAND --help`. */
export function commandHelp(name: CommandName): string {
  const { usage, summary, teaches, example, common }: CommandHelp = COMMANDS[name];
  return `${[
    `wirescribe ${name}${usage && ` ${usage}`}${common.includes('config') ? ' [--config FILE]' : ''}${common.includes('set') ? ' [--set KEY=LITERAL]...' : ''}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    teaches,
    '',
    ...optionLines(optionsFor(name)),
    '',
    'Example:',
    ...example.split('\n').map((line) => `  ${line}`),
  ].join('\n')}\n`;
}
