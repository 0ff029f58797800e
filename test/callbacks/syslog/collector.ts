/** A syslog collector of the tests: takes octet-counted frames (RFC 6587, 3.4.1) over tcp, tls or a unix socket, keeps them, and dies when told to. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Test } from 'tap';

export class Collector {
  /** Whole messages, in the order in which they came. */
  readonly messages: string[] = [];
  readonly connections: Socket[] = [];
  /** Takes connections, and reads nothing of them. */
  deaf = false;
  readonly #tls: TlsOptions | undefined;
  #server: Server | undefined;
  #at: { readonly port: number; readonly host: string } | { readonly path: string };

  constructor(at: { readonly path: string } | 'tcp', tls?: TlsOptions) {
    this.#at = at === 'tcp' ? { port: 0, host: '127.0.0.1' } : at;
    this.#tls = tls;
  }

  get port(): number {
    return 'port' in this.#at ? this.#at.port : 0;
  }

  /** Listens, again on the same port once it has one. */
  up(): Server {
    const server = this.#tls ? createTlsServer(this.#tls, (socket) => this.#take(socket)) : createServer((socket) => this.#take(socket));
    this.#server = server;
    // Of tls too the bare sockets: those end at once.
    server.on('connection', (socket) => this.connections.push(socket));
    return server.listen(this.#at);
  }

  async listening(): Promise<this> {
    const server = this.up();
    await once(server, 'listening');
    if ('port' in this.#at) this.#at = { ...this.#at, port: (server.address() as AddressInfo).port };
    return this;
  }

  /** Dies: what was not read is lost. */
  down(): void {
    this.#server?.close();
    for (const socket of this.connections.splice(0)) socket.destroy();
  }

  /** Reads what it was deaf to, and all that comes. */
  hear(): void {
    this.deaf = false;
    for (const socket of this.connections) this.#listen(socket);
  }

  /** The lines of the journal in the messages. */
  get lines(): string[] {
    return this.messages.map((message) => message.slice(message.indexOf('] {') + 2));
  }

  #take(socket: Socket): void {
    socket.on('error', () => {});
    if (!this.deaf) this.#listen(socket);
  }

  #listen(socket: Socket): void {
    let rest: Buffer[] = [];
    let [length, wanted] = [0, 0];
    socket.on('data', (bytes: Buffer) => {
      rest.push(bytes);
      length += bytes.length;
      if (length < wanted) return;
      const left = this.#read(Buffer.concat(rest));
      rest = [left];
      length = left.length;
      wanted = Number.parseInt(left.toString('latin1', 0, 10), 10) || 0;
    });
  }

  #read(bytes: Buffer): Buffer {
    let at = 0;
    for (;;) {
      const blank = bytes.indexOf(' ', at);
      const length = Number(bytes.toString('latin1', at, Math.max(at, blank)));
      if (blank < 0 || blank + 1 + length > bytes.length) return bytes.subarray(at);
      if (!(length > 0)) throw new Error('a frame without its length');
      this.messages.push(bytes.toString('utf8', blank + 1, blank + 1 + length));
      at = blank + 1 + length;
    }
  }
}

/** A collector that listens, for the time of a test. */
export async function startCollector(t: Test, at: { readonly path: string } | 'tcp' = 'tcp', tls?: TlsOptions): Promise<Collector> {
  const collector = await new Collector(at, tls).listening();
  t.teardown(() => collector.down());
  return collector;
}

/** Keys and certificates made in `folder`: an authority `ca.pem`; of it `server.pem` for the name `collector.example`, and `client.pem`, with their keys. */
export function makeCertificates(folder: string): { readonly server: TlsOptions } {
  const openssl = (...given: string[]) => execFileSync('openssl', given, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  for (const [name, subject] of [
    ['server', 'collector.example'],
    ['client', 'wirescribe'],
  ] as const) {
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', `subjectAltName=DNS:${subject}`, '-addext', 'basicConstraints=CA:FALSE'];
    openssl('req', '-x509', ...signed, ...key, '-subj', `/CN=${subject}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
  const file = (name: string) => readFileSync(join(folder, name));
  return { server: { cert: file('server.pem'), key: file('server.key'), ca: file('ca.pem') } };
}
