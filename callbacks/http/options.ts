/**
 * The options of `http`, read and checked. Receives what the operator wrote, gives settings ready for use; throws OptionErrors that name the option and
 * never show a secret (token, headers, password in the URL).
 */
import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { resolve } from 'node:path';
import { type CallbackOptions, OptionError } from '../../src/contract.js';
import { indexNamer } from './index-name.js';

export const FORM_NAMES = ['ndjson', 'json', 'elasticsearch', 'otlp'] as const;
export type FormName = (typeof FORM_NAMES)[number];

export interface Settings {
  /** Where requests go, with the path that the form wants, and without user and password. */
  readonly url: URL;
  readonly form: FormName;
  /** Index of a time in milliseconds (elasticsearch). */
  readonly indexOf: (ms: number) => string;
  /** Headers of each request, authorization included. */
  readonly headers: { readonly [name: string]: string };
  readonly gzip: boolean;
  readonly timeoutMs: number;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer; readonly rejectUnauthorized: boolean };
}

/** Delivery ends a callback that has not answered for 30 s; an answer has to come in time to be heard. */
const MAX_TIMEOUT_S = 25;
/** What each form adds to the URL's path where it does not end so. */
const ENDS: { readonly [form in FormName]?: string } = { elasticsearch: '/_bulk', otlp: '/v1/logs' };
/** Of _bulk's answer no more than is read; a status of each item keeps their places. */
const BULK_FILTER = 'errors,items.*.status,items.*.error.type';
/** Headers that are this callback's to set. */
const OURS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'content-encoding', 'connection', 'expect', 'host']);
const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

function need(good: boolean, what: string): asserts good {
  if (!good) throw new OptionError(what);
}

/**
 * Reads and checks all options.
 * @param folder where relative paths start
 * @throws OptionError
 */
export function readOptions(options: CallbackOptions, folder: string): Settings {
  const { form = 'ndjson', gzip = false, timeout_s = 20, verify = true } = options;
  need(FORM_NAMES.includes(form as FormName), `form: one of ${FORM_NAMES.map((name) => `'${name}'`).join(', ')}`);
  need(options.index == null || form === 'elasticsearch', "index: only form 'elasticsearch' has one; leave it out");
  need(typeof gzip === 'boolean', 'gzip: write True or False');
  need(typeof verify === 'boolean', 'verify: write True or False');
  need(typeof timeout_s === 'number' && timeout_s > 0 && timeout_s <= MAX_TIMEOUT_S, `timeout_s: seconds, above 0, at most ${MAX_TIMEOUT_S}`);
  const given = readUrl(options.url);
  return {
    url: target(given, form as FormName),
    form: form as FormName,
    indexOf: indexNamer(options.index ?? 'wirescribe-%Y.%m.%d'),
    headers: { ...readHeaders(options.headers), ...authorization(options, given) },
    gzip,
    timeoutMs: timeout_s * 1000,
    tls: { ...readFiles(options, folder, given), rejectUnauthorized: verify },
  };
}

/** What is allowed and perhaps not meant, a line each. */
export function remarksOn({ url, tls, headers }: Settings): string[] {
  const remarks: string[] = [];
  const clear = url.protocol === 'http:' && !LOOPBACK.test(url.hostname);
  if (clear) remarks.push(`url: records${'authorization' in headers ? ' and credentials' : ''} go to ${url.hostname} in the clear; write https`);
  if (url.protocol === 'https:' && !tls.rejectUnauthorized) remarks.push('verify: anyone can say to be the server; give its authority as ca instead');
  return remarks;
}

function readUrl(value: unknown): URL {
  const wanted = "url: where the records go, 'https://HOST/path' or 'http://HOST:PORT/path'";
  need(typeof value === 'string' && value !== '' && URL.canParse(value), wanted);
  const url = new URL(value);
  need(url.protocol === 'https:' || url.protocol === 'http:', wanted);
  need(url.hash === '', 'url: leave out what stands behind #; no server sees it');
  return url;
}

/** The URL that requests go to. */
function target(given: URL, form: FormName): URL {
  const url = new URL(given);
  url.username = '';
  url.password = '';
  const end = ENDS[form];
  if (end && !url.pathname.endsWith(end)) url.pathname = url.pathname.replace(/\/*$/, end);
  if (form === 'elasticsearch' && !url.searchParams.has('filter_path')) url.searchParams.set('filter_path', BULK_FILTER);
  return url;
}

function readHeaders(value: unknown): { [name: string]: string } {
  if (value == null) return {};
  need(typeof value === 'object' && !Array.isArray(value), "headers: a dict of strings, {'X-Scope-OrgID': 'games'}");
  const headers: { [name: string]: string } = {};
  for (const [name, text] of Object.entries(value)) {
    need(typeof text === 'string' && isHeader(name, text), 'headers: a name or value that no header can have');
    need(!OURS.has(name.toLowerCase()), `headers: ${name.toLowerCase()} is set by the callback itself; leave it out`);
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** One way to say who we are: a token, user and password in the URL, or a header of the operator's. */
function authorization({ token, headers }: CallbackOptions, url: URL): { authorization?: string } {
  need(token == null || (typeof token === 'string' && token !== '' && isHeader('authorization', token)), 'token: a string that a header can have');
  const user = url.username !== '' || url.password !== '';
  const header = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'authorization');
  need(Number(token != null) + Number(user) + Number(header) <= 1, 'token: give one of token, user and password in url, and a header authorization');
  if (token != null) return { authorization: `Bearer ${token}` };
  return user ? { authorization: `Basic ${Buffer.from(`${decoded(url.username)}:${decoded(url.password)}`).toString('base64')}` } : {};
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new OptionError('url: user or password has a % that begins no code; write %25 for the sign itself');
  }
}

function readFiles(options: CallbackOptions, folder: string, url: URL): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const read: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = options[name];
    if (path == null) continue;
    need(typeof path === 'string' && path !== '', `${name}: the path of a PEM file`);
    need(url.protocol === 'https:', `${name}: only https has one; mend url, or leave it out`);
    read[name] = readPem(name, resolve(folder, path));
  }
  need((read.cert === undefined) === (read.key === undefined), 'cert: cert and key are given together');
  return read;
}

function readPem(name: string, path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new OptionError(`${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  need(bytes.includes('-----BEGIN '), `${name}: ${path} is no PEM file`);
  return bytes;
}
