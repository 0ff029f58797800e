/**
 * The way of one session's bytes from wire to record: DECODE > GATHER > IDENTIFY > MASK > RECORD. The only file that knows all stages. Receives
 * bytes, gaps and time in the order in which they happened; gives sealed lines through the scribe. Reads no clock and no file, so the same calls
 * give the same records.
 */
import type { Gap } from './capture/frames.js';
import type { Cut, Decoder, Direction, Identity, MaskedName, SessionEnd, SessionOpen, TimeUs, Utterance, WireEvent } from './contract.js';
import { EOR, GA } from './decode/bytes.js';
import { Agreed } from './decode/mccp.js';
import { plainDecoder } from './decode/plain.js';
import { TelnetDecoder } from './decode/telnet.js';
import type { Charset } from './gather/charset.js';
import { completesEnd, isEnd } from './gather/held.js';
import { type Gatherer, LineGatherer } from './gather/lines.js';
import { MessageGatherer } from './gather/messages.js';
import { Identifier, type Learned } from './identify/login.js';
import { type MaskSet, type Scrubbed, withhold } from './mask/masker.js';
import { SessionMasks } from './mask/session-masks.js';
import { formatTime } from './record/line.js';
import type { SessionScribe } from './record/scribe.js';

/** What is kept of a listener's sessions, and how. */
export interface Keeping {
  readonly in: boolean;
  readonly out: boolean;
  readonly outUnit: 'message' | 'line';
  readonly outIdleMs: number;
  /** The listener's, where it names one. */
  readonly charset?: Charset;
  readonly masks: MaskSet;
}

/** Told of what belongs in an `audit.fault`. */
export type OnFault = (fault: { code: string; stage: string; count: number }, at: TimeUs) => void;

/** One direction of a session. */
interface Lane {
  readonly direction: Direction;
  readonly decoder: Decoder;
  readonly gatherer: Gatherer;
  readonly take: (event: WireEvent) => void;
  /** Behind a gap, up to the next line end: bytes left out so far; -1 when nothing is. */
  skipped: number;
  /** The line end that ended it, while its second byte may still come; 0: none. */
  skippedTo: number;
  /** Bytes that could not be read (encrypted, broken compression), and since when. */
  unread: number;
  unreadFrom: TimeUs;
}

export class SessionPipeline {
  readonly #open: SessionOpen;
  readonly #keeping: Keeping;
  readonly #scribe: SessionScribe;
  readonly #onFault: OnFault;
  readonly #identifier = new Identifier();
  readonly #masks: SessionMasks;
  /** As they were learned; scrubbed whenever they are handed on. */
  readonly #names: { -readonly [field in keyof Identity]?: string } = {};
  readonly #lanes: { readonly RCV: Lane; readonly SND: Lane };
  readonly #faults = new Map<string, number>();
  readonly #heard = (utterance: Utterance): void => this.#hear(utterance);
  #exchange = 0;
  /** When the input that waits for its first answer ended. */
  #askedAt: TimeUs | undefined;
  /** Time of the bytes that are being read. */
  #at: TimeUs = 0;
  /** The server's side cannot be read: its prompts go unseen, so nothing that is typed may be written. */
  #blind = false;

  constructor(open: SessionOpen, keeping: Keeping, scribe: SessionScribe, onFault: OnFault) {
    this.#open = open;
    this.#keeping = keeping;
    this.#masks = new SessionMasks(keeping.masks);
    this.#scribe = scribe;
    this.#onFault = onFault;
    const agreed = new Agreed();
    const output = keeping.outUnit === 'line' ? new LineGatherer('SND', keeping.charset) : new MessageGatherer(keeping.outIdleMs, keeping.charset);
    this.#lanes = { RCV: this.#lane('RCV', new LineGatherer('RCV', keeping.charset), agreed), SND: this.#lane('SND', output, agreed) };
  }

  #lane(direction: Direction, gatherer: Gatherer, agreed: Agreed): Lane {
    const take = (event: WireEvent): void => this.#take(lane, event);
    const nothing = { skipped: -1, skippedTo: 0, unread: 0, unreadFrom: 0 };
    const decoder = this.#open.wire === 'telnet' ? new TelnetDecoder(direction, agreed) : plainDecoder();
    const lane: Lane = { direction, decoder, gatherer, take, ...nothing };
    return lane;
  }

  begin(at: TimeUs): void {
    const { upstream } = this.#open;
    this.#scribe.event('session.start', at, this.#masks.scrubData({ upstream }, at));
  }

  /** @param bytes borrowed until the call returns */
  data(direction: Direction, bytes: Uint8Array, at: TimeUs): void {
    this.#at = at;
    const lane = this.#lanes[direction];
    lane.decoder.push(bytes, lane.take);
  }

  #take(lane: Lane, event: WireEvent): void {
    switch (event.type) {
      case 'text':
        return this.#text(lane, event.bytes);
      case 'command':
        if (lane.direction === 'SND' && (event.code === GA || event.code === EOR)) lane.gatherer.flush('prompt', this.#heard);
        return;
      case 'opaque':
        return this.#close(lane, event.code);
      case 'blind':
        this.#close(lane, event.code);
        lane.unread += lane.gatherer.drop();
        return;
      case 'readable':
        return this.#reopen(lane);
      case 'unread':
        lane.unreadFrom ||= this.#at;
        lane.unread += event.length;
        return;
      case 'fault':
        return this.#fault(event.code, 'decode');
      case 'negotiate':
      case 'subnegotiation':
        return;
    }
  }

  /** From here on `lane` cannot be read. */
  #close(lane: Lane, code: string): void {
    lane.unreadFrom = this.#at;
    if (lane.direction === 'SND') this.#blind = true;
    this.#fault(code, 'decode');
  }

  /** It can be read again: what was not is a gap, and the line that stands across its end goes with it. */
  #reopen(lane: Lane): void {
    if (lane.direction === 'SND') this.#blind = false;
    this.#endUnread(lane);
    lane.skipped = Math.max(lane.skipped, 0);
    lane.skippedTo = 0;
  }

  #endUnread(lane: Lane): void {
    if (lane.unread > 0) this.#gap('decode', 'unreadable', lane.direction, lane.unreadFrom, this.#at, lane.unread);
    lane.unread = 0;
  }

  #text(lane: Lane, bytes: Uint8Array): void {
    if (lane.skipped < 0 && lane.skippedTo === 0) return lane.gatherer.push(bytes, this.#at, this.#heard);
    const rest = this.#skip(lane, bytes);
    if (rest.length > 0) lane.gatherer.push(rest, this.#at, this.#heard);
  }

  /** Behind a gap: leaves out what belongs to the line with the hole, its line end of one or two bytes too. Gives the rest. */
  #skip(lane: Lane, bytes: Uint8Array): Uint8Array {
    let from = 0;
    if (lane.skipped >= 0) {
      const end = bytes.findIndex(isEnd);
      lane.skipped += end < 0 ? bytes.length : end + 1;
      if (end < 0) return bytes.subarray(bytes.length);
      this.#endSkip(lane);
      lane.skippedTo = bytes[end] as number;
      from = end + 1;
    }
    const next = bytes[from];
    if (next === undefined) return bytes.subarray(from);
    const second = completesEnd(lane.skippedTo, next);
    lane.skippedTo = 0;
    return bytes.subarray(second ? from + 1 : from);
  }

  /** An input is scrubbed first, recorded or not: its secrets must be known when what the server said is written, which may be its echo. */
  #hear(utterance: Utterance): void {
    const input = utterance.direction === 'RCV' ? this.#scrub(utterance) : undefined;
    if (input) {
      this.#lanes.SND.gatherer.flush(undefined, this.#heard);
      this.#exchange++;
      this.#askedAt = utterance.endAt;
    }
    const learned = this.#identifier.hear(utterance);
    if (input ? this.#keeping.in : this.#keeping.out) this.#keep(utterance, input ?? this.#scrub(utterance));
    if (utterance.direction === 'SND') this.#askedAt = undefined;
    for (const name of learned) this.#learn(name, utterance.at);
  }

  #scrub(utterance: Utterance): Scrubbed {
    const { version } = this.#masks;
    const scrubbed = this.#masks.scrub(utterance);
    if (this.#masks.version !== version) this.#identify(utterance.endAt);
    if (this.#blind && utterance.direction === 'RCV') return { utterance: withhold(utterance), failed: false };
    if (scrubbed.failed) this.#fault('mask-failed', 'mask');
    return scrubbed;
  }

  #keep(utterance: Utterance, scrubbed: Scrubbed): void {
    const answers = utterance.direction === 'SND' && this.#askedAt !== undefined;
    const latencyMs = answers ? Math.max(0, utterance.at - (this.#askedAt as TimeUs)) / 1000 : undefined;
    this.#scribe.said(scrubbed.utterance, { exchange: this.#exchange, ...(latencyMs === undefined ? {} : { latencyMs }) });
  }

  #learn(learned: Learned, at: TimeUs): void {
    const { field, old = null, new: name = null, how } = learned;
    this.#scribe.event('session.identity', at, this.#masks.scrubData({ field, old, new: name, how }, at));
    if (name === null) delete this.#names[field];
    else this.#names[field] = name;
    this.#identify(at, true);
  }

  /** Hands the names on: when one changed, or when one may be what has just been said as a secret. */
  #identify(at: TimeUs, changed = false): void {
    const names = Object.entries(this.#names);
    if (names.length === 0 && !changed) return;
    const scrubbed = names.map(([field, name]) => [field, this.#masks.scrubName(name, at)] as const);
    this.#scribe.identify(Object.fromEntries(scrubbed) as { [field in keyof Identity]?: MaskedName });
  }

  /** The first of a kind is said at once, the others are counted at the end. */
  #fault(code: string, stage: string): void {
    const key = `${stage} ${code}`;
    const count = (this.#faults.get(key) ?? 0) + 1;
    this.#faults.set(key, count);
    if (count === 1) this.#onFault({ code, stage, count }, this.#at);
  }

  /** Bytes were lost on the way here: says so, and leaves out the line that has the hole, up to its end. */
  gap(gap: Gap, at: TimeUs): void {
    this.#at = at;
    this.#lose(this.#lanes[gap.direction as Direction], 'capture', gap);
  }

  /** A fault of ours ended the reading of what came at `at`, nobody knows how far: says so, and goes on behind a gap in both directions. */
  fail(at: TimeUs): void {
    this.#at = at;
    this.#fault('internal', 'pipeline');
    const gap = { reason: 'internal', from: null, to: at, bytes: null };
    for (const lane of [this.#lanes.RCV, this.#lanes.SND]) this.#lose(lane, 'pipeline', gap);
  }

  #lose(lane: Lane, stage: string, { reason, from, to, bytes }: Pick<Gap, 'reason' | 'from' | 'to' | 'bytes'>): void {
    const dropped = lane.gatherer.drop();
    lane.decoder.lose(lane.take);
    lane.skipped = Math.max(lane.skipped, 0);
    lane.skippedTo = 0;
    this.#gap(stage, reason, lane.direction, from, to, bytes === null ? null : bytes + dropped);
  }

  #gap(stage: string, reason: string, direction: Direction, from: TimeUs | null, to: TimeUs, bytes: number | null): void {
    const times = { from: from === null ? null : formatTime(from), to: formatTime(to) };
    const data = { stage, reason, direction, ...times, records: null, bytes, sessions: 1, callback: null };
    this.#scribe.event('audit.gap', this.#at, this.#masks.scrubData(data, this.#at));
  }

  #endSkip(lane: Lane): void {
    if (lane.skipped > 0) this.#gap('gather', 'open-line', lane.direction, null, this.#at, lane.skipped);
    lane.skipped = -1;
  }

  tick(at: TimeUs): void {
    this.#at = at;
    this.#lanes.RCV.gatherer.tick(at, this.#heard);
    this.#lanes.SND.gatherer.tick(at, this.#heard);
  }

  #flush(cut: Cut): void {
    this.#lanes.RCV.gatherer.flush(cut, this.#heard);
    this.#lanes.SND.gatherer.flush(cut, this.#heard);
  }

  end(end: SessionEnd, at: TimeUs): void {
    this.#at = at;
    this.#flush('close');
    for (const lane of [this.#lanes.RCV, this.#lanes.SND]) {
      this.#endSkip(lane);
      lane.decoder.end(lane.take);
      this.#endUnread(lane);
    }
    for (const [key, count] of this.#faults) {
      const [stage = '', code = ''] = key.split(' ');
      if (count > 1) this.#onFault({ code, stage, count: count - 1 }, at);
    }
    const { reason, by, bytesIn, bytesOut } = end;
    this.#scribe.event('session.end', at, this.#masks.scrubData({ reason, by, bytes_in: bytesIn, bytes_out: bytesOut }, at));
  }
}
