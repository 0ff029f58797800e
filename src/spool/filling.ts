/**
 * SPOOL_DIR/filling: either `prepare` fills a store, or a redaction erases. What the one has read, whole, would come back behind the other. Receives the
 * spool's folder, gives a lock that the kernel drops however its process ends.
 */
import { join } from 'node:path';
import { ownerOf } from './files.js';
import { type Lock, lockFile } from './lock.js';

const NOTHING: Lock = { release: () => undefined };

/** Takes the lock; undefined: the other has it, or another `prepare`. Where there is no spool nobody erases. Throws what the system throws. */
export const lockFilling = (folder: string): Lock | undefined => (ownerOf(folder) === undefined ? NOTHING : lockFile(join(folder, 'filling')));
