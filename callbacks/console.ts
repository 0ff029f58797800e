/**
 * Records on the terminal: the anatomy of a callback. `write` resolves when stdout has taken the batch; throw, and the same batch comes again.
 * Options: `format` 'pretty' (for people, the default) or 'json' (the lines of the journal as they are). Never keeps a record.
 */
import { type AuditRecord, type Callback, type CallbackContext, type CallbackOptions, type CheckOptions, OptionError } from '../src/contract.js';

export const check: CheckOptions = ({ format = 'pretty' }) => {
  if (format !== 'pretty' && format !== 'json') throw new OptionError("format: write 'pretty' or 'json'");
  return undefined;
};

export default function open(options: CallbackOptions, { log, folder }: CallbackContext): Callback {
  check(options, folder);
  const show = options.format === 'json' ? (record: AuditRecord) => `${record.line}\n` : pretty(process.stdout.isTTY === true);
  let gone = false;
  process.stdout.on('error', () => {}); // `print` is told as well
  return {
    async write(records) {
      if (gone) return;
      gone = (await print(records.map(show).join(''))) === 'gone';
      if (gone) log.warn('console: nobody reads stdout any more; records are not shown from here on');
    },
    close: async () => {},
  };
}

/** Resolves when stdout has taken it: 'gone' where its reader went away, which no second try can mend. */
function print(text: string): Promise<'taken' | 'gone'> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (!error) resolve('taken');
      else if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') resolve('gone');
      else reject(error);
    });
  });
}

const ARROWS = { RCV: '>', SND: '<' } as const;
const GREY = '\x1b[90m';
const COLOURS = { RCV: '\x1b[36m', SND: '\x1b[0m', none: '\x1b[33m' } as const;
const PLAIN = '\x1b[0m';

/** `12:00:01.123 main 5d8fd2e1 alice > look`: the session is the end of its id, for ids begun in one minute begin alike. */
function pretty(colours: boolean): (record: AuditRecord) => string {
  return (record) => {
    const { time, listener = '-', session = '', account = '-', direction } = record;
    const head = printable(`${time.slice(11, 23)} ${listener} ${session.slice(-8) || '-'} ${account} ${direction ? ARROWS[direction] : '='}`);
    const body = printable(textOf(record)).replaceAll('\n', '\n    ');
    return colours ? `${GREY}${head} ${COLOURS[direction ?? 'none']}${body}${PLAIN}\n` : `${head} ${body}\n`;
  };
}

/** What was said; of a record that is no speech its topic and data. */
function textOf({ topic, direction, text, cut, data }: AuditRecord): string {
  if (direction && text !== undefined) return text;
  if (direction && topic !== 'session.oob') return cut === 'blind' ? '(withheld)' : '';
  return data === undefined ? topic : `${topic} ${JSON.stringify(data)}`;
}

/** No record steers the terminal of whoever reads it. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\u{fffd}');
