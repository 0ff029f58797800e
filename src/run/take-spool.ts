/** Becomes the owner of a spool. Who owns it for `exec` alone is asked to give it up, and waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditError } from '../errors.js';
import { type Lock, lockSpool } from '../spool/lock.js';
import { askOwner } from '../view/control.js';

/** What an owner for `exec` alone may take to give the spool up, beyond DRAIN_TIMEOUT_S; and how often it is looked whether it has. */
const YIELD_MS = 10_000;
const LOCK_MS = 20;
/** An owner that nobody can ask has just begun, or is about to end; or it is one of an older version. */
const SILENT_OWNER_MS = 3_000;

/**
 * Locks the spool.
 * @param drainTimeoutS how long an owner that gives it up may deliver
 * @param asks whether an owner is asked at all
 * @throws AuditError AUDIT_SPOOL_OWNED where another process keeps it, AUDIT_SPOOL
 */
export async function takeSpool(folder: string, { drainTimeoutS, asks }: { readonly drainTimeoutS: number; readonly asks: boolean }): Promise<Lock> {
  const until = Date.now() + drainTimeoutS * 1000 + YIELD_MS;
  const silentUntil = Date.now() + SILENT_OWNER_MS;
  for (let yields = false; ; await sleep(LOCK_MS)) {
    try {
      return lockSpool(folder);
    } catch (error) {
      if (!(error instanceof AuditError) || error.code !== 'AUDIT_SPOOL_OWNED' || !asks || Date.now() > until) throw error;
      const answer: unknown = yields || (await askOwner(folder, { command: 'yield' }, () => undefined).catch(() => false));
      yields = answer === true;
      if (!yields && (answer !== undefined || Date.now() > silentUntil)) throw error;
    }
  }
}
