/**
 * Decides which lines a client typed blind (DESIGN 5: typed ahead, hidden typing). Receives a session's inputs and outputs in the order of the wire, the
 * server's word on ECHO, silences and time; gives the same back in the same order, each input with the name of what hides it, if anything does.
 * An input waits, and what follows waits behind it, until the server had its say. Sees secrets, keeps none beyond what waits (bounded), writes
 * nothing, reads no clock.
 */
import type { Echo, Peeked, TimeUs, Utterance } from '../contract.js';
import { type Asked, Asking, type PromptFinder } from './asking.js';
import { type Answer, asShown, isSentBack } from './echo.js';
import { EchoWatch } from './hidden-typing.js';
import { HIDDEN_TYPING } from './mask-set.js';
import { type Held, type Input, leadUnits, MOST_ITEMS, outputsOf, Queue, type Typing } from './queue.js';

/** How long an input waits at most for what the server has to say. */
const WAIT_BEFORE_LOGIN_US = 5_000_000;
const WAIT_US = 1_000_000;
/** How long outputs with the echo of a line wait for its end, and how much of them (UTF-16 units). */
const LEAD_US = 2_000_000;
const MOST_LEAD = 65_536;
/** Lines after which a session counts as logged in. */
const LINES_TO_LOGIN = 20;
/** So much behind a line is looked at for its echo (UTF-16 units). */
const MOST_ANSWER = 4_096;

/** What goes on from here, in the order in which it came. */
export interface Sink {
  input(utterance: Utterance, typing: Typing): void;
  /** @param unfinished true where the echo in it is of a line that has not ended: nobody knows yet what it is */
  output(utterance: Utterance, unfinished: boolean): void;
  /** Lines that ECHO alone hid, of a server that never echoes: they were no secrets. */
  forget(lines: readonly string[]): void;
}

export interface JudgeOptions {
  readonly prompts: PromptFinder;
  readonly sink: Sink;
  /** True where ECHO is not negotiated: what comes back before its line has ended tells. So it is behind a gap, too. */
  readonly observes: boolean;
  /** What the output gatherer holds and has not given. */
  readonly peek: () => Peeked | undefined;
}

export class Judge {
  readonly #options: JudgeOptions;
  readonly #queue = new Queue();
  readonly #asking: Asking;
  readonly #echo: EchoWatch;
  /** Outputs that hold the echo of the line that has not ended, and what was echoed of it. */
  #lead: Utterance[] = [];
  #leadUnits = 0;
  #echoed: Echo | undefined;
  /** The first piece of the last line, and whether more of it is to come. */
  #line: Input | undefined;
  #goesOn = false;
  #loggedIn = false;
  #inputs = 0;
  /** The session's first output has ended. It answers nothing. */
  #begun = false;
  /** The terminal itself says that what is typed is not sent back; and that it did while the line was typed that has not ended. */
  #blindNow = false;
  #blindLine = false;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#asking = new Asking(options.prompts);
    this.#echo = new EchoWatch(options.observes);
  }

  /** Hiding prompts are those from what the server says next on. */
  adopt(prompts: PromptFinder): void {
    this.#asking.adopt(prompts);
  }

  /** Whether the next line is hidden for certain: it is no name of anybody. */
  get hidesNext(): boolean {
    return this.#asking.next !== undefined;
  }

  /** Whether anything waits. */
  get waits(): boolean {
    return this.#queue.inputs > 0;
  }

  /** Whether anything said is held here. */
  get holds(): boolean {
    return this.waits || this.#lead.length > 0;
  }

  /** An input line, ended. What the server had said before it was given before it. @param holed bytes of it were lost */
  input(utterance: Utterance, holed = false): void {
    const [lead, echo] = [this.#lead, this.#echoed];
    this.#takeLead();
    this.#echoed = undefined;
    this.#echo.typed(utterance, echo, this.#asking.asks);
    const hidden = holed || this.#blindLine ? HIDDEN_TYPING : (this.#asking.next ?? this.#asking.behind(utterance.text, echo));
    const asked = this.#asking.waitsOpenly;
    this.#asking.answer(utterance.text);
    this.#blindLine = this.#blindNow;
    const unasked = !this.#loggedIn && this.#inputs > 0 && !asked && hidden === undefined;
    const head = utterance.before !== '' && this.#goesOn ? this.#line : undefined;
    const input: Input = { kind: 'input', utterance, lead, echo, hidden, holed, head, typing: this.#echo.now, asked, unasked };
    this.#line = head ?? input;
    this.#goesOn = utterance.cut === 'size';
    // After login the next input lets go what was answered before it.
    const answered = this.#loggedIn ? (lead.length > 0 ? this.#queue.length : this.#queue.answered) : 0;
    this.#push(input);
    this.#release(Math.min(answered, this.#queue.length), true);
    if (++this.#inputs >= LINES_TO_LOGIN) this.#loggedIn = true;
  }

  /** An output, ended in whatever way. */
  output(utterance: Utterance): void {
    const { echo, cut } = utterance;
    const begun = this.#begun;
    this.#read(utterance);
    this.#begun = true;
    this.#echoed = echo ?? this.#echoed;
    if (!echo) this.#pass(utterance);
    else if (cut === 'size' || cut === 'idle' || cut === 'close') this.#endLead(utterance);
    else this.#addLead(utterance);
    if (cut === 'prompt' && begun) this.mark();
  }

  #read({ text, before, echo, cut, open = false }: Utterance): void {
    if (echo) {
      this.#readText({ before, text: text.slice(0, echo.from) }, true);
      this.#asking.readBehindEcho(text.slice(echo.from), this.#how(open), this.#hideWaiting);
    } else this.#readText({ before, text }, open || cut === 'prompt');
    if (cut === 'prompt') this.#asking.stand(true);
  }

  #readText(said: Peeked, open: boolean): void {
    this.#asking.read(said, this.#how(open), this.#hideWaiting);
  }

  #how(open: boolean): { open: boolean; loggedIn: boolean; inside: boolean } {
    return { open, loggedIn: this.#loggedIn, inside: this.#queue.inputs > 0 };
  }

  /**
   * A hiding prompt has come while lines wait: it is the answer to the first of them, and the others to it; but the session's first word answers nothing,
   * unless it asks for a name too.
   */
  readonly #hideWaiting = ({ mask, behindName }: Asked): number => this.#hideAhead(mask, !this.#begun && !behindName);

  #hideAhead(mask: string, first: boolean): number {
    return this.#queue.hide(mask, ({ asked, unasked, head }, index) => !asked && !head && (index > 0 || first || unasked));
  }

  #addLead(utterance: Utterance): void {
    this.#lead.push(utterance);
    this.#leadUnits += leadUnits(utterance);
    if (this.#leadUnits > MOST_LEAD || this.#lead.length > MOST_ITEMS) this.#endLead();
  }

  #takeLead(): readonly Utterance[] {
    const lead = this.#lead;
    this.#lead = [];
    this.#leadUnits = 0;
    return lead;
  }

  /** Outputs with an echo whose line has not ended must leave. */
  #endLead(last?: Utterance): void {
    const lead = this.#takeLead();
    this.settle();
    for (const one of lead) this.#options.sink.output(one, true);
    if (last) this.#options.sink.output(last, true);
  }

  #pass(utterance: Utterance): void {
    if (!this.waits) this.#options.sink.output(utterance, false);
    else this.#push({ kind: 'output', utterance });
  }

  #push(held: Held): void {
    this.#queue.push(held);
    if (this.#queue.full) this.settle();
  }

  /**
   * Something else that keeps its place in the order: run at once, or when what waits in front of it has gone on.
   * @param units what it holds, in UTF-16 units
   */
  later(run: () => void, units?: number): void {
    if (!this.waits) return run();
    this.#queue.later(run, units);
    if (this.#queue.full) this.settle();
  }

  /** The server has said something, which may not be an output yet. */
  spoke(): void {
    this.#echo.spoke();
  }

  /**
   * The server was silent for long enough behind what it said last, which was behind the last input.
   * @param keys it has spoken behind keys of a line that has not ended
   * @returns true where those were no line (a pager's, a yes or no), and no answer to what it asked in between: it shows its old prompt again
   */
  silence(keys: boolean): boolean {
    const held = this.#options.peek();
    const home = keys && this.#echo.now !== undefined && held !== undefined && this.#asking.isHome(held);
    const begun = this.#begun;
    if (held) {
      const open = !held.text.endsWith('\n');
      this.#readText({ before: held.before, text: open ? held.text : held.text.slice(0, -1) }, open);
      this.#begun = true;
    }
    this.#asking.stand(false);
    if (begun) this.mark();
    if (home) this.#asking.giveUp();
    return home;
  }

  /** The server had its say: a prompt mark, or a silence. */
  mark(): void {
    if (this.waits) this.#release(this.#loggedIn ? this.#queue.length : this.#settled(), true);
  }

  /** WILL ECHO (true) or WONT ECHO from the server. */
  echo(on: boolean): void {
    if (this.#echo.negotiated(on)) this.#hideAhead(HIDDEN_TYPING, false);
  }

  /**
   * The terminal's own word on whether what is typed is sent back: lines that are typed while it is not, or in part, are hidden for certain.
   * @param open a line has begun and not ended
   */
  typesBlind(on: boolean, open: boolean): void {
    this.#blindNow = on;
    this.#blindLine = on || (this.#blindLine && open);
  }

  /** From here on nobody knows what the server said or whether it echoes: a gap, a restart, a stream that can be read again. */
  careful(): void {
    this.#queue.hide(HIDDEN_TYPING, () => true);
    this.settle();
    this.#echo.careful();
  }

  /** Somebody is logged in. */
  login(): void {
    if (this.#loggedIn) return;
    this.#loggedIn = true;
    this.#release(this.#queue.answered, true);
  }

  /** Time has come to `at`. */
  tick(at: TimeUs): void {
    const { first } = this.#queue;
    if (first && at - first.utterance.endAt >= (this.#loggedIn ? WAIT_US : WAIT_BEFORE_LOGIN_US)) this.settle();
    const [lead] = this.#lead;
    if (lead && at - lead.endAt >= LEAD_US) this.#endLead();
  }

  /** Judges everything as it stands: time is over, or the session, or there is no more room. */
  settle(): void {
    if (!this.#loggedIn) for (const run of this.#queue.runs()) for (const one of run.slice(1)) one.hidden ??= HIDDEN_TYPING;
    this.#release(this.#queue.length, false);
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#lead.length > 0) this.#endLead();
    this.settle();
  }

  /** Before login: how much of what waits goes on. The lines of a run wait for a hiding prompt, which has hidden the second of them. */
  #settled(): number {
    const unsettled = this.#queue.runs().find((run) => run[1] && run[1].hidden === undefined)?.[0];
    return unsettled ? this.#queue.before(unsettled) : this.#queue.length;
  }

  /** @param answered the server has said something since */
  #release(count: number, answered: boolean): void {
    if (count <= 0) return;
    const held = this.#options.peek();
    const { sink } = this.#options;
    this.#queue.release(count, (all, index) => {
      const one = all[index] as Held;
      if (one.kind === 'later') one.run();
      else if (one.kind === 'output') sink.output(one.utterance, false);
      else
        sink.input(
          this.#judge(one, () => this.#answer(one.echo, all, index, held), answered),
          one,
        );
    });
  }

  /** Decides whether the line is hidden; gives it as it is to be recorded. */
  #judge(input: Input, answerOf: () => Answer, answered: boolean): Utterance {
    const { echo, typing, head } = input;
    let { utterance } = input;
    if (head) input.hidden ??= head.hidden;
    else if (input.hidden === undefined && typing) {
      const answer = answerOf();
      utterance = asShown(utterance, answer);
      const back = isSentBack(utterance.text, answer);
      if (back === 'here' && echo) this.#asking.home = echo.prompt;
      if (utterance.text !== '' && typing.hides(back, utterance)) input.hidden = HIDDEN_TYPING;
      const forgotten = this.#echo.now === typing ? typing.takeForgotten() : [];
      if (forgotten.length > 0) this.#options.sink.forget(forgotten);
    }
    if (input.hidden !== undefined && answered) this.#loggedIn = true;
    return utterance;
  }

  /** What the server has said behind an input, as far as it is looked at. The first line that it ended is that input's, unless another came first. */
  #answer(echo: Echo | undefined, all: readonly Held[], index: number, held: Peeked | undefined): Answer {
    let after = '';
    let ended: string | undefined;
    let own = true;
    for (let at = index + 1; at < all.length && after.length < MOST_ANSWER; at++) {
      const one = all[at] as Held;
      for (const output of outputsOf(one)) {
        after += endedText(output).slice(0, MOST_ANSWER);
        if (own) ended ??= output.ended;
      }
      own &&= one.kind !== 'input';
    }
    if (after.length < MOST_ANSWER) after += held?.text.slice(0, MOST_ANSWER) ?? '';
    return { echo, ended: ended ?? (own ? held?.ended : undefined), after, prompt: this.#asking.prompt };
  }
}

/** The text with its line end, where it ended with one. */
const endedText = ({ text, open }: Utterance): string => (open ? text : `${text}\n`);
