/** The commands that show again what was recorded, by name. */
import { exportCommand } from './export.js';
import type { Looking } from './looking.js';
import { queryCommand, tailCommand } from './query.js';
import { replayCommand } from './replay.js';
import { sessionsCommand } from './sessions.js';

export const AGAIN = {
  sessions: sessionsCommand,
  query: queryCommand,
  tail: tailCommand,
  replay: replayCommand,
  export: exportCommand,
} as const satisfies { readonly [command: string]: (looking: Looking) => Promise<number> };

export type Again = keyof typeof AGAIN;
