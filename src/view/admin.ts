/**
 * ADMIN_LISTEN: how machines ask whether we live (`/healthz`), take sessions (`/readyz`), and how much of everything there is (`/metrics`, Prometheus' text):
 * nothing that was said in a session stands in these, and they want no token. All else is the API's (api/server.ts), where there is one. Reads alone: GET
 * and HEAD, no bodies, small bounded requests from few at a time.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { AuditError, nameOf } from '../errors.js';
import type { Below } from './api/below.js';
import { Api, type ApiTimes } from './api/server.js';

/** Where to listen. */
export type AdminAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** What is answered to everybody. Who throws AUDIT_THREAD does not know in time: that is 503. */
export interface AdminAnswers {
  /** The process lives, and its audit thread answers. */
  healthy(): boolean | Promise<boolean>;
  /** Why no session can be taken and kept just now, each a short word; [] where it can. */
  unready(): readonly string[] | Promise<readonly string[]>;
  /** Prometheus' text, and its content type. */
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
}

export interface Admin {
  /** `http://HOST:PORT` or `unix:PATH`, a port that was 0 filled in. */
  readonly url: string;
  /** Ends what is asked of the API, once it is recorded how far each came; whoever asks then is answered. */
  endLooks(): Promise<void>;
  close(): void;
}

/** The API, where there is one. */
export interface AdminApi {
  readonly below: Below;
  readonly times?: ApiTimes;
}

/** Askers at a time, what a request's head may be, and how long it may take. */
const MOST_ASKING = 64;
const HEAD_BYTES = 8_192;
const REQUEST_MS = 5_000;

/** Opens it. Throws AUDIT_LISTEN. A unix socket that a dead process left is replaced. */
export async function openAdmin(address: AdminAddress, answers: AdminAnswers, given?: AdminApi): Promise<Admin> {
  const api = given && new Api(given.below, address, given.times);
  const limits = { maxHeaderSize: HEAD_BYTES, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS };
  const server = createServer({ ...limits, connectionsCheckingInterval: 1_000 }, (request, response) => {
    request.resume();
    void answer(request, response, answers, api);
  });
  if (api) server.on('upgrade', (request, socket, head) => api.upgrade(request, socket, head));
  server.maxConnections = MOST_ASKING;
  server.on('clientError', (_error, socket) => socket.destroy());
  await open(server, address);
  server.on('error', () => undefined);
  server.unref();
  return {
    url: urlOf(address, server),
    endLooks: async () => api?.endLooks(),
    close: () => {
      void api?.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function open(server: Server, address: AdminAddress): Promise<void> {
  try {
    if ('path' in address && (await isAbandoned(address.path))) rmSync(address.path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if ('path' in address) chmodSync(address.path, 0o600);
  } catch (error) {
    const why = nameOf(error) === 'EADDRINUSE' ? 'is in use; give it another address, or None' : `could not be opened (${nameOf(error)})`;
    throw new AuditError('AUDIT_LISTEN', `ADMIN_LISTEN: ${urlOf(address)} ${why}`);
  }
}

/** A socket's file on which nobody listens. */
function isAbandoned(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => probe.destroy());
    probe.once('error', (error) => resolve(nameOf(error) === 'ECONNREFUSED'));
    probe.once('close', () => resolve(false));
  });
}

function urlOf(address: AdminAddress, server?: Server): string {
  if ('path' in address) return `unix:${address.path}`;
  const bound = server?.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}

async function answer(request: IncomingMessage, response: ServerResponse, answers: AdminAnswers, api: Api | undefined): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, { error: 'GET and HEAD alone' }, { allow: 'GET, HEAD' });
  try {
    if (path === '/healthz') return health(response, await answers.healthy());
    if (path === '/readyz') return readiness(response, await answers.unready());
    if (path === '/metrics') return metrics(response, await answers.metrics());
    if (!(await api?.answer(request, response))) say(response, 404, { error: `there are /healthz, /readyz and /metrics${api ? API_PATHS : ''}` });
  } catch (error) {
    say(response, nameOf(error) === 'AUDIT_THREAD' ? 503 : 500, { error: nameOf(error) });
  }
}

const API_PATHS = '; with a token /events, /sessions, /sessions/ID, /report/PATH, /stats, and /rpc for WebSocket';

const metrics = (response: ServerResponse, { text, type }: { readonly text: string; readonly type: string }): void =>
  end(response, 200, text, { 'content-type': type });

const health = (response: ServerResponse, healthy: boolean): void => say(response, healthy ? 200 : 503, { healthy });

const readiness = (response: ServerResponse, reasons: readonly string[]): void =>
  say(response, reasons.length === 0 ? 200 : 503, reasons.length === 0 ? { ready: true } : { ready: false, reasons });

const say = (response: ServerResponse, status: number, body: object, headers: { readonly [name: string]: string } = {}): void =>
  end(response, status, `${JSON.stringify(body)}\n`, { 'content-type': 'application/json', ...headers });

/** Node leaves the body of a HEAD out by itself. */
function end(response: ServerResponse, status: number, body: string, headers: { readonly [name: string]: string }): void {
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
