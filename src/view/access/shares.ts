/**
 * Temporary shares: a session or an account that a token may see until a time. Kept in SPOOL_DIR/shares by the thread that answers the API, alone; read
 * anew when somebody else has replaced it. What has ended goes with the next change.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError, nameOf } from '../../errors.js';
import type { Shown } from './permissions.js';
import { stampOf } from './tokens.js';

/**
 * One share. `token`: who may see it, by name; `by`: who says so. `since`, `until`: RFC 3339 in UTC, milliseconds and all. It is of no use to a token of
 * that name that was made later.
 */
export interface Share extends Shown {
  readonly token: string;
  readonly by: string;
  readonly since: string;
  readonly until: string;
}

const SHARES_FILE = 'shares';
/** Shares that there can be at a time, and how long one may last, in milliseconds: a year. */
const MOST_SHARES = 1_000;
export const LONGEST_SHARE_MS = 366 * 86_400_000;

const isText = (value: unknown): value is string => typeof value === 'string';

function isShare(value: unknown): value is Share {
  if (typeof value !== 'object' || value === null) return false;
  const { token, by, since, until, session, account } = value as { readonly [member: string]: unknown };
  return isText(token) && isText(by) && isText(since) && isText(until) && !Number.isNaN(Date.parse(until)) && isText(session) !== isText(account);
}

const isSame = (one: Share, { token, session, account }: Shown & { readonly token: string }): boolean =>
  one.token === token && one.session === session && one.account?.toLowerCase() === account?.toLowerCase();

export class ShareBook {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => void;
  #stamp = '-';
  #shares: readonly Share[] = [];

  /** @param folder SPOOL_DIR @param replace replaces a file whole, durably and 0600 (spool/files.ts) */
  constructor(folder: string, replace: (path: string, text: string) => void) {
    this.#path = join(folder, SHARES_FILE);
    this.#replace = replace;
  }

  /** What counts just now. Nothing is shared by a file that cannot be read. */
  now(now: number): readonly Share[] {
    this.#read();
    return this.#shares.filter(({ until }) => Date.parse(until) > now);
  }

  /** Shares it, or says another end for what is shared already. Throws AUDIT_REQUEST where there are too many, AUDIT_SPOOL where it cannot be kept. */
  add(share: Share, now: number): void {
    const others = this.now(now).filter((one) => !isSame(one, share));
    if (others.length >= MOST_SHARES) throw new AuditError('AUDIT_REQUEST', `there are ${MOST_SHARES} shares; take some back first (audit.unshare)`);
    this.#keep([...others, share]);
  }

  /** Takes it back. Gives whether there was one. Throws AUDIT_SPOOL where that cannot be kept. */
  remove(share: Shown & { readonly token: string }, now: number): boolean {
    const all = this.now(now);
    const others = all.filter((one) => !isSame(one, share));
    if (others.length < all.length) this.#keep(others);
    return others.length < all.length;
  }

  #keep(shares: readonly Share[]): void {
    try {
      this.#replace(this.#path, `${JSON.stringify({ v: 1, shares }, null, 1)}\n`);
    } catch (error) {
      throw new AuditError('AUDIT_SPOOL', `${this.#path} cannot be written (${nameOf(error)}); nothing was changed`);
    }
  }

  #read(): void {
    try {
      const stamp = stampOf(this.#path);
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      const { v, shares } = stamp === '' ? { v: 1, shares: [] } : JSON.parse(readFileSync(this.#path, 'utf8'));
      this.#shares = v === 1 && Array.isArray(shares) ? shares.filter(isShare) : [];
    } catch {
      this.#shares = [];
    }
  }
}
