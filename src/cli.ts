#!/usr/bin/env node
/**
 * The command line (DESIGN 2): reads words, runs one command, gives an exit code. Errors go to stderr as `AUDIT_CODE: FILE:LINE:COL: what is wrong, and
 * how to mend it`, never with a stack. What a command needs is loaded when it runs, so `--help` and `check` start fast.
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Again } from './commands/again.js';
import { commandHelp, helpText } from './config/help.js';
import { loadSettings, masksInForce, type Origin, type Settings } from './config/settings.js';
import { type CommandLine, readCommandLine } from './config/usage.js';
import type { Utterance } from './contract.js';
import { AuditError, EXIT, exitCodeOf, nameOf } from './errors.js';
import type { Heir } from './handover/heir.js';
import type { Succession } from './handover/succession.js';
import type { Style } from './mask/masker.js';
import { isLogForm, type OperationalLog, openLog, plainLog } from './run/log.js';
import type { Notifier } from './run/notify.js';
import { assignSockets, readPassedSockets } from './run/passed-sockets.js';
import type { Running } from './run/running.js';

/** Exit code of `exec` where it is not its program that failed (env(1) and its kin have the same). */
const EXEC_FAILED = 125;

/** Runs one command line, without `node` and the program's name. Gives the exit code; throws AuditError. */
async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'exec') failsWith = EXEC_FAILED;
  const line = readCommandLine(args);
  if (line.flags.has('help')) return print(line.command ? commandHelp(line.command) : helpText());
  switch (line.command) {
    case undefined:
      return print(`wirescribe ${version()}\n`);
    case 'check':
      return check(line);
    case 'run':
      await takeLog(line);
      return line.flags.has('handover') ? handover(line, args) : proxy(line);
    case 'exec':
      return exec(line);
    case 'demo':
      return demo(line);
    case 'mask':
      return mask(line);
    case 'verify':
      return verify(line);
    case 'keygen':
      return keygen(line);
    case 'redact':
      return redact(line);
    case 'sessions':
    case 'query':
    case 'tail':
    case 'replay':
    case 'export':
      return lookAgain(line, line.command);
    case 'token':
      return token(line);
    case 'prepare':
      return prepare(line);
    case 'drop':
      return drop(line);
    case 'archive':
      return archive(line);
    case 'remove':
      return remove(line);
    case 'stats':
      return stats(line);
    case 'completion':
      return completion(line);
  }
}

function version(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
  return version;
}

/** Writes to standard output, as slowly as it is read there. */
async function print(text: string): Promise<number> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  return EXIT.done;
}

const oneOf = (line: CommandLine, option: string): string | undefined => line.values.get(option)?.[0];

function originOf(line: CommandLine): Origin {
  const file = oneOf(line, 'config');
  return { ...(file === undefined ? {} : { file }), set: line.values.get('set') ?? [], cwd: process.cwd(), env: process.env };
}

const settingsOf = (line: CommandLine): Settings => loadSettings(originOf(line));

/** `check`: reads all, compiles the masks, loads the callbacks. */
async function check(line: CommandLine): Promise<number> {
  const { proveSettings } = await import('./commands/check.js');
  const { checkReport } = await import('./config/report.js');
  const settings = settingsOf(line);
  const remarked = await proveSettings(settings);
  return print(checkReport(settings, { print: line.flags.has('print'), json: line.flags.has('json'), remarked }));
}

/** What is said on stderr, in the form that `--log` asks for; plain until it is known. */
let log: OperationalLog = plainLog(process.stderr, process.stderr.isTTY && !process.env.NO_COLOR);

async function takeLog(line: CommandLine): Promise<void> {
  const form = oneOf(line, 'log') ?? 'plain';
  if (!isLogForm(form)) throw new AuditError('AUDIT_USAGE', "--log wants 'plain' or 'json'");
  log = await openLog(form);
}

/** `run`: the proxy, until a signal ends it, or it has handed over and its last session has ended. */
async function proxy(line: CommandLine): Promise<number> {
  const { heirOf } = await import('./handover/heir.js');
  // Whoever handed over to us is told why that cannot be.
  const heir = heirOf(process.env);
  try {
    return await serve(settingsOf(line), { again: () => readSettingsAgain(line), heir });
  } catch (error) {
    heir?.refuse(ownError(error));
    throw error;
  }
}

/** `run --handover`: has the running proxy start this program in its place. */
async function handover(line: CommandLine, args: readonly string[]): Promise<number> {
  const { handoverCommand } = await import('./commands/handover.js');
  return print(await handoverCommand(settingsOf(line), [...process.execArgv, fileURLToPath(import.meta.url), ...args]));
}

interface ServeOptions {
  /** Reads the configuration again, for SIGHUP; absent: a hangup ends it, as the demo's, and it is handed over to nobody. */
  readonly again?: () => Promise<Settings>;
  /** A proxy that runs hands over to us. */
  readonly heir?: Heir | undefined;
  /** Told once it is ready. */
  readonly ready?: (running: Running) => void;
}

/** The proxy, until it ends. Prints a line for each listener once it is ready. */
async function serve(settings: Settings, { again, heir, ready }: ServeOptions): Promise<number> {
  if (settings.listeners.length === 0) {
    throw new AuditError(
      'AUDIT_USAGE',
      'there is nothing to listen on; set LISTEN and UPSTREAM (or LISTENERS) in server.conf or by --set, or try `wirescribe demo`',
    );
  }
  const stopped = stopSignal(again !== undefined);
  const { describeListener } = await import('./run/running.js');
  const { Succession } = await import('./handover/succession.js');
  const { openNotifier } = await import('./run/notify.js');
  const notifier = openNotifier(process.env, log.warn);
  const passed = readPassedSockets(process.env);
  if (heir && !(await Promise.race([heir.prepare(settings), stopped.then(() => false)]))) return EXIT.done;
  const names = settings.listeners.map(({ name }) => name);
  const sockets = heir?.sockets(settings.listeners) ?? assignSockets(passed, names);
  const own = { program: process.execPath, args: [...process.execArgv, ...process.argv.slice(1)], cwd: process.cwd() };
  const succession = await Succession.start(settings, { version: version(), log, sockets }, { own, notifier, isOffered: again !== undefined });
  const lines = succession.running.listeners.map(describeListener);
  for (const one of lines) await print(`${one}\n`);
  heir?.runs(lines);
  ready?.(succession.running);
  notifier.ready(statusOf(succession.running));
  notifier.watch(() => succession.running.healthy);
  if (again) onHangup(succession, again, notifier);
  if (again) handOn = () => succession.handOver().catch((error: unknown) => log.failed(ownError(error)));
  await Promise.race([stopped, succession.deserted]);
  notifier.stopping('ending sessions, delivering what was recorded');
  const lost = await succession.stop();
  notifier.close();
  return lost ? EXIT.failed : EXIT.done;
}

const statusOf = ({ listeners }: Running): string => `${listeners.length} listener${listeners.length === 1 ? '' : 's'} open`;

/** SIGHUP: takes up the configuration as it is now. Those that come while it is read are one more. A bad one is said, and changes nothing. */
function onHangup(succession: Succession, again: () => Promise<Settings>, notifier: Notifier): void {
  let [reading, asked] = [false, false];
  const reload = async (): Promise<void> => {
    asked = reading;
    if (reading) return;
    reading = true;
    notifier.reloading();
    try {
      const waiting = await succession.reload(await again());
      log.info(`the configuration was read again${waiting.length > 0 ? '; what waits for a restart is said above' : ''}`);
    } catch (error) {
      log.failed(ownError(error));
      log.warn('nothing was changed; the configuration in force stays');
    }
    notifier.ready(statusOf(succession.running));
    reading = false;
    if (asked) await reload();
  };
  hangup = () => void reload();
}

/** `--config` and `--set` once more, proven by another process first. */
async function readSettingsAgain(line: CommandLine): Promise<Settings> {
  const { readAgain } = await import('./run/reload.js');
  return readAgain(originOf(line), { program: fileURLToPath(import.meta.url), config: oneOf(line, 'config') });
}

/** What an error of ours ends with, where not its own code: `exec` leaves those to its program. */
let failsWith: number | undefined;

/** `exec`: a program in this terminal, recorded. Ends the process: what else it holds is of no use behind the program. */
async function exec(line: CommandLine): Promise<number> {
  failsWith = EXEC_FAILED;
  const settings = settingsOf(line);
  if (line.flags.has('owner')) return ownForExec(settings);
  const { exec } = await import('./exec/exec.js');
  const given = ['config', 'set'].flatMap((name) => (line.values.get(name) ?? []).flatMap((value) => [`--${name}`, value]));
  const ownerWords = [fileURLToPath(import.meta.url), 'exec', '--owner', ...given];
  const code = await exec({ settings, words: line.words, ownerWords, log });
  process.exit(code);
}

/** The owner of a spool for `exec` alone: until the last has ended, or a signal. */
async function ownForExec(settings: Settings): Promise<number> {
  const stopped = stopSignal(false);
  const { run } = await import('./main.js');
  const { untilDeserted } = await import('./exec/owner.js');
  let yielded = (): void => undefined;
  const wanted = new Promise<void>((resolve) => {
    yielded = resolve;
  });
  const running = await run(settings, { version: version(), log, forExec: { asked: yielded } });
  await Promise.race([stopped, wanted, untilDeserted(running)]);
  await running.stop();
  return running.lost ? EXIT.failed : EXIT.done;
}

/** How often the demo looks whether it still has a reader, in milliseconds. */
const READER_MS = 250;

/** `demo`: the proxy between the small MUD and its bots, until a signal or its reader's leaving (`| head`) ends it. Reads no file; `--set` counts. */
async function demo(line: CommandLine): Promise<number> {
  const { startDemo } = await import('./demo/demo.js');
  const { readerWatch } = await import('./demo/reader.js');
  const world = await startDemo();
  const readerGone = readerWatch(process.stdout.fd);
  setInterval(() => readerGone() && process.exit(EXIT.done), READER_MS).unref();
  try {
    const set = ['ADMIN_LISTEN=None', ...world.set, ...(line.values.get('set') ?? [])];
    const ready = ({ listeners: [first] }: Running): void => {
      if (!first || first.listen.scheme === 'unix') return;
      world.join(first.listen.port);
      void print(`join with: telnet ${first.listen.host} ${first.listen.port} (Ctrl-C ends it)\n`);
    };
    return await serve(loadSettings({ file: null, set, cwd: process.cwd(), env: process.env }), { ready });
  } finally {
    await world.close();
  }
}

/** A signal that comes again so soon is the same one: npm and timeout(1) pass on to us what the terminal or the group has sent us already. Milliseconds. */
const SAME_SIGNAL_MS = 500;

/** What SIGHUP does: nothing until there is something to reload. */
let hangup = (): void => log.info('still starting: the configuration is read as it is');
/** What SIGUSR2 does. */
let handOn = async (): Promise<unknown> => log.warn('AUDIT_HANDOVER: there is nothing to hand over here, or not yet');

/** Resolves at SIGTERM or Ctrl-C; the second one ends at once. What a signal would do by itself (open the inspector, end without a drain) it does not. */
function stopSignal(reloads: boolean): Promise<void> {
  process.on('SIGUSR1', () => undefined);
  // Node ignores it, until a library that listened to it lets go: then a file at its size limit would end the process instead of refusing the write.
  process.on('SIGXFSZ', () => undefined);
  // A demo whose terminal is closed shall go with it.
  if (reloads) process.on('SIGHUP', () => hangup());
  process.on('SIGUSR2', () => void handOn());
  return new Promise((resolve) => {
    for (const signal of reloads ? (['SIGTERM', 'SIGINT'] as const) : (['SIGTERM', 'SIGINT', 'SIGHUP'] as const)) {
      let first = 0;
      process.on(signal, () => {
        first ||= Date.now();
        if (Date.now() - first > SAME_SIGNAL_MS) process.exit(EXIT.failed);
        resolve();
      });
    }
  });
}

/** The first listener's style. Tags are those of the spool; where it has no key yet, the tags of this run stand for themselves. */
async function styleInForce({ audit, listeners, spool }: Settings): Promise<Style> {
  const name = (listeners[0]?.audit ?? audit).maskStyle;
  if (name !== 'tag') return { name };
  const { readTagKey } = await import('./spool/tag-key.js');
  return { name, key: readTagKey(spool.dir) ?? randomBytes(32) };
}

/** `mask`: standard input as one session, line by line, as it would be recorded. */
async function mask(line: CommandLine): Promise<number> {
  const direction = oneOf(line, 'direction');
  if (direction !== undefined && direction !== 'in' && direction !== 'out') throw new AuditError('AUDIT_USAGE', "--direction wants 'in' or 'out'");
  const { compileMasks } = await import('./mask/masker.js');
  const { SessionMasks } = await import('./mask/session-masks.js');
  const { LineGatherer } = await import('./gather/lines.js');
  const settings = settingsOf(line);
  const masks = new SessionMasks(compileMasks(masksInForce(settings), await styleInForce(settings)));
  const side = direction === undefined ? 'both' : direction === 'in' ? 'RCV' : 'SND';
  const lines = new LineGatherer(direction === 'out' ? 'SND' : 'RCV');
  let text = '';
  // A line over 64 KiB comes in pieces, and its masks are for the whole.
  let head = '';
  const take = (said: Utterance): void => {
    head += said.text;
    if (said.cut === 'size') return;
    const scrubbed = masks.scrubLine(head, side);
    head = '';
    text += `${line.flags.has('json') ? JSON.stringify(scrubbed) : scrubbed.text}\n`;
  };
  for await (const bytes of process.stdin as AsyncIterable<Buffer>) {
    lines.push(bytes, 0, take);
    await print(text);
    text = '';
  }
  lines.flush('close', take);
  return print(text);
}

/** `verify`: files or a spool, no configuration. */
async function verify(line: CommandLine): Promise<number> {
  const spool = oneOf(line, 'spool');
  if ((spool === undefined) === (line.words.length === 0)) {
    throw new AuditError('AUDIT_USAGE', "'verify' wants either FILE... or --spool DIR");
  }
  const { verifyFiles, verifySpool } = await import('./view/verify.js');
  const { readKeys } = await import('./view/verify-keys.js');
  const { exitOf, printReport, progressOn } = await import('./view/verify-report.js');
  const progress = progressOn(process.stderr);
  const options = {
    progress: progress.show,
    keys: readKeys(line.values.get('key') ?? []),
    session: oneOf(line, 'session'),
    callback: oneOf(line, 'callback'),
  };
  try {
    const report = await (spool === undefined ? verifyFiles(line.words, options) : verifySpool(spool, options));
    progress.clear();
    await print(printReport(report, { json: line.flags.has('json') }));
    return exitOf(report, { strict: line.flags.has('strict') });
  } finally {
    progress.clear();
  }
}

/** `keygen`: a new pair of files, and what to do with each. */
async function keygen(line: CommandLine): Promise<number> {
  const { makeSigningKey } = await import('./spool/signing-key.js');
  const { pythonOf } = await import('./config/python.js');
  const { privatePath, publicPath, fingerprint } = makeSigningKey(resolve(oneOf(line, 'out') ?? 'checkpoint.key'));
  return print(
    `${[
      `private key: ${privatePath}`,
      `public key:  ${publicPath}`,
      `fingerprint: ${fingerprint}`,
      '',
      "For server.conf; nobody but the proxy's user may read that file:",
      `CHECKPOINT_KEY = ${pythonOf(privatePath)}`,
      '',
      'Keep the public key and the fingerprint elsewhere: on a machine, or a sheet of paper, that whoever can write the records cannot change.',
      'Checkpoints name the fingerprint (`key`), and `wirescribe verify --key` wants the public key.',
    ].join('\n')}\n`,
  );
}

/** `redact`: asks the owner of the spool, or is its owner for the time. */
async function redact(line: CommandLine): Promise<number> {
  const settings = settingsOf(line);
  const { redactCommand } = await import('./commands/redact.js');
  const { redactAlone } = await import('./main.js');
  return redactCommand(line, settings, {
    print,
    alone: (request, look, tell) => redactAlone(settings, { version: version(), log }, { request, look, tell }),
  });
}

/** `token`: makes, lists and revokes tokens of the API. */
async function token(line: CommandLine): Promise<number> {
  const { tokenCommand } = await import('./commands/token.js');
  return print(await tokenCommand(line, settingsOf(line).spool.dir));
}

/** `prepare`: fills the store from files or the journal. */
async function prepare(line: CommandLine): Promise<number> {
  const { prepareCommand } = await import('./commands/prepare.js');
  return prepareCommand(line, settingsOf(line), { print, log });
}

/** `drop`: asks the owner of the spool, or is its owner for the time. */
async function drop(line: CommandLine): Promise<number> {
  const settings = settingsOf(line);
  const { dropCommand } = await import('./commands/drop.js');
  const { choreAlone } = await import('./main.js');
  return dropCommand(line, settings, {
    print,
    alone: (request, tell) => choreAlone(settings, { version: version(), log }, (chores) => chores.drop(request, tell)),
  });
}

/** `archive`: the same. */
async function archive(line: CommandLine): Promise<number> {
  const settings = settingsOf(line);
  const { archiveCommand } = await import('./commands/archive.js');
  const { choreAlone } = await import('./main.js');
  return archiveCommand(line, settings, {
    print,
    alone: (request, tell) => choreAlone(settings, { version: version(), log }, (chores) => chores.archive(request, tell)),
  });
}

/** `sessions`, `query`, `tail`, `replay`, `export`: what was recorded is looked at, and that is recorded. */
async function lookAgain(line: CommandLine, command: Again): Promise<number> {
  const settings = settingsOf(line);
  const { AGAIN } = await import('./commands/again.js');
  const { openAudit } = await import('./api.js');
  const { lookAlone } = await import('./main.js');
  const config = oneOf(line, 'config');
  const origin = { ...(config === undefined ? {} : { config }), set: line.values.get('set') ?? [] };
  return AGAIN[command]({
    line,
    settings,
    open: (mayBeEmpty) => openAudit({ ...origin, mayBeEmpty }),
    alone: (fact) => lookAlone(settings, { version: version(), log: { info: () => undefined, warn: log.warn } }, fact),
    remark: (text) => log.warn(text),
    out: process.stdout,
    env: process.env,
    onReaderGone: (then) => {
      readerGone = then;
    },
  });
}

/** `remove`: all that was recorded. */
async function remove(line: CommandLine): Promise<number> {
  const { removeCommand } = await import('./commands/remove.js');
  return removeCommand(line, settingsOf(line), print);
}

/** `stats`: figures as JSON. */
async function stats(line: CommandLine): Promise<number> {
  const { statsText } = await import('./commands/stats.js');
  return print(await statsText(settingsOf(line)));
}

/** `completion`: a script for the shell. */
async function completion({ words }: CommandLine): Promise<number> {
  const { completionFor } = await import('./config/completion.js');
  return print(completionFor(words));
}

/** A foreign error by its name alone: its message might quote what was read. */
const ownError = (error: unknown): AuditError =>
  error instanceof AuditError ? error : new AuditError('AUDIT_INTERNAL', `${nameOf(error)}; please report what you did`);

/** Says an error on stderr. Gives the exit code. */
function say(error: unknown): number {
  const known = ownError(error);
  log.failed(known);
  return failsWith ?? exitCodeOf(known);
}

/** Whoever reads us has gone (`| head`): nothing is left to do, unless a command says what. */
let readerGone = (): void => process.exit(EXIT.done);
process.stdout.on('error', (error) => (nameOf(error) === 'EPIPE' ? readerGone() : process.exit(EXIT.failed)));
process.stderr.on('error', () => undefined);
// Node would print a stack with the source line, and its message may quote a secret.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, (error: unknown) => process.exit(say(error)));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = say(error);
}
