/**
 * The owner's side of a handover, in its audit thread: receives batches of drafts from the old side, gives them to the sealer in the order of their numbers.
 * What came before is dropped, so the old side may say again whatever it does not know to be durable.
 */
import { readDraft } from '../record/draft.js';
import type { Sealer } from '../record/sealer.js';
import type { OpenSession } from '../spool/state.js';
import { FrameReader, GIVES } from '../view/intake/frames.js';
import { MOST_DRAFT } from './passing.js';

/** A character takes three bytes of UTF-8 at most. */
export const MOST_DRAFT_BYTES = 3 * MOST_DRAFT;

const START = '0'.repeat(64);

export class Taking {
  readonly #sealer: Sealer;
  readonly #sessions: Map<string, OpenSession>;

  /** @param sessions the heads of the spool's open sessions, which are moved on */
  constructor(sealer: Sealer, sessions: Map<string, OpenSession>) {
    this.#sealer = sealer;
    this.#sessions = sessions;
  }

  /** As Sealer.renew. */
  renew(): void {
    this.#sealer.renew();
  }

  /**
   * Seals what is new in a batch: whole frames, each a draft. Gives the number of its frames; undefined where one of them is no draft, or is not the next
   * of its session: what stood in front of it is sealed.
   */
  take(batch: Uint8Array): number | undefined {
    let count = 0;
    let sound = true;
    const reader = new FrameReader((kind, bytes) => {
      sound &&= kind === GIVES.draft && this.#take(bytes.toString());
      if (sound) count++;
    }, MOST_DRAFT_BYTES);
    try {
      reader.push(Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength));
    } catch {
      return undefined;
    }
    return sound ? count : undefined;
  }

  #take(text: string): boolean {
    const draft = readDraft(text);
    if (!draft) return false;
    const { session, seq, topic, listener, protocol } = draft;
    if (session === '') {
      this.#sealer.node(draft);
      return true;
    }
    const known = this.#sessions.get(session);
    // Of a session that is not open only the first record can be new: its others came before its end.
    if (known ? seq <= known.seq : seq > 0) return true;
    const head = known ?? { seq: -1, hash: START, listener, protocol };
    if (seq !== head.seq + 1) return false;
    this.#sealer.session(draft, head);
    if (topic === 'session.end') this.#sessions.delete(session);
    else this.#sessions.set(session, head);
    return true;
  }
}
