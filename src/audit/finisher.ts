/**
 * What is done with a record of a session between mask/ and record/: what AUDIT_EXCLUDE means is left out and counted, what AUDIT_EVENTS means is called so,
 * and the modules of AUDIT_PROVIDERS see it. Receives what is masked, in order, gives it to the scribe in the same order: while a module has not answered
 * about a record, those behind it wait, bounded in time and number. Sees nothing that was not masked.
 */
import type { Direction, EventLabel, MaskedData, MaskedUtterance, SessionOpen, TimeUs, Topic } from '../contract.js';
import { formatTime } from '../record/line.js';
import type { SessionScribe, Turn } from '../record/scribe.js';
import { type Module, Round, type Scrubber, type Unsealed } from './provider-round.js';

/** What is done, compiled and loaded. */
export interface Finishing {
  readonly events: {
    find(direction: Direction, text: string): EventLabel | undefined;
    on(what: 'login' | 'logout'): EventLabel | undefined;
  };
  readonly excludes: (direction: Direction, text: string) => boolean;
  /** Whether nothing that is said by clients of this address is recorded. */
  readonly excludesAddress: (ip: string) => boolean;
  readonly modules: readonly Module[];
}

/** Which way a message out of band went, and in which exchange. */
interface Way {
  readonly direction: Direction;
  readonly exchange: number;
}

export interface FinisherPartners {
  readonly scribe: SessionScribe;
  readonly masks: Scrubber;
  /** False while no record that waited may be written: the journal is full. Then `goOn` tells when to try again. */
  readonly accepts: () => boolean;
  /** Told that a record that waited could not be written. */
  readonly failed: () => void;
}

/** What of a session may wait for modules: records, and UTF-16 units in them. */
const MOST_WAITING = 256;
const MOST_UNITS = 131_072;
/** Records that modules are not asked about: what was left out, and the window's size. */
const UNASKED: readonly Topic[] = ['session.resize', 'session.end', 'audit.gap'];

/** A record as modules may leave it. */
type Given = Pick<Unsealed, 'at' | 'utterance' | 'data' | 'label' | 'custom' | 'dropped'> & { readonly topic: Topic; readonly way?: Way | undefined };

/** A record, or what is done in its place in the order. */
interface Held {
  readonly round: Round | undefined;
  readonly units: number;
  write(): void;
}

type Names = Parameters<SessionScribe['identify']>[0];

export class Finisher {
  readonly #open: SessionOpen;
  readonly #partners: FinisherPartners;
  /** Undefined: nothing is done. */
  #finishing: Finishing | undefined;
  /** The client's address is excluded. */
  #silent = false;
  #names: Names = {};
  #excluded = 0;
  #dropped = 0;
  #held: Held[] = [];
  #units = 0;
  #onWritten: (() => void)[] = [];

  constructor(open: SessionOpen, partners: FinisherPartners, finishing: Finishing | undefined) {
    this.#open = open;
    this.#partners = partners;
    this.adopt(finishing);
  }

  /** From here on this is done. */
  adopt(finishing: Finishing | undefined): void {
    this.#finishing = finishing;
    this.#silent = this.#open.ip !== undefined && finishing?.excludesAddress(this.#open.ip) === true;
  }

  /** Who is speaking, from the next record on. */
  identify(names: Names): void {
    this.#names = names;
    this.#put(undefined, 0, () => this.#partners.scribe.identify(names));
  }

  said(utterance: MaskedUtterance, turn: Turn): void {
    const finishing = this.#finishing;
    const { direction, text = '', raw = '', at } = utterance;
    if (this.#silent || finishing?.excludes(direction, text)) {
      this.#excluded++;
      return;
    }
    const topic = direction === 'RCV' ? 'session.input' : 'session.output';
    const way = { direction, exchange: turn.exchange };
    const given = { topic, at, way, utterance, label: finishing?.events.find(direction, text) } as const;
    const units = () => 64 + text.length + raw.length;
    this.#pass(given, units, ({ utterance: shown = utterance, ...more }) => this.#partners.scribe.said(shown, turn, more));
  }

  oob(at: TimeUs, data: MaskedData, way: Way): void {
    if (this.#silent) this.#excluded++;
    else this.#event({ topic: 'session.oob', at, data, way });
  }

  /** @param what the login that it is, or the end of one */
  event(topic: Topic, at: TimeUs, data: MaskedData, what?: 'login' | 'logout'): void {
    this.#event({ topic, at, data, label: what && this.#finishing?.events.on(what) });
  }

  #event(given: Given & { readonly data: MaskedData }): void {
    const { topic, at, data, way } = given;
    const units = () => JSON.stringify(data.value).length;
    this.#pass(given, units, ({ label, custom }) => this.#partners.scribe.event(topic, at, data, { way, label, custom }));
  }

  /** The session's last record. @param dataOf gives its data, with the members that say what was left out */
  end(at: TimeUs, dataOf: (leftOut: { readonly excluded?: number; readonly dropped?: number }) => MaskedData): void {
    this.#put(undefined, 0, () => {
      const leftOut = Object.entries({ excluded: this.#excluded, dropped: this.#dropped }).filter(([, count]) => count > 0);
      this.#partners.scribe.event('session.end', at, dataOf(Object.fromEntries(leftOut)));
    });
  }

  /** Whether records wait here. */
  get waits(): boolean {
    return this.#held.length > 0;
  }

  /** Calls once all that was given until now is written; at once where nothing waits. */
  whenWritten(run: () => void): void {
    if (this.waits) this.#onWritten.push(run);
    else run();
  }

  /** There is room again. */
  goOn(): void {
    this.#drain(false);
  }

  /** Writes what waits as it stands, whatever there is room for. */
  settle(): void {
    this.#hurry();
    this.#drain(true);
  }

  #about({ topic, at, way }: Given): Unsealed['about'] {
    const { id: session, listener, protocol, ip } = this.#open;
    const { account, character, room } = this.#names;
    const known = Object.entries({ ip, account, character, room }).filter(([, value]) => value);
    return { topic, time: formatTime(at), session, listener, protocol, ...way, ...Object.fromEntries(known) };
  }

  /** Shows a record to the modules, and writes it as they leave it, in its turn. */
  #pass(given: Given, units: () => number, write: (left: Given) => void): void {
    const { modules = [] } = this.#finishing ?? {};
    const asked = modules.length > 0 && !UNASKED.includes(given.topic);
    if (!asked && this.#held.length === 0) return write(given);
    if (!asked) return this.#put(undefined, units(), () => write(given));
    const unsealed: Given & Unsealed = { ...given, about: this.#about(given) };
    const round = new Round(unsealed, modules, this.#partners.masks, () => this.#drain(false));
    round.begin();
    this.#put(round, units(), () => {
      if (unsealed.dropped) this.#dropped++;
      else write(unsealed);
    });
  }

  #put(round: Round | undefined, units: number, write: () => void): void {
    if (this.#held.length === 0 && round?.done !== false) return write();
    this.#held.push({ round, units, write });
    this.#units += units;
    if (this.#held.length > MOST_WAITING || this.#units > MOST_UNITS) this.#hurry();
  }

  #hurry(): void {
    for (const { round } of [...this.#held]) round?.hurry();
    this.#drain(false);
  }

  /** Writes what need not wait any more. @param anyway also where there is no room */
  #drain(anyway: boolean): void {
    while (this.#held[0]?.round?.done !== false && this.#held.length > 0 && (anyway || this.#partners.accepts())) {
      const held = this.#held.shift() as Held;
      this.#units -= held.units;
      try {
        held.write();
      } catch {
        this.#partners.failed();
      }
    }
    if (this.#held.length === 0) for (const run of this.#onWritten.splice(0)) run();
  }
}
