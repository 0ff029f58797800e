/** `wirescribe stats`: one JSON object of figures, from the owner of the spool, or off its files where nobody runs. Holds no text of any session. */
import type { Settings } from '../config/settings.js';
import { cursorStats, maskStats, spoolStats } from '../spool/stats.js';
import { askOwner } from '../view/control.js';

/** The figures as JSON text with a line end. */
export async function statsText({ spool, node }: Settings): Promise<string> {
  const asked = await askOwner(spool.dir, { command: 'stats' }, () => undefined);
  const stats = asked ?? {
    running: false,
    node,
    spool: { ...spoolStats(spool.dir), maxBytes: spool.maxBytes },
    callbacks: cursorStats(spool.dir),
    masks: maskStats(spool.dir),
  };
  return `${JSON.stringify(stats, null, 2)}\n`;
}
