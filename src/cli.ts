#!/usr/bin/env node
/**
 * The command line (DESIGN 2): reads words, runs one command, gives an exit code. Errors go to stderr as `AUDIT_CODE: FILE:LINE:COL: what is wrong, and
 * how to mend it`, never with a stack. What a command needs is loaded when it runs, so `--help` and `check` start fast.
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { commandHelp, helpText } from './config/help.js';
import { loadSettings, masksInForce, type Settings } from './config/settings.js';
import { type CommandLine, readCommandLine } from './config/usage.js';
import type { Log, Utterance } from './contract.js';
import { AuditError, EXIT, exitCodeOf, nameOf } from './errors.js';
import type { Running } from './main.js';
import type { Style } from './mask/masker.js';

const RED = '\x1b[31m';
const PLAIN = '\x1b[39m';

/** Runs one command line, without `node` and the program's name. Gives the exit code; throws AuditError. */
async function main(args: readonly string[]): Promise<number> {
  const line = readCommandLine(args);
  if (line.flags.has('help')) return print(line.command ? commandHelp(line.command) : helpText());
  switch (line.command) {
    case undefined:
      return print(`wirescribe ${version()}\n`);
    case 'check':
      return check(line);
    case 'run':
      return proxy(settingsOf(line));
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
    case 'stats':
      return stats(line);
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

function settingsOf(line: CommandLine): Settings {
  const file = oneOf(line, 'config');
  return loadSettings({ ...(file === undefined ? {} : { file }), set: line.values.get('set') ?? [], cwd: process.cwd(), env: process.env });
}

/** `check`: reads all, compiles the masks, loads the callbacks. */
async function check(line: CommandLine): Promise<number> {
  const settings = settingsOf(line);
  const { checkCallback } = await import('./config/callbacks.js');
  const { compileMasks } = await import('./mask/masker.js');
  const { compileNamed } = await import('./mask/named-groups.js');
  for (const { masks, identity } of [settings.audit, ...settings.listeners.map(({ audit }) => audit)]) {
    compileMasks(masks);
    compileNamed(identity.patterns);
  }
  if (settings.checkpointKey !== undefined) {
    const { readSigningKey } = await import('./spool/signing-key.js');
    readSigningKey(settings.checkpointKey, settings.checkpointKeyPlace);
  }
  const remarked: string[] = [];
  for (const callback of settings.callbacks) {
    const remarks = await checkCallback(callback, settings.folder);
    remarked.push(...remarks.map((remark) => `${callback.name}: ${remark}`));
  }
  const { checkReport } = await import('./config/report.js');
  return print(checkReport(settings, { print: line.flags.has('print'), json: line.flags.has('json'), remarked }));
}

const log: Log = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`${message}\n`),
};

/** `run`: the proxy, until a signal ends it. Prints a line for each listener once it is ready, then tells `ready` (the demo's). */
async function proxy(settings: Settings, ready?: (running: Running) => void): Promise<number> {
  if (settings.listeners.length === 0) {
    throw new AuditError(
      'AUDIT_USAGE',
      'there is nothing to listen on; set LISTEN and UPSTREAM (or LISTENERS) in server.conf or by --set, or try `wirescribe demo`',
    );
  }
  const stopped = stopSignal(!ready);
  const { describeListener, run } = await import('./main.js');
  const running = await run(settings, { version: version(), log });
  for (const listener of running.listeners) await print(`${describeListener(listener)}\n`);
  ready?.(running);
  await stopped;
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
    const set = [...world.set, ...(line.values.get('set') ?? [])];
    return await proxy(loadSettings({ file: null, set, cwd: process.cwd(), env: process.env }), ({ listeners: [first] }) => {
      if (!first || first.listen.scheme === 'unix') return;
      world.join(first.listen.port);
      void print(`join with: telnet ${first.listen.host} ${first.listen.port} (Ctrl-C ends it)\n`);
    });
  } finally {
    await world.close();
  }
}

/** A signal that comes again so soon is the same one: npm and timeout(1) pass on to us what the terminal or the group has sent us already. Milliseconds. */
const SAME_SIGNAL_MS = 500;

/** Resolves at SIGTERM or Ctrl-C; the second one ends at once. What a signal would do by itself (open the inspector, end without a drain) it does not. */
function stopSignal(reloads: boolean): Promise<void> {
  process.on('SIGUSR1', () => undefined);
  // Node ignores it, until a library that listened to it lets go: then a file at its size limit would end the process instead of refusing the write.
  process.on('SIGXFSZ', () => undefined);
  // SIGHUP is to reload. Until it does it must not end a proxy; a demo whose terminal is closed shall go with it.
  const hangup = () => log.warn('AUDIT_CONFIG_LATER: reloading is not built yet; stop and start to take up a new configuration');
  if (reloads) process.on('SIGHUP', hangup);
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

/** `stats`: figures as JSON. */
async function stats(line: CommandLine): Promise<number> {
  const { statsText } = await import('./commands/stats.js');
  return print(await statsText(settingsOf(line)));
}

/** Says an error on stderr, in red on a terminal. A foreign one is said by name alone: its message might quote what was read. */
function say(error: unknown): number {
  const known = error instanceof AuditError ? error : new AuditError('AUDIT_INTERNAL', `${nameOf(error)}; please report what you did`);
  const rest = String(known).slice(known.code.length);
  const colours = process.stderr.isTTY && !process.env.NO_COLOR;
  process.stderr.write(`${colours ? `${RED}${known.code}${PLAIN}` : known.code}${rest}\n`);
  return exitCodeOf(known);
}

/** Whoever reads us has gone (`| head`): nothing is left to do. */
process.stdout.on('error', (error) => process.exit(nameOf(error) === 'EPIPE' ? EXIT.done : EXIT.failed));
process.stderr.on('error', () => undefined);
// Node would print a stack with the source line, and its message may quote a secret.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, (error: unknown) => process.exit(say(error)));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = say(error);
}
