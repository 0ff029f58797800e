/**
 * A name that somebody gave and the server has not accepted yet. Receives what is said after it, in order, gives the verdict. Keeps nothing of what is
 * typed: of an input it is told that there was one, and whether it was hidden.
 */
import type { Identity } from '../contract.js';
import type { Heard } from './heard.js';
import { answerToLine, answerToPrompts, isPasswordPrompt, isQuestion, isShellPrompt, namePrompt, saysSomething } from './words.js';

export type Verdict = 'accepted' | 'refused' | undefined;

/**
 * `line`: name and password in one line or message, the server's words answer it. `prompt`: the name at a prompt, a password after it. `environ`: the name
 * by NEW-ENVIRON, which counts only where a password was asked for and nothing visible was typed before that.
 */
export type Way = 'line' | 'prompt' | 'environ';

/** How long a name waits for the server's word: lines of output, and inputs. At prompts a new player is asked many things. */
const PATIENCE = { line: { lines: 200, inputs: 3 }, prompt: { lines: 1_000, inputs: 40 }, environ: { lines: 200, inputs: 10 } } as const;

export interface Proposed {
  readonly names: Identity;
  readonly how: string;
  readonly way: Way;
  /** Somebody is known already: only words that nobody else says, or the protocol's, replace him. */
  readonly strict: boolean;
  /** The prompt that the name was typed at, as `namePrompt` gives it. */
  readonly prompt?: string;
}

export class Proposal {
  readonly proposed: Proposed;
  #lines: number;
  #inputs: number;
  #passwordAsked = false;
  #answered = false;
  #promptSeen = false;
  /** Something hidden was typed before any password prompt was seen: its answer, typed ahead. */
  #early = false;
  /** The server said something that is no refusal and no question: who types on now is in. */
  #goesOn = false;

  constructor(proposed: Proposed) {
    this.proposed = proposed;
    this.#lines = PATIENCE[proposed.way].lines;
    this.#inputs = PATIENCE[proposed.way].inputs;
  }

  /** An input came. @param hidden whether it is hidden, as a password is */
  input(hidden: boolean): Verdict {
    if (this.#goesOn && !hidden) return 'accepted';
    if (this.proposed.way === 'environ' && !hidden && !this.#passwordAsked) return 'refused';
    if (hidden) this.#passwordAsked = true;
    if (hidden && !this.#promptSeen) this.#early = true;
    this.#answered = true;
    return --this.#inputs <= 0 ? 'refused' : undefined;
  }

  /** The server said something. */
  output(said: Heard): Verdict {
    const verdict = this.proposed.way === 'line' ? answerToLine(said.text, this.proposed.strict) : this.#atPrompts(said);
    if (verdict) return verdict;
    this.#lines -= said.text.split('\n').length;
    return this.#lines <= 0 ? 'refused' : undefined;
  }

  #atPrompts({ text, last, open }: Heard): Verdict {
    if (isPasswordPrompt(last)) return this.#asked();
    if (namePrompt(last) !== undefined) return 'refused';
    const rest = this.#behindPassword(text);
    if (!saysSomething(rest)) return undefined;
    const answer = answerToPrompts(rest);
    if (answer === 'refused') return 'refused';
    const proven = this.#passwordAsked && this.#answered;
    if (answer === 'accepted' && (proven || this.proposed.way === 'prompt')) return 'accepted';
    if (proven && (answer === 'greeted' || (open && isShellPrompt(last)))) return 'accepted';
    const may = proven || (this.proposed.way === 'prompt' && answer === 'greeted');
    this.#goesOn = may && !(open && isQuestion(last));
    return undefined;
  }

  /** A password prompt stands last: whatever was said before it, the name stays, and its password is awaited. */
  #asked(): undefined {
    this.#answered = this.#early && !this.#promptSeen;
    this.#passwordAsked = true;
    this.#promptSeen = true;
    this.#goesOn = false;
  }

  /** What was said behind the last password prompt: for who typed ahead, the prompt and the answer come in one. */
  #behindPassword(text: string): string {
    const lines = text.split('\n');
    const at = lines.findLastIndex(isPasswordPrompt);
    if (at < 0) return text;
    this.#passwordAsked = true;
    this.#promptSeen = true;
    return lines.slice(at + 1).join('\n');
  }
}
