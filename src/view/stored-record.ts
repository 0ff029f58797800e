/** A record out of a store: its members, parsed once, and the exact line. Never changes a byte of the line. */
import type { AuditRecord } from '../contract.js';
import { AuditError } from '../errors.js';
import type { StoredRecord } from '../store-contract.js';

/**
 * Reads a stored line. `line` is not among what `JSON.stringify` writes of the record. JSON.parse quotes its input in its message, so that goes no further.
 * @throws AuditError AUDIT_STORE_DAMAGED with the record's id where the line is no JSON object
 */
export function readStored({ id, line }: StoredRecord): AuditRecord {
  let members: unknown;
  try {
    members = JSON.parse(line);
  } catch {
    members = undefined;
  }
  if (typeof members === 'object' && members !== null && !Array.isArray(members)) {
    return Object.freeze(Object.defineProperty(members, 'line', { value: line })) as AuditRecord;
  }
  throw new AuditError(
    'AUDIT_STORE_DAMAGED',
    `the store holds a line that is no record, under ${id}; fill it anew with 'wirescribe prepare' from the audit files`,
  );
}
