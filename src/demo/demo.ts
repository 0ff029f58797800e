/**
 * What `wirescribe demo` adds to `run`: the MUD on a free port behind the proxy, settings that need no file, and two bots that come in through the
 * proxy. What is recorded stands in a temporary folder, and goes at the end.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bots, startBots } from './bots.js';
import { startMud } from './mud.js';

/** Where people join, as the README says; `--set LISTEN=...` moves it. */
const LISTEN = 'telnet://127.0.0.1:4000';

export interface Demo {
  /** Settings for the proxy in front of the MUD, as `--set` takes them; those of the command line go behind, and win. */
  readonly set: readonly string[];
  /** Sends the bots to the proxy on this port of 127.0.0.1. */
  join(port: number): void;
  /** Ends bots and MUD, and removes what was recorded. Call it when the proxy has stopped. A process that exits without it removes that, too. */
  close(): Promise<void>;
}

/** Starts the MUD, and says how to put the proxy in front of it. */
export async function startDemo(): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'wirescribe-demo-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  const mud = await startMud();
  let bots: Bots | undefined;
  return {
    set: settingsFor(mud.port, folder),
    join: (port) => {
      bots = startBots({ port });
    },
    close: async () => {
      bots?.close();
      await mud.close();
      remove();
      process.off('exit', remove);
    },
  };
}

const settingsFor = (upstream: number, folder: string): string[] => [
  `LISTEN='${LISTEN}'`,
  `UPSTREAM='telnet://127.0.0.1:${upstream}'`,
  'AUDIT_IN=True',
  'AUDIT_OUT=True',
  "AUDIT_CALLBACK={'use': 'console'}",
  `SPOOL_DIR='${join(folder, 'spool').replace(/[\\']/g, '\\$&')}'`,
  "APPLICATION='Lanternford'",
];
