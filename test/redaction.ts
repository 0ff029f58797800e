/** What the tests of `redact` share: the program as an operator runs it, something to erase, and all that stands in any file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { recordThat, settingsOf, startServer, type Written, records as written } from './harness.js';

const CLI = join(import.meta.dirname, '../src/cli.js');
export const SECRET = 'the hare under the third stone';
export const SET = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK=[{'use': 'file', 'size': '20k'}, {'use': 'file', 'path': 'second/copy.log'}]"];

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function start(folder: string, words: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
  const child = spawn(process.execPath, [CLI, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text.out += more;
  });
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text.err += more;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, ...text })) };
}

export const wirescribe = (folder: string, words: readonly string[]): Promise<Ran> => start(folder, words).ended;
export const withSet = (upstream: string): string[] => settingsOf({ upstream, set: SET }).flatMap((one) => ['--set', one]);

/** Every file below a folder, unpacked where it is packed, as one text; without what goes meanwhile. */
export function everything(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map((name) => textOf(join(folder, name))).join('\n');
}

function textOf(path: string): string {
  try {
    if (!statSync(path).isFile()) return '';
    return (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString('latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** A server that answers each line, and a client that waits for its answer. */
export async function world(t: Test) {
  const upstream = await startServer(t, (socket) => socket.on('data', (bytes: Buffer) => socket.write(`You said: ${bytes}`)));
  const say = async (socket: Socket, text: string): Promise<void> => {
    let heard = '';
    const answered = new Promise<void>((resolve) => {
      const hear = (bytes: Buffer) => {
        heard += bytes;
        if (!heard.endsWith('\n')) return;
        socket.off('data', hear);
        resolve();
      };
      socket.on('data', hear);
    });
    socket.write(`${text}\r\n`);
    await answered;
  };
  return { upstream, say };
}

export const records = written as (folder: string) => (Written & { readonly digest: readonly string[] })[];
export const said = (folder: string, text: string) =>
  recordThat(folder, (record) => record.text === text, `the record of ${JSON.stringify(text)}`, 60_000);
export const redactions = (folder: string) => records(folder).filter(({ topic }) => topic === 'access.redact');
