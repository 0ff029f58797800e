/** Sessions out of store.db. Receives what is asked, gives summaries in order of their start. */
import type { SessionQuery, SessionSummary } from '../../src/store-contract.js';
import { allOf, anyOf, type Condition, oneOf, TRUE } from './condition.js';
import type { File } from './engine.js';
import { fold } from './facts.js';
import type { SessionRow } from './summary.js';
import { addressCondition } from './where.js';

const given = <T>(value: T | undefined, condition: (value: T) => Condition): Condition => (value === undefined ? TRUE : condition(value));
const plain = (sql: string, ...values: number[]): Condition => ({ sql, values });

function whoseCondition({ session, listener, account }: Pick<SessionQuery, 'session' | 'listener' | 'account'>): Condition {
  return allOf([
    given(session, (list) =>
      oneOf(
        'id',
        list.map((id) => id.toLowerCase()),
      ),
    ),
    given(listener, (list) => oneOf('listener', list)),
    given(account, (list) => {
      const { sql, values } = oneOf('key', list.map(fold));
      return { sql: `id IN (SELECT session FROM account WHERE ${sql})`, values };
    }),
  ]);
}

function conditionOf(query: SessionQuery): Condition {
  const { from, to, address, open, faulty, any } = query;
  return allOf([
    whoseCondition(query),
    given(from, (ms) => plain('(ended IS NULL OR ended >= ?)', ms)),
    given(to, (ms) => plain('started < ?', ms)),
    given(address, addressCondition),
    given(open, (wanted) => plain(`ended IS ${wanted ? '' : 'NOT '}NULL`)),
    given(faulty, (wanted) => plain(wanted ? '(gaps > 0 OR faults > 0)' : 'gaps = 0 AND faults = 0')),
    given(any, (list) => anyOf(list.map(whoseCondition))),
  ]);
}

/** Behind a session, in the order asked for; one that is not there (any more) is behind all. */
function behind(session: string | undefined, up: boolean): Condition {
  return given(session, (id) => ({
    sql: `(started, id) ${up ? '>' : '<'} (SELECT started, id FROM session WHERE id = ?)`,
    values: [id.toLowerCase()],
  }));
}

export function sessionsOf(hub: File, query: SessionQuery): SessionSummary[] {
  const up = query.order === 'asc';
  const order = up ? 'ASC' : 'DESC';
  const asked = allOf([conditionOf(query), behind(query.after, up)]);
  return hub.reading(() => {
    const sql = `SELECT * FROM session WHERE ${asked.sql} ORDER BY started ${order}, id ${order} LIMIT ?`;
    return hub.once<SessionRow>(sql, ...asked.values, query.limit).map((row) => summaryOf(row, accountsOf(hub, row.id)));
  });
}

const accountsOf = (hub: File, session: string): string[] =>
  hub.all<{ readonly name: string }>('SELECT name FROM account WHERE session = ? ORDER BY name', session).map(({ name }) => name);

function summaryOf(row: SessionRow, accounts: readonly string[]): SessionSummary {
  const { id, listener, protocol, started, ended, ip, port, account, character, inputs, outputs, masked, gaps, faults, reason } = row;
  return {
    session: id,
    ...{ listener, protocol, started, ended, ip, port, account, accounts, character, inputs, outputs, masked, gaps, faults, reason },
    bytesIn: row.bytes_in,
    bytesOut: row.bytes_out,
    by: row.ended_by,
    exit: row.exit === null ? null : (JSON.parse(row.exit) as number | string),
    firstId: row.first_id,
    lastId: row.last_id,
  };
}
