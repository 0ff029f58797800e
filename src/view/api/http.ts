/**
 * The API for curl: GET and HEAD. /events gives NDJSON, a record a line as it comes; /sessions, /sessions/ID, /report/PATH and /stats one JSON object. The
 * same methods as over JSON-RPC, their parameters as words of the query; names that are none of these are filters.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuditError, ERRORS, type ErrorCode, nameOf } from '../../errors.js';
import type { Token } from '../access/tokens.js';
import type { Below } from './below.js';
import { Call, type Calls } from './call.js';
import { Caller } from './caller.js';
import { METHODS, wrongParams } from './methods.js';
import type { Params } from './params.js';

/** Statuses of our errors; all others are 500. */
const STATUS: { readonly [code in ErrorCode]?: number } = {
  AUDIT_TOKEN: 401,
  AUDIT_FORBIDDEN: 403,
  AUDIT_REQUEST: 400,
  AUDIT_QUERY: 400,
  AUDIT_MASK_PATTERN: 400,
  AUDIT_USAGE: 400,
  AUDIT_NOT_ONE: 404,
  AUDIT_BUSY: 429,
  AUDIT_STORE_NONE: 503,
  AUDIT_SPOOL: 503,
  AUDIT_THREAD: 503,
};

/** How long a reader may take nothing of what waits, in milliseconds. */
const STALL_MS = 30_000;
/** What may stand in a query. */
const MOST_WORDS = 200;

/** Answers a request of a caller who was let in. Gives false where there is nothing of that path. */
export async function answerApi(
  request: IncomingMessage,
  response: ServerResponse,
  asked: { readonly url: URL; readonly token: Token; readonly below: Below; readonly calls: Calls; readonly stallMs?: number },
): Promise<boolean> {
  const route = routeOf(asked.url);
  if (!route) return false;
  const { method, params } = route;
  const { below, calls } = asked;
  try {
    const wrong = wrongParams(method, params);
    if (wrong !== undefined) throw new AuditError('AUDIT_REQUEST', wrong.replace(/^params\.?\s*/, ''));
    const out = new Lines(response, asked.stallMs ?? STALL_MS);
    const call = new Call(new Caller(below.books, asked.token, 'http'), (json) => out.give(json));
    response.once('close', () => call.cancel());
    if (request.method === 'HEAD') call.cancel();
    const result = await calls.run(call, () => (METHODS[method] as (typeof METHODS)[string])(call, params, below));
    if (method === 'audit.events' || out.begun) out.end();
    else sayJson(response, 200, result);
  } catch (error) {
    sayError(response, error);
  }
  return true;
}

/** Which method a path is, and with which parameters. */
function routeOf(url: URL): { readonly method: string; readonly params: Params } | undefined {
  const [first = '', ...rest] = url.pathname.split('/').slice(1);
  if (first === 'events' && rest.length === 0) return { method: 'audit.events', params: eventParams(url) };
  if (first === 'sessions' && rest.length === 0) return { method: 'audit.sessions', params: sessionParams(url) };
  if (first === 'sessions' && rest.length === 1) return { method: 'audit.session', params: { ...plain(url, []), session: rest[0] } };
  if (first === 'report' && rest.length > 0) return { method: 'audit.metrics', params: { ...reportParams(url), path: rest.join('/') } };
  if (first === 'stats' && rest.length === 0) return { method: 'audit.stats', params: plain(url, []) };
  return undefined;
}

const YES: readonly string[] = ['1', 'true', 'yes', ''];
const isYes = (text: string): unknown => YES.includes(text) || (['0', 'false', 'no'].includes(text) ? false : text);
const numberOf = (text: string): unknown => (/^\d{1,15}$/.test(text) ? Number(text) : text);

function wordsOf(url: URL): [name: string, value: string][] {
  const words = [...url.searchParams];
  if (words.length > MOST_WORDS) throw new AuditError('AUDIT_REQUEST', `at most ${MOST_WORDS} words in a query`);
  return words;
}

/** Words as parameters; of those that come again, the last. */
const plain = (url: URL, flags: readonly string[]): Params =>
  Object.fromEntries(wordsOf(url).map(([name, value]) => [name, flags.includes(name) ? isYes(value) : value]));

const EVENT_PARAMS: readonly string[] = ['topics', 'seek', 'seekEnd', 'after', 'order'];

function eventParams(url: URL): Params {
  const params: { [name: string]: unknown } = {};
  const filter: string[] = [];
  for (const [name, value] of wordsOf(url)) {
    if (EVENT_PARAMS.includes(name)) params[name] = value;
    else if (name === 'limit') params.limit = numberOf(value);
    else if (name === 'follow' || name === 'raw') params[name] = isYes(value);
    else filter.push(`${name}=${value}`);
  }
  return filter.length > 0 ? { ...params, filter } : params;
}

/** Names in the path keep their % signs: the path of figures is read with them. */
function reportParams(url: URL): Params {
  const { per, ...params } = plain(url, ['follow']);
  return per === undefined ? params : { ...params, per: String(per).split(',') };
}

const LISTS: readonly string[] = ['session', 'listener', 'account', 'address'];

function sessionParams(url: URL): Params {
  const params: { [name: string]: unknown } = {};
  for (const [name, value] of wordsOf(url)) {
    if (LISTS.includes(name)) params[name] = [...((params[name] as string[] | undefined) ?? []), value];
    else if (name === 'open' || name === 'faulty') params[name] = isYes(value);
    else params[name] = name === 'limit' ? numberOf(value) : value;
  }
  return params;
}

const PLAIN_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Lines of an answer, as fast as they are read. */
class Lines {
  readonly #response: ServerResponse;
  readonly #stallMs: number;

  constructor(response: ServerResponse, stallMs: number) {
    this.#response = response;
    this.#stallMs = stallMs;
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  give(json: string): Promise<void> {
    const response = this.#response;
    this.#begin();
    if (response.destroyed) return Promise.reject(new Error('closed'));
    if (response.write(`${json}\n`)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stalled = setTimeout(() => response.destroy(), this.#stallMs);
      const settle = (): void => {
        clearTimeout(stalled);
        response.off('drain', settle);
        response.off('close', settle);
        if (response.destroyed) reject(new Error('closed'));
        else resolve();
      };
      response.once('drain', settle);
      response.once('close', settle);
    });
  }

  end(): void {
    this.#begin();
    this.#response.end();
  }

  #begin(): void {
    if (!this.begun) this.#response.writeHead(200, { ...PLAIN_HEADERS, 'content-type': 'application/x-ndjson' });
  }
}

function sayJson(response: ServerResponse, status: number, body: unknown, headers: { readonly [name: string]: string } = {}): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { ...PLAIN_HEADERS, ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** An error as a status and JSON. A store of the operator's own throws errors like ours; of a foreign one only the name is told. */
export function errorAnswer(error: unknown): { readonly status: number; readonly body: object; readonly text: string } {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const ours = typeof code === 'string' && Object.hasOwn(ERRORS, code);
  const known = ours ? { code: code as ErrorCode, message: String(message) } : { code: 'AUDIT_INTERNAL' as const, message: nameOf(error) };
  const body = { error: known };
  return { status: STATUS[known.code] ?? 500, body, text: `${JSON.stringify(body)}\n` };
}

/** Says an error: as a status while nothing was given, else by cutting the answer off. */
export function sayError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const { status, body } = errorAnswer(error);
  sayJson(response, status, body, status === 401 ? { 'www-authenticate': 'Bearer realm="wirescribe"' } : {});
}
