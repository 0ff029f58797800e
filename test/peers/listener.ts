/** Starts the proxy in this process with the options of its listeners, for tests against peers. Gives what is asked of it and of its records. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadSettings } from '../../src/config/settings.js';
import { run } from '../../src/main.js';
import type { Running, RunOptions } from '../../src/run/running.js';
import { folderOf, records, recordThat, type Written } from '../harness.js';

/** A record, with what these tests ask of it. */
export type Recorded = Written & { readonly ip?: string; readonly port?: number; readonly interlink?: string; readonly protocol?: string };

export interface StartedListener extends StartedListeners {
  readonly port: number;
}

export interface StartedListeners {
  readonly running: Running;
  readonly folder: string;
  /** What it said to people. */
  readonly logged: readonly string[];
  records(): readonly Recorded[];
  recordThat(fits: (record: Recorded) => boolean, what: string): Promise<Recorded>;
  stop(): Promise<void>;
}

/**
 * Starts it; it is stopped with the test.
 * @param listener the options of its one listener, in server.conf's syntax
 * @param conf the rest of server.conf
 */
export async function startListener(t: Test, listener: string, conf = ''): Promise<StartedListener> {
  const started = await startListeners(t, [`{${listener}}`], conf);
  const [opened] = started.running.listeners;
  return { ...started, port: opened && 'port' in opened.listen ? opened.listen.port : 0 };
}

/** As `startListener`, of several. @param listeners a dict each */
export async function startListeners(t: Test, listeners: readonly string[], conf = '', options: Partial<RunOptions> = {}): Promise<StartedListeners> {
  const folder = folderOf(t);
  const file = join(folder, 'server.conf');
  writeFileSync(file, `AUDIT_IN = True\nAUDIT_OUT = True\nADMIN_LISTEN = None\n${conf}\nLISTENERS = [${listeners.join(',\n')}]\n`);
  const settings = loadSettings({ file, cwd: folder, env: {} });
  const logged: string[] = [];
  const say = (message: string): void => void logged.push(message);
  const running = await run(settings, { version: '0.0.0', log: { info: say, warn: say }, ...options });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= running.stop();
    return stopping;
  };
  t.teardown(stop);
  return {
    running,
    folder,
    logged,
    records: () => records(folder),
    recordThat: (fits, what) => recordThat(folder, fits, what),
    stop,
  };
}
