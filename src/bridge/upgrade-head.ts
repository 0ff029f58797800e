/**
 * The request that asks for a WebSocket (RFC 6455 4.1, RFC 9112 2 to 5), read as strictly as two readers of one head must: where the server could read
 * another request in it than we do, it is refused. Receives the head's text, gives what it asks for or the status to answer with. Keeps nothing.
 */

export interface Upgrade {
  /** Path and query, as sent. */
  readonly url: string;
  /** By their names in lower case; repeated ones are joined by `, `. */
  readonly headers: { readonly [name: string]: string };
}

const REQUEST_LINE = /^GET ([\x21-\x7e]{1,8192}) HTTP\/1\.1$/;
/** RFC 9110 5.6.2 and 5.5; a line that goes on from the one before it is none. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
/** Headers that say something else when they stand there twice. */
const ONCE = ['host', 'origin', 'sec-websocket-key', 'sec-websocket-version', 'content-length'];

/** @param head up to and with the empty line, a character a byte (latin-1) */
export function parseUpgrade(head: string): Upgrade | 400 | 426 {
  const [first = '', ...lines] = head.slice(0, -'\r\n\r\n'.length).split('\r\n');
  const url = REQUEST_LINE.exec(first)?.[1];
  if (url === undefined) return /^[A-Z]{1,20} [\x21-\x7e]+ HTTP\/1\.[01]$/.test(first) ? 426 : 400;
  const headers = headersOf(lines);
  if (!headers) return 400;
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') return 400;
  if (!asks(headers.upgrade, 'websocket') || !asks(headers.connection, 'upgrade')) return 426;
  return headers['sec-websocket-key'] === undefined || headers.host === undefined ? 400 : { url, headers };
}

function headersOf(lines: readonly string[]): { readonly [name: string]: string } | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, given, value = ''] = HEADER.exec(line) ?? [];
    if (given === undefined) return undefined;
    const name = given.toLowerCase();
    const said = value.trim();
    const known = headers.get(name);
    if (known !== undefined && ONCE.includes(name)) return undefined;
    headers.set(name, known === undefined ? said : `${known}, ${said}`);
  }
  return Object.fromEntries(headers);
}

const asks = (value: string | undefined, word: string): boolean => (value ?? '').split(',').some((one) => one.trim().toLowerCase() === word);
