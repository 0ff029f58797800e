/**
 * The key of the tags that AUDIT_MASK_STYLE = 'tag' writes: SPOOL_DIR/tag.key. Whoever has it can try guesses against the tags; without it they say only
 * which secrets are equal.
 */
import { type KeyFile, keyFileOf, readKeyFile } from './key-file.js';

const TAG_KEY: KeyFile = { name: 'tag.key', loss: 'new tags' };

/** The key of a spool, undefined where it has none yet. Throws as `readKeyFile`. */
export const readTagKey = (folder: string): Buffer | undefined => readKeyFile(folder, TAG_KEY);

/** The key of a spool that this process owns. Throws as `keyFileOf`. */
export const tagKeyOf = (folder: string): Buffer => keyFileOf(folder, TAG_KEY);
