/** What the API stands on: given by whoever composes it (src/threads/view-thread.ts), so that this room knows no thread, no disk of the spool and no engine. */
import type { AuditRecord } from '../../contract.js';
import type { StoreReader } from '../../store-contract.js';
import type { Compile } from '../match.js';
import type { Books } from './caller.js';
import type { Declare } from './look.js';

export interface Below {
  readonly books: Books;
  /** Throws AUDIT_STORE_NONE where nothing can be searched. */
  readonly store: () => Promise<StoreReader>;
  readonly compile: Compile;
  /** What a record's event says to people; undefined where it says nothing. */
  readonly message: (record: AuditRecord) => string | undefined;
  readonly declare: Declare;
  /** What `wirescribe stats` says. Throws AUDIT_THREAD where nobody answers. */
  readonly stats: () => Promise<object>;
  /** Erases (`wirescribe redact`); counts alone where `look`. Throws AUDIT_USAGE and AUDIT_REDACT. May take minutes. */
  readonly redact: (request: object, look: boolean) => Promise<object>;
  /** A token that was wrong: counted in audit.fault. */
  readonly wrongToken: () => void;
}
