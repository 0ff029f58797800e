/**
 * The methods of the API, whatever carries them: JSON-RPC and HTTP call these. Receives who calls, and parameters that openrpc.json allows; gives plain
 * values, and records one by one. Each says which feature it needs, narrows to what the caller sees, and records that somebody looked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError } from '../../errors.js';
import type { SessionQuery } from '../../store-contract.js';
import { narrowSessions, narrowSummary, type Sight } from '../access/permissions.js';
import { narrowedBy } from '../looks.js';
import { isId, readSeek, timeOf } from '../seek.js';
import type { Below } from './below.js';
import type { Call } from './call.js';
import { isFor } from './caller.js';
import { Look } from './look.js';
import { eventsMethod } from './method-events.js';
import { metricsMethod } from './method-metrics.js';
import { shareMethod, sharesMethod, unshareMethod } from './method-shares.js';
import { listOf, type Params, textOf } from './params.js';
import { type Schema, wrongWith } from './schema.js';

/** Answers a call. Throws AuditError. */
export type Method = (call: Call, params: Params, below: Below) => Promise<unknown>;

/** All but `audit.cancel`, which is of one connection. */
export const METHODS: { readonly [name: string]: Method } = {
  'audit.events': eventsMethod,
  'audit.metrics': metricsMethod,
  'audit.sessions': sessionsMethod,
  'audit.session': sessionMethod,
  'audit.stats': statsMethod,
  'audit.share': shareMethod,
  'audit.unshare': unshareMethod,
  'audit.shares': sharesMethod,
  'audit.redact': redactMethod,
  'rpc.discover': async () => OPENRPC,
};

interface Described {
  readonly methods: readonly {
    readonly name: string;
    readonly params: readonly { readonly name: string; readonly required: boolean; readonly schema: Schema }[];
  }[];
}

/** The document: of what is documented, only this is taken. */
export const OPENRPC = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../src/view/openrpc.json'), 'utf8')) as Described;

const SCHEMAS = new Map(
  OPENRPC.methods.map(({ name, params }): [string, Schema] => [
    name,
    {
      type: 'object',
      additionalProperties: false,
      required: params.flatMap((one) => (one.required ? [one.name] : [])),
      properties: Object.fromEntries(params.map((one) => [one.name, one.schema])),
    },
  ]),
);

/** What is wrong with a method's parameters; undefined where they are as documented. */
export const wrongParams = (method: string, params: unknown): string | undefined => wrongWith(params, SCHEMAS.get(method) ?? {}, 'params');

const SESSIONS = 100;

async function sessionsMethod({ caller }: Call, params: Params, below: Below): Promise<unknown> {
  caller.need('sessions');
  const sight = caller.sight;
  const query = sessionQuery(params);
  needFinder(query, sight, () => caller.need('finder'));
  const store = await below.store();
  const found = await store.sessions(narrowSessions(sight, query));
  const { account, address, session, listener } = query;
  const named = Object.entries({ account, address, session, listener }).filter(([, value]) => value !== undefined);
  const [from, to] = [textOf(params.seek), textOf(params.seekEnd)];
  const filter = narrowedBy([Object.fromEntries(named)]);
  const looked = { topic: 'access.view', method: 'audit.sessions', filter, session: null, from, to } as const;
  await new Look(caller, looked, below.declare).end(found.length);
  const next = found.length === query.limit ? (found.at(-1)?.session ?? null) : null;
  return { sessions: found.map((summary) => narrowSummary(sight, summary)), next };
}

function sessionQuery(params: Params): SessionQuery {
  const { order, limit, after, open, faulty } = params;
  const lists = ['session', 'listener', 'account', 'address'].flatMap((name) => (params[name] === undefined ? [] : [[name, listOf(params[name])]]));
  const time = (name: string, bound: string) =>
    params[bound] === undefined ? {} : { [name]: timeOf(readSeek(params[bound] as string | number, bound)) };
  const flags = { ...(open === undefined ? {} : { open: open === true }), ...(faulty === undefined ? {} : { faulty: faulty === true }) };
  return {
    order: order === 'asc' ? 'asc' : 'desc',
    limit: typeof limit === 'number' ? limit : SESSIONS,
    ...(after === undefined ? {} : { after: String(after) }),
    ...time('from', 'seek'),
    ...time('to', 'seekEnd'),
    ...flags,
    ...Object.fromEntries(lists),
  };
}

/** Whoever sees some accounts alone may ask for those. */
function needFinder({ account = [], address }: SessionQuery, { accounts }: Sight, need: () => void): void {
  if (address || !account.every((one) => accounts.includes(one.toLowerCase()))) need();
}

async function sessionMethod({ caller }: Call, params: Params, below: Below): Promise<unknown> {
  caller.need('sessions');
  const session = String(params.session);
  const sight = caller.sight;
  const none = new AuditError('AUDIT_NOT_ONE', 'there is no such session, or it is beyond what this token sees');
  if (!isId(session)) throw none;
  const store = await below.store();
  const [found] = await store.sessions(narrowSessions(sight, { order: 'desc', limit: 1, session: [session] }));
  const looked = { topic: 'access.view', method: 'audit.session', filter: {}, session, from: null, to: null } as const;
  await new Look(caller, looked, below.declare).end(found ? 1 : 0);
  if (!found) throw none;
  const { books } = below;
  const shares = books.shares.now(books.now()).filter((share) => share.session === session);
  const known = caller.may('administer') ? shares : shares.filter((share) => isFor(caller.token, share) || share.by === caller.name);
  return { session: narrowSummary(sight, found), shares: known };
}

/** Figures of the node hold nothing of anybody: not a look, but for those who see all of it. */
async function statsMethod({ caller }: Call, _params: Params, below: Below): Promise<unknown> {
  caller.need('reports');
  if (!caller.sight.everything) throw new AuditError('AUDIT_FORBIDDEN', "the figures are of the whole node: the scope 'everything' is wanted");
  return { ...(await below.stats()), store: await storeFigures(below) };
}

/** The `access.redact` that is recorded says by whom: by the token's name. */
async function redactMethod({ caller }: Call, params: Params, below: Below): Promise<unknown> {
  caller.need('redact');
  if (!caller.sight.everything) throw new AuditError('AUDIT_FORBIDDEN', "an erasure is for all that was recorded: the scope 'everything' is wanted");
  const { dryRun, part = params.pattern === undefined ? 'both' : 'body', ...rest } = params;
  return below.redact({ ...rest, part, by: caller.name }, dryRun === true);
}

async function storeFigures({ store }: Below): Promise<object | null> {
  try {
    return await (await store()).figures();
  } catch {
    return null;
  }
}
