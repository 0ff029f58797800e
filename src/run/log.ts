/**
 * What is said to the people who run the proxy, on stderr, apart from the audit: lines for them (`AUDIT_CODE: what`), or with `--log json` one JSON object
 * a line for a collector, written by pino. Receives whole messages; adds time and level. Holds nothing that was said in a session: nobody gives it that.
 */
import type { Log } from '../contract.js';
import type { AuditError } from '../errors.js';

/** The forms of `--log`. */
export const LOG_FORMS = ['plain', 'json'] as const;
export type LogForm = (typeof LOG_FORMS)[number];

export const isLogForm = (word: string): word is LogForm => LOG_FORMS.some((form) => form === word);

/** A log that errors too can be said on. */
export interface OperationalLog extends Log {
  /** The error that ends a command or refuses a reload. */
  failed(error: AuditError): void;
}

/** Where its lines go, each with its line end. */
export interface Out {
  write(line: string): unknown;
  readonly isTTY?: boolean;
}

const RED = '\x1b[31m';
const PLAIN = '\x1b[39m';

/** @param colours codes of errors are red */
export function plainLog(out: Out, colours: boolean): OperationalLog {
  const say = (message: string): void => void out.write(`${message}\n`);
  return {
    info: say,
    warn: say,
    failed: (error) => say(colours ? `${RED}${error.code}${PLAIN}${String(error).slice(error.code.length)}` : String(error)),
  };
}

/** A message's code and the rest of it. */
const CODED = /^(AUDIT_[A-Z_]+): (.*)$/s;

/** `{"level":"warn","time":"2026-01-31T12:00:00.000Z","pid":7,"code":"AUDIT_SPOOL","msg":"..."}`; errors with `file`, `line` and `column` where they have a place. */
export async function jsonLog(out: Out): Promise<OperationalLog> {
  const { pino } = await import('pino');
  const write = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    { write: (line) => void out.write(line) },
  );
  const say = (level: 'info' | 'warn', message: string): void => {
    const [, code, rest] = CODED.exec(message) ?? [];
    if (code === undefined) write[level](message);
    else write[level]({ code }, rest);
  };
  return {
    info: (message) => say('info', message),
    warn: (message) => say('warn', message),
    failed: ({ code, message, place }) => write.error({ code, ...place }, message),
  };
}

/** The log in a form, on stderr unless told otherwise. Colours where a terminal is there and nobody asked for none (NO_COLOR). */
export async function openLog(form: LogForm, out: Out = process.stderr): Promise<OperationalLog> {
  return form === 'json' ? jsonLog(out) : plainLog(out, out.isTTY === true && !process.env.NO_COLOR);
}
