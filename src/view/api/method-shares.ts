/**
 * `audit.share`, `audit.unshare`, `audit.shares`: a session or an account that another token may see for a time. Nobody can share what they do not see, or
 * see only because somebody shared it. Each is recorded as a look.
 */
import { AuditError } from '../../errors.js';
import type { SessionSummary } from '../../store-contract.js';
import { type Shown, type Sight, sightOf } from '../access/permissions.js';
import { LONGEST_SHARE_MS, type Share } from '../access/shares.js';
import { endOf, scopesOf } from '../access/tokens.js';
import { isId } from '../seek.js';
import type { Below } from './below.js';
import type { Call } from './call.js';
import { type Caller, isFor } from './caller.js';
import { Look } from './look.js';
import type { Params } from './params.js';

const forbidden = (message: string): never => {
  throw new AuditError('AUDIT_FORBIDDEN', message);
};

const request = (message: string): never => {
  throw new AuditError('AUDIT_REQUEST', message);
};

export async function shareMethod({ caller }: Call, params: Params, below: Below): Promise<Share> {
  const { books } = below;
  const now = books.now();
  const shown = shownOf(params);
  const rights = rightsOf(caller);
  const to = books.tokens.named(String(params.token)) ?? request('there is no token of that name');
  if (!scopesOf(to).some(({ kind }) => kind === 'shared')) request("that token does not have the scope 'shared'; make one that has");
  const until = untilOf(String(params.until), now);
  if (!(await mayShare(rights, shown, below))) forbidden('only what this token sees by its own scope can be shared, and whole');
  const share = { token: to.name, ...shown, by: caller.name, since: new Date(now).toISOString(), until };
  await recorded(caller, 'audit.share', share, below);
  books.shares.add(share, now);
  return share;
}

export async function unshareMethod({ caller }: Call, params: Params, below: Below): Promise<{ readonly removed: boolean }> {
  const { books } = below;
  const share = { token: String(params.token), ...shownOf(params) };
  const found = mine(caller, below).some((one) => one.token === share.token && one.session === share.session && isSame(one.account, share.account));
  if (!found) return { removed: false };
  await recorded(caller, 'audit.unshare', share, below);
  return { removed: books.shares.remove(share, books.now()) };
}

export async function sharesMethod({ caller }: Call, _params: Params, below: Below): Promise<{ readonly shares: readonly Share[] }> {
  const { books } = below;
  const known = seesAll(caller) ? books.shares.now(books.now()) : books.shares.now(books.now()).filter((share) => isFor(caller.token, share));
  return { shares: [...new Set([...known, ...mine(caller, below)])] };
}

const isSame = (one: string | undefined, other: string | undefined): boolean => one?.toLowerCase() === other?.toLowerCase();

const seesAll = (caller: Caller): boolean => caller.may('administer') && caller.sight.everything;

/** Shares that the caller may take back. */
const mine = (caller: Caller, { books }: Below): readonly Share[] => {
  const all = books.shares.now(books.now());
  return seesAll(caller) ? all : all.filter(({ by }) => by === caller.name);
};

function shownOf({ session, account }: Params): Shown {
  if ((session === undefined) === (account === undefined)) request('one of session and account is wanted');
  if (session !== undefined && !isId(String(session))) request('session wants the id of a session');
  return session === undefined ? { account: String(account) } : { session: String(session) };
}

function untilOf(text: string, now: number): string {
  try {
    const until = endOf(text, now);
    return Date.parse(until) - now > LONGEST_SHARE_MS ? request('a share lasts a year at most') : until;
  } catch (error) {
    return request(`until: ${error instanceof AuditError ? error.message : 'a time is wanted'}`);
  }
}

/** What the caller may share: by `administer` all that its own scopes see, by `share-own` its account. */
function rightsOf(caller: Caller): Sight {
  const token = caller.token;
  if (caller.may('administer')) return sightOf(scopesOf(token), token.account, []);
  caller.need('share-own');
  return sightOf([{ kind: 'own' }], token.account, []);
}

async function mayShare(rights: Sight, { session, account }: Shown, below: Below): Promise<boolean> {
  if (account !== undefined) return rights.everything || rights.accounts.includes(account.toLowerCase());
  const store = await below.store();
  const [found] = await store.sessions({ order: 'desc', limit: 1, session: [String(session)] });
  return found !== undefined && ownsWhole(rights, found);
}

/** A session is shared whole, so nobody else may be in it. */
function ownsWhole({ everything, listeners, accounts }: Sight, { listener, accounts: within }: SessionSummary): boolean {
  const mineAlone = within.length > 0 && within.every((account) => accounts.includes(account.toLowerCase()));
  return everything || listeners.includes(listener) || mineAlone;
}

async function recorded(caller: Caller, method: string, { token, account, session, until }: Shown & { token: string; until?: string }, below: Below) {
  const filter = { token: [token], ...(account === undefined ? {} : { account: [account] }) };
  const looked = { topic: 'access.view', method, filter, session: session ?? null, from: null, to: until ?? null } as const;
  await new Look(caller, looked, below.declare).end(0);
}
