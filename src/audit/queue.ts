/**
 * What waits for the audit side, in its order: slabs of the door, drafts of other processes, and whoever does something once all before is read. Receives
 * work, gives one piece a turn to those who do it, while the journal accepts; bounded by the credits of the door.
 */
import { within } from '../threads/within.js';

type Settle = (count: number | undefined) => void;
type Work =
  | { readonly slab: ArrayBuffer; readonly used: number }
  | { readonly drafts: Uint8Array; readonly settle: Settle }
  | { readonly reached: () => void };

export interface QueueParts {
  /** The journal takes records. */
  accepts(): boolean;
  /** Reads a slab's frames. */
  read(slab: ArrayBuffer, used: number): void;
  /** Seals a batch of drafts and settles with their number once they are durable; undefined: they cannot be. */
  seal(batch: Uint8Array, settle: Settle): void;
}

export class Queue {
  readonly #parts: QueueParts;
  readonly #works: Work[] = [];
  #scheduled = false;
  #stands = false;
  #onIdle: (() => void) | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Nothing is read: somebody has reached `stand`, and not let it go. */
  get stands(): boolean {
    return this.#stands;
  }

  get isEmpty(): boolean {
    return this.#works.length === 0;
  }

  /** Takes a slab over. */
  slab(slab: ArrayBuffer, used: number): void {
    this.#add({ slab, used });
  }

  /** Resolves as `seal` settles. */
  drafts(batch: Uint8Array): Promise<number | undefined> {
    return new Promise((settle) => this.#add({ drafts: batch, settle }));
  }

  /** Stands still behind what was taken until now, until `letGo`. False: it did not come so far in time. */
  stand(timeoutMs: number): Promise<boolean> {
    return this.inTurn(timeoutMs, () => {
      this.#stands = true;
    });
  }

  /** Calls `run` behind what was taken until now, when there is room. False: that did not come in time, and it is not called any more. */
  async inTurn(timeoutMs: number, run: () => void): Promise<boolean> {
    let marker: Work | undefined;
    const reached = new Promise<boolean>((resolve) => {
      const called = (): void => {
        run();
        resolve(true);
      };
      marker = { reached: called };
      this.#add(marker);
    });
    if (await within(reached, timeoutMs)) return true;
    const at = this.#works.indexOf(marker as Work);
    if (at >= 0) this.#works.splice(at, 1);
    return false;
  }

  /** It stands no longer; `goOn` begins again. */
  letGo(): void {
    this.#stands = false;
  }

  #add(work: Work): void {
    this.#works.push(work);
    if (!this.#scheduled) this.goOn();
  }

  /** Does one piece a turn, so that the journal's callbacks run in between. */
  goOn(): void {
    this.#scheduled = false;
    if (this.#stands || this.isEmpty || !this.#parts.accepts()) return;
    this.#do(this.#works.shift() as Work);
    if (this.isEmpty) return this.#onIdle?.();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.goOn());
  }

  #do(work: Work): void {
    if ('slab' in work) this.#parts.read(work.slab, work.used);
    else if ('drafts' in work) this.#parts.seal(work.drafts, work.settle);
    else work.reached();
  }

  /** Resolves when all is done, or after the time: then what is left is dropped. False: slabs were. */
  async close(timeoutMs: number): Promise<boolean> {
    if (!this.isEmpty) await this.#untilIdle(timeoutMs);
    const all = !this.#works.some((work) => 'slab' in work);
    for (const work of this.#works.splice(0)) if ('drafts' in work) work.settle(undefined);
    return all;
  }

  async #untilIdle(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      timer = setTimeout(resolve, timeoutMs);
      this.goOn();
    });
    clearTimeout(timer);
  }
}
