/**
 * OTLP/HTTP logs in JSON (opentelemetry-proto, ExportLogsServiceRequest). Receives records in the form 'otel', each
 * `{"resource":R,"scope":S,"logRecord":L}`, gives one request that groups them by resource and scope, by their text.
 */
import type { AuditRecord, Log } from '../../src/contract.js';
import { HttpError } from './client.js';
import type { Form } from './form.js';

/** What the specification recommends (OTLP/HTTP Response). */
const ANSWER_BYTES = 4 << 20;
/** Between two warnings. */
const TELL_MS = 60_000;
/** A quote inside a string is escaped, so these stand between members alone. */
const SCOPE = ',"scope":';
const LOG_RECORD = ',"logRecord":';

/** @param log told how many records a server did not take, at once and then rarely */
export function otlp(log: Log): Form {
  let untold = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (rejected: number) => {
    untold += rejected;
    if (performance.now() - toldAt < TELL_MS) return;
    log.warn(`http: the server did not take ${untold} log records (partialSuccess); what it was sent with them is in the dead letters too`);
    untold = 0;
    toldAt = performance.now();
  };
  return {
    contentType: 'application/json',
    answerBytes: () => ANSWER_BYTES,
    encode: (records) => Buffer.from(`{"resourceLogs":[${groups(records).join(',')}]}`),
    judge: (records, body) => {
      const rejected = Math.min(rejectedIn(body), records.length);
      if (rejected === 0) return undefined;
      tell(rejected);
      // It must not be sent again (OTLP specification, Partial Success), and it is not said which were taken: all are kept where an operator finds them.
      return records.map(() => (rejected === records.length ? 'refused' : 'partly-refused'));
    },
  };
}

/** ResourceLogs, one for each resource and scope. */
function groups(records: readonly AuditRecord[]): string[] {
  const byHead = new Map<string, string[]>();
  for (const { line } of records) {
    const at = line.indexOf(LOG_RECORD);
    if (at < 0 || !line.startsWith('{"resource":')) throw new HttpError('HTTP_NO_OTEL_FORMAT');
    const head = line.slice(0, at);
    const logRecord = line.slice(at + LOG_RECORD.length, -1);
    const group = byHead.get(head);
    if (group) group.push(logRecord);
    else byHead.set(head, [logRecord]);
  }
  return [...byHead].map(([head, logRecords]) => {
    const at = head.indexOf(SCOPE);
    return `${head.slice(0, at)},"scopeLogs":[{"scope":${head.slice(at + SCOPE.length)},"logRecords":[${logRecords.join(',')}]}]}`;
  });
}

/** `partialSuccess.rejectedLogRecords`, an int64 and so a string as a rule. An answer that says nothing readable is a full success, as status 200 is. */
function rejectedIn(body: Buffer | undefined): number {
  try {
    const answer = JSON.parse(String(body)) as { partialSuccess?: { rejectedLogRecords?: unknown } } | null;
    const rejected = Number(answer?.partialSuccess?.rejectedLogRecords ?? 0);
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
