/** The API on a real socket over a store in memory, with tokens in a folder of its own, and what it declared. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { WebSocket } from 'ws';
import { compileSearch } from '../../../src/mask/search.js';
import { replaceFile } from '../../../src/spool/files.js';
import { ShareBook } from '../../../src/view/access/shares.js';
import { makeToken, type Token, TokenBook, type TokenRequest, tokensText } from '../../../src/view/access/tokens.js';
import { openAdmin } from '../../../src/view/admin.js';
import type { Below } from '../../../src/view/api/below.js';
import type { ApiTimes } from '../../../src/view/api/server.js';
import { folderOf } from '../../harness.js';
import { until } from '../../wait.js';
import { MemoryStore } from '../memory-store.js';

export const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5);
export const SESSIONS = ['019b7ca9-8c89-7265-afb0-e234405fe1a1', '019b7ca9-8c89-7265-afb0-e234405fe1a2'] as const;

/** The id of the record with this number: one every second. */
export const idOf = (number: number): string =>
  `${(BEGIN + number * 1000)
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7000-8000-${String(number).padStart(12, '0')}`;

/** Record `number`: bob in the first session and eve in the second, on two listeners; every fifth is of the node. */
export function recordOf(number: number) {
  if (number % 5 === 4) return { id: idOf(number), topic: 'audit.checkpoint', time: new Date(BEGIN + number * 1000).toISOString() };
  const [session, account, listener] = number % 2 === 0 ? [SESSIONS[0], 'Bob', 'game'] : [SESSIONS[1], 'eve', 'staff'];
  const said = { text: `line ${number}`, raw: `\x1b[1mline ${number}\x1b[0m`, salt: 'AAAAAAAAAAAAAAAAAAAAAA', timing: [[0, 6]] };
  return { id: idOf(number), topic: 'session.input', session, listener, account, ...said };
}

export interface Fact {
  readonly topic: string;
  readonly data: { readonly [name: string]: unknown };
}

export interface Served {
  readonly url: string;
  readonly folder: string;
  readonly store: MemoryStore;
  readonly declared: Fact[];
  readonly wrong: () => number;
  /** Makes a token; gives its secret. */
  token(request: Partial<TokenRequest>): string;
  revoke(name: string): void;
  readonly below: Below;
}

interface Given {
  readonly records?: number;
  readonly times?: ApiTimes;
  readonly below?: Partial<Below>;
}

/** Opens it; it goes with the test. */
export async function serve(t: Test, { records = 10, times, below: given = {} }: Given = {}): Promise<Served> {
  const folder = folderOf(t);
  const store = new MemoryStore();
  store.add(...Array.from({ length: records }, (_, number) => recordOf(number)));
  const declared: Fact[] = [];
  const tokens: Token[] = [];
  let wrong = 0;
  const below: Below = {
    books: { tokens: new TokenBook(folder), shares: new ShareBook(folder, replaceFile), now: Date.now },
    store: async () => store,
    compile: compileSearch,
    message: () => undefined,
    declare: async (fact) => declared.push(fact) > 0,
    stats: async () => ({ running: true }),
    redact: async (request, look) => ({ ...request, look }),
    wrongToken: () => {
      wrong += 1;
    },
    ...given,
  };
  const answers = { healthy: () => true, unready: () => [], metrics: async () => ({ text: '', type: 'text/plain' }) };
  const admin = await openAdmin({ host: '127.0.0.1', port: 0 }, answers, { below, ...(times ? { times } : {}) });
  t.teardown(() => admin.close());
  const keep = (): void => replaceFile(join(folder, 'tokens'), tokensText(tokens));
  return {
    url: admin.url,
    folder,
    store,
    declared,
    wrong: () => wrong,
    below,
    token: (request) => {
      const made = makeToken({ name: `t${tokens.length}`, role: 'operator', scopes: [], ...request }, Date.now());
      tokens.push(made.token);
      keep();
      return made.secret;
    },
    revoke: (name) => {
      tokens.splice(0, tokens.length, ...tokens.filter((token) => token.name !== name));
      keep();
    },
  };
}

/** Asks by HTTP; gives the status and the text. */
export async function get(url: string, secret: string | undefined, more: RequestInit = {}): Promise<readonly [status: number, text: string]> {
  const headers = { ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }), ...more.headers };
  const answer = await fetch(url, { ...more, headers });
  return [answer.status, await answer.text()];
}

/** A message as it came, as far as tests look at it. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: {
    readonly request: unknown;
    readonly record?: { readonly id: string; readonly [name: string]: unknown };
    readonly message?: string;
  };
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly code: string } };
}

/** A WebSocket on /rpc with all that came over it. */
export class Rpc {
  readonly ws: WebSocket;
  readonly messages: Message[] = [];
  closed: readonly [code: number, reason: string] | undefined;
  #requests = 0;

  constructor(t: Test, url: string, secret: string) {
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/rpc`, { headers: { authorization: `Bearer ${secret}` } });
    this.ws.on('error', () => undefined);
    this.ws.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.ws.on('close', (code, reason) => {
      this.closed = [code, String(reason)];
    });
    t.teardown(() => this.ws.terminate());
  }

  /** Sends a text once it is open. */
  async send(text: string): Promise<void> {
    await until(() => this.ws.readyState !== WebSocket.CONNECTING, 'the connection');
    this.ws.send(text);
  }

  /** Sends a request, and waits for its answer. */
  async ask(method: string, params: object = {}): Promise<Message> {
    const id = ++this.#requests;
    await this.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return until(() => this.messages.find((message) => message.id === id), `the answer to ${method}`);
  }

  /** The records that came for a request. */
  records(request: unknown): readonly { readonly id: string; readonly [name: string]: unknown }[] {
    return this.messages.flatMap(({ params }) => (params?.request === request && params?.record ? [params.record] : []));
  }
}
