/** `audit.metrics`: counts over time, and with `follow` again whenever they change. Counts know no session, so a narrow scope must stand in the path. */
import { AuditError } from '../../errors.js';
import type { Sight } from '../access/permissions.js';
import { waitFor } from '../events.js';
import { narrowedBy } from '../looks.js';
import { type MetricsQuery, measure, watchMetrics } from '../metrics.js';
import { readMetricsPath } from '../metrics-path.js';
import type { Below } from './below.js';
import type { Call } from './call.js';
import { Look } from './look.js';
import { type Params, textOf } from './params.js';

/** Gives the figures; with `follow` those when it ended, and each before by `call.give`. */
export async function metricsMethod(call: Call, params: Params, below: Below): Promise<unknown> {
  const { caller } = call;
  const path = String(params.path);
  caller.need('reports');
  if (params.follow === true) caller.need('live');
  const sight = caller.sight;
  mayCount(path, sight);
  const { follow: _follow, ...asked } = params;
  const query = { ...asked, path, signal: call.signal } as MetricsQuery;
  const within = { store: await below.store(), compile: below.compile, now: below.books.now, wait: waitFor };
  const looked = {
    topic: 'access.view',
    method: 'audit.metrics',
    filter: narrowedBy([readMetricsPath(path).only]),
    session: null,
    from: textOf(params.seek),
    to: textOf(params.seekEnd),
  };
  const look = new Look(caller, { ...looked, topic: 'access.view' }, below.declare);
  if (params.follow !== true) {
    const metrics = await measure(query, within);
    await look.end(0);
    return metrics;
  }
  const figures = watchMetrics(query, within);
  await look.begin();
  call.sight = sight;
  try {
    let last: unknown = null;
    for await (const metrics of figures) {
      last = metrics;
      await call.give(JSON.stringify(metrics));
    }
    call.throwIfFailed();
    return last;
  } finally {
    await look.end(0).catch(() => undefined);
  }
}

/** Throws AUDIT_FORBIDDEN where the path counts more than the caller sees. */
function mayCount(path: string, { everything, listeners, accounts }: Sight): void {
  const { only } = readMetricsPath(path);
  if (everything || only.listener?.every((name) => listeners.includes(name))) return;
  if (only.account?.every((name) => accounts.includes(name.toLowerCase()))) return;
  throw new AuditError('AUDIT_FORBIDDEN', 'this counts more than the token sees: end the path with /listener/NAME or /account/NAME of its scope');
}
