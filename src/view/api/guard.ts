/**
 * The door of the API: finds the token of a request, and keeps out whoever guesses, and pages of other sites. Receives headers and addresses; gives a
 * token's secret or a refusal. A token in a URL is refused, for URLs are logged everywhere.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AuditError } from '../../errors.js';
import type { Token } from '../access/tokens.js';
import type { Books } from './caller.js';

/** The subprotocol that is agreed on, and the form of the one that carries a token: browsers can set no other header. */
export const SUBPROTOCOL = 'wirescribe';
const BEARER_PROTOCOL = 'wirescribe.bearer.';
const TOKEN = /^[A-Za-z0-9._~+/=-]{1,256}$/;
/** Names that a token would have in a URL. */
const URL_NAMES = /^(?:(?:access|auth|api|bearer)?[-_]?(?:token|key)|bearer|authorization)$/i;

/** Wrong tokens an address may show in so many milliseconds; addresses that are remembered. */
const MOST_WRONG = 10;
const WRONG_MS = 60_000;
const MOST_ADDRESSES = 1_024;

const refuse = (message: string): never => {
  throw new AuditError('AUDIT_TOKEN', message);
};

/** The secret that a request shows; undefined where it shows none. Throws AUDIT_REQUEST where it stands in the URL, AUDIT_TOKEN where it is malformed. */
export function secretOf(headers: IncomingHttpHeaders, url: URL): string | undefined {
  if ([...url.searchParams].some(([name, value]) => URL_NAMES.test(name) || value.startsWith('wst_'))) {
    throw new AuditError(
      'AUDIT_REQUEST',
      'a token never stands in a URL, for URLs are logged; send it as `Authorization: Bearer TOKEN`, and revoke this one',
    );
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const carried = offered.find((name) => name.startsWith(BEARER_PROTOCOL))?.slice(BEARER_PROTOCOL.length);
  const { authorization } = headers;
  const shown = authorization === undefined ? carried : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (authorization === undefined && shown === undefined) return undefined;
  return shown !== undefined && TOKEN.test(shown) ? shown : refuse('the header is `Authorization: Bearer TOKEN`');
}

/** Counts wrong tokens by address. */
export class Wrongs {
  readonly #byAddress = new Map<string, { count: number; since: number }>();

  /** Whether this address has shown too many lately. */
  tooMany(address: string, now: number): boolean {
    const known = this.#byAddress.get(address);
    return known !== undefined && now - known.since < WRONG_MS && known.count >= MOST_WRONG;
  }

  wrong(address: string, now: number): void {
    const known = this.#byAddress.get(address);
    if (known && now - known.since < WRONG_MS) {
      known.count += 1;
      return;
    }
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { count: 1, since: now });
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size > MOST_ADDRESSES && oldest !== undefined) this.#byAddress.delete(oldest);
  }
}

/** An address that wrong tokens are counted by: of IPv6 the network of 64 bits, of which one machine has all. */
export const countedAddress = (address: string | undefined): string => {
  const plain = (address ?? 'unix').replace(/^::ffff:/, '').replace(/%.*/, '');
  return isIP(plain) === 6 ? groupsOf(plain).slice(0, 4).join(':') : plain;
};

function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  return tail === undefined ? front : [...front, ...Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0'), ...back];
}

/** Told of each wrong token, but not of those beyond what an address may show. */
export type OnWrong = () => void;

/**
 * Lets in whoever shows a token that counts: also from an address that showed many wrong ones, for nobody guesses 32 random bytes, and others may come from
 * there too (a TLS proxy). Throws AUDIT_TOKEN, AUDIT_REQUEST where it stands in the URL, AUDIT_BUSY where too many were wrong.
 */
export function admit(
  books: Books,
  wrongs: Wrongs,
  asked: { readonly headers: IncomingHttpHeaders; readonly url: URL; readonly from: string },
  onWrong: OnWrong,
): Token {
  const now = books.now();
  const secret = secretOf(asked.headers, asked.url) ?? refuse('a token is missing; send it as `Authorization: Bearer TOKEN`');
  const token = books.tokens.find(secret, now);
  if (token) return token;
  if (wrongs.tooMany(asked.from, now)) throw new AuditError('AUDIT_BUSY', 'too many wrong tokens came from this address; wait a minute');
  wrongs.wrong(asked.from, now);
  onWrong();
  return refuse('this token is not known, is over, or was revoked');
}

const LOOPBACK_NAME = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** Where the server listens: a name or address, or a path. */
export type Bound = { readonly host: string } | { readonly path: string };

const isLoopback = (host: string): boolean => LOOPBACK_NAME.test(host) || host === '::1';

/**
 * Whether a request was meant for us, and not for a page's own name that was bent to this address (DNS rebinding), and comes from no page of another
 * site. Throws AUDIT_FORBIDDEN.
 */
export function checkOrigin(headers: IncomingHttpHeaders, bound: Bound): void {
  const host = headers.host ?? '';
  const name = host.replace(/:\d+$/, '');
  if ('host' in bound && isLoopback(bound.host) && !LOOPBACK_NAME.test(name) && name.toLowerCase() !== bound.host.toLowerCase()) {
    throw new AuditError('AUDIT_FORBIDDEN', 'this name is not ours: ask by localhost, its address, or the host of ADMIN_LISTEN');
  }
  const { origin } = headers;
  if (origin !== undefined && !isSameOrigin(origin, host)) throw new AuditError('AUDIT_FORBIDDEN', 'pages of other sites may not ask');
}

function isSameOrigin(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}
