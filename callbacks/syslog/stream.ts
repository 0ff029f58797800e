/**
 * Sends over a stream that has no answer. What the kernel took may still be lost with the collector, so the last records are kept (window.ts) and sent
 * again over the next connection before anything new. Reconnects by itself while something is in doubt. One thing at a time goes over the connection;
 * the one batch that is under way is all that waits.
 */

import { connectStream, Link } from './link.js';
import { frameAll } from './message.js';
import type { Settings } from './options.js';
import { ANSWER_MS, type Batch, pause, type Sender, within } from './sender.js';
import { type Frames, Window } from './window.js';

/**
 * A connection after a lost one must stand for so long before it is trusted: what stands before a collector (a balancer, a tls wall that wants another
 * certificate) takes connections, and closes them when it finds that it can do nothing with them.
 */
const SETTLE_MS = 1_000;

/** Waits between two tries to reconnect while nothing is written: doubled up to the greatest. `write` tries at once. */
const RETRY_MS = { min: 250, max: 10_000 } as const;

export interface StreamOptions {
  readonly settings: Pick<Settings, 'target' | 'tls' | 'maxBytes' | 'replay'>;
  readonly signal: AbortSignal;
  /** Told how many records were sent again. */
  readonly onReplay: (records: number) => void;
  /** How long `send` waits, in milliseconds. */
  readonly answerMs?: number;
}

export class StreamSender implements Sender {
  readonly #options: StreamOptions;
  readonly #window: Window;
  readonly #answerMs: number;
  readonly #closing = new AbortController();
  /** Aborted when all is to end. */
  readonly #signal: AbortSignal;
  #link: Link | undefined;
  /** A connection was lost, and none has settled since. */
  #shaken = false;
  #mending = false;
  /** What goes over the connection, one behind the other. */
  #lane: Promise<unknown> = Promise.resolve();
  /** The batch whose `send` gave up waiting, or waits now. */
  #under: { readonly key: object; readonly done: Promise<void> } | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#answerMs = options.answerMs ?? ANSWER_MS;
    this.#window = new Window(options.settings.replay);
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
  }

  async limit(): Promise<number> {
    return this.#options.settings.maxBytes;
  }

  /** Where the collector takes its time the batch stays under way, and the next call with its key waits for it instead of sending it twice. */
  async send(batch: Batch): Promise<void> {
    const under = this.#under?.key === batch.key ? this.#under : await this.#begin(batch);
    await within(under.done, this.#answerMs, this.#signal);
    this.#under = undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const link = this.#link;
    this.#link = undefined;
    await link?.end(this.#options.signal);
  }

  async #begin({ key, messages }: Batch) {
    // An earlier batch, that delivery has given up for this one: it goes first, for its bytes may be half out.
    if (this.#under)
      await within(
        this.#under.done.catch(() => {}),
        this.#answerMs,
        this.#signal,
      );
    this.#signal.throwIfAborted();
    const frames = { bytes: frameAll(messages), records: messages.length };
    const under = { key, done: this.#inTurn(() => this.#push(frames)) };
    this.#under = under;
    under.done.catch(() => {
      if (this.#under === under) this.#under = undefined;
    });
    return under;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lane.then(work);
    this.#lane = done.catch(() => {});
    return done;
  }

  async #push(frames: Frames): Promise<void> {
    await this.#link?.look();
    const link = await this.#connected();
    await link.write(frames.bytes);
    this.#window.add(frames);
  }

  /** A connection over which all that is in doubt has been sent again. */
  async #connected(): Promise<Link> {
    if (this.#link?.alive) return this.#link;
    const { settings, signal } = this.#options;
    this.#signal.throwIfAborted();
    const link: Link = new Link(await connectStream(settings, this.#signal), () => this.#lost(link));
    const letGo = () => link.drop();
    signal.addEventListener('abort', letGo, { once: true });
    try {
      for (const { bytes } of this.#window.frames) await link.write(bytes);
      if (this.#shaken) await link.stand(SETTLE_MS, this.#signal);
    } catch (error) {
      link.drop();
      throw error;
    } finally {
      signal.removeEventListener('abort', letGo);
    }
    this.#shaken = false;
    this.#link = link;
    if (this.#window.records > 0) this.#options.onReplay(this.#window.records);
    return link;
  }

  #lost(link: Link): void {
    this.#shaken = true;
    if (this.#link !== link) return;
    this.#link = undefined;
    void this.#mend();
  }

  /** What is in doubt does not wait for the next record. */
  async #mend(): Promise<void> {
    if (this.#mending) return;
    this.#mending = true;
    for (let ms: number = RETRY_MS.min; this.#inDoubt(); ms = Math.min(ms * 2, RETRY_MS.max)) {
      await pause(ms, this.#signal)
        .then(() => this.#inTurn(() => this.#connected()))
        .catch(() => {});
    }
    this.#mending = false;
  }

  #inDoubt(): boolean {
    return !this.#signal.aborted && this.#window.records > 0 && this.#link === undefined;
  }
}
