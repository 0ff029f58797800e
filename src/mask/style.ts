/**
 * What is written in a secret's place. Receives the secret and its mask's name, gives stars, or a tag by which equal secrets can be told to be equal and
 * nothing else without the key.
 */
import { createHmac } from 'node:crypto';

/** AUDIT_MASK_STYLE, with what it needs. `key`: random bytes, the same for as long as tags are to be compared. */
export type Style = { readonly name: 'length' | 'fixed' } | { readonly name: 'tag'; readonly key: Uint8Array };

/** Fewest stars for a secret, so that a short one does not show how short (Evennia's number), and all of them in the style 'fixed'. */
const STARS = 8;
/** Hex digits of a tag: enough to tell a thousand secrets apart, and little of the fingerprint. */
const TAG_DIGITS = 8;

/** As many stars as the secret has units, at least eight. */
export const stars = (secret: string): string => '*'.repeat(Math.max(secret.length, STARS));

/** The writer of a style. A tag is the beginning of HMAC-SHA-256 of the secret's UTF-8; in a mask's name what is no letter, digit, `.`, `_` or `-` is `_`. */
export function writerOf(style: Style): (secret: string, mask: string) => string {
  switch (style.name) {
    case 'length':
      return stars;
    case 'fixed':
      return () => '*'.repeat(STARS);
    case 'tag':
      return (secret, mask) => {
        const print = createHmac('sha256', style.key).update(secret.toWellFormed()).digest('hex').slice(0, TAG_DIGITS);
        return `<masked:${mask.toWellFormed().replace(/[^\p{L}\p{N}._-]/gu, '_')}:${print}>`;
      };
  }
}
