/**
 * Which files are ours: those of a spool, told by their names, and archive files. Receives folders, gives paths; removes them where asked to. A file of
 * another name is somebody else's, and stays.
 */
import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { nameOf } from '../errors.js';
import { archiveNames } from './archive-name.js';

const IN_SPOOL =
  /^(\d{4,}\.jsonl|state|lock|filling|reserve|control\.sock|intake\.sock|redact\.json|mask-hits\.json|tag\.key|link\.key|chores|tokens|shares)(\.[\w.-]+)?$/;
/** Folders of a spool, and what in them is ours. */
const BELOW: { readonly [folder: string]: RegExp } = { cursors: /\.(json|tmp)$/, dead: /\.(jsonl|tmp)$/, going: /^\d/ };

/** Files and sockets in a folder whose name fits; none where there is no folder. Throws what the disk throws. */
function filesIn(folder: string, fits: RegExp): string[] {
  try {
    const paths = readdirSync(folder).flatMap((name) => (fits.test(name) ? [join(folder, name)] : []));
    return paths.filter((path) => !lstatSync(path).isDirectory()).sort();
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Files of the spool in a folder, its lock at the end. */
export function filesOfSpool(folder: string): string[] {
  const below = Object.entries(BELOW).flatMap(([name, fits]) => filesIn(join(folder, name), fits));
  const lock = join(folder, 'lock');
  const here = filesIn(folder, IN_SPOOL);
  return [...below, ...here.filter((path) => path !== lock), ...here.filter((path) => path === lock)];
}

/** Archive files in ARCHIVE_DIR. @param template ARCHIVE_NAME */
export const filesOfArchive = (folder: string, template: string): string[] => filesIn(folder, archiveNames(template));

/** Bytes of a file; 0 where it has gone. */
export const bytesOf = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Removes files, then the folders that this has left empty: below `root` those above them too. Throws what the disk throws.
 * @param root the folder of the configuration, which stays, as does what is above it
 */
export function removeFiles(paths: readonly string[], root: string): void {
  for (const path of paths) rmSync(path, { force: true });
  for (const folder of new Set(paths.map(dirname))) removeEmpty(folder, root);
}

function removeEmpty(folder: string, root: string): void {
  if (folder === root) return;
  try {
    rmdirSync(folder);
  } catch {
    // It holds something, or is not ours to remove.
    return;
  }
  if (folder.startsWith(`${root}${sep}`)) removeEmpty(dirname(folder), root);
}
