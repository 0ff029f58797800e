/** `wirescribe stats`: one JSON object of figures, from the owner of the spool, or off its files where nobody runs. Holds no text of any session. */
import { choreFigures } from '../chores/figures.js';
import type { Settings } from '../config/settings.js';
import { AuditError, nameOf } from '../errors.js';
import { readChores } from '../spool/chore-runs.js';
import { cursorStats, maskStats, spoolStats } from '../spool/stats.js';
import type { StoreFigures } from '../store-contract.js';
import { openStoreOf } from '../threads/open-store.js';
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
  return `${JSON.stringify({ ...stats, store: await storeFigures(settings) }, null, 2)}\n`;
}

/** How large the store is and what it spans; null where there is none, and only why where it cannot be read: the other figures are wanted then most. */
async function storeFigures({ callbacks, folder }: Settings): Promise<StoreFigures | { readonly error: string } | null> {
  try {
    const store = await openStoreOf({ fillers: callbacks, folder });
    try {
      return await store.figures();
    } finally {
      await store.close();
    }
  } catch (error) {
    return error instanceof AuditError && error.code === 'AUDIT_STORE_NONE' ? null : { error: nameOf(error) };
  }
}
