/** Options of the `file` callback. Receives what the operator wrote, gives settings, or refuses it with an OptionError. Opens nothing. */
import { extname, resolve } from 'node:path';
import { type CallbackOptions, OptionError } from '../../src/contract.js';

const DAY_MS = 86_400_000;
const UNITS = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

export interface Settings {
  readonly path: string;
  /** A number is milliseconds. */
  readonly frequency: 'daily' | 'hourly' | number | null;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly compress: boolean;
  readonly keepMs: number | null;
}

/** Throws OptionError. @param folder where a relative path starts */
export function readOptions(options: CallbackOptions, folder: string): Settings {
  const { path = 'audit/audit.log', frequency = 'daily', size = '100m', mode = 0o600, compress = true, keep_days = null } = options;
  const check = (good: boolean, what: string) => {
    if (!good) throw new OptionError(what);
  };
  check(
    typeof path === 'string' && path !== '' && !/[<>"|?*:\0]/.test(resolve(folder, path)),
    'path: a file, without any of < > " | ? * : in its path',
  );
  const milliseconds = typeof frequency === 'number' && frequency > 0;
  check(frequency === null || frequency === 'daily' || frequency === 'hourly' || milliseconds, "frequency: write 'daily', 'hourly' or None");
  check(typeof mode === 'number' && Number.isInteger(mode) && mode >= 0o200 && mode <= 0o777, 'mode: an octal number such as 0o600');
  check(typeof compress === 'boolean', 'compress: write True or False');
  check(keep_days === null || (typeof keep_days === 'number' && keep_days > 0), 'keep_days: a number of days above 0, or None');
  return {
    path: withExtension(resolve(folder, path as string)),
    frequency: frequency as Settings['frequency'],
    sizeBytes: readSize(size),
    mode: mode as number,
    compress: compress as boolean,
    keepMs: keep_days === null ? null : (keep_days as number) * DAY_MS,
  };
}

function readSize(size: unknown): number {
  const [, digits = '', unit = ''] = /^(\d+)([kmg]?)$/i.exec(String(size)) ?? [];
  const bytes = Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  if (digits === '' || bytes === 0) throw new OptionError("size: a number of bytes, or '64k', '10m', '4g'");
  return bytes;
}

/** pino-roll puts date and number before the extension, and takes `.log` where there is none. */
const withExtension = (path: string): string => (extname(path).length > 1 ? path : `${path.replace(/\.$/, '')}.log`);
