/**
 * What a form is: how records are laid into the body of a request, and what the answer says of each. Receives records, gives bytes and verdicts; sends
 * nothing, and parses nothing of a record.
 */
import type { AuditRecord } from '../../src/contract.js';
import type { HttpError } from './client.js';

/** What became of a record: taken; never to be taken, and why (a word for the gap); or to be sent again, for what reason. */
export type Verdict = 'taken' | 'refused' | 'partly-refused' | HttpError;

export interface Form {
  readonly contentType: string;
  /** How much of a good answer is read for so many records, in bytes. */
  answerBytes(records: number): number;
  encode(records: readonly AuditRecord[]): Buffer;
  /** What a good answer says of each record, in their order; undefined: all are taken. `body` is missing where it was too long. */
  judge(records: readonly AuditRecord[], body: Buffer | undefined): readonly Verdict[] | undefined;
}

/** Line and line end, as bytes that may be shared: they are not to be changed. */
export const lineOf = (record: AuditRecord): Uint8Array => record.lineBytes ?? Buffer.from(`${record.line}\n`);

/** Its length in bytes. */
export const sizeOf = (record: AuditRecord): number => record.lineBytes?.length ?? Buffer.byteLength(record.line) + 1;
