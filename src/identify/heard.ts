/** What of an output the server itself said. Receives an utterance, gives its lines without the echo of what is being typed, and its open line. */
import type { Utterance } from '../contract.js';

export interface Heard {
  /** Its lines, the first one whole though a cut fell inside it, without the echo. */
  readonly text: string;
  /** Its last line that is not blank. */
  readonly last: string;
  /** Whether that line still stands open: nothing, or a prompt's mark, came behind it. Where output is gathered by line, it cannot be told and is said. */
  readonly open: boolean;
}

const ENDS = /[\r\n]\0?$/;

/** What prompts end with. A line that a cut fell inside ends with anything else, most often. */
const PROMPT_END = /[>:?$#%)\]]\s*$/;

/**
 * @param utterance of the server
 * @param answers the client has ended a line since the last one: what follows its prompt is a line of its own, for the client's Enter stands between
 */
export function heard({ text, before, raw, cut, echo }: Utterance, answers = false): Heard {
  // A line that only ends here was heard before.
  const head = (answers && PROMPT_END.test(before)) || text === '' || text.startsWith('\n') ? '' : before;
  if (echo) {
    // The line on which the typing stands is no line of the server's, nor is the one that it was written anew on.
    const typed = text.slice(echo.from).split('\n').slice(1, -1);
    const lines = [head + text.slice(0, echo.from), ...typed].join('\n');
    return { text: lines, last: echo.prompt, open: true };
  }
  const whole = head + text;
  const last = whole.slice(whole.trimEnd().lastIndexOf('\n') + 1).trimEnd();
  return { text: whole, last, open: cut === 'prompt' || !ENDS.test(raw) };
}
