/**
 * `pty:COMMAND` as the upstream of a listener: each client gets a program of its own. Receives the listener's settings once, and what is known of each
 * client; gives the program's end, and what stands of it in the record.
 */
import type { SessionOpen } from '../../contract.js';
import { AuditError } from '../../errors.js';
import { type SocketAddress, wireOf } from '../address.js';
import type { Facts } from '../arrive.js';
import type { Dialled } from '../dial.js';
import { endOfEvents } from '../end.js';
import { MOST_CELLS, PtyConduit } from './conduit.js';
import { environmentFor, findProgram, folderFor, termOf } from './environment.js';
import { type Account, canChangeUser, findAccount, findUser } from './libc.js';
import { splitWords } from './words.js';

export interface PtyPlan {
  /** The listener's, for errors. */
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: { readonly scheme: 'pty'; readonly command: string };
  /** Name or number of the user that programs run as; absent: as we do. */
  readonly user?: string | undefined;
}

/** Starts a server for a client, whose session has this id. Nothing is recorded of the session yet. */
export type Spawn = (client: Facts, session: string) => Dialled;

/** A window, where the client says nothing of it. */
const COLUMNS = 80;
const ROWS = 24;

interface RunsAs {
  readonly account: Account;
  readonly changed: boolean;
}

/** What starts the programs of a listener. Throws AUDIT_CONFIG_TYPE where its user is nobody, or nobody that we can become. */
export function makeSpawn(plan: PtyPlan): Spawn {
  const argv = splitWords(plan.upstream.command);
  const who = runsAs(plan);
  return (client, session) => {
    const found = findProgram(argv[0], who.account, who.changed);
    if (found !== 'found') return { failure: found === 'missing' ? 'upstream-missing' : 'upstream-failed' };
    try {
      return start({ argv, who, client, session, wire: client.wire ?? wireOf(plan.listen, plan.upstream) });
    } catch {
      return { failure: 'upstream-failed' };
    }
  };
}

function runsAs({ name, user }: PtyPlan): RunsAs {
  const own = process.geteuid?.() ?? -1;
  const refuse = (what: string): never => {
    throw new AuditError('AUDIT_CONFIG_TYPE', `'user' of listener ${name}: ${what}`);
  };
  if (user === undefined) return { account: findAccount(own) ?? unnamed(own), changed: false };
  const account = findUser(user) ?? refuse('there is no such user on this machine; name one that is, or its number');
  if (account.uid === own) return { account, changed: false };
  if (own !== 0) refuse('only root can run programs as another user; start wirescribe as root, or as that user');
  if (!canChangeUser()) refuse("this machine gives no way to another user's groups (Linux on x64 and arm64 does); start wirescribe as that user");
  return { account, changed: true };
}

/** A number that has no name, as containers have them. */
const unnamed = (uid: number): Account => ({ name: String(uid), uid, gid: process.getegid?.() ?? -1, home: '/', shell: '/bin/sh' });

interface Start {
  readonly argv: readonly [string, ...string[]];
  readonly who: RunsAs;
  readonly client: Facts;
  readonly session: string;
  readonly wire: SessionOpen['wire'];
}

function start({ argv, who, client, session, wire }: Start): Dialled {
  const { account, changed } = who;
  const { ip, port = 0, terminal } = client;
  const term = termOf(terminal?.types ?? typesOf(client));
  const cwd = folderFor(account);
  const conduit = new PtyConduit({
    argv,
    environment: environmentFor({ account, changed, term, session, ...(ip === undefined ? {} : { client: { ip, port } }) }),
    cwd,
    columns: sizeOf(terminal?.columns, COLUMNS),
    rows: sizeOf(terminal?.rows, ROWS),
    ...(changed ? { account } : {}),
    telnet: wire === 'telnet',
  });
  return { end: endOfEvents(conduit), facts: { process: { argv, user: account.name, pid: conduit.pid, cwd } } };
}

/** A WebSocket whose subprotocol says that a terminal is at its other end has xterm.js, or what is like it. */
const typesOf = ({ subprotocol }: Facts): readonly string[] => (subprotocol?.startsWith('terminal.') ? ['xterm-256color', 'xterm'] : []);

const sizeOf = (said: number | undefined, otherwise: number): number => Math.min(said || otherwise, MOST_CELLS);
