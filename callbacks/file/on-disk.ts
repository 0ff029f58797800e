/** What the `file` callback does on disk beside writing: which files are its own, torn last lines, durable folders. */
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

const NEWLINE = 0x0a;
/** How much is looked at in one go for the last line end. */
const TAIL_BYTES = 65_536;

/** The names of files of ours: not compressed, all, and what a crash left of compressing or rewriting one. */
export interface FileNames {
  readonly plain: RegExp;
  readonly ours: RegExp;
  readonly halfMade: RegExp;
}

/** @param path as the option `path` names it */
export function namesOf(path: string): FileNames {
  const extension = extname(path);
  const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const name = `^${quoted(basename(path, extension))}(\\.\\d{4}-\\d{2}-\\d{2}(-\\d{2})?)?\\.\\d+${quoted(extension)}`;
  return { plain: new RegExp(`${name}$`), ours: new RegExp(`${name}(\\.gz)?$`), halfMade: new RegExp(`${name}(\\.gz)?(\\.redact)?\\.tmp$`) };
}

/** Files in a folder whose name fits; none where there is no folder. */
export function listed(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
}

/** Cuts a file back to its last line end. */
export function cutTornLine(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    const whole = lastLineEnd(fd, size);
    if (whole === size) return;
    ftruncateSync(fd, whole);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function lastLineEnd(fd: number, size: number): number {
  const bytes = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const count = readSync(fd, bytes, 0, end - start, start);
    const at = bytes.subarray(0, count).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

/** A new name must outlast a power cut as well. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
