/**
 * `wirescribe remove`: takes away all that was recorded here, for good. Receives the command's options and the settings, lists what is ours, asks, and
 * removes it as the owner of the spool. Shows paths and sizes, no text of any session.
 */
import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import { AuditError, EXIT, nameOf } from '../errors.js';
import { keptOf } from '../spool/evidence.js';
import { whoGoes } from '../spool/going.js';
import { lockSpool } from '../spool/lock.js';
import { bytesOf, filesOfArchive, filesOfSpool, removeFiles } from '../spool/ours.js';
import { confirmed, mustBeAskable } from './ask.js';

/** What would go, in the order in which it goes: what a crash leaves is found again by the spool, which goes last. */
async function listed({ callbacks, folder, spool, archive }: Settings, archived: boolean): Promise<string[]> {
  const kept = await keptOf(callbacks, folder);
  return [...kept, ...(archived ? filesOfArchive(archive.dir, archive.name) : []), ...filesOfSpool(spool.dir)];
}

/**
 * Runs the command. Gives the exit code: 1 where there is nothing, or no was said.
 * @param print writes to standard output
 * @throws AuditError AUDIT_SPOOL_OWNED where a proxy runs, or sessions of one go on that has handed over, AUDIT_CHORE where a file cannot be removed
 */
export async function removeCommand(
  { flags }: Pick<CommandLine, 'flags'>,
  settings: Settings,
  print: (text: string) => Promise<number>,
): Promise<number> {
  const look = flags.has('dry-run');
  if (!look) mustBeAskable(flags, '--yes to remove, or --dry-run to look');
  const archived = flags.has('archive');
  const files = await listed(settings, archived);
  const bytes = files.reduce((sum, path) => sum + bytesOf(path), 0);
  const report = (removed: boolean): Promise<number> =>
    print(flags.has('json') ? `${JSON.stringify({ files, bytes, removed })}\n` : told(files, bytes, removed));
  if (look || files.length === 0) {
    await report(false);
    return files.length === 0 ? EXIT.no : EXIT.done;
  }
  if (!flags.has('yes') && !(await confirmed(`${files.join('\n')}\nRemove ${sizeOf(files, bytes)} for good?`))) return EXIT.no;
  await removeAs(settings, archived);
  return report(true);
}

/** As the owner of the spool. Looks again: what was listed may be a while ago. */
async function removeAs(settings: Settings, archived: boolean): Promise<void> {
  const lock = lockSpool(settings.spool.dir);
  try {
    const [going] = whoGoes(settings.spool.dir);
    if (going !== undefined) {
      throw new AuditError(
        'AUDIT_SPOOL_OWNED',
        `sessions go on in process ${going}, which has handed its spool over; stop it, and run \`remove\` again`,
      );
    }
    removeFiles(await listed(settings, archived), settings.folder);
  } catch (error) {
    if (error instanceof AuditError) throw error;
    throw new AuditError('AUDIT_CHORE', `not all could be removed (${nameOf(error)}); mend that, and run \`remove\` again`);
  } finally {
    lock.release();
  }
}

const sizeOf = (files: readonly string[], bytes: number): string => `${files.length} file${files.length === 1 ? '' : 's'}, ${bytes} bytes`;

function told(files: readonly string[], bytes: number, removed: boolean): string {
  if (files.length === 0) return 'there is nothing to remove\n';
  const list = removed ? '' : `${files.join('\n')}\n`;
  return `${list}${sizeOf(files, bytes)}; ${removed ? 'all of it was removed' : 'nothing was removed'}\n`;
}
