/** What passed over one listener, for metrics: sessions and bytes. Costs nothing for a chunk: each session counts its own, and they are added up when asked. */

/** A session that counts: a relay. */
export interface Counting {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface TrafficFigures {
  /** Sessions since the start, those whose server could not be reached too. */
  readonly opened: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export class Traffic {
  readonly #live = new Set<Counting>();
  #opened = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  /** A session begins; its server is not reached yet. */
  open(): void {
    this.#opened++;
  }

  /** It has its server. */
  add(session: Counting): void {
    this.#live.add(session);
  }

  /** It is over. */
  delete(session: Counting): void {
    if (!this.#live.delete(session)) return;
    this.#bytesIn += session.bytesIn;
    this.#bytesOut += session.bytesOut;
  }

  get figures(): TrafficFigures {
    let [bytesIn, bytesOut] = [this.#bytesIn, this.#bytesOut];
    for (const session of this.#live) {
      bytesIn += session.bytesIn;
      bytesOut += session.bytesOut;
    }
    return { opened: this.#opened, bytesIn, bytesOut };
  }
}
