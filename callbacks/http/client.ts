/**
 * Requests to one server, one at a time, over one connection that is kept. Receives bodies, gives what was answered: status, how long to wait, and
 * so much of the body as is wanted. Follows no redirect (a token must not travel), keeps no cookie, logs nothing.
 *
 * Node's own http and not fetch: fetch gives no way to a CA, a client's certificate or a bound of connections without a package beside it.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { gzipSync } from 'node:zlib';
import type { Settings } from './options.js';

/** Of an answer nobody reads, so much is let pass to keep the connection; behind it the connection goes. */
const DRAIN_BYTES = 1 << 20;
/** A server may name a longer time to wait than is good; then it is asked sooner. */
const MAX_RETRY_AFTER_MS = 300_000;
/** What fits in the buffers between us and a server: a body up to here is sent whole before an answer can cross it. */
const SMALL_BYTES = 65_536;
/** How long `100 Continue` is waited for: servers that never say it take the body all the same (RFC 9110, 10.1.1). */
const CONTINUE_MS = 1_000;
/** Fast, and nearly as small as the best: audit records are repetitive. */
const GZIP_LEVEL = 3;

export interface Answer {
  readonly status: number;
  /** Retry-After, in milliseconds from now, 0 to 5 minutes. */
  readonly retryAfterMs?: number;
  /** Absent where it was not asked for, or longer than allowed. */
  readonly body?: Buffer;
}

/** An answer, or none, that leaves the records to another try. `code` is what may be logged of it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** What a record is refused for is told apart (forms.ts). */
  readonly retriable = true;
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export interface PostOptions {
  readonly contentType: string;
  readonly timeoutMs: number;
  /** How much of a good answer's body is wanted, in bytes. */
  readonly answerBytes: number;
}

/** What a server does that closes the connection over a body it will not read, or that closed it just as it was used again. */
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export class Client {
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(settings: Settings, signal: AbortSignal) {
    const { url, tls } = settings;
    this.#settings = settings;
    this.#signal = signal;
    const kept = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
    this.#agent = url.protocol === 'https:' ? new HttpsAgent({ ...kept, ...tls }) : new HttpAgent(kept);
  }

  /**
   * Posts `body`. A connection that broke before an answer is tried once more at once: it may have been kept too long, or the server refused the
   * body before it was through, so a large one then waits for `100 Continue`.
   * Rejects with HttpError: HTTP_TIMEOUT, HTTP_ABORTED, HTTP_ANSWER_BROKEN, or a code of the system or of TLS.
   */
  async post(body: Buffer, options: PostOptions): Promise<Answer> {
    const packed = this.#settings.gzip ? gzipSync(body, { level: GZIP_LEVEL }) : body;
    const end = performance.now() + options.timeoutMs;
    try {
      return await this.#exchange(packed, options, false);
    } catch (error) {
      if (!(error instanceof HttpError) || !RESETS.has(error.code)) throw error;
      return await this.#exchange(packed, { ...options, timeoutMs: Math.max(1, end - performance.now()) }, packed.length > SMALL_BYTES);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(body: Buffer, options: PostOptions, careful: boolean): Promise<Answer> {
    if (this.#signal.aborted) return Promise.reject(new HttpError('HTTP_ABORTED'));
    return new Promise((resolve, reject) => {
      const request = this.#begin(body, options.contentType, careful);
      // Said here, for what comes out of a request that was destroyed is not always what it was destroyed for.
      let reason: HttpError | undefined;
      const giveUp = (code: string) => {
        reason ??= new HttpError(code);
        request.destroy(reason);
      };
      const abort = () => giveUp('HTTP_ABORTED');
      const timer = setTimeout(giveUp, options.timeoutMs, 'HTTP_TIMEOUT');
      this.#signal.addEventListener('abort', abort, { once: true });
      const failed = (error: NodeJS.ErrnoException) => reject(reason ?? new HttpError(error.code ?? 'HTTP_BROKEN'));
      request.on('error', failed);
      request.on('close', () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', abort);
        failed(new HttpError('HTTP_ANSWER_BROKEN'));
      });
      request.on('response', (response) => {
        readAnswer(response, options.answerBytes, (answer) => {
          // Answered before the body was through: what is left of it must not be sent, nor keep the next request waiting.
          if (!request.writableFinished) request.destroy();
          resolve(answer);
        });
      });
      send(request, body, careful);
    });
  }

  #begin(body: Buffer, contentType: string, careful: boolean): ClientRequest {
    const { url, headers, gzip } = this.#settings;
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    return request(url, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': contentType,
        accept: 'application/json, */*;q=0.1',
        'user-agent': 'wirescribe',
        ...headers,
        'content-length': body.length,
        ...(gzip && { 'content-encoding': 'gzip' }),
        ...(careful && { expect: '100-continue' }),
      },
    });
  }
}

function send(request: ClientRequest, body: Buffer, careful: boolean): void {
  if (!careful) {
    request.end(body);
    return;
  }
  const go = () => {
    clearTimeout(timer);
    if (!request.writableEnded && !request.destroyed) request.end(body);
  };
  const timer = setTimeout(go, CONTINUE_MS);
  request.once('continue', go);
  request.once('response', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
  request.flushHeaders();
}

/** Reads an answer to its end, or as far as is good, and gives it to `done`; never where it broke off (the request's `close` says so). */
function readAnswer(response: IncomingMessage, answerBytes: number, done: (answer: Answer) => void): void {
  const status = response.statusCode ?? 0;
  const wanted = status >= 200 && status < 300 ? answerBytes : 0;
  const limit = Math.max(wanted, DRAIN_BYTES);
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = () => done({ status, ...retryAfter(response), ...(length <= wanted && { body: Buffer.concat(chunks) }) });
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= wanted) chunks.push(chunk);
    if (length <= limit) return;
    finish();
    response.destroy();
  });
  response.on('end', finish);
  // The request's `close` follows, and says it.
  response.on('error', () => {});
}

/** Retry-After (RFC 9110, 10.2.3): seconds, or a date. What is neither is as if it were not there. */
function retryAfter(response: IncomingMessage): { retryAfterMs?: number } {
  const value = response.headers['retry-after'];
  if (value === undefined) return {};
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? {} : { retryAfterMs: Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) };
}
