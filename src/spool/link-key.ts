/**
 * The key by which an `exec` proves to the next owner of a spool which session it goes on from (view/intake/links.ts): SPOOL_DIR/link.key. Whoever has it
 * can claim to go on from any session.
 */
import { type KeyFile, keyFileOf } from './key-file.js';

const LINK_KEY: KeyFile = { name: 'link.key', loss: 'sessions that name none before them' };

/** The key of a spool that this process owns. Throws as `keyFileOf`. */
export const linkKeyOf = (folder: string): Buffer => keyFileOf(folder, LINK_KEY);
