/** Whoever asks the API: a token as it counts at each moment, what it may do and see. Receives the books of tokens and shares; asks them anew each time. */
import { AuditError } from '../../errors.js';
import { allows, type Feature, isWithin, type RoleName, type Sight, sightOf } from '../access/permissions.js';
import type { Share, ShareBook } from '../access/shares.js';
import { scopesOf, type Token, type TokenBook } from '../access/tokens.js';

/** Who may come in, and what is shared. `now`: milliseconds since 1970. */
export interface Books {
  readonly tokens: TokenBook;
  readonly shares: ShareBook;
  readonly now: () => number;
}

/** Nobody is told which of these it was. */
const gone = (): AuditError =>
  new AuditError(
    'AUDIT_TOKEN',
    'this token is not known, is over, or was revoked; ask whoever runs the proxy for another (`wirescribe token create`)',
  );

/** A share is for the token of that name that there was then. */
export const isFor = ({ name, created }: Token, share: Share): boolean => share.token === name && share.since >= created;

export class Caller {
  readonly how: 'rpc' | 'http';
  readonly name: string;
  readonly #books: Books;
  readonly #sha256: string;

  constructor(books: Books, { name, sha256 }: Token, how: 'rpc' | 'http') {
    this.how = how;
    this.name = name;
    this.#books = books;
    this.#sha256 = sha256;
  }

  /** Throws AUDIT_TOKEN once it was revoked, or is over. */
  get token(): Token {
    const token = this.#books.tokens.withDigest(this.#sha256, this.#books.now());
    if (!token) throw gone();
    return token;
  }

  get role(): RoleName {
    return this.token.role;
  }

  /** What it sees now. Throws AUDIT_TOKEN. */
  get sight(): Sight {
    const token = this.token;
    const shown = this.#books.shares.now(this.#books.now()).filter((share) => isFor(token, share));
    return sightOf(scopesOf(token), token.account, shown);
  }

  /** Whether all that was seen may still be: neither the token nor a share of it has ended. */
  still(sight: Sight): boolean {
    try {
      return isWithin(sight, this.sight);
    } catch {
      return false;
    }
  }

  may(feature: Feature): boolean {
    return allows(this.role, feature);
  }

  /** Throws AUDIT_FORBIDDEN where its role does not have the feature, AUDIT_TOKEN where it has ended. */
  need(feature: Feature): void {
    if (this.may(feature)) return;
    throw new AuditError('AUDIT_FORBIDDEN', `the role '${this.role}' does not have '${feature}'; see "Who may see what" in the README`);
  }
}
