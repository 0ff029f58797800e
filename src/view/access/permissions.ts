/**
 * Who may see what: features (what a token may do), roles (named sets of them), and scopes (whose records it sees). Receives what a token says, gives
 * conditions for the store and an answer for each record. Pure; knows no token's secret and no socket.
 */
import type { Filter, SessionQuery, SessionSummary } from '../../store-contract.js';

/** What can be allowed. */
export const FEATURES = {
  sessions: 'list sessions: who, from where, when, how much',
  content: 'read what was recorded, as text',
  live: 'follow it as it happens (with content)',
  export: 'read records whole, with what was on the screen (`raw`)',
  redact: 'ask for an erasure',
  reports: 'counts over time, and the figures of `stats`',
  administer: 'share whatever it sees with other tokens, and take shares back',
  finder: 'search by account, character and address',
  'share-own': "share its own account, and sessions that nobody else's account was in",
} as const;

export type Feature = keyof typeof FEATURES;

interface Role {
  readonly means: string;
  readonly features: readonly Feature[];
  /** Where a token is made without `--scope`. */
  readonly scope: string;
}

export const ROLES = {
  operator: {
    means: 'runs the server',
    features: ['sessions', 'content', 'live', 'export', 'redact', 'reports', 'administer', 'finder', 'share-own'],
    scope: 'everything',
  },
  moderator: { means: 'looks after players', features: ['sessions', 'content', 'live', 'reports', 'finder'], scope: 'everything' },
  auditor: {
    means: 'checks afterwards, with evidence in hand',
    features: ['sessions', 'content', 'export', 'reports', 'finder'],
    scope: 'everything',
  },
  reviewer: { means: 'looks at what is shown to them, or is their own', features: ['sessions', 'content', 'share-own'], scope: 'shared' },
} as const satisfies { readonly [name: string]: Role };

export type RoleName = keyof typeof ROLES;

export const isRole = (name: string): name is RoleName => Object.hasOwn(ROLES, name);

/** Whether a role has a feature. */
export const allows = (role: RoleName, feature: Feature): boolean => (ROLES[role].features as readonly Feature[]).includes(feature);

/** Whose records a token sees: one of its scopes. */
export type Scope =
  | { readonly kind: 'everything' | 'own' | 'shared' }
  | { readonly kind: 'listener'; readonly listener: string }
  | { readonly kind: 'account'; readonly accounts: readonly string[] };

/** What the forms of a scope are, for people. */
export const SCOPE_FORMS = 'everything, listener=NAME, account=A,B, own or shared';

/** Reads a scope as it is written: everything, listener=NAME, account=A,B, own, shared. Undefined where it is none. */
export function readScope(word: string): Scope | undefined {
  if (word === 'everything' || word === 'own' || word === 'shared') return { kind: word };
  const [, kind, value = ''] = /^(listener|account)=(.+)$/s.exec(word) ?? [];
  if (kind === 'listener') return { kind, listener: value };
  const accounts = value.split(',').filter((account) => account !== '');
  return kind === 'account' && accounts.length > 0 ? { kind, accounts } : undefined;
}

/** A session or an account that is shown to a token for a time. */
export interface Shown {
  readonly session?: string;
  readonly account?: string;
}

/** What a token sees at one moment. Accounts are in lower case: case does not count. */
export interface Sight {
  readonly everything: boolean;
  readonly listeners: readonly string[];
  readonly accounts: readonly string[];
  readonly sessions: readonly string[];
}

const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());

/** What these scopes come to. @param account of the token itself @param shown what is shared with it just now */
export function sightOf(scopes: readonly Scope[], account: string | null, shown: readonly Shown[]): Sight {
  const shared = scopes.some(({ kind }) => kind === 'shared') ? shown : [];
  const own = scopes.some(({ kind }) => kind === 'own') && account !== null ? [account] : [];
  const named = scopes.flatMap((scope) => (scope.kind === 'account' ? scope.accounts : []));
  const given = shared.flatMap((one) => (one.account === undefined ? [] : [one.account]));
  return {
    everything: scopes.some(({ kind }) => kind === 'everything'),
    listeners: scopes.flatMap((scope) => (scope.kind === 'listener' ? [scope.listener] : [])),
    accounts: [...new Set(lower([...own, ...named, ...given]))],
    sessions: shared.flatMap(({ session }) => (session === undefined ? [] : [session])),
  };
}

/** No record has this id. */
const NOBODY = '00000000-0000-7000-8000-000000000000';

/** The condition that every query of a token carries; undefined where it sees everything. */
export function filterOf({ everything, listeners, accounts, sessions }: Sight): Filter | undefined {
  if (everything) return undefined;
  const any: Filter[] = [];
  if (listeners.length > 0) any.push({ listener: listeners });
  if (accounts.length > 0) any.push({ account: accounts });
  if (sessions.length > 0) any.push({ session: sessions });
  return any.length > 0 ? { any } : { id: [NOBODY] };
}

/** What is looked at of a record, whatever a store says of it. */
export interface Seen {
  readonly session?: unknown;
  readonly listener?: unknown;
  readonly account?: unknown;
  readonly topic?: unknown;
  readonly data?: unknown;
}

/** Whether a record may be shown. One without a session (the node's own, and who looked at what) is for those alone who see everything. */
export function maySee({ everything, listeners, accounts, sessions }: Sight, { session, listener, account, topic, data }: Seen): boolean {
  if (everything) return true;
  if (typeof session !== 'string') return false;
  if (sessions.includes(session)) return true;
  if (typeof listener === 'string' && listeners.includes(listener)) return true;
  const may = (name: unknown): boolean => typeof name === 'string' && accounts.includes(name.toLowerCase());
  return may(account) && !(topic === 'session.identity' && accountsIn(data).some((name) => !may(name)));
}

/** The accounts that an identity tells of: whose the session was, and whose it is. */
function accountsIn(data: unknown): readonly unknown[] {
  const { field, old, new: name } = (typeof data === 'object' && data !== null ? data : {}) as { readonly [member: string]: unknown };
  return field === 'account' ? [old, name].filter((one) => one !== null && one !== undefined && one !== '') : [];
}

type Part = NonNullable<SessionQuery['any']>[number];

/**
 * A query for sessions, narrowed to what may be seen. Accounts that are asked for count within each part: whoever sees bob alone cannot ask whether
 * alice was in his session.
 */
export function narrowSessions(sight: Sight, query: SessionQuery): SessionQuery {
  if (sight.everything) return query;
  const { account, ...rest } = query;
  const asked = account && lower(account);
  const accounts = asked ? sight.accounts.filter((one) => asked.includes(one)) : sight.accounts;
  const any: Part[] = [];
  if (sight.listeners.length > 0) any.push({ listener: sight.listeners, ...(account ? { account } : {}) });
  if (accounts.length > 0) any.push({ account: accounts });
  if (sight.sessions.length > 0) any.push({ session: sight.sessions, ...(account ? { account } : {}) });
  return { ...rest, any: any.length > 0 ? any : [{ session: [NOBODY] }] };
}

/** A session as it may be shown: of one that several accounts were in, only the names that may be seen. */
export function narrowSummary(sight: Sight, summary: SessionSummary): SessionSummary {
  const { everything, listeners, sessions, accounts } = sight;
  if (everything || listeners.includes(summary.listener) || sessions.includes(summary.session)) return summary;
  const may = (account: string): boolean => accounts.includes(account.toLowerCase());
  const last = summary.account !== null && may(summary.account);
  return { ...summary, accounts: summary.accounts.filter(may), ...(last ? {} : { account: null, character: null }) };
}

/** Whether all that was seen before may still be seen: what is followed ends where it is not. */
export function isWithin(before: Sight, now: Sight): boolean {
  if (now.everything) return true;
  const all = (some: readonly string[], more: readonly string[]): boolean => some.every((one) => more.includes(one));
  return !before.everything && all(before.listeners, now.listeners) && all(before.accounts, now.accounts) && all(before.sessions, now.sessions);
}
