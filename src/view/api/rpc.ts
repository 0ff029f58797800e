/**
 * JSON-RPC 2.0 (jsonrpc.org/specification) for one caller, over anything that carries texts. Receives messages, gives answers; records and updates go out as
 * notifications while a request is answered. Bounded: messages of a batch, requests at a time. Nothing that is sent in stands in an error.
 */
import { AuditError, ERRORS, nameOf } from '../../errors.js';
import type { Below } from './below.js';
import { Call, type Calls } from './call.js';
import type { Caller } from './caller.js';
import { METHODS, wrongParams } from './methods.js';
import type { Params } from './params.js';

/** Codes of the specification, and the one for errors of ours. */
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;
const OUR_ERROR = -32000;

const MOST_BATCH = 16;
const MOST_CALLS = 8;
const MOST_ID = 200;

type Id = string | number | null;
type Refusal = { readonly code: number; readonly message: string; readonly data?: { readonly code: string } };
type Answer = { readonly jsonrpc: '2.0'; readonly id: Id } & ({ readonly result: unknown } | { readonly error: Refusal });

export interface PeerOptions {
  readonly caller: Caller;
  readonly below: Below;
  readonly calls: Calls;
  /** Sends a text. Resolves when there is room for the next; rejects where nobody reads any more. */
  readonly send: (text: string) => Promise<void>;
}

/** A request that was read. `id` undefined: a notification, which nobody answers. */
interface Request {
  readonly id: Id | undefined;
  readonly method: string;
  readonly params: Params;
}

const refused = (id: Id, code: number, message: string): Answer => ({ jsonrpc: '2.0', id, error: { code, message } });

const isId = (id: unknown): id is Id => id === null || (typeof id === 'string' && id.length <= MOST_ID) || Number.isFinite(id);

/** How a notification of a request's begins: the record or update follows as JSON text. */
const NOTICES: { readonly [method: string]: readonly [name: string, member: string] } = {
  'audit.events': ['audit.record', 'record'],
  'audit.metrics': ['audit.update', 'metrics'],
};

export class RpcPeer {
  readonly #options: PeerOptions;
  /** By the JSON of their ids. */
  readonly #running = new Map<string, Call>();
  #notifications = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** Takes a message; resolves when it is answered. Never throws. */
  async take(text: string): Promise<void> {
    const answer = await this.#answerText(text);
    if (answer !== undefined) await this.#options.send(JSON.stringify(answer)).catch(() => undefined);
  }

  /** Ends what is asked. */
  close(): void {
    for (const call of this.#running.values()) call.cancel();
  }

  async #answerText(text: string): Promise<Answer | Answer[] | undefined> {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return refused(null, PARSE_ERROR, 'this is not JSON');
    }
    if (!Array.isArray(message)) return this.#answer(message);
    if (message.length === 0 || message.length > MOST_BATCH) return refused(null, INVALID_REQUEST, `a batch has 1 to ${MOST_BATCH} requests`);
    const answers = await Promise.all(message.map((one) => this.#answer(one)));
    const said = answers.filter((one) => one !== undefined);
    return said.length > 0 ? said : undefined;
  }

  async #answer(message: unknown): Promise<Answer | undefined> {
    const request = this.#read(message);
    if ('error' in request) return request.id === undefined ? undefined : refused(request.id, ...request.error);
    const { id, method } = request;
    try {
      const result = method === 'audit.cancel' ? this.#cancel(request.params) : await this.#run(request);
      return id === undefined ? undefined : { jsonrpc: '2.0', id, result };
    } catch (error) {
      return id === undefined ? undefined : { jsonrpc: '2.0', id, error: errorOf(error) };
    }
  }

  #read(message: unknown): Request | { readonly id: Id | undefined; readonly error: readonly [code: number, message: string] } {
    const given = (typeof message === 'object' && message !== null && !Array.isArray(message) ? message : {}) as { readonly [name: string]: unknown };
    const { jsonrpc, id, method, params = {} } = given;
    const notifies = !Object.hasOwn(given, 'id');
    if (jsonrpc !== '2.0' || typeof method !== 'string' || !(notifies || isId(id))) {
      return { id: isId(id) ? id : null, error: [INVALID_REQUEST, 'a request is {"jsonrpc": "2.0", "id", "method", "params"}'] };
    }
    const own = notifies ? undefined : (id as Id);
    if (!Object.hasOwn(METHODS, method) && method !== 'audit.cancel') {
      return { id: own, error: [METHOD_NOT_FOUND, `there are ${Object.keys(METHODS).join(', ')} and audit.cancel`] };
    }
    const wrong = wrongParams(method, params);
    if (wrong !== undefined) return { id: own, error: [INVALID_PARAMS, wrong] };
    return { id: own, method, params: params as Params };
  }

  async #run({ id, method, params }: Request): Promise<unknown> {
    const key = JSON.stringify(id ?? null);
    // Nobody could tell what belongs to a notification, or end it.
    if (id === undefined && Object.hasOwn(NOTICES, method)) return undefined;
    if (this.#running.size >= MOST_CALLS) throw new AuditError('AUDIT_BUSY', `at most ${MOST_CALLS} requests at a time on one connection`);
    if (id !== undefined && this.#running.has(key)) throw new AuditError('AUDIT_REQUEST', 'a request with this id is being answered already');
    const { caller, calls, below } = this.#options;
    const call = new Call(caller, (json, message) => this.#notify(method, key, json, message));
    const slot = id === undefined ? `notification ${++this.#notifications}` : key;
    this.#running.set(slot, call);
    try {
      return await calls.run(call, () => (METHODS[method] as (typeof METHODS)[string])(call, params, below));
    } finally {
      this.#running.delete(slot);
    }
  }

  #notify(method: string, id: string, json: string, message?: string): Promise<void> {
    const [name, member] = NOTICES[method] ?? ['audit.record', 'record'];
    const beside = message === undefined ? '' : `,"message":${JSON.stringify(message)}`;
    return this.#options.send(`{"jsonrpc":"2.0","method":"${name}","params":{"request":${id},"${member}":${json}${beside}}}`);
  }

  #cancel({ request }: Params): { readonly cancelled: boolean } {
    const call = this.#running.get(JSON.stringify(request));
    call?.cancel();
    return { cancelled: call !== undefined };
  }
}

function errorOf(error: unknown): Refusal {
  if (error instanceof AuditError) return { code: OUR_ERROR, message: error.message, data: { code: error.code } };
  // A store of the operator's own throws errors like ours.
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string' && Object.hasOwn(ERRORS, code)) return { code: OUR_ERROR, message: String(message), data: { code } };
  return { code: INTERNAL_ERROR, message: nameOf(error), data: { code: 'AUDIT_INTERNAL' } };
}
