/**
 * Who a client behind HTTP proxies is: reads `X-Forwarded-For` and `Forwarded` (RFC 7239). Receives headers and the networks that are believed, gives an
 * address or nothing. Believes no hop that a trusted one has not named.
 */
import { isIP } from 'node:net';

/** Where a request came from, as far as a proxy said it. */
export interface Hop {
  readonly ip: string;
  readonly port?: number;
}

/** Headers by their names in lower case, repeated ones joined by `, `, as Node gives them. */
export type Headers = { readonly [name: string]: string | readonly string[] | undefined };

/** Hops that are looked at, from the nearest one back: nobody chains more proxies of his own. */
const MAX_HOPS = 32;

/** One header's value, if there is one. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.join(', ');
}

/**
 * The client: from the right, the first address that is no trusted proxy; the left-most, where all are. Undefined: nobody said. Where both headers are
 * there, `X-Forwarded-For` counts: most proxies write only that one, and pass on a `Forwarded` that the client made up.
 * @param isTrusted whether an address lies in TRUSTED_PROXIES; the peer itself was asked before
 */
export function clientOf(headers: Headers, isTrusted: (ip: string) => boolean): Hop | undefined {
  const listed = headerOf(headers, 'x-forwarded-for');
  const forwarded = headerOf(headers, 'forwarded');
  const hops = listed !== undefined ? listed.split(',').map(nodeOf) : forwarded === undefined ? [] : forwardedFor(forwarded).map(nodeOf);
  let client: Hop | undefined;
  for (const hop of hops.reverse().slice(0, MAX_HOPS)) {
    // `unknown`, an obfuscated name, a list that is no list: what stands further left is nobody's word.
    if (hop === undefined) return client;
    client = hop;
    if (!isTrusted(hop.ip)) return client;
  }
  return client;
}

/** `for=` of each element of `Forwarded`; '' where an element has none. Strings in quotes may hold commas and semicolons. */
function forwardedFor(value: string): string[] {
  return splitUnquoted(value, ',').map((element) => {
    const pairs = splitUnquoted(element, ';').map((pair) => /^\s*for\s*=\s*(.*?)\s*$/is.exec(pair)?.[1]);
    const given = pairs.find((one) => one !== undefined) ?? '';
    return given.startsWith('"') && given.endsWith('"') ? given.slice(1, -1).replace(/\\(.)/g, '$1') : given;
  });
}

function splitUnquoted(text: string, separator: ',' | ';'): string[] {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] as string;
    if (quoted && sign === '\\') {
      parts[parts.length - 1] += sign + (text[++at] ?? '');
      continue;
    }
    if (sign === '"') quoted = !quoted;
    if (!quoted && sign === separator) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts;
}

/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443` (RFC 7239 6). */
function nodeOf(text: string): Hop | undefined {
  const node = text.trim();
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(node) ?? [];
  const ip = (six ?? four ?? node).replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(ip) === 0) return undefined;
  return port === undefined || Number(port) > 65_535 ? { ip } : { ip, port: Number(port) };
}
