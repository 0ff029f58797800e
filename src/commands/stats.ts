/** `wirescribe stats`: one JSON object of figures, from the owner of the spool, or off its files where nobody runs. Holds no text of any session. */
import { choreFigures } from '../chores/figures.js';
import type { Settings } from '../config/settings.js';
import { readChores } from '../spool/chore-runs.js';
import { cursorStats, maskStats, spoolStats } from '../spool/stats.js';
import { askOwner } from '../view/control.js';

/** The figures as JSON text with a line end. */
export async function statsText(settings: Settings): Promise<string> {
  const { spool, node } = settings;
  const asked = await askOwner(spool.dir, { command: 'stats' }, () => undefined);
  const stats = asked ?? {
    running: false,
    node,
    spool: { ...spoolStats(spool.dir), maxBytes: spool.maxBytes },
    callbacks: cursorStats(spool.dir),
    chores: choreFigures(readChores(spool.dir), settings),
    masks: maskStats(spool.dir),
  };
  return `${JSON.stringify(stats, null, 2)}\n`;
}
