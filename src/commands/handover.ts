/** `wirescribe run --handover`: asks the running proxy to start this program, which takes its listening sockets and its spool over. Prints what it listens on. */
import type { Settings } from '../config/settings.js';
import { AuditError } from '../errors.js';
import type { HandedOver } from '../handover/succession.js';
import { askOwner } from '../view/control.js';

/**
 * Gives what is to be printed. Throws AUDIT_HANDOVER where no proxy runs or the new one cannot take over, and what the new one refuses to start with.
 * @param words of our command line, Node's options and the program's name first
 */
export async function handoverCommand({ spool }: Settings, words: readonly string[]): Promise<string> {
  const args = words.filter((word) => word !== '--handover');
  const asked = await askOwner(spool.dir, { command: 'handover', program: process.execPath, args, cwd: process.cwd() }, () => undefined);
  if (asked === undefined) throw new AuditError('AUDIT_HANDOVER', `nobody owns the spool ${spool.dir}; start without --handover`);
  const { pid, listeners } = asked as HandedOver;
  return [...listeners, `process ${pid} has taken over; the sessions of the old one go on there`].map((line) => `${line}\n`).join('');
}
