/**
 * The masks of one session: those of its listener, with what the session remembers. Receives its utterances, data and names in order, gives them scrubbed.
 */
import type { Direction, MaskedData, MaskedName, MaskedUtterance, OobMessage, TimeUs, Utterance } from '../contract.js';
import { scrubData, scrubName } from './data.js';
import { echoLines, spansBefore, spansBehind, type Typed, unfinishedEcho } from './echo.js';
import { foldUnits } from './elsewhere.js';
import { FieldMasks } from './fields.js';
import { KeyBlocks } from './key-block.js';
import { HIDDEN_TYPING } from './mask-set.js';
import { type MaskSet, type Scrubbed, type ScrubbedLine, type Side, scrub, scrubLine } from './masker.js';
import type { Typing } from './queue.js';
import { rewrite } from './rewrite.js';
import { Said } from './said.js';
import type { Span } from './spans.js';
import { hideUrl } from './url.js';

/** The last input, as far as it was secret: its echo may still come. */
interface LastTyped extends Typed {
  /** Units of it that were echoed before its end, where it was echoed key by key. */
  readonly shown: number | undefined;
  /** The next output is the first behind it. */
  first: boolean;
}

const NONE: readonly Span[] = [];

/** As many as Said knows secrets. */
const MOST_HIDDEN_LINES = 32;

/** The mask (pack `tokens`) that says that private keys are to be hidden, also where their lines are records of their own. */
const PRIVATE_KEY = 'private-key';
/** A line that nothing hides and nothing echoed. */
const PLAIN: Typing = { lead: [], echo: undefined, hidden: undefined, holed: false };

export class SessionMasks {
  #masks: MaskSet;
  readonly #said = new Said();
  #fields: FieldMasks;
  readonly #open: { -readonly [direction in Direction]?: string | undefined } = {};
  /** Where a mask by that name is in force. */
  #keys: { readonly [direction in Direction]: KeyBlocks } | undefined;
  /** Lines that were hidden, of one word, in small letters: too short ones too to be looked for elsewhere than in names. */
  readonly #hiddenLines = new Set<string>();
  #typed: LastTyped | undefined;
  /** No output has come behind the last input. */
  #answers = false;

  constructor(masks: MaskSet) {
    this.#masks = masks;
    this.#fields = new FieldMasks(masks);
    this.#keys = keysOf(masks);
  }

  /**
   * From the next text on these masks count. What the session knows stays known: secrets, what was hidden, a key that is being said.
   * @param masks compiled to follow those that count until now (`compileMasks`)
   */
  adopt(masks: MaskSet): void {
    this.#masks = masks;
    this.#fields = new FieldMasks(masks);
    const keys = keysOf(masks);
    this.#keys = keys && (this.#keys ?? keys);
  }

  /** Rises when the client said a secret that was not known: names that were scrubbed before may hold it. */
  get version(): number {
    return this.#said.version;
  }

  /**
   * Scrubs an input, and remembers its secrets. Every input must come here, recorded or not, before the outputs that follow it. Never throws.
   * @param typing the outputs just before it that hold its echo are scrubbed with it
   */
  scrubInput(utterance: Utterance, { lead, echo, hidden }: Typing = PLAIN): { readonly input: Scrubbed; readonly lead: readonly Scrubbed[] } {
    const { text, endAt } = utterance;
    const outputs = lead.map((output) => this.#behindPrompt(output));
    this.#answers = true;
    if (hidden !== undefined) this.#hide(text, this.#masks.indexOf(hidden), endAt);
    const whole = { start: 0, end: text.length, mask: hidden === undefined ? this.#masks.indexOf(HIDDEN_TYPING) : this.#masks.indexOf(hidden) };
    const input = this.#scrub(utterance, () => (hidden === undefined ? NONE : [whole]));
    const spans = input.failed ? [whole] : input.spans;
    const typed = { line: text, spans };
    const before = outputs.map((output) =>
      this.#scrub(output, () => [...spansBefore(output, typed), ...this.#shownSpans(output), ...this.#spansOfLast(output)]),
    );
    this.#typed = spans.length > 0 ? { ...typed, shown: echo && (text.startsWith(echo.line) ? echo.line.length : 0), first: true } : undefined;
    return { input, lead: before };
  }

  /**
   * Scrubs an output that is recorded. Never throws.
   * @param unfinished true where the echo in it is of a line that has not ended
   */
  scrubOutput(output: Utterance, unfinished: boolean): Scrubbed {
    const utterance = this.#behindPrompt(output);
    return this.#scrub(utterance, () => {
      const spans = this.#spansOfLast(utterance);
      return unfinished ? [...unfinishedEcho(utterance, this.#masks.indexOf(HIDDEN_TYPING)), ...spans] : spans;
    });
  }

  /** A line was hidden as a whole: what it says is a secret from here on, and no name of anybody. */
  #hide(text: string, mask: number, at: TimeUs): void {
    const line = text.trim();
    if (line === '' || /\s/.test(line)) return;
    this.#said.learn([{ text, mask }], at);
    this.#hiddenLines.delete(foldUnits(line));
    this.#hiddenLines.add(foldUnits(line));
    for (const oldest of this.#hiddenLines) {
      if (this.#hiddenLines.size <= MOST_HIDDEN_LINES) break;
      this.#hiddenLines.delete(oldest);
    }
  }

  /**
   * The first output behind an input, without the hiding prompt that the input answered: a client shows its own Enter, so what follows stands on a line of
   * its own, and `Password: Welcome` is no password.
   */
  #behindPrompt(utterance: Utterance): Utterance {
    const answers = this.#answers;
    this.#answers = false;
    return answers && this.#masks.prompts.find(utterance.before, true) !== undefined ? { ...utterance, before: '' } : utterance;
  }

  /** Where the secrets of the last input stand in an output behind it, as its echo. */
  #spansOfLast(output: Utterance): readonly Span[] {
    const typed = this.#typed;
    if (!typed) return NONE;
    const spans = spansBehind(output, typed, typed.first, typed.shown);
    typed.first = false;
    const to = output.echo?.from ?? output.text.length;
    return spans.filter(({ start }) => start < to);
  }

  /** Secrets in lines that the server showed while one was typed (the history of a shell), though another was entered. */
  #shownSpans(output: Utterance): Span[] {
    const prompt = output.echo?.prompt ?? '';
    return echoLines(output).flatMap(({ line, start }) => {
      const from = prompt !== '' && line.startsWith(prompt) ? prompt.length : 0;
      const found = this.#masks.find('RCV', line.slice(from).toWellFormed());
      return (found?.spans ?? []).map((span) => ({ ...span, start: start + from + span.start, end: start + from + span.end }));
    });
  }

  /** Scrubs an utterance that nothing hides but masks; an input is remembered as by `scrubInput`. Never throws. */
  scrub(utterance: Utterance): Scrubbed {
    return utterance.direction === 'RCV' ? this.scrubInput(utterance).input : this.scrubOutput(utterance, false);
  }

  /** @param hidden secrets by their places; where they cannot be found, the text is withheld as where a mask fails */
  #scrub(utterance: Utterance, hidden: () => readonly Span[]): Scrubbed {
    const { direction, text, before } = utterance;
    const placed = (): readonly Span[] => {
      const keys = this.#keys?.[direction].spans(text, before) ?? NONE;
      return keys.length > 0 ? [...hidden(), ...keys] : hidden();
    };
    const scrubbed = scrub(this.#masks, utterance, { open: this.#open[direction], said: this.#said, hidden: placed });
    this.#open[direction] = scrubbed.open;
    return scrubbed;
  }

  /** Forgets lines that ECHO alone hid. */
  forget(lines: readonly string[]): void {
    for (const line of lines) this.#hiddenLines.delete(foldUnits(line.trim()));
    this.#said.forget(lines, this.#masks.indexOf(HIDDEN_TYPING));
  }

  /**
   * Hides the secret fields of a message out of band, which are known to the session from here on. Gives what scrubs the rest of it, when it is written.
   * Never throws.
   */
  hideFields(message: OobMessage, at: TimeUs): (at: TimeUs) => MaskedData {
    const hidden = this.#fields.hide(message);
    this.#said.learn(hidden.secrets, at);
    return (writtenAt) => this.#fields.scrub(hidden, this.#said.finder(writtenAt));
  }

  /** Hides the secrets of a URL's path and query, which are known to the session from here on; the text masks are still to see what it gives. */
  hideUrl(url: string, at: TimeUs): string {
    const { text, secrets } = hideUrl(this.#masks, url);
    this.#said.learn(secrets, at);
    return text;
  }

  /** Scrubs an event's data as it is at this time. Never throws. */
  scrubData(data: { readonly [name: string]: unknown }, at: TimeUs): MaskedData {
    return scrubData(this.#masks, data, this.#said.finder(at));
  }

  /** Scrubs what a module of the operator's gave: its numbers too. Never throws. */
  scrubForeign(data: { readonly [name: string]: unknown }, at: TimeUs): MaskedData {
    return scrubData(this.#masks, data, this.#said.finder(at), true);
  }

  /** An utterance with another text, which passes the masks anew. Never throws. */
  rewrite(utterance: MaskedUtterance, text: string, at: TimeUs): MaskedUtterance {
    return rewrite(this.#masks, utterance, text, this.#said.finder(at));
  }

  /** Scrubs a name as it is at this time. Never throws. */
  scrubName(name: string, at: TimeUs): MaskedName {
    // A line that was hidden is no name, however short it is.
    if (this.#hiddenLines.has(foldUnits(name)))
      return scrubName(this.#masks, name, (text) => [{ start: 0, end: text.length, mask: this.#masks.indexOf(HIDDEN_TYPING) }]);
    return scrubName(this.#masks, name, this.#said.finder(at));
  }

  /** Scrubs one line of a session that has no clock, as `wirescribe mask` does. @param side whose masks: of a direction, or all */
  scrubLine(line: string, side: Side): ScrubbedLine {
    return scrubLine(this.#masks, line, side, this.#said);
  }
}

/** What follows private keys over lines, where the mask for them is in force. */
function keysOf(masks: MaskSet): { readonly [direction in Direction]: KeyBlocks } | undefined {
  const mask = masks.indexOf(PRIVATE_KEY);
  return masks.nameOf(mask) === PRIVATE_KEY ? { RCV: new KeyBlocks(mask), SND: new KeyBlocks(mask) } : undefined;
}
