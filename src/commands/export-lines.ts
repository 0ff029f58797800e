/**
 * `export --format jsonl`: a session as evidence. Receives its records, gives the journal's lines byte for byte; then, in the order of their ids, what `verify
 * --session` needs beside them: the checkpoints that name the session, and each `access.redact` that names one of its records, without which a part that is
 * missing is damage, with what the node wrote up to the checkpoint that covers it: by these it is linked to that.
 */
import type { Audit } from '../api.js';
import type { AuditRecord } from '../contract.js';
import type { SessionSummary } from '../store-contract.js';

interface Exported {
  readonly audit: Audit;
  readonly session: SessionSummary;
  readonly remark: (text: string) => void;
}

const dataOf = ({ data }: AuditRecord): { readonly [name: string]: unknown } => (typeof data === 'object' && data !== null ? { ...data } : {});

export class ExportLines {
  readonly #exported: Exported;
  /** Hashes of records of which a part is missing that nothing explains yet. */
  readonly #erased = new Set<unknown>();
  #last: AuditRecord | undefined;
  /** The seq up to which checkpoints cover it, and whether later ones can cover no more. */
  #covered = -1;
  #closed = false;

  constructor(exported: Exported) {
    this.#exported = exported;
  }

  take(record: AuditRecord): string {
    const { digest, who_salt, salt, hash, line } = record;
    const [who, body] = Array.isArray(digest) ? (digest as readonly unknown[]) : [];
    if ((who && who_salt === undefined) || (body && salt === undefined)) this.#erased.add(hash);
    this.#last = record;
    return `${line}\n`;
  }

  async *end(): AsyncGenerator<string> {
    const last = this.#last;
    if (!last) return;
    const { audit, session, remark } = this.#exported;
    const topics = this.#erased.size > 0 ? ['audit', 'access'] : ['audit.checkpoint'];
    let pending = false;
    for await (const record of audit.events({ topics, seek: session.firstId })) {
      if (record.session !== undefined || record.node !== last.node) continue;
      if (record.topic === 'access.redact' && this.#explains(record)) pending = true;
      const isCheckpoint = record.topic === 'audit.checkpoint';
      if ((isCheckpoint && this.#covers(record, last)) || pending) yield `${record.line}\n`;
      if (isCheckpoint) pending = false;
      if (this.#closed && this.#erased.size === 0 && !pending) break;
    }
    if (this.#covered < Number(last.seq) || pending)
      remark(
        'the checkpoint that covers the end of this session, or what was erased of it, is not in the store (yet): `verify` will not call it proven',
      );
    const { size } = this.#erased;
    if (size > 0) remark(`parts of ${size} records are missing, and no access.redact in the store names them (yet): \`verify\` will say so`);
  }

  #explains(record: AuditRecord): boolean {
    const { hashes } = dataOf(record);
    return Array.isArray(hashes) && hashes.filter((hash) => this.#erased.delete(hash)).length > 0;
  }

  /** Whether a checkpoint names the session. The first whole one behind the last record names it, or none will. */
  #covers(record: AuditRecord, last: AuditRecord): boolean {
    if (this.#closed) return false;
    const { sessions, more } = dataOf(record);
    const claims = Array.isArray(sessions) ? (sessions as readonly unknown[]) : [];
    const claim = claims.find((one): one is readonly unknown[] => Array.isArray(one) && one[0] === last.session);
    if (claim) this.#covered = Math.max(this.#covered, Number(claim[3]));
    this.#closed = this.#covered >= Number(last.seq) || (record.id > last.id && more === false);
    return claim !== undefined;
  }
}
