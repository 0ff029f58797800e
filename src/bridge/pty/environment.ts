/**
 * What a program finds around it: who it is, its terminal's type, and where its client came from. Receives accounts and what a client said, gives an
 * environment and a folder. Nothing of ours goes in but what is on the list here: our environment can hold the secrets of the configuration.
 */
import { join } from 'node:path';
import { type Account, isThere, mayRun } from './libc.js';

/** What of our own environment a program gets; and all that begins with LC_. */
const OURS = ['LANG', 'LANGUAGE', 'TZ'];

/** Where another user's programs are looked for; as login(1) has it. */
const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';
const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A terminal that can do nothing. */
const DUMB = 'dumb';
/** Where descriptions of terminals are kept (terminfo(5)), below the first letter of their names. */
const TERMINFO = ['/usr/share/terminfo', '/lib/terminfo', '/etc/terminfo'];
const TERM_NAME = /^[a-z0-9][a-z0-9+._-]{0,39}$/;

export interface Around {
  readonly account: Account;
  /** True where the account is not the one that we run as: then its search path is its own. */
  readonly changed: boolean;
  /** TERM. */
  readonly term: string;
  /** The client's address and port; absent where it has none. */
  readonly client?: { readonly ip: string; readonly port: number };
  /** The session's id. */
  readonly session: string;
}

/** Home, where one can be there; else the root. */
export const folderFor = ({ home }: Account): string => (home.startsWith('/') && mayRun(home) ? home : '/');

const pathFor = ({ account, changed }: Pick<Around, 'account' | 'changed'>): string =>
  (!changed && process.env.PATH) || (account.uid === 0 ? ROOT_PATH : PATH);

/** The environment, each as `NAME=VALUE`. */
export function environmentFor({ account, changed, term, client, session }: Around): string[] {
  const own = Object.entries(process.env).filter(([name]) => OURS.includes(name) || name.startsWith('LC_'));
  const made = {
    PATH: pathFor({ account, changed }),
    HOME: folderFor(account),
    PWD: folderFor(account),
    SHELL: account.shell || '/bin/sh',
    USER: account.name,
    LOGNAME: account.name,
    TERM: term,
    WIRESCRIBE_SESSION: session,
    ...(client ? { WIRESCRIBE_CLIENT: `${client.ip} ${client.port}` } : {}),
  };
  return [...own, ...Object.entries(made)].map(([name, value]) => `${name}=${value}`);
}

/** The first of the types that this machine has a description of, in lower case as those are named; 'dumb' where there is none. */
export function termOf(types: readonly string[]): string {
  const names = types.map((type) => type.toLowerCase()).filter((name) => TERM_NAME.test(name));
  return names.find((name) => TERMINFO.some((folder) => isThere(`${folder}/${name[0]}/${name}`))) ?? DUMB;
}

/** Whether execvp(3) would find a program there: `missing`, or `refused` where what it finds may not be run. */
export function findProgram(file: string, account: Account, changed: boolean): 'found' | 'missing' | 'refused' {
  const folders = file.includes('/') ? [''] : pathFor({ account, changed }).split(':');
  const paths = folders.map((folder) => (folder === '' ? join(file.startsWith('/') ? '/' : folderFor(account), file) : join(folder, file)));
  if (paths.some(mayRun)) return 'found';
  return paths.some(isThere) ? 'refused' : 'missing';
}
