/** What `--help` says: every command of this version with its options and an example. cli.ts reads its options out of the same table. */

export interface CommandHelp {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands behind `wirescribe COMMAND`. */
  readonly usage: string;
  /** Options by name without their dashes, `short` with one; those with `takes` want a value, those with `many` may be given as often as one likes. */
  readonly options: { readonly [name: string]: { readonly takes?: string; readonly says: string; readonly many?: true; readonly short?: string } };
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
  set: { takes: 'KEY=LITERAL', many: true, says: 'a key on top of it, as often as you like: --set AUDIT_OUT=True --set "NODE=\'mud1\'"' },
  help: { short: 'h', says: 'this text' },
};

const ALL = ['config', 'set', 'help'] as const;

export const COMMANDS = {
  run: {
    summary: 'be the proxy',
    usage: '[--log plain|json] [--handover]',
    options: {
      log: { takes: 'plain|json', says: "what is said on stderr: 'plain' lines for people, or 'json', one object a line for a collector" },
      handover: { says: 'have the running proxy start this program in its place, on the same listening sockets; its sessions go on there' },
    },
    common: ALL,
    words: false,
    teaches: `Listens where LISTEN (or LISTENERS) says, passes every byte on to UPSTREAM and back, and records what is said. One line is printed for each
listener once it is ready. SIGTERM or Ctrl-C stops: no new connections, what is recorded is delivered for up to DRAIN_TIMEOUT_S. SIGHUP reads the
configuration again, while sessions go on: masks, callbacks, limits, certificates and what else belongs to a listener; what waits for a restart is said.
SIGUSR2 starts the program anew, as it is on the disk now, and hands the listening sockets and the spool over to it; the old process goes on with its
sessions until they end. --handover does the same for another program or configuration, and prints where the new process listens.`,
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
  exec: {
    summary: 'record a program in this terminal',
    usage: '[-- CMD ARG...]',
    options: { owner: { says: 'be the owner of the spool for other `exec`; one that finds none starts this by itself, and it ends after the last' } },
    common: ALL,
    words: true,
    teaches: `Runs CMD in a terminal of its own within this one, as script(1) does, and records what is typed and shown, as AUDIT_IN and AUDIT_OUT say.
What is typed while the terminal does not show it (a password) is hidden. Without CMD: the command that sshd was asked for, or the shell, so it can stand
behind ForceCommand; a login shell is a script of two lines, '#!/bin/sh' and 'exec wirescribe exec --config FILE -- /bin/bash -l "$@"'. The running proxy
records it, or a process in the background; INTAKE_LISTEN is for other users, and user and pid are the kernel's word. The exit code is CMD's, 128 and the
number of the signal that ended it, 126 and 127 where it cannot be run, 125 where exec itself failed.`,
    example: `$ wirescribe exec --set AUDIT_IN=True --set AUDIT_OUT=True -- bash -l`,
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
    usage: '(FILE... | --spool DIR) [--key FILE]... [--session ID] [--callback NAME] [--strict] [--json]',
    options: {
      spool: { takes: 'DIR', says: 'the journal in this folder (SPOOL_DIR), instead of files' },
      key: { takes: 'FILE', many: true, says: 'a public key that checkpoints must be signed with; as often as there were keys' },
      session: { takes: 'ID', says: 'only this session: the files may hold anything or nothing of others (an export)' },
      callback: { takes: 'NAME', says: 'the callback that kept the files: only what it did not get (audit.gap) is declared' },
      strict: { says: 'what is only counted (redacted, declared lost, doubles, parts, not proven) makes exit 1 too' },
      json: { says: 'one JSON object with everything found' },
    },
    common: ['help'],
    words: true,
    teaches: `Checks the seal of every record, the chain that binds each to the one before, and the checkpoints that name the ends of the chains. Give all
files of a set, in any order, and the public key that you keep elsewhere: without it nothing is proven against whoever can write the files.
Exit 0: whole; 1: damage, each with its place; 2: these files hold no records. src/view/EVIDENCE.md says to an auditor what is proven.`,
    example: `$ wirescribe verify --key checkpoint.key.pub audit/audit.*.log
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
  redact: {
    summary: 'erase what was recorded, and keep the proof',
    usage:
      '[--record ID | --session ID | --account NAME | --pattern REGEX] --why TEXT ' +
      '[--part PART] [--from TIME] [--to TIME] [--file FILE]... [--by NAME] [--dry-run] [--yes] [--json]',
    options: {
      record: { takes: 'ID', says: 'the record of this id' },
      session: { takes: 'ID', says: 'all records of this session' },
      account: { takes: 'NAME', says: 'all records of this account, of its sessions before login too, and those that name it; case does not count' },
      pattern: { takes: 'REGEX', says: 'all records that hold it in a part that is erased; syntax as in masks, case does not count' },
      part: {
        takes: 'PART',
        says: "'who' (address, account, character), 'body' (what was said) or 'both'; not given: 'body' for a pattern, else 'both'",
      },
      from: { takes: 'TIME', says: 'only from this time on, in UTC: 2026-01-31 or 2026-01-31T12:00:00Z; a time alone means all of it' },
      to: { takes: 'TIME', says: 'only before this time' },
      file: { takes: 'FILE', many: true, says: 'erase it in this file too: of a callback that is gone, or a copy' },
      why: { takes: 'TEXT', says: 'the reason, which is recorded' },
      by: { takes: 'NAME', says: 'who asked for it, which is recorded; this user where not given' },
      'dry-run': { says: 'only count what would be erased' },
      yes: { says: 'do not ask' },
      json: { says: 'one JSON object: {"request", "records", "lines", "unread", "erased"}' },
    },
    common: ALL,
    words: false,
    teaches: `Erases parts of records in the spool, the dead letters and the files that callbacks keep, also while the proxy runs: sessions go on, delivery
pauses. Head and seal stay, so the chain still verifies, and an access.redact record says by whom, why, and which records by their hash. A who is erased
in all records that have the same, and the records that brought up its names lose their body. It covers what was recorded until now: of a session that
goes on, what is said from now on is not meant. What left this machine (Kafka, syslog, http) is told by the same record and must be erased there; what a
callback wrote that is no longer configured must be named with --file.`,
    example: `$ wirescribe redact --account alice --part who --why 'asked to be forgotten' --dry-run
42 records are meant; nothing was erased`,
  },
  token: {
    summary: 'make, list and revoke tokens of the API',
    usage: 'create NAME --role ROLE [--scope SCOPE]... [--account NAME] [--until TIME] | token list [--json] | token revoke NAME',
    options: {
      role: { takes: 'ROLE', says: 'what it may do: operator, moderator, auditor or reviewer' },
      scope: {
        takes: 'SCOPE',
        many: true,
        says: "whose records it sees: everything, listener=NAME, account=A,B, own or shared; several add up; the role's own where not given",
      },
      account: { takes: 'NAME', says: "the account that it belongs to, for the scope 'own'" },
      until: { takes: 'TIME', says: 'when it ends: 2026-01-31 (UTC) or 2026-01-31T12:00:00Z; not given: never' },
      json: { says: 'the list as JSON, for machines' },
    },
    common: ALL,
    words: true,
    teaches: `Whoever asks the API of ADMIN_LISTEN for records shows a token, as \`Authorization: Bearer TOKEN\`. \`create\` prints it as its last line, once:
SPOOL_DIR/tokens keeps no more than its SHA-256. What is made or revoked counts at once, also in a proxy that runs: what a revoked token follows ends
within seconds. README, "Who may see what", says what each role may do.`,
    example: `$ wirescribe token create mod-anna --role moderator --until 2027-01-31
$ wirescribe token list
$ wirescribe token revoke mod-anna`,
  },
  sessions: {
    summary: 'who was connected, and when',
    usage: '[FILTER...] [--from TIME] [--to TIME] [--open] [--limit N] [--json] [--no-pager]',
    options: {
      from: { takes: 'TIME', says: 'only those that went on at this time or later: 2026-01-31, 2026-01-31T18:00:00Z, +01:00 in place of Z' },
      to: { takes: 'TIME', says: 'only those that began before this time' },
      open: { says: 'only those that go on' },
      limit: { takes: 'N', says: 'at most so many, 1000 where not given; the newest' },
      json: { says: 'one JSON object a session' },
      'no-pager': { says: 'not through $PAGER, also on a terminal' },
    },
    common: ALL,
    words: true,
    teaches: `One line a session, the newest first: its id, when it began (UTC), how long it was, accounts, listener, address, what was typed and said
(34> 120<), and how it ended. Narrowed by account=NAME, address=ADDRESS or address=NETWORK/BITS, listener=NAME, session=ID, faulty=true; one name given
twice takes either. Reads the store that the callback 'store' fills. The look itself is recorded (access.view). Exit 1 where there is none.`,
    example: `$ wirescribe sessions account=alice --from 2026-01-31
$ wirescribe sessions --open --json | jq -r .account`,
  },
  query: {
    summary: 'find what was said',
    usage:
      '[FILTER...] [--topics TOPIC,...] [--from TIME] [--to TIME] [--order asc|desc] [--limit N] [--all] [--count] [--verbose] [--json] [--no-pager]',
    options: {
      topics: { takes: 'TOPIC,...', many: true, says: "only these, or what begins so: session.input, 'session', 'audit.gap,audit.fault'" },
      from: { takes: 'TIME', says: 'from this time on, or from the record of this id: 2026-01-31, 2026-01-31T18:00:00Z' },
      to: { takes: 'TIME', says: 'before this time, or before the record of this id' },
      order: { takes: 'asc|desc', says: "'asc', the oldest first, where not given" },
      limit: { takes: 'N', says: 'at most so many' },
      all: { says: 'also audit.*, access.* and system events, which are left out unasked' },
      count: { says: 'only how many there are' },
      verbose: { says: 'who, where, what and when in full' },
      json: { says: "the journal's lines, byte for byte" },
      'no-pager': { says: 'not through $PAGER, also on a terminal' },
    },
    common: ALL,
    words: true,
    teaches: `A FILTER is NAME=VALUE: account, character, room, session, address (or a network), listener, event, direction (RCV, SND), exchange, contains (as it
stands), pattern (as in masks), answered, faulty, system; or any member of a record by its path, perhaps with a modifier:
data.reason__startswith=idle, bytes__gt=1000, custom.geo.country__in=NL,BE (exact, contains, startswith, regex, gt, gte, lt, lte, in, exists). A word
without = must stand in the text, hello* begins one. All must hold; one name given twice takes either. A line says when (UTC), who, listener, end of the
session's id, > from or < to the client, and what. What the proxy says of itself (audit.*, but not gaps and faults, and access.*) and system events are
left out, with --json too, unless --all, --topics or a filter of topic, event, id or system asks for them. Reads the store that the callback 'store'
fills. The look itself is recorded (access.view), without the words. Exit 1 where nothing is found.`,
    example: `$ wirescribe query account=bob contains='tell me' --from 2026-01-31
$ wirescribe query --topics session.input --json dragon | jq -r '[.time, .account, .text] | @tsv'`,
  },
  tail: {
    summary: 'the last that was said, and what comes',
    usage: '[FILTER...] [-f] [-n N] [--topics TOPIC,...] [--all] [--verbose] [--json] [--no-pager]',
    options: {
      follow: { short: 'f', says: 'go on with what comes, until Ctrl-C' },
      lines: { short: 'n', takes: 'N', says: 'so many records of before, 20 where not given' },
      topics: { takes: 'TOPIC,...', many: true, says: 'only these, or what begins so' },
      all: { says: 'also audit.*, access.* and system events, which are left out unasked' },
      verbose: { says: 'who, where, what and when in full' },
      json: { says: "the journal's lines, byte for byte" },
      'no-pager': { says: 'not through $PAGER, also on a terminal' },
    },
    common: ALL,
    words: true,
    teaches: `The last records that fit, as \`query\` shows them, and with -f those that come: nothing is left out or doubled where one ends and the other begins.
A record can be seen here once it is in the store, a second or less after it was said.`,
    example: `$ wirescribe tail -f listener=main
$ wirescribe tail -n 5 --topics audit`,
  },
  replay: {
    summary: 'play a session as it was on the screen',
    usage: 'SESSION [--speed N] [--idle-limit S] [--from TIME|OFFSET] [--input]',
    options: {
      speed: { takes: 'N', says: 'so many times as fast: 2, 0.5' },
      'idle-limit': { takes: 'S', says: 'no pause is longer than so many seconds' },
      from: { takes: 'TIME|OFFSET', says: 'begin there: 90 (seconds), 1:30, 1:02:03 from the start, or a time' },
      input: { says: 'also what was typed, where the server did not send it back' },
    },
    common: ALL,
    words: true,
    teaches: `SESSION is the id, its beginning, or its end as \`query\` shows it. What the server said comes as it came, colours, cursor moves and all; what was
scrubbed is stars. Space pauses, . steps, the arrow keys (or < and >) jump 5 seconds, + and - change the speed, q ends. A line says where the window was
larger than this one. Titles, the clipboard and questions to the terminal are left out; into a pipe everything goes as it was. Needs AUDIT_OUT = True
when it was recorded.`,
    example: `$ wirescribe replay 019b7ca9-8c88 --speed 4 --idle-limit 2`,
  },
  export: {
    summary: 'one session as a file for others',
    usage: 'SESSION --format asciicast-v2|asciicast-v3|text|jsonl [--out FILE] [--input]',
    options: {
      format: { takes: 'FORMAT', says: "'asciicast-v2' and 'asciicast-v3' (asciinema), 'text' (as query shows it), 'jsonl' (the journal's lines)" },
      out: { takes: 'FILE', says: 'into this new file, for its owner alone; to standard output where not given' },
      input: { says: 'asciicast: also what was typed' },
    },
    common: ALL,
    words: true,
    teaches: `SESSION as for \`replay\`. An asciicast has the window's size, its changes, the screen's text in its time, a marker at each request, and the exit
status of a program (version 3). 'jsonl' has the lines byte for byte, with the checkpoints that name the session and the access.redact records that name
any of them, so \`verify --session\` can check and, with --key, prove them. The export itself is recorded (access.export).`,
    example: `$ wirescribe export 019b7ca9-8c88 --format asciicast-v2 --out evening.cast
$ asciinema play evening.cast`,
  },
  prepare: {
    summary: 'create the store, and fill it from what was recorded',
    usage: '[--from FILE... | --spool] [--json]',
    options: {
      from: { takes: 'FILE', many: true, says: 'fill it from audit files or an archive, plain or gzip; more files may follow without it' },
      spool: { says: 'fill it from the journal' },
      json: { says: 'one JSON object: {"records", "new", "unread"}' },
    },
    common: ALL,
    words: true,
    teaches: `Creates what the store of AUDIT_CALLBACK needs, and gives it the records of those files, in the order of their ids. What it has already stays as it is, and
what was erased does not come back; so it may be run again, cut off, and run while the proxy fills the same store. Where the store is damaged, or to be
made anew, move its folder away first. Days that are filled so are indexed by STORE_INDEXES as they are now.`,
    example: `$ wirescribe prepare --from audit/audit.*.log*
[########################................]  61 %  1220000 records
2004711 records read, 2004711 of them new`,
  },
  drop: {
    summary: 'drop days from the store',
    usage: '[FROM] [TO] [--keep-sessions] [--recent] [--yes] [--json]',
    options: {
      'keep-sessions': { says: 'keep who was there when, and drop what was said' },
      recent: { says: 'with --yes: also days that RETENTION_DAYS still keeps' },
      yes: { says: 'do not ask' },
      json: { says: 'one JSON object: {"records"}' },
    },
    common: ALL,
    words: true,
    teaches: `Takes what was recorded from FROM on and before TO out of the store, for good: days in UTC such as 2026-01-31, '-' for no bound; without them, all.
It can be done while the proxy runs, and while others read. An access.drop record says by whom, which days and how many. The journal and the files of
other callbacks keep what they have: this is the store alone, which \`archive\` writes to files first.`,
    example: `$ wirescribe drop - 2026-02-01
Drop what was recorded before 2026-02-01 from the store for good? [y/N] y
128406 records were dropped`,
  },
  archive: {
    summary: 'write days of the store to files that are evidence',
    usage: '[FROM] [TO] [--reset] [--yes] [--json]',
    options: {
      reset: { says: 'then drop from the store what is in the files' },
      yes: { says: 'with --reset: do not ask' },
      json: { says: 'one JSON object: {"records", "files", "dropped"}' },
    },
    common: ALL,
    words: true,
    teaches: `Writes the records from FROM on and before TO to ARCHIVE_DIR, a file for each name that ARCHIVE_NAME makes: the journal's lines byte for byte,
compressed, as \`verify\` takes them. Days are those of UTC that are over ('-' for no bound; without them, all). Each file is read back, its seals checked
and each line compared with the store, before it has its name; only then, with --reset, its days are dropped from the store. It overwrites nothing: a
file that is there already is left as it is, and where it holds the same it is not written again. What is cut off goes on when it is run again.`,
    example: `$ wirescribe archive 2026-01-01 2026-02-01 --reset
Archive what was recorded of 2026-01-01 and later, before 2026-02-01 to /srv/mud/audit/archive, and then drop it from the store? [y/N] y
/srv/mud/audit/archive/wirescribe-2026-01-31.jsonl.gz
128406 records of days before 2026-02-01 are archived and proven to be there; 128406 were dropped from the store
$ wirescribe verify audit/archive/*.jsonl.gz`,
  },
  remove: {
    summary: 'remove all that was recorded, for good',
    usage: '[--archive] [--dry-run] [--yes] [--json]',
    options: {
      archive: { says: 'the archive files of this configuration too' },
      'dry-run': { says: 'only list what would be removed' },
      yes: { says: 'do not ask' },
      json: { says: 'one JSON object: {"files", "bytes", "removed"}' },
    },
    common: ALL,
    words: false,
    teaches: `Removes the spool with its tokens and keys, and what the callbacks of this configuration have written on this machine, and then the folders that are
empty. Refuses while a proxy runs. Stays: the archive unless --archive is given, keys that \`keygen\` made, files of other names, what was sent elsewhere, and what a callback wrote that is no
longer configured.`,
    example: `$ wirescribe remove --dry-run
/srv/mud/audit/audit.2026-01-31.1.log
/srv/mud/audit/spool/0001.jsonl
2 files, 40960 bytes; nothing was removed`,
  },
  stats: {
    summary: 'figures of the spool, each callback and the store, as JSON',
    usage: '',
    options: {},
    common: ALL,
    words: false,
    teaches: `Asks the running proxy: how much the spool holds, how far each callback is behind, how fast it is, how often it failed, how old the oldest
record is that it has not taken, how large the store is. Where no proxy runs, what can be told by the spool's files and the store.`,
    example: `$ wirescribe stats | jq '.callbacks[] | {name, lagBytes}'`,
  },
  completion: {
    summary: 'what your shell needs to complete these commands',
    usage: 'bash|zsh|fish',
    options: {},
    common: ['help'],
    words: true,
    teaches: 'Prints a script for the shell, which has the commands and options of this version in it. Its first line says where it belongs.',
    example: `$ source <(wirescribe completion bash)`,
  },
} as const satisfies { readonly [name: string]: CommandHelp };

export type CommandName = keyof typeof COMMANDS;

function optionLines(options: OptionHelp): string[] {
  const left = (name: string, short?: string, takes?: string) => `  ${short ? `-${short}, ` : ''}--${name}${takes ? ` ${takes}` : ''}`;
  return Object.entries(options).map(([name, { short, takes, says }]) => `${left(name, short, takes).padEnd(22)}  ${says}`);
}

/** `wirescribe --help`. */
export function helpText(): string {
  const list = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
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
