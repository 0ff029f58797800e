/**
 * The tokens of the API, as they stand in SPOOL_DIR/tokens: a name, what it may do and see, and the SHA-256 of the token itself, which is kept nowhere.
 * Reads the file anew when it has changed, so what a command writes counts at once. Where it cannot be read nobody is let in.
 */
import { hash, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError, nameOf } from '../../errors.js';
import { isRole, ROLES, type RoleName, readScope, SCOPE_FORMS, type Scope } from './permissions.js';

/** A token as it is kept. Times are RFC 3339 in UTC. */
export interface Token {
  readonly name: string;
  /** Of the whole token as it was printed, lower-case hex. */
  readonly sha256: string;
  readonly role: RoleName;
  /** As they are written. */
  readonly scopes: readonly string[];
  /** Whose it is, for the scope `own`. */
  readonly account: string | null;
  readonly created: string;
  readonly until: string | null;
}

export const TOKENS_FILE = 'tokens';
/** Tokens that there can be: each request may read them all. */
export const MOST_TOKENS = 1_000;
/** So that whoever finds one, a person or a scanner for secrets, knows what it is. */
const PREFIX = 'wst_';
const SECRET_BYTES = 32;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const MOST_SCOPES = 20;
const MOST_LETTERS = 500;
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$/;

const usage = (message: string): never => {
  throw new AuditError('AUDIT_USAGE', message);
};

/** What a token is asked to be. */
export interface TokenRequest {
  readonly name: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly account?: string;
  readonly until?: string;
}

/** When something ends, in RFC 3339: a date, or a date and time with its zone. Throws AUDIT_USAGE, also where that is over already. */
export function endOf(text: string, now: number): string {
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) usage(`an end is a date or a time with its zone: 2026-01-31 or 2026-01-31T12:00:00Z`);
  if (at <= now) usage('that end is over already; take a later one');
  return new Date(at).toISOString();
}

/** Makes a token. Gives what is kept, and the secret that nobody can be told again. Throws AUDIT_USAGE, which says what is wrong. */
export function makeToken({ name, role, scopes, account, until }: TokenRequest, now: number): { readonly token: Token; readonly secret: string } {
  if (!NAME.test(name)) usage("a token's name has letters, digits and . _ @ - (64 at most), and begins with a letter or digit");
  if (!isRole(role)) return usage(`--role wants one of ${Object.keys(ROLES).join(', ')}`);
  const given = scopes.length > 0 ? scopes : [ROLES[role].scope];
  if (given.length > MOST_SCOPES || [...given, account ?? ''].some((word) => word.length > MOST_LETTERS)) usage('too many scopes, or too long ones');
  if (given.some((word) => !readScope(word))) usage(`--scope wants ${SCOPE_FORMS}`);
  if (given.includes('own') && !account) usage("the scope 'own' wants --account NAME: whose records those are");
  const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  const ends = until === undefined ? null : endOf(until, now);
  const created = new Date(now).toISOString();
  return { token: { name, sha256: hash('sha256', secret), role, scopes: given, account: account ?? null, created, until: ends }, secret };
}

/** The file's text. */
export const tokensText = (tokens: readonly Token[]): string => `${JSON.stringify({ v: 1, tokens }, null, 1)}\n`;

const isText = (value: unknown): value is string => typeof value === 'string';

function isToken(value: unknown): value is Token {
  if (typeof value !== 'object' || value === null) return false;
  const { name, sha256, role, scopes, account, created, until } = value as { readonly [member: string]: unknown };
  const texts = isText(name) && isText(sha256) && isText(role) && isRole(role) && isText(created);
  const scoped = Array.isArray(scopes) && scopes.every((word) => isText(word) && readScope(word) !== undefined);
  return texts && scoped && (account === null || isText(account)) && (until === null || (isText(until) && !Number.isNaN(Date.parse(until))));
}

/** Reads the file's text. Throws AUDIT_TOKEN where it is not what `tokensText` gives. */
function readTokens(text: string, path: string): readonly Token[] {
  const refuse = (): never => {
    throw new AuditError('AUDIT_TOKEN', `${path} is damaged or of another version; put it back from a copy, or remove it and make the tokens anew`);
  };
  let read: { readonly v?: unknown; readonly tokens?: unknown };
  try {
    read = JSON.parse(text);
  } catch {
    return refuse();
  }
  const { v, tokens } = read ?? {};
  return v === 1 && Array.isArray(tokens) && tokens.every(isToken) ? tokens : refuse();
}

/** The tokens in a folder's file; none where there is no file. Throws AUDIT_TOKEN where it cannot be read. */
export function tokensIn(folder: string): readonly Token[] {
  const path = join(folder, TOKENS_FILE);
  try {
    return readTokens(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (nameOf(error) === 'ENOENT' || nameOf(error) === 'ENOTDIR') return [];
    if (error instanceof AuditError) throw error;
    throw new AuditError('AUDIT_TOKEN', `${path} cannot be read (${nameOf(error)}); it is of the user that runs the proxy`);
  }
}

/** The scopes of a token, read. */
export const scopesOf = ({ scopes }: Token): readonly Scope[] => scopes.flatMap((word) => readScope(word) ?? []);

/** Tells when a file was replaced: whatever is written anew is another file. '' where there is none. */
export function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.mtimeNs} ${stat.size}` : '';
}

/** The tokens as whoever answers requests sees them. */
export class TokenBook {
  readonly #folder: string;
  readonly #path: string;
  #stamp = '-';
  #bySecret = new Map<string, Token>();

  /** @param folder SPOOL_DIR */
  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, TOKENS_FILE);
  }

  /** The token that this is the secret of; undefined where there is none, or it has ended. The map is asked by digest, so how long it takes says nothing. */
  find(secret: string, now: number): Token | undefined {
    return this.withDigest(hash('sha256', secret), now);
  }

  /** The same, of one that was found before: undefined once it was revoked or has ended. */
  withDigest(sha256: string, now: number): Token | undefined {
    this.#read();
    const token = this.#bySecret.get(sha256);
    return token && (token.until === null || Date.parse(token.until) > now) ? token : undefined;
  }

  named(name: string): Token | undefined {
    this.#read();
    return [...this.#bySecret.values()].find((token) => token.name === name);
  }

  #read(): void {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp && stamp !== undefined) return;
    this.#stamp = stamp ?? '-';
    try {
      this.#bySecret = new Map(tokensIn(this.#folder).map((token) => [token.sha256, token]));
    } catch {
      // Said by every command that reads it; nobody is let in by what cannot be read.
      this.#bySecret = new Map();
    }
  }

  #stampNow(): string | undefined {
    try {
      return stampOf(this.#path);
    } catch {
      return undefined;
    }
  }
}
