/**
 * What the server asks: receives its words as they come, and each line that answers; tells whether the next line is the answer to a hiding prompt (a mask
 * with `then`), and whether a line was typed at an open prompt of another kind.
 */
import type { Echo, Peeked } from '../contract.js';

/** The masks with `then` (mask/prompts.ts). */
export interface PromptFinder {
  /** The name of the mask that this line of output is a hiding prompt of. @param unfinished whether it is the last line, not ended */
  find(line: string, unfinished: boolean): string | undefined;
  /** Quickly: whether any line of this text could be one. */
  mayFind(text: string): boolean;
}

/** Longest part of a line in front of a cut that a prompt is looked for in, and longest prompt that is remembered. */
const MOST_PROMPT = 512;
/** What prompts end with; a line that is only half sent ends with anything. */
const PROMPT_END = /[:?>$#%)\]]\s*$/;
/** A prompt that says nothing. */
const MERE_SIGN = /^\s*[>:?$#%-]{0,3}\s*$/;
/** In front of a hiding prompt: then the first line that was typed ahead is a name. */
const NAME_ASKED = /\b(?:log ?in|user ?name|name|account|character|known)[ \t]*[:?>]/i;

/** A hiding prompt that was read. */
export interface Asked {
  readonly mask: string;
  /** A name is asked for in front of it. */
  readonly behindName: boolean;
}

export class Asking {
  #prompts: PromptFinder;
  /** The server's last open line with anything on it. */
  prompt = '';
  /** The prompt behind which it last echoed a line. */
  home = '';
  /** Its last output ended with an open line or a prompt mark; `stood`: and it stood so for a while, or was marked. */
  #asks = false;
  #stood = false;
  /** Hides the next input. `tentative`: unless more output comes first, for one that waited may have been its answer. */
  #next: { readonly mask: string; readonly tentative: boolean } | undefined;
  /** Lines that were typed ahead of hiding prompts, which have not come. */
  #ahead = 0;

  constructor(prompts: PromptFinder) {
    this.#prompts = prompts;
  }

  /** From what the server says next on, these are looked for. What was asked by then is. */
  adopt(prompts: PromptFinder): void {
    this.#prompts = prompts;
  }

  /** What hides the next input. */
  get next(): string | undefined {
    return this.#next?.mask;
  }

  /** The server waits with a line open that is no hiding prompt: what is typed now answers it. */
  get waitsOpenly(): boolean {
    return this.#asks && (PROMPT_END.test(this.prompt) || this.#stood);
  }

  get asks(): boolean {
    return this.#asks;
  }

  /** Whether it shows the prompt again behind which it last echoed a line. */
  isHome({ before, text }: Peeked): boolean {
    const all = before + text;
    return this.home.trim() !== '' && all.slice(all.lastIndexOf('\n') + 1) === this.home;
  }

  /**
   * Looks for hiding prompts in what the server said.
   * @param before what stands in front of `text` on the same line, and was looked at before
   * @param open the last line has not ended, or was marked as a prompt
   * @param loggedIn before, a line that has ended asks too
   * @param inside lines wait that a prompt in the middle of the text may be for
   * @param hideWaiting hides those, and gives how many
   */
  read(
    { before, text }: Peeked,
    { open, loggedIn, inside }: { readonly open: boolean; readonly loggedIn: boolean; readonly inside: boolean },
    hideWaiting: (asked: Asked) => number,
  ): void {
    if (this.#next?.tentative && text.trim() !== '') this.#next = undefined;
    const [head, all] = [before.slice(-MOST_PROMPT), before.slice(-MOST_PROMPT) + text];
    this.#see(all, open);
    if (!this.#prompts.mayFind(all)) return;
    // A prompt that stood there before is the answer to nothing that came since.
    const old = head !== '' && this.#prompts.find(head, true) !== undefined;
    const lines = (old ? text : all).split('\n');
    const last = this.#prompts.find(lastOf(lines, open, loggedIn), open || !loggedIn);
    const among = inside ? lines.map((line) => this.#prompts.find(line, true)).find((name) => name !== undefined) : undefined;
    const mask = among ?? last;
    if (mask !== undefined) this.#found(hideWaiting({ mask, behindName: asksName(lines) }));
    if (last !== undefined) this.#expect(last);
  }

  /** The same of text in which a client's typing is echoed; what follows the echo is no prompt that stands. */
  readBehindEcho(
    text: string,
    how: { readonly open: boolean; readonly loggedIn: boolean; readonly inside: boolean },
    hide: (asked: Asked) => number,
  ): void {
    const [asks, prompt] = [this.#asks, this.prompt];
    this.read({ before: '', text }, how, hide);
    this.#asks = asks;
    this.prompt = prompt;
  }

  #see(all: string, open: boolean): void {
    const line = all.slice(all.lastIndexOf('\n') + 1).slice(-MOST_PROMPT);
    this.#asks = open && line.trim() !== '';
    this.#stood = false;
    if (this.#asks) this.prompt = line;
  }

  #found(hidden: number): void {
    if (hidden > 0) this.#ahead = hidden;
  }

  /** Of lines that were typed ahead, each may be the answer to one prompt. */
  #expect(mask: string): void {
    this.#next = { mask, tentative: this.#ahead > 0 };
    this.#ahead = Math.max(0, this.#ahead - 1);
  }

  /** It has stood so for a while; `marked`: a prompt mark came behind it. */
  stand(marked: boolean): void {
    this.#stood = true;
    if (marked) this.#asks = true;
  }

  /** A line has come. Who only pressed Enter may still have to answer. */
  answer(line: string): void {
    this.#ahead = 0;
    this.#asks = false;
    this.#next = this.#next && line === '' ? { mask: this.#next.mask, tentative: true } : undefined;
  }

  /** It no longer waits for an answer. */
  giveUp(): void {
    this.#next = undefined;
  }

  /** The hiding prompt in front of which a line was typed and echoed, while it was entered behind it. */
  behind(line: string, echo: Echo | undefined): string | undefined {
    if (line === '' || !echo?.line.startsWith(line)) return undefined;
    return this.#prompts.find(echo.line.slice(line.length), true);
  }
}

/** The line that asks: of an open output the last that is not blank, for a cursor may have been moved behind it; before login not a mere sign either. */
function lastOf(lines: readonly string[], open: boolean, loggedIn: boolean): string {
  const last = lines.at(-1) as string;
  if (!open && loggedIn) return last;
  return lines.findLast((line) => line.trim() !== '' && (loggedIn || !MERE_SIGN.test(line))) ?? last;
}

const asksName = (lines: readonly string[]): boolean => lines.some((line) => NAME_ASKED.test(line.split(/pass|secret|code|key/i)[0] ?? ''));
