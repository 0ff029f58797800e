/** The other side of thread.ts, for one chore: asks one step at a time, and can end the thread at any moment. */
import { Worker } from 'node:worker_threads';
import { AuditError, type ErrorCode } from '../errors.js';
import type { Archived, ArchiveTask } from './archive.js';
import type { ChoreData, ChoreMessage, ChoreStep, DropTask, Span } from './thread.js';

/** It was ended before it was done: by a stop, or for somebody whom it must not meet. */
export class Interrupted extends AuditError {
  constructor() {
    super('AUDIT_CHORE', 'interrupted by a stop or a redaction; what is done stays, and running it again goes on with it');
  }
}

/** Told how far it is. */
export type ChoreTell = (done: number, all: number) => void;

export class ChoreWorker {
  readonly #thread: Worker;
  readonly #tell: ChoreTell;
  #settle: { resolve(result: unknown): void; reject(error: Error): void } | undefined;
  #over: AuditError | undefined;
  #rejectOver: (error: Error) => void = () => undefined;
  /** Rejects once it has ended: for whoever waits for something else meanwhile. */
  readonly over = new Promise<never>((_, reject) => {
    this.#rejectOver = reject;
  });

  constructor(data: ChoreData, tell: ChoreTell) {
    this.#tell = tell;
    this.over.catch(() => undefined);
    this.#thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: { chore: data } });
    this.#thread.on('message', (message: ChoreMessage) => this.#hear(message));
    for (const event of ['error', 'exit']) this.#thread.on(event, () => this.#end(new AuditError('AUDIT_CHORE', 'its thread ended; run it again')));
  }

  look(): Promise<Span> {
    return this.#step({ type: 'look' }) as Promise<Span>;
  }

  /** Gives how many records went. */
  drop(task: DropTask): Promise<number> {
    return this.#step({ type: 'drop', task }) as Promise<number>;
  }

  archive(task: ArchiveTask): Promise<Archived> {
    return this.#step({ type: 'archive', task }) as Promise<Archived>;
  }

  /** Ends it, whatever it does; what was asked, or is asked later, rejects with Interrupted. */
  async end(): Promise<void> {
    this.#end(new Interrupted());
    await this.#thread.terminate();
  }

  #step(step: ChoreStep): Promise<unknown> {
    if (this.#over) return Promise.reject(this.#over);
    this.#thread.postMessage(step);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  #hear(message: ChoreMessage): void {
    if (message.type === 'progress') this.#tell(message.done, message.all);
    else if (message.type === 'done') this.#settle?.resolve(message.result);
    else this.#settle?.reject(new AuditError(message.code as ErrorCode, message.message));
  }

  #end(why: AuditError): void {
    this.#over ??= why;
    this.#rejectOver(this.#over);
    this.#settle?.reject(this.#over);
  }
}
