/**
 * Elasticsearch's and OpenSearch's `_bulk`: each record is created under its id, so that what comes twice is there once. Receives records, gives the
 * body with an action in front of each, and reads the answer item by item.
 */
import type { AuditRecord } from '../../src/contract.js';
import { HttpError } from './client.js';
import { type Form, lineOf, type Verdict } from './form.js';

/** An item of the answer with its error is some 100 bytes, with all that a server may add where it knows no filter_path some 800. */
const ITEM_BYTES = 1_024;
const ANSWER_BYTES = 65_536;
/** id and time stand in the head of a journal's line, behind members of bounded length. */
const HEAD = /^\{"v":"[^"]*","id":"([^"]*)","topic":"[^"]*","time":"([^"]*)"/;
const HEAD_BYTES = 256;
/** Errors of status 400 that are about the index or the cluster and not about the document: they are mended there, so the record waits. */
const NOT_OF_THE_RECORD: ReadonlySet<unknown> = new Set(['index_closed_exception', 'invalid_index_name_exception', 'validation_exception']);

interface Item {
  readonly status?: unknown;
  readonly error?: { readonly type?: unknown };
}

/** @param indexOf gives the index of a time in milliseconds */
export function bulk(indexOf: (ms: number) => string): Form {
  const action = (record: AuditRecord): Buffer => {
    const head = record.lineBytes ? Buffer.from(record.lineBytes.buffer, record.lineBytes.byteOffset, record.lineBytes.byteLength) : undefined;
    const [, id = record.id, time = record.time] = HEAD.exec(head?.toString('latin1', 0, HEAD_BYTES) ?? '') ?? [];
    return Buffer.from(`{"create":{"_index":${JSON.stringify(indexOf(Date.parse(time)))},"_id":${JSON.stringify(id)}}}\n`);
  };
  return {
    contentType: 'application/x-ndjson',
    answerBytes: (records) => ANSWER_BYTES + records * ITEM_BYTES,
    encode: (records) => Buffer.concat(records.flatMap((record) => [action(record), lineOf(record)])),
    judge: (records, body) => {
      const items = itemsOf(body);
      if (items !== 'all' && items.length !== records.length) throw new HttpError('HTTP_ANSWER_UNREADABLE');
      return items === 'all' ? undefined : items.map(verdictOn);
    },
  };
}

/** The items of an answer, or 'all' where it says that there was no error. JSON.parse quotes its input in its message: its error goes no further. */
function itemsOf(body: Buffer | undefined): 'all' | readonly Item[] {
  try {
    const { errors, items } = JSON.parse(String(body)) as { errors?: unknown; items?: unknown };
    if (errors === false) return 'all';
    return (items as readonly { readonly [action: string]: Item }[]).map((item) => item.create ?? {});
  } catch {
    throw new HttpError('HTTP_ANSWER_UNREADABLE');
  }
}

/** 409: it is there already. 400: its document does not fit. Any other is the cluster's trouble: too busy, a disk full, an index missing. */
function verdictOn({ status, error }: Item): Verdict {
  if (status === 409 || (typeof status === 'number' && status >= 200 && status < 300)) return 'taken';
  if (status === 400 && !NOT_OF_THE_RECORD.has(error?.type)) return 'refused';
  return new HttpError(`HTTP_ITEM_${Number(status) || 0}`);
}
