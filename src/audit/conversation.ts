/**
 * What both sides of a session said, on its way into records: IDENTIFY > MASK > RECORD. Receives utterances and facts in the order of the wire, and
 * time; gives sealed lines through the scribe, in the same order. What a client typed waits here until the judge knows whether it was typed blind.
 */
import type { Identity, MaskedName, OobMessage, Peeked, SessionEnd, SessionOpen, TimeUs, Topic, Utterance } from '../contract.js';
import { Identifier, type Learned, type Sources } from '../identify/login.js';
import { Watch } from '../identify/watch.js';
import { Judge } from '../mask/judge.js';
import { type MaskSet, type Scrubbed, withhold } from '../mask/masker.js';
import type { Typing } from '../mask/queue.js';
import { SessionMasks } from '../mask/session-masks.js';
import type { SessionScribe } from '../record/scribe.js';
import { Finisher, type Finishing } from './finisher.js';

/** What is kept of what is said. */
export interface Kept {
  readonly in: boolean;
  readonly out: boolean;
  readonly outIdleMs: number;
  readonly masks: MaskSet;
  /** Where names are known from beside the built-in sets (AUDIT_IDENTITY); AUDIT_WATCH and AUDIT_WATCH_EXCLUDE. */
  readonly names?: Sources;
  readonly watch?: readonly string[];
  readonly watchExclude?: readonly string[];
  /** What is left out, and what records are called. */
  readonly finishing?: Finishing | undefined;
}

/** What a session under way takes of another configuration. */
export type Adopted = Pick<Kept, 'in' | 'out' | 'masks' | 'finishing'>;

/** Told of what belongs in an `audit.fault`; the first of a kind at once, the others counted at the end. */
type Fault = (code: string, stage: string) => void;

export interface Partners {
  readonly scribe: SessionScribe;
  readonly fault: Fault;
  /** What the server has said and its gatherer still holds. */
  readonly peek: () => Peeked | undefined;
  /** Ends what the client has typed and not ended: the server has a prompt open again. */
  readonly endKeys: () => void;
  /** False while the journal is full; told that a record that waited for a module could not be written. */
  readonly accepts: () => boolean;
  readonly unwritten: () => void;
}

export class Conversation {
  readonly #open: SessionOpen;
  #kept: Kept;
  readonly #partners: Partners;
  readonly #idleUs: number;
  readonly #identifier: Identifier;
  readonly #watch: Watch;
  readonly #watches: boolean;
  readonly #masks: SessionMasks;
  readonly #judge: Judge;
  readonly #records: Finisher;
  /** As they were learned; scrubbed whenever they are handed on. */
  readonly #names: { -readonly [field in keyof Identity]?: string } = {};
  #exchange = 0;
  /** When the input that waits for its first answer ended. */
  #askedAt: TimeUs | undefined;
  /** When the server spoke last; undefined: not since the last input, or that silence was told. */
  #spokeAt: TimeUs | undefined;
  /** Whether keys of a line that has not ended have come, and the server has spoken since. */
  #keys: 'none' | 'typed' | 'answered' = 'none';
  #tickedAt: TimeUs = 0;
  /** The server's side cannot be read: its prompts go unseen, so nothing that is typed may be written. */
  #blind = false;

  constructor(open: SessionOpen, kept: Kept, partners: Partners) {
    this.#open = open;
    this.#kept = kept;
    this.#partners = partners;
    this.#idleUs = kept.outIdleMs * 1000;
    this.#masks = new SessionMasks(kept.masks);
    this.#records = new Finisher(open, { ...partners, masks: this.#masks, failed: partners.unwritten }, kept.finishing);
    this.#identifier = new Identifier(kept.names);
    const { watch = [], watchExclude = [] } = kept;
    this.#watches = watch.length > 0;
    this.#watch = new Watch(watch, watchExclude);
    const sink = {
      input: (utterance: Utterance, typing: Typing) => this.#input(utterance, typing),
      output: (utterance: Utterance, unfinished: boolean) => this.#output(utterance, unfinished),
      forget: (lines: readonly string[]) => this.#masks.forget(lines),
    };
    this.#judge = new Judge({ prompts: kept.masks.prompts, sink, observes: open.wire !== 'telnet', peek: partners.peek });
    if (open.account === undefined) return;
    this.#names.account = open.account;
    this.#judge.login();
  }

  /** From what is said next on this is kept, with these masks. What the session knows by now stays. */
  adopt({ in: input, out, masks, finishing }: Adopted): void {
    this.#kept = { ...this.#kept, in: input, out, masks };
    this.#records.adopt(finishing);
    this.#masks.adopt(masks);
    this.#judge.adopt(masks.prompts);
  }

  begin(at: TimeUs): void {
    this.#identify(at);
    const { upstream, tls, url, subprotocol, headers, process, continues } = this.#open;
    const shown = url === undefined ? undefined : this.#masks.hideUrl(url, at);
    const known = Object.entries({ tls, url: shown, subprotocol, headers, process, continues }).filter(([, value]) => value !== undefined);
    this.event('session.start', at, { upstream, ...Object.fromEntries(known) });
  }

  /** A line that was typed and has lost bytes on the way here: it is no record. */
  hearHoled(utterance: Utterance): void {
    this.#spokeAt = undefined;
    this.#judge.input(utterance, true);
  }

  /** Something said; an output before the input that ended it. */
  hear(utterance: Utterance): void {
    const typed = utterance.direction === 'RCV';
    if (!typed) this.#judge.output(utterance);
    // What an input teaches, the output before it has proven: it stands before the input.
    this.#learnAll(this.#identifier.hear(utterance, typed && (this.#blind || this.#judge.hidesNext)), utterance.at);
    if (!typed) return;
    this.#spokeAt = undefined;
    this.#judge.input(utterance);
  }

  #learnAll(learned: readonly Learned[], at: TimeUs): void {
    for (const one of learned) this.#judge.later(() => this.#learn(one, at));
    if (learned.some(({ field, new: name }) => field === 'account' && name !== undefined)) this.#judge.login();
  }

  /** The server has said something, which may not be an utterance yet. */
  spoke(at: TimeUs): void {
    this.#spokeAt = at;
    if (this.#keys === 'typed') this.#keys = 'answered';
    this.#judge.spoke();
  }

  /** The client has typed. @param open a line, and not ended it */
  typed(open: boolean): void {
    this.#keys = open ? 'typed' : 'none';
  }

  /** A prompt mark from the server, behind the output that it ends. */
  promptMark(): void {
    this.#judge.mark();
  }

  /** The server offers (true) or gives back (false) the echo of what is typed. */
  echo(on: boolean): void {
    this.#judge.echo(on);
  }

  /** The terminal itself does not send back what is typed (true), or does again. */
  typesBlind(on: boolean): void {
    this.#judge.typesBlind(on, this.#keys !== 'none');
  }

  /** Whether anything that was said waits here and is no record yet. */
  get holds(): boolean {
    return this.#judge.holds || this.#records.waits;
  }

  /** The session went on while nobody looked. */
  resume(at: TimeUs): void {
    if (this.#open.url !== undefined) this.#masks.hideUrl(this.#open.url, at);
    this.#identify(at);
    this.careful(false);
  }

  /** The server's side cannot be read from here on. */
  blind(): void {
    this.#blind = true;
    this.#judge.end();
  }

  /** Output is missing: nobody knows what was asked in it. @param readable the server's side can be read again */
  careful(readable: boolean): void {
    this.#judge.careful();
    if (readable) this.#blind = false;
  }

  /**
   * A message out of band. Its secrets are known from here on, whether it is kept or not.
   * @param kept false: too many came
   */
  oob(message: OobMessage, kept: boolean, at: TimeUs): void {
    const { version } = this.#masks;
    const scrubbed = this.#masks.hideFields(message, at);
    if (this.#masks.version !== version) this.#judge.later(() => this.#identify(at));
    this.#learnAll(this.#identifier.hearOob(message), at);
    const { direction } = message;
    if (kept && (direction === 'RCV' ? this.#kept.in : this.#kept.out))
      this.#judge.later(() => this.#records.oob(at, scrubbed(at), { direction, exchange: this.#exchange }), this.#judge.waits ? unitsOf(message) : 0);
    if (!this.#watches) return;
    const { name, value } = scrubbed(at).value;
    for (const change of this.#watch.hear({ ...message, name: String(name), value })) this.event('session.change', at, { ...change });
  }

  /** A record of its own, in its place in the order. */
  event(topic: Topic, at: TimeUs, data: { readonly [name: string]: unknown }): void {
    this.#judge.later(() => this.#records.event(topic, at, this.#masks.scrubData(data, at)));
  }

  /** Time has come to `at`. To be called before anything that came at that time. */
  tick(at: TimeUs): void {
    // Once for each time: however the bytes of that time are split, the same is judged in front of them.
    if (at <= this.#tickedAt) return;
    this.#tickedAt = at;
    if (this.#spokeAt !== undefined && at - this.#spokeAt >= this.#idleUs) {
      this.#spokeAt = undefined;
      if (this.#judge.silence(this.#keys === 'answered')) this.#partners.endKeys();
    }
    this.#judge.tick(at);
  }

  end({ reason, by, bytesIn, bytesOut, exit, closeCode }: SessionEnd, at: TimeUs): void {
    this.#judge.end();
    const last = { ...(exit === undefined ? {} : { exit }), ...(closeCode === undefined ? {} : { close_code: closeCode }) };
    this.#records.end(at, (leftOut) => this.#masks.scrubData({ reason, by, bytes_in: bytesIn, bytes_out: bytesOut, ...leftOut, ...last }, at));
  }

  /** Everything that waits for the judge goes on as it stands. */
  settle(): void {
    this.#judge.end();
  }

  /** What waits for modules of AUDIT_PROVIDERS: see Finisher. */
  get records(): Pick<Finisher, 'waits' | 'whenWritten' | 'goOn' | 'settle'> {
    return this.#records;
  }

  /** An input is scrubbed, recorded or not: its secrets must be known when what the server said is written, which may be its echo. */
  #input(utterance: Utterance, typing: Typing): void {
    const { version } = this.#masks;
    const scrubbed = this.#masks.scrubInput(utterance, typing);
    if (this.#masks.version !== version) this.#identify(utterance.endAt);
    for (const [index, output] of scrubbed.lead.entries()) this.#keepOutput(typing.lead[index] as Utterance, output);
    if (typing.holed) return;
    this.#exchange++;
    this.#askedAt = utterance.endAt;
    const input = this.#blind ? { utterance: withhold(utterance), failed: false } : this.#checked(scrubbed.input);
    if (this.#kept.in) this.#records.said(input.utterance, { exchange: this.#exchange });
  }

  #output(utterance: Utterance, unfinished: boolean): void {
    if (this.#kept.out) this.#keepOutput(utterance, this.#masks.scrubOutput(utterance, unfinished));
    this.#askedAt = undefined;
  }

  #keepOutput(utterance: Utterance, scrubbed: Scrubbed): void {
    if (!this.#kept.out) return;
    const latencyMs = this.#askedAt === undefined ? undefined : Math.max(0, utterance.at - this.#askedAt) / 1000;
    this.#askedAt = undefined;
    this.#records.said(this.#checked(scrubbed).utterance, { exchange: this.#exchange, ...(latencyMs === undefined ? {} : { latencyMs }) });
  }

  #checked(scrubbed: Scrubbed): Scrubbed {
    if (scrubbed.failed) this.#partners.fault('mask-failed', 'mask');
    return scrubbed;
  }

  #learn({ field, old, new: name, how }: Learned, at: TimeUs): void {
    const shown = (one: string | undefined): string | null => (one === undefined ? null : this.#masks.scrubName(one, at));
    const what = field !== 'account' ? undefined : name === undefined ? 'logout' : 'login';
    this.#records.event('session.identity', at, this.#masks.scrubData({ field, old: shown(old), new: shown(name), how }, at), what);
    if (name === undefined) delete this.#names[field];
    else this.#names[field] = name;
    this.#identify(at, true);
  }

  /** Hands the names on: when one changed, or when one may be what has just been said as a secret. */
  #identify(at: TimeUs, changed = false): void {
    const names = Object.entries(this.#names);
    if (names.length === 0 && this.#open.interlink === undefined && !changed) return;
    const scrubbed = names.map(([field, name]) => [field, this.#masks.scrubName(name, at)] as const);
    const { interlink } = this.#open;
    const others = interlink === undefined ? {} : { interlink: this.#masks.scrubName(interlink, at) };
    this.#records.identify({ ...(Object.fromEntries(scrubbed) as { [field in keyof Identity]?: MaskedName }), ...others });
  }
}

/** What a message holds in memory, in UTF-16 units, or more. */
function unitsOf({ name, value }: OobMessage): number {
  try {
    return name.length + 8 * (JSON.stringify(value)?.length ?? 0);
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}
