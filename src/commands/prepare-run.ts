/**
 * How a `prepare` went, kept for `stats` among the chores: the owner of the spool keeps it, or we do where nobody owns it. Where neither can be (a copied
 * store, a spool of another user) the figure alone is lost.
 */
import type { Settings } from '../config/settings.js';
import { type ChoreRun, readChores, saveChores, withRun } from '../spool/chore-runs.js';
import { ownerOf } from '../spool/files.js';
import { askOwner } from '../view/control.js';

/** Keeps it. Never rejects: what was prepared stands. */
export async function keepRun({ spool }: Pick<Settings, 'spool'>, run: ChoreRun): Promise<void> {
  if (ownerOf(spool.dir) !== process.getuid?.()) return;
  try {
    const isKept = await askOwner(spool.dir, { command: 'prepared', run }, () => undefined);
    if (!isKept) await saveChores(spool.dir, withRun(readChores(spool.dir), 'prepare', run));
  } catch {
    // The owner is of another version or about to end, or its disk is full: `stats` goes without this run.
  }
}
