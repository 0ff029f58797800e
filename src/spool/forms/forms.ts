/**
 * Records as a callback's `format` and `fields` want them. Receives a record of the journal, gives one whose `line` is another: the same record in
 * another schema (FORMS.md), or fewer members of it. Parses nothing until it is asked. What it gives is no evidence: seals hold for the journal's line.
 */
import type { AuditRecord } from '../../contract.js';
import type { RecordFormat } from '../delivery/load.js';
import { ECS_ROUTES, toEcs } from './ecs.js';
import { pickerOf } from './fields.js';
import { type Members, membersOf, toJson } from './members.js';
import { toOtel } from './otel.js';

/** How a record is made over: which members, and as what. */
interface Form {
  readonly pick: (members: Members) => Members;
  readonly make: (members: Members) => object;
}

const MAKES: { readonly [format in RecordFormat]: (members: Members) => object } = { record: (members) => members, ecs: toEcs, otel: toOtel };

/** `lineBytes` is left out: the bytes of the journal are not those of `line`. A member stands on the prototype, below. */
class FormedRecord implements AuditRecord {
  declare readonly id: string;
  declare readonly topic: string;
  declare readonly time: string;
  readonly [field: string]: unknown;

  readonly #original: AuditRecord;
  readonly #form: Form;
  #members: Members | undefined;
  #line: string | undefined;

  constructor(original: AuditRecord, form: Form) {
    this.#original = original;
    this.#form = form;
    Object.freeze(this);
  }

  get line(): string {
    this.#line ??= toJson(this.#form.make(this.members()));
    return this.#line;
  }

  /** Those of the original that `fields` let through. */
  members(): Members {
    this.#members ??= Object.freeze(this.#form.pick(membersOf(this.#original)));
    return this.#members;
  }

  /** As the contract has it: `line`'s members. */
  toJSON(): object {
    return this.#form.make(this.members());
  }
}

for (const field of Object.keys(ECS_ROUTES)) {
  Object.defineProperty(FormedRecord.prototype, field, {
    get(this: FormedRecord) {
      return this.members()[field];
    },
  });
}

/**
 * What makes records over for a callback: its members stay those of FORMAT.md (without what `fields` leaves out), `line` is in the other schema, one
 * line without its end, and there is no `lineBytes`. undefined: the callback gets records as they are. A record whose line is not JSON throws
 * AUDIT_SPOOL when it is first asked.
 *
 * @param fields members to give beside ALWAYS, with dots into `data` and `custom`; null: all
 */
export function formOf(format: RecordFormat, fields: readonly string[] | null): ((record: AuditRecord) => AuditRecord) | undefined {
  if (format === 'record' && fields === null) return undefined;
  const form: Form = { pick: fields === null ? (members) => members : pickerOf(fields), make: MAKES[format] };
  return (record) => new FormedRecord(record, form);
}
