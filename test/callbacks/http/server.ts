/** A real HTTP server for tests of the callback: keeps what it was sent, answers as a test says. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import open from '../../../callbacks/http.js';
import type { Callback, CallbackOptions, RefusedRecords } from '../../../src/contract.js';

export interface Got {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, unpacked. */
  readonly body: string;
  /** What was answered. */
  readonly status: number;
  readonly at: number;
}

export interface Said {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** What to answer to a body; 'nothing': no answer at all. */
export type Answerer = (body: string) => Said | 'nothing';

export class TestServer {
  readonly got: Got[] = [];
  readonly connections: Socket[] = [];
  answer: Answerer = () => ({ status: 200 });
  readonly #server: Server;

  constructor(make: (listener: RequestListener) => Server = createHttp) {
    this.#server = make((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
        const said = this.answer(body);
        const status = said === 'nothing' ? 0 : said.status;
        this.got.push({ path: request.url ?? '', headers: request.headers, body, status, at: performance.now() });
        if (said !== 'nothing') response.writeHead(said.status, said.headers).end(said.body);
      });
    });
    this.#server.on('connection', (socket: Socket) => this.connections.push(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** The bodies that were taken, one after the other. */
  taken(): string[] {
    return this.got.filter(({ status }) => status >= 200 && status < 300).map(({ body }) => body);
  }

  /** The statuses that were answered. */
  statuses(): number[] {
    return this.got.map(({ status }) => status);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Starts one that ends with the test. */
export async function startServer(t: Test, make?: (listener: RequestListener) => Server): Promise<TestServer> {
  const server = new TestServer(make);
  await server.listen();
  t.teardown(() => server.close());
  return server;
}

export interface Opened {
  readonly callback: Callback;
  readonly warned: string[];
  abort(): void;
}

/** Opens the callback at a URL; closed with the test. */
export async function openAt(t: Test, url: string, options: CallbackOptions = {}): Promise<Opened> {
  const warned: string[] = [];
  const controller = new AbortController();
  const log = { info() {}, warn: (message: string) => void warned.push(message) };
  const callback = await open({ url, ...options }, { name: 'http', node: 'n1', folder: t.testdirName, log, signal: controller.signal });
  t.teardown(() => callback.close());
  return { callback, warned, abort: () => controller.abort() };
}

/** What `write` gave up: [text or line, reason] of each. Throws where it threw anything else, or nothing. */
export async function refusedBy(write: Promise<void>): Promise<(readonly [text: unknown, reason: string])[]> {
  const error = await write.then(
    () => new Error('nothing was refused'),
    (error: RefusedRecords) => error,
  );
  if (!('refused' in error)) throw error;
  return error.refused.map(({ record, reason }) => [record.text, reason]);
}

/** Makes an authority and a certificate of it for 127.0.0.1 in `folder`, that a client may show as well: ca.pem, server.pem, server.key. */
export function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=test-ca', '-keyout', 'ca.key', '-out', 'ca.pem');
  const request = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'server.key', '-out', 'server.csr'];
  openssl('req', ...key, ...request);
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copy', '-out', 'server.pem'];
  openssl('x509', '-req', '-days', '2', '-in', 'server.csr', ...signed);
}
