/**
 * What the HTTP request of a WebSocket says of its client: address, URL, some headers, the id that a proxy gave it. Receives the request's parts and what
 * is known already, gives facts for the session. Keeps no header that is not on the list: cookies and authorizations are secrets, and so may be what a
 * page offers as a subprotocol.
 */
import type { Facts } from '../arrive.js';
import { interlinkOf } from '../interlink.js';
import { clientOf, type Headers, headerOf } from './forwarded.js';

/** The request's head, as far as it is looked at. */
export interface RequestHead {
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: Headers;
}

/** Headers that are recorded. */
export const KEPT_HEADERS: readonly string[] = ['host', 'origin', 'user-agent', 'x-request-id', 'traceparent'];

/** Characters of the URL that are recorded. A browser sends 2 KiB without complaint, and nobody reads more. */
export const MAX_URL = 2_048;
/** Characters of each header that are recorded. */
const MAX_HEADER = 512;

/** Ids that other systems gave a request; the first that is there counts. */
const INTERLINK_HEADERS: readonly string[] = ['x-request-id', 'traceparent'];

/**
 * Adds what a request says to what is known. A client's word for its own address and id counts for nothing: they are believed only where the peer (or
 * whom a PROXY header named) is trusted.
 */
export function factsOfRequest({ url, headers }: RequestHead, known: Facts, isTrusted: (ip: string) => boolean): Facts {
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headerOf(headers, name);
    return value === undefined ? [] : [[name, value.slice(0, MAX_HEADER)] as const];
  });
  const facts: Facts = { ...known, url: url.slice(0, MAX_URL), headers: Object.fromEntries(kept) };
  return known.ip === undefined || !isTrusted(known.ip) ? facts : believed(facts, headers, isTrusted);
}

function believed({ ip, port, ...facts }: Facts, headers: Headers, isTrusted: (ip: string) => boolean): Facts {
  const client = clientOf(headers, isTrusted) ?? { ...(ip === undefined ? {} : { ip }), ...(port === undefined ? {} : { port }) };
  const given = INTERLINK_HEADERS.map((name) => headerOf(headers, name)).find((value) => value !== undefined);
  const interlink = facts.interlink ?? interlinkOf(given ?? '');
  return { ...facts, ...client, ...(interlink === undefined ? {} : { interlink }) };
}
