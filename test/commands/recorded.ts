/** A folder in which the program has recorded: an evening of two sessions with a small game, in a store. Commands are run in it as people run them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { openAudit } from '../../src/api.js';
import { AGAIN, type Again } from '../../src/commands/again.js';
import { loadSettings } from '../../src/config/settings.js';
import { readCommandLine } from '../../src/config/usage.js';
import { exitCodeOf } from '../../src/errors.js';
import { plainEnvironment } from '../exec/harness.js';
import { folderOf, type Program, recordThat, startProgram, startServer } from '../harness.js';
import { until } from '../wait.js';

export const CLI = join(import.meta.dirname, '../../src/cli.js');
const CONF = "ADMIN_LISTEN = None\nAUDIT_IN = True\nAUDIT_OUT = True\nNODE = 'north'\nAUDIT_CALLBACK = ['file', 'store']\n";
const KEY = "CHECKPOINT_KEY = 'checkpoint.key'\n";

/** A game that greets in colour, and says back what it is told. */
function game(socket: Socket): void {
  socket.write('\x1b[1;32mWelcome!\x1b[0m\r\nName: ');
  socket.setEncoding('utf8').on('data', (said: string) => {
    for (const line of said.split('\r\n').slice(0, -1)) {
      if (line === 'quit') socket.end('Bye.\r\n');
      else socket.write(line.startsWith('connect ') ? 'You become \x1b[33mbob\x1b[0m.\r\n> ' : `You say: ${line.replace(/^say /, '')}\r\n> `);
    }
  });
}

export interface Evening {
  readonly folder: string;
  /** Ids of the sessions, the first one's first. */
  readonly sessions: readonly string[];
  /** It runs on, so that looks are recorded by it. */
  readonly program: Program;
}

/** Records it, with checkpoints that a new key signs (`signed`): bob logs in and speaks of a dragon, then somebody comes and goes. */
export async function evening(t: Test, { signed = false } = {}): Promise<Evening> {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'server.conf'), `${CONF}${signed ? KEY : ''}`);
  if (signed) await wirescribe(folder, 'keygen');
  const upstream = await startServer(t, game);
  const program = await startProgram(t, {
    upstream,
    folder,
    set: ["AUDIT_CALLBACK=['file', 'store']", ...(signed ? ["CHECKPOINT_KEY='checkpoint.key'"] : [])],
  });
  const sessions: string[] = [];
  for (const lines of [
    ['connect bob hunter2', 'say a dragon!', 'say it is   red', 'quit'],
    ['say hello', 'quit'],
  ]) {
    const client = await program.connect();
    for (const line of lines) {
      await once(client, 'data');
      client.write(`${line}\r\n`);
    }
    client.resume();
    await once(client, 'end');
    client.end();
    const isNew = ({ topic, session = '' }: { topic: string; session?: string }): boolean => topic === 'session.end' && !sessions.includes(session);
    sessions.push((await recordThat(folder, isNew, 'the end of the session')).session ?? '');
  }
  await stored(folder);
  return { folder, sessions, program };
}

/** Waits until the store has all that the file has. */
export const stored = (folder: string): Promise<unknown> =>
  until(async () => {
    const { callbacks } = JSON.parse((await wirescribe(folder, 'stats')).out) as { callbacks: readonly { lagBytes: number }[] };
    return callbacks.every(({ lagBytes }) => lagBytes === 0);
  }, 'the callbacks to have taken all');

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command that looks, in this process. */
export async function looked(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const line = readCommandLine(args);
  const settings = loadSettings({ cwd: folder, env: {} });
  const out = new PassThrough();
  const [shown, remarks] = [text(out), [] as string[]];
  const alone = (): Promise<never> => Promise.reject(new Error('the program runs, and records it'));
  const looking = { line, settings, alone, remark: (remark: string) => void remarks.push(remark), out, env: {}, onReaderGone: () => undefined };
  try {
    const code = await AGAIN[line.command as Again]({ ...looking, open: (mayBeEmpty) => openAudit({ cwd: folder, mayBeEmpty }) });
    out.end();
    return { code, out: await shown, err: remarks.join('') };
  } catch (error) {
    out.end();
    return { code: exitCodeOf(error), out: await shown, err: `${error}\n` };
  }
}

/** Runs a command in a folder, its output in a pipe. */
export async function wirescribe(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, err };
}
