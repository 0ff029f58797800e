/** Starts the proxy in this process with a listener's options, for tests against peers. Gives what is asked of it and of its records. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadSettings } from '../../src/config/settings.js';
import { run } from '../../src/main.js';
import { folderOf, records, recordThat, type Written } from '../harness.js';

/** A record, with what these tests ask of it. */
export type Recorded = Written & { readonly ip?: string; readonly port?: number; readonly interlink?: string; readonly protocol?: string };

export interface StartedListener {
  readonly port: number;
  readonly folder: string;
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
  const folder = folderOf(t);
  const file = join(folder, 'server.conf');
  writeFileSync(file, `AUDIT_IN = True\nAUDIT_OUT = True\nADMIN_LISTEN = None\n${conf}\nLISTENERS = [{${listener}}]\n`);
  const settings = loadSettings({ file, cwd: folder, env: {} });
  const quiet = (): void => undefined;
  const running = await run(settings, { version: '0.0.0', log: { info: quiet, warn: quiet } });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= running.stop();
    return stopping;
  };
  t.teardown(stop);
  const [opened] = running.listeners;
  return {
    port: opened && 'port' in opened.listen ? opened.listen.port : 0,
    folder,
    records: () => records(folder),
    recordThat: (fits, what) => recordThat(folder, fits, what),
    stop,
  };
}
