/**
 * The way of one session's bytes to what was said: DECODE > GATHER, and from there into the conversation (src/audit/conversation.ts: IDENTIFY > MASK >
 * RECORD). Receives bytes, gaps and time in the order in which they happened; says what could not be read. Reads no clock and no file, so the same
 * calls give the same records.
 */

import { type Adopted, Conversation, type Kept } from './audit/conversation.js';
import { type OobListener, OptionReader } from './audit/oob.js';
import { type WebListener, WebMessages } from './audit/web-messages.js';
import type { Gap } from './capture/frames.js';
import type { Cut, Decoder, Direction, SessionEnd, SessionOpen, TerminalFact, TimeUs, Utterance, WireEvent } from './contract.js';
import { EC, EL, EOR, GA, IP } from './decode/bytes.js';
import { Agreed } from './decode/mccp.js';
import { plainDecoder } from './decode/plain.js';
import { TelnetDecoder } from './decode/telnet.js';
import type { Charset } from './gather/charset.js';
import { EDITING, type Gatherer, type Give } from './gather/gatherer.js';
import { completesEnd, isEnd } from './gather/held.js';
import { LineGatherer } from './gather/lines.js';
import { MessageGatherer } from './gather/messages.js';
import { typedMessage, WebGatherer } from './gather/web.js';
import { formatTime } from './record/line.js';
import type { SessionScribe } from './record/scribe.js';

/** What is kept of a listener's sessions, and how. */
export interface Keeping extends Kept {
  readonly outUnit: 'message' | 'line';
  /** The listener's, where it names one. */
  readonly charset?: Charset;
}

/** Told of what belongs in an `audit.fault`. */
export type OnFault = (fault: { code: string; stage: string; count: number }, at: TimeUs) => void;

const KEYS: { readonly [command: number]: number } = { [EC]: EDITING.EC, [EL]: EDITING.EL, [IP]: EDITING.IP };

/** What was lost, for an `audit.gap`; null where nobody knows. */
interface Loss {
  readonly stage: string;
  readonly reason: string;
  readonly direction: Direction | null;
  readonly from: TimeUs | null;
  readonly to: TimeUs;
  readonly records?: number | null;
  readonly bytes: number | null;
}

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
  readonly #onFault: OnFault;
  readonly #conversation: Conversation;
  readonly #options: OptionReader;
  readonly #lanes: { readonly RCV: Lane; readonly SND: Lane };
  readonly #faults = new Map<string, number>();
  readonly #said = (utterance: Utterance): void => this.#conversation.hear(utterance);
  readonly #typed = (utterance: Utterance): void => this.#hearInput(utterance, false);
  readonly #typedHoled = (utterance: Utterance): void => this.#hearInput(utterance, true);
  /** For what is still held of what was typed: behind a gap that is the line with the hole. */
  readonly #giveTyped = (utterance: Utterance): void => this.#hearInput(utterance, this.#lanes.RCV.skipped >= 0);
  /** Of a WebSocket that is read with its frames. */
  readonly #web: WebMessages | undefined;
  /** Time of the bytes that are being read. */
  #at: TimeUs = 0;

  /** @param accepts false while no record that waited for a module may be written */
  constructor(open: SessionOpen, keeping: Keeping, scribe: SessionScribe, onFault: OnFault, accepts: () => boolean = () => true) {
    this.#open = open;
    this.#onFault = onFault;
    const agreed = new Agreed();
    const { outUnit, outIdleMs, charset } = keeping;
    const stream = outUnit === 'line' ? new LineGatherer('SND', charset) : new MessageGatherer(outIdleMs, charset);
    const shown = open.wire === 'websocket' ? new WebGatherer(stream, { unit: outUnit, idleMs: outIdleMs }) : undefined;
    const output = shown ?? stream;
    this.#web = shown && new WebMessages(this.#listenToWeb(agreed, shown));
    this.#lanes = { RCV: this.#lane('RCV', new LineGatherer('RCV', charset), agreed), SND: this.#lane('SND', output, agreed) };
    this.#conversation = new Conversation(open, keeping, {
      scribe,
      fault: (code, stage) => this.#fault(code, stage),
      peek: () => output.peek(),
      endKeys: () => this.#lanes.RCV.gatherer.flush('prompt', this.#giveTyped),
      accepts,
      unwritten: () => this.#unwritten(),
    });
    this.#options = new OptionReader(this.#listenToOptions(), charset);
  }

  #listenToOptions(): OobListener {
    const { RCV, SND } = this.#lanes;
    return {
      oob: (message, keep) => this.#conversation.oob(message, keep, this.#at),
      resize: (columns, rows) => {
        SND.gatherer.resize(columns);
        this.#conversation.event('session.resize', this.#at, { columns, rows });
      },
      charset: (charset) => {
        RCV.gatherer.setCharset(charset, this.#giveTyped);
        SND.gatherer.setCharset(charset, this.#said);
      },
      echo: (on) => this.#conversation.echo(on),
      fault: (code) => this.#fault(code, 'decode'),
      lost: (records, from, to) => this.#gap({ stage: 'decode', reason: 'oob-flood', direction: null, from, to, records, bytes: null }),
    };
  }

  #listenToWeb(agreed: Agreed, output: WebGatherer): WebListener {
    const telnet = { RCV: new TelnetDecoder('RCV', agreed), SND: new TelnetDecoder('SND', agreed) };
    return {
      telnet: (direction, bytes) => telnet[direction].push(bytes, this.#lanes[direction].take),
      text: (direction, bytes) => this.#text(this.#lanes[direction], bytes),
      typed: (command) => {
        this.#conversation.typed(false);
        this.#hearInput(typedMessage(command, this.#at), false);
      },
      shown: (html, prompt) => {
        output.say(html, prompt, this.#at, this.#said);
        this.#conversation.spoke(this.#at);
        if (prompt) output.flush('prompt', this.#said);
      },
      oob: (message) => this.#options.tell(message, this.#at),
      lost: (direction) => direction === 'SND' && this.#conversation.careful(false),
      fault: (code) => this.#fault(code, 'decode'),
      unread: (direction, length) => this.#lanes[direction].take({ type: 'unread', length }),
    };
  }

  #lane(direction: Direction, gatherer: Gatherer, agreed: Agreed): Lane {
    const take = (event: WireEvent): void => this.#take(lane, event);
    const nothing = { skipped: -1, skippedTo: 0, unread: 0, unreadFrom: 0 };
    const decoder = this.#web?.decoder(direction) ?? (this.#open.wire === 'telnet' ? new TelnetDecoder(direction, agreed) : plainDecoder());
    const lane: Lane = { direction, decoder, gatherer, take, ...nothing };
    return lane;
  }

  begin(at: TimeUs): void {
    this.#conversation.begin(at);
  }

  /** The session went on while nobody looked: the audit was started again. Nothing tells where in the frames of a WebSocket its bytes go on. */
  resume(at: TimeUs): void {
    this.#at = at;
    this.#conversation.resume(at);
    if (this.#web) for (const { decoder, take } of [this.#lanes.RCV, this.#lanes.SND]) decoder.lose(take);
  }

  /** The configuration was read again: from what is said next on this is kept, with these masks. */
  adopt(keeping: Adopted): void {
    this.#conversation.adopt(keeping);
  }

  /** What is known of its terminal, in its place between the bytes. */
  terminal(fact: TerminalFact, at: TimeUs): void {
    this.#at = at;
    this.#conversation.tick(at);
    if ('blind' in fact) return this.#conversation.typesBlind(fact.blind);
    // Of keys to a full-screen program no line comes back.
    if ('raw' in fact) return this.#lanes.SND.gatherer.alternate ? undefined : this.#conversation.echo(fact.raw);
    if ('careful' in fact) return this.#conversation.careful(false);
    this.#lanes.SND.gatherer.resize(fact.columns);
    this.#conversation.event('session.resize', at, { columns: fact.columns, rows: fact.rows });
  }

  /** All that was said until now is in records, or to be in none. */
  get idle(): boolean {
    const { RCV, SND } = this.#lanes;
    return RCV.gatherer.length === 0 && SND.gatherer.length === 0 && RCV.unread === 0 && SND.unread === 0 && !this.#conversation.holds;
  }

  /** What waits for modules of AUDIT_PROVIDERS, behind the last of the calls. */
  get records(): Conversation['records'] {
    return this.#conversation.records;
  }

  /** A record that waited could not be written, and nobody called who could be told. */
  #unwritten(): void {
    try {
      this.fail(this.#at);
    } catch {
      // Nothing can be written now; the journal has trouble of its own.
    }
  }

  /** Writes what waits, as it stands: the audit ends here, the session may go on. */
  settle(): void {
    this.#conversation.settle();
  }

  /** @param bytes borrowed until the call returns */
  data(direction: Direction, bytes: Uint8Array, at: TimeUs): void {
    this.#at = at;
    this.#conversation.tick(at);
    const lane = this.#lanes[direction];
    lane.decoder.push(bytes, lane.take);
  }

  #take(lane: Lane, event: WireEvent): void {
    switch (event.type) {
      case 'text':
        return this.#text(lane, event.bytes);
      case 'command':
        return this.#command(lane, event.code);
      case 'negotiate':
        return this.#options.negotiate(lane.direction, event.verb, event.option, this.#at);
      case 'subnegotiation':
        return this.#options.subnegotiation(lane.direction, event.option, event.payload, event.length, this.#at);
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
    }
  }

  #command(lane: Lane, code: number): void {
    if (lane.direction === 'RCV') return this.#edit(lane, code);
    if (code !== GA && code !== EOR) return;
    if (lane.gatherer.length > 0) lane.gatherer.flush('prompt', this.#said);
    else this.#conversation.promptMark();
  }

  /** A command that edits the line being typed. */
  #edit(lane: Lane, code: number): void {
    const key = KEYS[code];
    if (key !== undefined && lane.skipped < 0 && lane.gatherer.length > 0) this.#type(lane.gatherer, Uint8Array.of(key), this.#typed);
  }

  /** From here on `lane` cannot be read. */
  #close(lane: Lane, code: string): void {
    lane.unreadFrom = this.#at;
    if (lane.direction === 'SND') this.#conversation.blind();
    this.#fault(code, 'decode');
  }

  /** It can be read again: what was not is a gap, and the line that stands across its end goes with it. */
  #reopen(lane: Lane): void {
    if (lane.direction === 'SND') this.#conversation.careful(true);
    this.#endUnread(lane);
    lane.skipped = Math.max(lane.skipped, 0);
    lane.skippedTo = 0;
  }

  #endUnread(lane: Lane): void {
    if (lane.unread > 0)
      this.#gap({ stage: 'decode', reason: 'unreadable', direction: lane.direction, from: lane.unreadFrom, to: this.#at, bytes: lane.unread });
    lane.unread = 0;
  }

  #text(lane: Lane, bytes: Uint8Array): void {
    const whole = lane.skipped < 0 && lane.skippedTo === 0;
    const rest = whole ? bytes : lane.direction === 'SND' ? this.#skip(lane, bytes) : this.#typeHoled(lane, bytes);
    if (rest.length === 0) return;
    if (lane.direction === 'SND') {
      lane.gatherer.push(rest, this.#at, this.#said);
      this.#conversation.spoke(this.#at);
    } else this.#type(lane.gatherer, rest, this.#typed);
  }

  /** The line behind a gap in what is typed, up to its end: no record, but its secrets must be known, and its echo is one. Gives the rest. */
  #typeHoled(lane: Lane, bytes: Uint8Array): Uint8Array {
    const end = bytes.findIndex(isEnd);
    const line = end < 0 ? bytes : bytes.subarray(0, end + 1);
    lane.skipped += line.length;
    this.#type(lane.gatherer, line, this.#typedHoled);
    if (end >= 0) this.#endSkip(lane);
    return bytes.subarray(line.length);
  }

  /** What the server says from the first key of a line to its end may be the echo of that line. */
  #type(keys: Gatherer, bytes: Uint8Array, give: Give): void {
    const output = this.#lanes.SND.gatherer;
    output.mark();
    keys.push(bytes, this.#at, give);
    if (keys.length > 0) output.mark();
    else output.unmark();
    this.#conversation.typed(keys.length > 0);
  }

  /** What the server said before it is a message of its own. */
  #hearInput(utterance: Utterance, holed: boolean): void {
    const output = this.#lanes.SND.gatherer;
    output.flush(undefined, this.#said);
    output.unmark(utterance.asks);
    if (holed) this.#conversation.hearHoled(utterance);
    else this.#conversation.hear(utterance);
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
    const held = lane.gatherer.drop();
    // What is held of a line with a hole is counted with that.
    const dropped = lane.direction === 'RCV' && lane.skipped >= 0 ? 0 : held;
    lane.decoder.lose(lane.take);
    lane.skipped = Math.max(lane.skipped, 0);
    lane.skippedTo = 0;
    if (lane.direction === 'SND') this.#conversation.careful(false);
    this.#gap({ stage, reason, direction: lane.direction, from, to, bytes: bytes === null ? null : bytes + dropped });
  }

  #gap({ stage, reason, direction, from, to, records = null, bytes }: Loss): void {
    const times = { from: from === null ? null : formatTime(from), to: formatTime(to) };
    const data = { stage, reason, direction, ...times, records, bytes, sessions: 1, callback: null };
    this.#conversation.event('audit.gap', this.#at, data);
  }

  #endSkip(lane: Lane): void {
    if (lane.skipped > 0)
      this.#gap({ stage: 'gather', reason: 'open-line', direction: lane.direction, from: null, to: this.#at, bytes: lane.skipped });
    lane.skipped = -1;
  }

  tick(at: TimeUs): void {
    this.#at = at;
    this.#conversation.tick(at);
    this.#lanes.RCV.gatherer.tick(at, this.#giveTyped);
    this.#lanes.SND.gatherer.tick(at, this.#said);
    this.#options.tick(at);
  }

  #flush(cut: Cut): void {
    const { RCV, SND } = this.#lanes;
    RCV.gatherer.flush(cut, this.#giveTyped);
    SND.gatherer.flush(cut, this.#said);
  }

  end(end: SessionEnd, at: TimeUs): void {
    this.#at = at;
    this.#conversation.tick(at);
    this.#flush('close');
    this.#options.end(at);
    this.#conversation.settle();
    for (const lane of [this.#lanes.RCV, this.#lanes.SND]) {
      this.#endSkip(lane);
      lane.decoder.end(lane.take);
      this.#endUnread(lane);
    }
    for (const [key, count] of this.#faults) {
      const [stage = '', code = ''] = key.split(' ');
      if (count > 1) this.#onFault({ code, stage, count: count - 1 }, at);
    }
    const closeCode = this.#web?.closeCode;
    this.#conversation.end(closeCode === undefined ? end : { ...end, closeCode }, at);
  }
}
