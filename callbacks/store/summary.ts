/** The summary of a session: receives the facts of its records, in any order, gives its row of store.db. Keeps nothing. */
import { addressBytes } from './addresses.js';
import type { Facts } from './facts.js';

/** A row of `session`. */
export interface SessionRow {
  id: string;
  listener: string;
  protocol: string;
  started: number;
  ended: number | null;
  ip: string | null;
  address: Uint8Array | null;
  port: number | null;
  account: string | null;
  /** The record that its account is of: that of a later one counts. */
  account_id: string;
  character: string | null;
  character_id: string;
  inputs: number;
  outputs: number;
  bytes_in: number;
  bytes_out: number;
  masked: number;
  gaps: number;
  faults: number;
  reason: string | null;
  ended_by: string | null;
  exit: string | null;
  first_id: string;
  last_id: string;
  first_day: number;
  last_day: number;
  /** 1: records of it were dropped, and it stays as it was: what comes again between its first and its last is counted already. */
  kept: number;
}

export const SESSION_COLUMNS = [
  ...['id', 'listener', 'protocol', 'started', 'ended', 'ip', 'address', 'port', 'account', 'account_id', 'character', 'character_id'],
  ...['inputs', 'outputs', 'bytes_in', 'bytes_out', 'masked', 'gaps', 'faults', 'reason', 'ended_by', 'exit', 'first_id', 'last_id'],
  ...['first_day', 'last_day', 'kept'],
] as const satisfies readonly (keyof SessionRow)[];

/** A session of which nothing is known yet. */
export const newSession = ({ id, time, day, who }: Facts): SessionRow => ({
  id: who.session,
  listener: '',
  protocol: '',
  started: time,
  ended: null,
  ip: null,
  address: null,
  port: null,
  account: null,
  account_id: '',
  character: null,
  character_id: '',
  inputs: 0,
  outputs: 0,
  bytes_in: 0,
  bytes_out: 0,
  masked: 0,
  gaps: 0,
  faults: 0,
  reason: null,
  ended_by: null,
  exit: null,
  first_id: id,
  last_id: id,
  first_day: day,
  last_day: day,
  kept: 0,
});

/** Takes one more record into account. */
export function foldInto(row: SessionRow, facts: Facts): void {
  const { id, day, time, who, protocol, port } = facts;
  if (row.kept === 1 && id >= row.first_id && id <= row.last_id) return;
  row.listener ||= who.listener;
  row.protocol ||= protocol;
  row.started = Math.min(row.started, time);
  if (row.ip === null && who.ip !== '') Object.assign(row, { ip: who.ip, address: addressBytes(who.ip) ?? null, port });
  if (who.account !== '' && id > row.account_id) Object.assign(row, { account: who.account, account_id: id });
  if (who.character !== '' && id > row.character_id) Object.assign(row, { character: who.character, character_id: id });
  if (id < row.first_id) Object.assign(row, { first_id: id, first_day: day });
  if (id > row.last_id) Object.assign(row, { last_id: id, last_day: day });
  foldTopic(row, facts);
}

function foldTopic(row: SessionRow, { kind, time, bytes, masked, data }: Facts): void {
  switch (kind.topic) {
    case 'session.input':
      row.inputs++;
      row.bytes_in += bytes;
      row.masked += masked;
      return;
    case 'session.output':
      row.outputs++;
      row.bytes_out += bytes;
      row.masked += masked;
      return;
    case 'audit.gap':
      row.gaps++;
      return;
    case 'audit.fault':
      row.faults++;
      return;
    case 'session.end': {
      const { reason, by, exit } = data;
      row.ended = time;
      row.reason = typeof reason === 'string' ? reason : null;
      row.ended_by = typeof by === 'string' ? by : null;
      row.exit = typeof exit === 'string' || typeof exit === 'number' ? JSON.stringify(exit) : null;
    }
  }
}
