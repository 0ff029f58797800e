/**
 * `wirescribe token`: makes, lists and revokes tokens of the API. Receives the command's words and options, changes SPOOL_DIR/tokens, gives what is to be
 * printed. A token itself stands in what `create` gives, and nowhere else.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandLine } from '../config/usage.js';
import { AuditError, nameOf } from '../errors.js';
import { makeFolder, replaceFile } from '../spool/files.js';
import { type Lock, lockFile } from '../spool/lock.js';
import { MOST_TOKENS, makeToken, TOKENS_FILE, type Token, tokensIn, tokensText } from '../view/access/tokens.js';

const usage = (message: string): never => {
  throw new AuditError('AUDIT_USAGE', message);
};

/** What may stand behind each word, besides --config and --set. */
const OPTIONS: { readonly [word: string]: readonly string[] } = {
  create: ['role', 'scope', 'account', 'until'],
  list: ['json'],
  revoke: [],
};

/** Runs it. Throws AUDIT_USAGE where the words are not understood or the name is taken, AUDIT_TOKEN and AUDIT_SPOOL where the file cannot be used. */
export async function tokenCommand({ words, values, flags }: CommandLine, folder: string): Promise<string> {
  const [word = '', name, ...more] = words;
  const options = Object.hasOwn(OPTIONS, word) ? OPTIONS[word] : undefined;
  if (!options) return usage("'token' wants create NAME --role ROLE, list, or revoke NAME");
  if ((name === undefined) !== (word === 'list') || more.length > 0) usage(`'token ${word}' wants ${word === 'list' ? 'no name' : 'one name'}`);
  const given = [...values.keys(), ...flags].filter((option) => !['config', 'set', ...options].includes(option));
  if (given.length > 0) usage(`'token ${word}' takes no --${given[0]}`);
  if (word === 'list') return listed(tokensIn(folder), flags.has('json'));
  return word === 'create' ? create(String(name), values, folder) : revoke(String(name), folder);
}

async function create(name: string, values: CommandLine['values'], folder: string): Promise<string> {
  const one = (option: string): string | undefined => values.get(option)?.[0];
  const [role, account, until] = [one('role') ?? '', one('account'), one('until')];
  const request = { name, role, scopes: values.get('scope') ?? [], ...(account ? { account } : {}), ...(until ? { until } : {}) };
  const { token, secret } = makeToken(request, Date.now());
  await change(folder, (tokens) => {
    if (tokens.some((other) => other.name === name)) usage(`there is a token '${name}' already; revoke it first, or take another name`);
    if (tokens.length >= MOST_TOKENS) usage(`there are ${MOST_TOKENS} tokens; revoke some first`);
    return [...tokens, token];
  });
  const ends = token.until === null ? 'until it is revoked' : `until ${token.until}`;
  return `${name}: ${token.role}, sees ${token.scopes.join(' and ')}, ${ends}. This is shown once:\n${secret}\n`;
}

async function revoke(name: string, folder: string): Promise<string> {
  await change(folder, (tokens) => {
    if (!tokens.some((token) => token.name === name)) usage(`there is no token '${name}'; see \`wirescribe token list\``);
    return tokens.filter((token) => token.name !== name);
  });
  return `${name} is revoked\n`;
}

/** How often it is looked whether another command has finished, and for how long. Milliseconds. */
const LOCK_MS = 20;
const PATIENCE_MS = 5_000;

async function locked(path: string): Promise<Lock> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(LOCK_MS)) {
    const lock = lockFile(path);
    if (lock) return lock;
  }
  throw new AuditError('AUDIT_SPOOL', `${path} is held by another command; try again`);
}

/** Replaces the file by what `work` makes of it; one command at a time. */
async function change(folder: string, work: (tokens: readonly Token[]) => readonly Token[]): Promise<void> {
  let lock: Lock | undefined;
  try {
    makeFolder(folder);
    lock = await locked(join(folder, `${TOKENS_FILE}.lock`));
    replaceFile(join(folder, TOKENS_FILE), tokensText(work(tokensIn(folder))));
  } catch (error) {
    if (error instanceof AuditError) throw error;
    throw new AuditError('AUDIT_SPOOL', `${join(folder, TOKENS_FILE)} cannot be written (${nameOf(error)}); nothing was changed`);
  } finally {
    lock?.release();
  }
}

/** The list for people, or for machines; without digests, which are of no use to either. */
function listed(tokens: readonly Token[], json: boolean): string {
  if (json) return `${JSON.stringify(tokens.map(({ sha256: _digest, ...shown }) => shown))}\n`;
  const over = (until: string): string => (Date.parse(until) <= Date.now() ? `over since ${until}` : `until ${until}`);
  const rows = tokens.map(({ name, role, scopes, account, until }) => [
    name,
    role,
    scopes.join(' '),
    account === null ? '' : `of ${account}`,
    until === null ? '' : over(until),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
