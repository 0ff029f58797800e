/**
 * Decides which lines a client typed blind (DESIGN 5: typed ahead, hidden typing). Receives a session's inputs and outputs in the order of the wire, the
 * server's word on ECHO, silences and time; gives the same back in the same order, each input with the name of what hides it, if anything does.
 * An input waits, and what follows waits behind it, until the server had its say. Sees secrets, keeps none beyond what waits (bounded), writes
 * nothing, reads no clock.
 */
import type { Echo, Peeked, TimeUs, Utterance } from '../contract.js';
import { type Answer, asShown, isSentBack } from './echo.js';
import { HiddenTyping } from './hidden-typing.js';
import { HIDDEN_TYPING } from './mask-set.js';

/** How long an input waits at most for what the server has to say. */
const WAIT_BEFORE_LOGIN_US = 5_000_000;
const WAIT_US = 1_000_000;
/** Lines after which a session counts as logged in. */
const LINES_TO_LOGIN = 20;
/** Most that waits, in UTF-16 units and in items; past it everything is judged as it stands. */
const MOST_HELD = 65_536;
const MOST_ITEMS = 1_024;
/** How long outputs with the echo of a line wait for its end. */
const LEAD_US = 2_000_000;

/** The masks with `then` (mask/prompts.ts). */
export interface PromptFinder {
  /** The name of the mask that this line of output is a hiding prompt of. @param unfinished whether it is the last line, not ended */
  find(line: string, unfinished: boolean): string | undefined;
  /** Quickly: whether any line of this text could be one. */
  mayFind(text: string): boolean;
}

/** How a line was typed. */
export interface Typing {
  /** The outputs just before its end that hold its echo. */
  readonly lead: readonly Utterance[];
  /** What was echoed before its end. */
  readonly echo: Echo | undefined;
  /** The name of what hides the whole line. */
  readonly hidden: string | undefined;
  /** Bytes of the line were lost on the way here: it is no record, but its secrets and its echo are to be known. */
  readonly holed: boolean;
}

/** What goes on from here, in the order in which it came. */
export interface Sink {
  input(utterance: Utterance, typing: Typing): void;
  /** @param unfinished true where the echo in it is of a line that has not ended: nobody knows yet what it is */
  output(utterance: Utterance, unfinished: boolean): void;
  /** Lines that ECHO alone hid, of a server that never echoes: they were no secrets. */
  forget(lines: readonly string[]): void;
}

interface Input extends Typing {
  readonly kind: 'input';
  readonly utterance: Utterance;
  hidden: string | undefined;
  /** The first piece of the same line, where that was cut by size: what is decided of it holds for the others. */
  readonly head: Input | undefined;
  /** ECHO was on when it came. */
  readonly typing: HiddenTyping | undefined;
  /** Typed at an open line of the server's that is no hiding prompt: it answers that, and no prompt that comes later. */
  readonly asked: boolean;
  /** Before login, typed while the server asked nothing, though not first: a prompt that comes later may have been meant for it. */
  readonly unasked: boolean;
}
type Held =
  | Input
  | { readonly kind: 'output'; readonly utterance: Utterance }
  | { readonly kind: 'later'; readonly run: () => void; readonly units: number };

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
  #held: Held[] = [];
  #heldUnits = 0;
  #waiting = 0;
  #lead: Utterance[] = [];
  /** What was echoed of the line that has not ended. */
  #echo: Echo | undefined;
  #typing: HiddenTyping | undefined;
  /** That which WONT ECHO ended; `flips`: and the server has said nothing since. */
  #before: HiddenTyping | undefined;
  #flips = false;
  /** It goes on as it was before that. */
  #resumed = false;
  /** The server's last open line with anything on it; the one behind which it last echoed a line. */
  #prompt = '';
  #home = '';
  /** Hides the next input. `tentative`: unless more output comes first, for one that waited may have been its answer. */
  #next: { readonly mask: string; readonly tentative: boolean } | undefined;
  /** The first piece of the last line, and whether more of it is to come. */
  #line: Input | undefined;
  #goesOn = false;
  #loggedIn = false;
  #inputs = 0;
  /** The session's first output has ended. It answers nothing. */
  #begun = false;
  /** The server's last output ended with an open line or a prompt mark. `stood`: and it stood so for a while, or was marked. */
  #asks = false;
  #stood = false;
  #leadUnits = 0;
  /** Lines that were typed ahead of hiding prompts, which have not come. */
  #ahead = 0;
  #observes: boolean;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#observes = options.observes;
  }

  /** Whether inputs wait: a silence, or time, is of interest. */
  get waits(): boolean {
    return this.#waiting > 0 || this.#lead.length > 0;
  }

  /** An input line, ended. What the server had said before it was given before it. @param holed bytes of it were lost */
  input(utterance: Utterance, holed = false): void {
    const [lead, echo] = [this.#lead, this.#echo];
    this.#ahead = 0;
    this.#lead = [];
    this.#leadUnits = 0;
    this.#echo = undefined;
    this.#hearEcho(utterance, echo);
    const hidden = holed ? HIDDEN_TYPING : (this.#next?.mask ?? this.#promptBehind(utterance.text, echo));
    // Who only pressed Enter may still have to answer.
    this.#next = this.#next && utterance.text === '' ? { mask: this.#next.mask, tentative: true } : undefined;
    if (this.#resumed && this.#asks) this.#typing = new HiddenTyping();
    this.#resumed = false;
    const asked = this.#asks && (PROMPT_END.test(this.#prompt) || this.#stood);
    const answered = lead.length > 0 ? this.#held.length : this.#lastAnswered();
    const wasIn = this.#loggedIn;
    const unasked = !this.#loggedIn && this.#inputs > 0 && !asked && hidden === undefined;
    this.#inputs++;
    if (this.#inputs >= LINES_TO_LOGIN) this.#loggedIn = true;
    const head = utterance.before !== '' && this.#goesOn ? this.#line : undefined;
    this.#goesOn = utterance.cut === 'size';
    const input: Input = { kind: 'input', utterance, lead, echo, hidden, holed, head, typing: this.#typing, asked, unasked };
    this.#line = head ?? input;
    this.#push(input);
    if (wasIn) this.#release(Math.min(answered, this.#held.length), true);
    this.#asks = false;
  }

  /** Whether the next line is hidden for certain: it is no name of anybody. */
  get hidesNext(): boolean {
    return this.#next !== undefined;
  }

  /** An output, ended in whatever way. */
  output(utterance: Utterance): void {
    const { text, before, echo, cut, open } = utterance;
    const begun = this.#begun;
    if (echo) {
      this.#read(before, text.slice(0, echo.from), true);
      const [asks, asked] = [this.#asks, this.#prompt];
      this.#read('', text.slice(echo.from), open === true);
      this.#asks = asks;
      this.#prompt = asked;
    } else this.#read(before, text, open === true || cut === 'prompt');
    this.#stood = cut === 'prompt';
    if (cut === 'prompt') this.#asks = true;
    this.#echo = echo ?? this.#echo;
    if (!echo) this.#pass(utterance);
    else if (cut === 'size' || cut === 'idle' || cut === 'close') this.#endLead(utterance);
    else {
      this.#lead.push(utterance);
      this.#leadUnits += leadUnitsOf(utterance);
    }
    this.#begun = true;
    if (cut === 'prompt' && begun) this.#say();
    if (this.#leadUnits > MOST_HELD || this.#lead.length > MOST_ITEMS) this.#endLead();
  }

  /** The hiding prompt in front of which a line was typed and echoed, while it was entered behind it. */
  #promptBehind(text: string, echo: Echo | undefined): string | undefined {
    if (text === '' || !echo?.line.startsWith(text)) return undefined;
    return this.#options.prompts.find(echo.line.slice(text.length), true);
  }

  /** Outputs with an echo whose line has not ended must leave. */
  #endLead(last?: Utterance): void {
    const lead = this.#lead;
    this.#lead = [];
    this.#leadUnits = 0;
    this.settle();
    for (const one of lead) this.#options.sink.output(one, true);
    if (last) this.#options.sink.output(last, true);
  }

  #pass(utterance: Utterance): void {
    if (this.#waiting === 0) this.#options.sink.output(utterance, false);
    else this.#push({ kind: 'output', utterance });
  }

  /**
   * Something else that keeps its place in the order: run at once, or when what waits in front of it has gone on.
   * @param units what it holds, in UTF-16 units
   */
  later(run: () => void, units = SMALL): void {
    if (this.#waiting === 0) run();
    else this.#push({ kind: 'later', run, units });
  }

  /** The server has said something, which may not be an output yet. */
  spoke(): void {
    this.#flips = false;
    if (this.#resumed) this.#typing = new HiddenTyping();
    this.#resumed = false;
  }

  /**
   * The server was silent for long enough behind what it said last, which was behind the last input.
   * @param keys it has spoken behind keys of a line that has not ended
   * @returns true where those were no line (a pager's, a yes or no), and no answer to what it asked in between: it shows its old prompt again
   */
  silence(keys: boolean): boolean {
    const held = this.#options.peek();
    const again = keys && this.#typing !== undefined && held !== undefined && this.#home.trim() !== '' && lastLine(held) === this.#home;
    const begun = this.#begun;
    this.#stood = true;
    if (held) {
      const open = !held.text.endsWith('\n');
      this.#read(held.before, open ? held.text : held.text.slice(0, -1), open);
      this.#begun = true;
    }
    if (begun) this.#say();
    if (again) this.#next = undefined;
    return again;
  }

  /** A prompt mark with nothing in front of it. */
  mark(): void {
    this.#say();
  }

  /**
   * WILL ECHO (true) or WONT ECHO from the server; an offer is enough. One that takes it back and offers it again with no word in between (as some do to a
   * client that answers) goes on as before, unless the server asks something then.
   */
  echo(on: boolean): void {
    this.#resumed = on && this.#flips && this.#before !== undefined;
    if (this.#resumed) this.#typing = this.#before;
    else if (on) {
      this.#hideWaiting(HIDDEN_TYPING, false);
      this.#typing = new HiddenTyping();
    } else {
      this.#before = this.#typing ?? this.#before;
      this.#typing = undefined;
      this.#flips = true;
    }
  }

  /** From here on nobody knows what the server said or whether it echoes: a gap, a restart, a stream that can be read again. */
  careful(): void {
    for (const one of this.#held) if (one.kind === 'input') one.hidden ??= HIDDEN_TYPING;
    this.settle();
    this.#typing = new HiddenTyping();
    this.#observes = true;
  }

  /** Somebody is logged in. */
  login(): void {
    if (this.#loggedIn) return;
    this.#loggedIn = true;
    this.#release(this.#lastAnswered(), true);
  }

  /** Time has come to `at`. */
  tick(at: TimeUs): void {
    const first = this.#held[0];
    if (first?.kind === 'input' && at - first.utterance.endAt >= (this.#loggedIn ? WAIT_US : WAIT_BEFORE_LOGIN_US)) this.settle();
    const [lead] = this.#lead;
    if (lead && at - lead.endAt >= LEAD_US) this.#endLead();
  }

  /** Judges everything as it stands: time is over, or the session, or there is no more room. */
  settle(): void {
    if (!this.#loggedIn) for (const run of this.#runs()) for (const one of run.slice(1)) one.hidden ??= HIDDEN_TYPING;
    this.#release(this.#held.length, false);
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#lead.length > 0) this.#endLead();
    this.settle();
  }

  #push(held: Held): void {
    this.#held.push(held);
    if (held.kind === 'input') this.#waiting++;
    this.#heldUnits += unitsOf(held);
    if (this.#heldUnits > 2 * MOST_HELD || this.#held.length > MOST_ITEMS) this.settle();
  }

  /** Without a word on ECHO, a first character that comes back before its line has ended is one. */
  #hearEcho({ text, asks }: Utterance, echo: Echo | undefined): void {
    if (!this.#observes || this.#typing || !echo || echo.line === '') return;
    if (asks || (text !== '' && echo.line.charAt(0) === text.charAt(0))) this.#typing = new HiddenTyping();
  }

  /**
   * Looks for hiding prompts in what the server said.
   * @param before what stands in front of `text` on the same line, and was looked at before
   */
  #read(before: string, text: string, open: boolean): void {
    if (this.#next?.tentative && text.trim() !== '') this.#next = undefined;
    const { prompts } = this.#options;
    const [head, all] = [before.slice(-MOST_PROMPT), before.slice(-MOST_PROMPT) + text];
    const line = all.slice(all.lastIndexOf('\n') + 1).slice(-MOST_PROMPT);
    this.#asks = open && line.trim() !== '';
    if (this.#asks) this.#prompt = line;
    if (!prompts.mayFind(all)) return;
    // A prompt that stood there before is the answer to nothing that came since.
    const old = head !== '' && prompts.find(head, true) !== undefined;
    const lines = all.split('\n').slice(Number(old));
    const last = lines.length === 0 ? undefined : prompts.find(this.#lastOf(lines, open), open || !this.#loggedIn);
    const inside = this.#waiting > 0 ? lines.map((line) => prompts.find(line, true)) : [];
    const hides = inside.find((name) => name !== undefined) ?? last;
    const hidden = hides === undefined ? 0 : this.#hideWaiting(hides, !this.#begun && !asksName(lines));
    if (hidden > 0) this.#ahead = hidden;
    if (last === undefined) return;
    // Of lines that were typed ahead, each may be the answer to one prompt.
    this.#next = { mask: last, tentative: this.#ahead > 0 };
    this.#ahead = Math.max(0, this.#ahead - 1);
  }

  /** The line that asks: of an open output the last that is not blank, for a cursor may have been moved behind it; before login not a mere sign either. */
  #lastOf(lines: readonly string[], open: boolean): string {
    const says = (line: string): boolean => line.trim() !== '' && (this.#loggedIn || !MERE_SIGN.test(line));
    const last = lines.at(-1) as string;
    return open || !this.#loggedIn ? (lines.findLast(says) ?? last) : last;
  }

  /**
   * A hiding prompt, or ECHO, has come while lines wait: it is the answer to the first of them, and the others to it. Gives how many it hid.
   * @param first the first may be the answer too: the session's first word answers nothing
   */
  #hideWaiting(mask: string, first: boolean): number {
    const inputs = this.#held.filter((one) => one.kind === 'input');
    const hidden = inputs.filter((one, index) => !one.asked && !one.head && (index > 0 || first || one.unasked));
    for (const one of hidden) one.hidden ??= mask;
    return hidden.length;
  }

  /** The server had its say. */
  #say(): void {
    if (this.#waiting === 0) return;
    this.#release(this.#loggedIn ? this.#held.length : this.#settled(), true);
  }

  /** Inputs with no output between them, run by run. */
  #runs(): Input[][] {
    const runs: Input[][] = [];
    let goesOn = false;
    for (const one of this.#held) {
      if (one.kind === 'later' || (one.kind === 'input' && one.head)) continue;
      if (one.kind === 'output') goesOn = false;
      else if (goesOn && one.lead.length === 0) runs.at(-1)?.push(one);
      else {
        runs.push([one]);
        goesOn = true;
      }
    }
    return runs;
  }

  /** Before login: how much of what waits goes on. The lines of a run wait for a hiding prompt, which has hidden the second of them. */
  #settled(): number {
    const unsettled = this.#runs().find((run) => run[1] && run[1].hidden === undefined);
    return unsettled ? this.#held.indexOf(unsettled[0] as Input) : this.#held.length;
  }

  /** How much of what waits stands in front of something that the server said since. */
  #lastAnswered(): number {
    return this.#held.findLastIndex((one) => isAnswer(one)) + 1;
  }

  /** @param answered the server has said something since */
  #release(count: number, answered: boolean): void {
    if (count === 0) return;
    const all = this.#held;
    this.#held = all.slice(count);
    const held = all.length > 0 ? this.#options.peek() : undefined;
    const failed: unknown[] = [];
    for (let index = 0; index < count; index++) {
      try {
        this.#letGo(all, index, held, answered);
      } catch (error) {
        // The others are to be known as secrets all the same.
        failed.push(error);
      }
    }
    // What stands in front of the first input that still waits, waits for nothing.
    const first = this.#held.findIndex(({ kind }) => kind === 'input');
    this.#waiting = this.#held.filter(({ kind }) => kind === 'input').length;
    this.#heldUnits = this.#held.reduce((sum, one) => sum + unitsOf(one), 0);
    this.#release(first < 0 ? this.#held.length : first, answered);
    if (failed.length > 0) throw failed[0];
  }

  #letGo(all: readonly Held[], index: number, held: Peeked | undefined, answered: boolean): void {
    const one = all[index] as Held;
    if (one.kind === 'later') one.run();
    else if (one.kind === 'output') this.#options.sink.output(one.utterance, false);
    else this.#judge(one, all, index, held, answered);
  }

  #judge(input: Input, all: readonly Held[], index: number, held: Peeked | undefined, answered: boolean): void {
    const { echo, typing, head } = input;
    let { utterance } = input;
    if (head) input.hidden ??= head.hidden;
    else if (input.hidden === undefined && typing) {
      const answer = this.#answer(echo, all, index, held);
      utterance = asShown(utterance, answer);
      const back = isSentBack(utterance.text, answer);
      if (back === 'here' && echo) this.#home = echo.prompt;
      if (utterance.text !== '' && typing.hides(back, utterance)) input.hidden = HIDDEN_TYPING;
      const forgotten = this.#typing === typing ? typing.takeForgotten() : [];
      if (forgotten.length > 0) this.#options.sink.forget(forgotten);
    }
    if (input.hidden !== undefined && answered) this.#loggedIn = true;
    this.#options.sink.input(utterance, input);
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
    return { echo, ended: ended ?? (own ? held?.ended : undefined), after, prompt: this.#prompt };
  }
}

const lastLine = ({ before, text }: Peeked): string => (before + text).slice((before + text).lastIndexOf('\n') + 1);

const isAnswer = (held: Held): boolean => held.kind === 'output' || (held.kind === 'input' && held.lead.length > 0);

const outputsOf = (held: Held): readonly Utterance[] => {
  if (held.kind === 'later') return [];
  return held.kind === 'output' ? [held.utterance] : held.lead;
};

const unitsOf = (held: Held): number => {
  if (held.kind === 'later') return held.units;
  const lead = held.kind === 'input' ? held.lead.reduce((sum, one) => sum + leadUnitsOf(one), 0) : 0;
  return lead + held.utterance.text.length + held.utterance.raw.length;
};

/** What prompts end with; a line that is only half sent ends with anything. */
const PROMPT_END = /[:?>$#%)\]]\s*$/;
/** A prompt that says nothing. */
const MERE_SIGN = /^\s*[>:?$#%-]{0,3}\s*$/;
/** So much behind a line is looked at for its echo (UTF-16 units). */
const MOST_ANSWER = 4_096;
/** What a fact of a session holds that waits. */
const SMALL = 256;

/** In the session's first words, in front of a hiding prompt: then the first line that was typed ahead is a name. */
const NAME_ASKED = /\b(?:log ?in|user ?name|name|account|character|known)[ \t]*[:?>]/i;
const asksName = (lines: readonly string[]): boolean => lines.some((line) => NAME_ASKED.test(line.split(/pass|secret|code|key/i)[0] ?? ''));

/** Longest part of a line in front of a cut that a prompt is looked for in. */
const MOST_PROMPT = 512;

/** With the echo, which is told anew in each. */
const leadUnitsOf = ({ raw, echo }: Utterance): number => 64 + 2 * raw.length + (echo?.line.length ?? 0);

/** The text with its line end, where it ended with one. */
const endedText = ({ text, open }: Utterance): string => (open ? text : `${text}\n`);
