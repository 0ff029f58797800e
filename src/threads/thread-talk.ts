/**
 * Questions and answers between two threads. Either side asks by a word and a value, and is given what the other answers, or the error that it threw:
 * ours as they are, foreign ones by their names. Knows nothing of what is asked.
 */
import { AuditError, ERRORS, type ErrorCode, nameOf } from '../errors.js';

type Question = { readonly ask: number; readonly what: string; readonly value: unknown };
type Answered = { readonly answer: number; readonly value: unknown };
type Refused = { readonly answer: number; readonly code: string; readonly message: string };

/** What one side answers, by the word. */
export type Answers = { readonly [what: string]: (value: never) => unknown };

/** The end of a line between two threads: a worker, or the port of one. */
export interface Line {
  postMessage(message: Question | Answered | Refused): void;
}

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void; readonly timer: NodeJS.Timeout | undefined };

/** Asks over a line, and answers what is asked there. Give it every message that comes in (`hear`). */
export class Talk {
  readonly #line: Line;
  readonly #answers: Answers;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(line: Line, answers: Answers) {
    this.#line = line;
    this.#answers = answers;
  }

  /**
   * Asks, and gives the answer.
   * @param timeoutMs how long it may take; 0: as long as it likes
   * @throws AuditError what the other side threw; AUDIT_THREAD where it does not answer in time, or `drop` was called
   */
  ask(what: string, value: unknown, timeoutMs = 0): Promise<unknown> {
    const ask = ++this.#asked;
    return new Promise((resolve, reject) => {
      const late = (): void => this.#settle(ask)?.reject(new AuditError('AUDIT_THREAD', `a thread of ours did not answer within ${timeoutMs} ms`));
      this.#waiting.set(ask, { resolve, reject, timer: timeoutMs > 0 ? setTimeout(late, timeoutMs) : undefined });
      this.#post(ask, { ask, what, value });
    });
  }

  /** What cannot cross (it is no plain data, or too deep) is no question: nobody would ever answer it. */
  #post(ask: number, question: Question): void {
    try {
      this.#line.postMessage(question);
    } catch (error) {
      this.#settle(ask)?.reject(new AuditError('AUDIT_INTERNAL', nameOf(error)));
    }
  }

  hear(message: unknown): void {
    const heard = message as Question | Answered | Refused;
    if ('ask' in heard) void this.#reply(heard);
    else if ('code' in heard) this.#settle(heard.answer)?.reject(revived(heard));
    else this.#settle(heard.answer)?.resolve(heard.value);
  }

  /** Nobody answers any more: whoever waits is told so. */
  drop(error: Error): void {
    for (const ask of [...this.#waiting.keys()]) this.#settle(ask)?.reject(error);
  }

  #settle(ask: number): Waiting | undefined {
    const waiting = this.#waiting.get(ask);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(ask);
    return waiting;
  }

  async #reply({ ask, what, value }: Question): Promise<void> {
    try {
      const answer = Object.hasOwn(this.#answers, what) ? this.#answers[what] : undefined;
      if (!answer) throw new AuditError('AUDIT_INTERNAL', 'a thread was asked what it does not know');
      this.#line.postMessage({ answer: ask, value: await answer(value as never) });
    } catch (error) {
      this.#line.postMessage({ answer: ask, ...sayable(error) });
    }
  }
}

/** What may cross of an error: of a foreign one its name alone. Engines of stores throw errors that look like ours. */
function sayable(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AuditError) return { code: error.code, message: error.place ? String(error).slice(error.code.length + 2) : error.message };
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown; readonly message?: unknown };
  if (isOurs(code) && typeof message === 'string') return { code, message };
  return { code: 'AUDIT_INTERNAL', message: nameOf(error) };
}

const isOurs = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code);

const revived = ({ code, message }: Refused): AuditError =>
  isOurs(code) ? new AuditError(code, message) : new AuditError('AUDIT_INTERNAL', `${message} (${code})`);
