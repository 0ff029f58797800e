/**
 * A client of the API, for programs: `import { connect } from 'wirescribe/client'`. Works with `ws` under Node and with a browser's own WebSocket. Records come
 * as async iterables; whoever leaves one ends the stream. Imports nothing of the proxy but types.
 */
import type { AuditRecord } from '../contract.js';
import type { SessionSummary } from '../store-contract.js';
import type { Share } from './access/shares.js';
import type { FilterInput } from './filter-words.js';
import type { Metrics } from './metrics.js';

export type { AuditRecord, FilterInput, Metrics, SessionSummary, Share };

/** As `audit.events` takes it (openrpc.json). */
export interface EventsParams {
  readonly topics?: readonly string[];
  readonly seek?: string | number;
  readonly seekEnd?: string | number;
  readonly after?: string;
  readonly order?: 'asc' | 'desc';
  readonly limit?: number;
  readonly follow?: boolean;
  readonly filter?: FilterInput | readonly FilterInput[];
  readonly raw?: boolean;
}

export interface MetricsParams {
  readonly path: string;
  readonly seek?: string | number;
  readonly seekEnd?: string | number;
  readonly zone?: string;
  readonly per?: readonly ('minute' | 'hour' | 'day')[];
}

export interface SessionsParams {
  readonly seek?: string | number;
  readonly seekEnd?: string | number;
  readonly order?: 'asc' | 'desc';
  readonly after?: string;
  readonly limit?: number;
  readonly session?: string | readonly string[];
  readonly listener?: string | readonly string[];
  readonly account?: string | readonly string[];
  readonly address?: string | readonly string[];
  readonly open?: boolean;
  readonly faulty?: boolean;
}

/** A record, and what its event says to people. */
export interface Told {
  readonly record: AuditRecord;
  readonly message?: string;
}

/** Who may see it, and until when. One of `session` and `account`. */
export interface ShareParams {
  readonly token: string;
  readonly session?: string;
  readonly account?: string;
  readonly until: string;
}

/** An error of the API: `code` is its own (AUDIT_...), or that of JSON-RPC. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a WebSocket of any making has. */
interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  /** Of `ws` alone: nothing more is read until `resume`. */
  pause?(): void;
  resume?(): void;
}

export type SocketMaker = new (url: string, protocols: string[]) => Socket;

export interface ConnectOptions {
  readonly token: string;
  /** The global one, else that of `ws`, where not given. */
  readonly WebSocket?: SocketMaker;
}

/** A connection. Whatever fails rejects with ApiError; once it has ended, with the code CLOSED. */
export interface Client {
  events(params?: EventsParams): AsyncGenerator<AuditRecord, void, void>;
  /** The same, each with what its event says to people, where it says something. */
  told(params?: EventsParams): AsyncGenerator<Told, void, void>;
  metrics(params: MetricsParams): Promise<Metrics>;
  /** The figures, and again whenever they change. */
  watchMetrics(params: MetricsParams): AsyncGenerator<Metrics, void, void>;
  sessions(params?: SessionsParams): Promise<{ readonly sessions: readonly SessionSummary[]; readonly next: string | null }>;
  session(session: string): Promise<{ readonly session: SessionSummary; readonly shares: readonly Share[] }>;
  stats(): Promise<{ readonly [name: string]: unknown }>;
  share(params: ShareParams): Promise<Share>;
  unshare(params: Omit<ShareParams, 'until'>): Promise<{ readonly removed: boolean }>;
  shares(): Promise<{ readonly shares: readonly Share[] }>;
  close(): void;
}

/**
 * Connects.
 * @param url that of ADMIN_LISTEN: http://HOST:PORT
 * @throws ApiError with the code CLOSED where nobody answers, or the token is refused
 */
export async function connect(url: string, { token, WebSocket }: ConnectOptions): Promise<Client> {
  const at = new URL(url);
  at.protocol = at.protocol === 'https:' || at.protocol === 'wss:' ? 'wss:' : 'ws:';
  at.pathname = `${at.pathname.replace(/\/$/, '')}/rpc`;
  const Maker = WebSocket ?? (globalThis as { readonly WebSocket?: SocketMaker }).WebSocket ?? (await socketOfWs());
  const wire = new Wire(new Maker(at.href, ['wirescribe', `wirescribe.bearer.${token}`]));
  await wire.opened;
  return clientOver(wire);
}

const socketOfWs = async (): Promise<SocketMaker> => (await import('ws')).WebSocket as unknown as SocketMaker;

function clientOver(wire: Wire): Client {
  return {
    events: (params = {}) => wire.stream('audit.events', params, ({ record }) => record) as AsyncGenerator<AuditRecord, void, void>,
    told: (params = {}) => wire.stream('audit.events', params, toldOf) as AsyncGenerator<Told, void, void>,
    metrics: (params) => wire.ask('audit.metrics', params) as Promise<Metrics>,
    watchMetrics: (params) =>
      wire.stream('audit.metrics', { ...params, follow: true }, ({ metrics }) => metrics) as AsyncGenerator<Metrics, void, void>,
    sessions: (params = {}) => wire.ask('audit.sessions', params) as ReturnType<Client['sessions']>,
    session: (session) => wire.ask('audit.session', { session }) as ReturnType<Client['session']>,
    stats: () => wire.ask('audit.stats', {}) as ReturnType<Client['stats']>,
    share: (params) => wire.ask('audit.share', params) as Promise<Share>,
    unshare: (params) => wire.ask('audit.unshare', params) as ReturnType<Client['unshare']>,
    shares: () => wire.ask('audit.shares', {}) as ReturnType<Client['shares']>,
    close: () => wire.close(),
  };
}

/** The parameters of a notification. */
type Notice = { readonly [name: string]: unknown };

const toldOf = ({ record, message }: Notice): unknown => (message === undefined ? { record } : { record, message });

/** What comes for one request. */
interface Asked {
  readonly onNotice: (params: Notice) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: ApiError) => void;
}

interface Incoming {
  readonly id?: number;
  readonly params?: { readonly request?: number; readonly [name: string]: unknown };
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly code?: string } };
}

/** Records that wait for whoever reads them: from so many on the socket is paused, where it can be; more than the most ends the stream. */
const PAUSE_AT = 1_000;
const MOST_WAITING = 100_000;

const closed = (): ApiError => new ApiError('CLOSED', 'the connection has ended, or was refused: see that the address is right and the token counts');

class Wire {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #asked = new Map<number, Asked>();
  #requests = 0;
  #waiting = 0;
  #ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('close', () => reject(closed()));
    });
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', () => this.#end());
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Incoming));
  }

  ask(method: string, params: object, onNotice: Asked['onNotice'] = () => undefined): Promise<unknown> {
    return this.#send(method, params, onNotice).answer;
  }

  /** Records of a request as they come. Leaving it cancels the request; while nobody reads it, the rest of the connection waits too. */
  async *stream(method: string, params: object, take: (notice: Notice) => unknown): AsyncGenerator<unknown, void, void> {
    const waiting: unknown[] = [];
    let wake = (): void => undefined;
    let over = false;
    const { id, answer } = this.#send(method, params, (notice) => {
      if (waiting.length >= MOST_WAITING) return this.#fail(id, new ApiError('BEHIND', `${MOST_WAITING} records wait to be read; read faster`));
      waiting.push(take(notice));
      this.#wait(1);
      wake();
    });
    const end = answer.finally(() => {
      over = true;
      wake();
    });
    end.catch(() => undefined);
    try {
      while (!over || waiting.length > 0) {
        while (waiting.length > 0) {
          this.#wait(-1);
          yield waiting.shift();
        }
        if (over) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      await end;
    } finally {
      this.#wait(-waiting.length);
      if (!over) this.#cancel(id);
    }
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string, params: object, onNotice: Asked['onNotice']): { readonly id: number; readonly answer: Promise<unknown> } {
    const id = ++this.#requests;
    if (this.#ended) return { id, answer: Promise.reject(closed()) };
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { onNotice, resolve, reject }));
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return { id, answer };
  }

  #hear({ id, params, result, error }: Incoming): void {
    if (params?.request !== undefined) return this.#asked.get(params.request)?.onNotice(params);
    const asked = this.#asked.get(id ?? 0);
    this.#asked.delete(id ?? 0);
    if (error) asked?.reject(new ApiError(error.data?.code ?? String(error.code), error.message));
    else asked?.resolve(result);
  }

  #cancel(id: number): void {
    if (this.#ended) return;
    this.ask('audit.cancel', { request: id }).catch(() => undefined);
  }

  #fail(id: number, error: ApiError): void {
    this.#asked.get(id)?.reject(error);
    this.#asked.delete(id);
    this.#cancel(id);
  }

  /** So many more records wait, or fewer. */
  #wait(more: number): void {
    const before = this.#waiting;
    this.#waiting += more;
    if (before < PAUSE_AT && this.#waiting >= PAUSE_AT) this.#socket.pause?.();
    if (before >= PAUSE_AT && this.#waiting < PAUSE_AT) this.#socket.resume?.();
  }

  #end(): void {
    this.#ended = true;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(closed());
  }
}
