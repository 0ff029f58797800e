/**
 * Work that must not overlap, one after the other in the order it was asked for: redactions, reloads and handovers, which all stop callbacks. Receives
 * work, gives its result; what one throws does not keep the next from its turn.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves when all that was asked for until now is over, however it went. */
  get last(): Promise<unknown> {
    return this.#last;
  }

  /** Does the work when its turn has come. Resolves and rejects as the work does. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
