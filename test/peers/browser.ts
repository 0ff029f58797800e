/**
 * A real browser for tests: Debian's chromium without a window, driven by its own remote debugging protocol (chromedevtools.github.io/devtools-protocol).
 * Opens a page, types into it as a person would, reads what it shows. Pages of networks that the test does not reach are given from files.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { until } from '../wait.js';

/** First start on a busy machine, in milliseconds. */
const START_MS = 60_000;

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly message: string };
  readonly params?: { readonly [name: string]: unknown };
}

/** What stands at an address, by the end of it: the path of a file. */
export type Files = { readonly [urlEnd: string]: string };

export class Browser {
  readonly #child: ChildProcess;
  readonly #dir: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #files: Files;
  #ids = 0;
  #page = '';
  /** What went wrong in the page, by its own word. */
  readonly errors: string[] = [];

  private constructor(child: ChildProcess, dir: string, socket: WebSocket, files: Files) {
    this.#child = child;
    this.#dir = dir;
    this.#socket = socket;
    this.#files = files;
    socket.on('message', (message) => this.#hear(JSON.parse(String(message)) as Answer));
  }

  /** @param files what is given in place of pages outside of this machine; all others there are refused */
  static async start(files: Files = {}): Promise<Browser> {
    const dir = mkdtempSync(join(tmpdir(), 'wirescribe-browser-'));
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--mute-audio'];
    const child = spawn('chromium', [...options, '--remote-debugging-port=0', `--user-data-dir=${dir}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const url = await until(() => /DevTools listening on (ws:\S+)/.exec(said)?.[1], 'chromium to listen', START_MS);
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Browser(child, dir, socket, files);
  }

  #hear(answer: Answer): void {
    if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    else if (answer.method === 'Fetch.requestPaused') void this.#give(answer.params as { requestId: string; request: { url: string } });
    else if (answer.method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(answer.params?.exceptionDetails));
  }

  #ask(method: string, params: object = {}): Promise<{ readonly [name: string]: unknown }> {
    const id = ++this.#ids;
    const asked = new Promise<{ readonly [name: string]: unknown }>((resolve, reject) => {
      this.#waiting.set(id, ({ result = {}, error }) => {
        this.#waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
    });
    this.#socket.send(JSON.stringify({ id, method, params, ...(this.#page === '' ? {} : { sessionId: this.#page }) }));
    return asked;
  }

  async #give({ requestId, request: { url } }: { readonly requestId: string; readonly request: { readonly url: string } }): Promise<void> {
    const [, file] = Object.entries(this.#files).find(([end]) => url.endsWith(end)) ?? [];
    const headers = [
      { name: 'Content-Type', value: url.endsWith('.css') ? 'text/css' : 'text/javascript' },
      { name: 'Access-Control-Allow-Origin', value: '*' },
    ];
    const given = file && { requestId, responseCode: 200, responseHeaders: headers, body: readFileSync(file).toString('base64') };
    if (new URL(url).hostname === '127.0.0.1') await this.#ask('Fetch.continueRequest', { requestId });
    else if (given) await this.#ask('Fetch.fulfillRequest', given);
    else await this.#ask('Fetch.failRequest', { requestId, errorReason: 'AddressUnreachable' });
  }

  async open(url: string): Promise<void> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    this.#page = String(sessionId);
    await this.#ask('Runtime.enable');
    await this.#ask('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
    await this.#ask('Page.navigate', { url });
  }

  /** The value of an expression in the page. */
  async value(expression: string): Promise<unknown> {
    const { result } = (await this.#ask('Runtime.evaluate', { expression, returnByValue: true })) as { result?: { value?: unknown } };
    return result?.value;
  }

  /** Waits until the page shows it. */
  async shows(text: RegExp): Promise<void> {
    let seen = '';
    const look = async (): Promise<boolean> => {
      seen = String(await this.value('document.body.innerText'));
      return text.test(seen);
    };
    await until(look, `${text} in the page`, START_MS).catch(() => {
      throw new Error(`the page does not show ${text}, but: ${seen.slice(-2_000)}; ${this.errors.join('; ').slice(0, 2_000)}`);
    });
  }

  /** Types a line into what fits the selector, and Enter. */
  async type(selector: string, line: string): Promise<void> {
    await until(() => this.value(`!!document.querySelector('${selector}') && (document.querySelector('${selector}').focus(), true)`), selector);
    await this.#ask('Input.insertText', { text: line });
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' };
    await this.#ask('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
    await this.#ask('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
  }

  /** Ends it and all that it started. For `t.teardown`. */
  stop = async (): Promise<void> => {
    const ended = once(this.#child, 'close');
    this.#socket.terminate();
    if (this.#child.pid) process.kill(-this.#child.pid, 'SIGKILL');
    await ended;
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}
