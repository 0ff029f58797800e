/**
 * A look through the command line is recorded before anything is shown, and again at its end (FORMAT.md, "Looks"): the owner of the spool is asked for it,
 * or we are its owner for a moment. Where that cannot be (a copy of a store, a spool of another user) a remark says so, and the look goes on: whoever
 * reads the files needs no leave of ours.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.js';
import { AuditError, nameOf } from '../errors.js';
import { ownerOf } from '../spool/files.js';
import type { Filter } from '../store-contract.js';
import { askOwner } from '../view/control.js';
import { type LookFact, narrowedBy } from '../view/looks.js';
import { userName } from './ask.js';

/** What somebody looks at. */
export interface Asked {
  readonly topic: LookFact['topic'];
  readonly method: string;
  readonly filters: readonly Filter[];
  readonly session?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly format?: string;
}

export interface LookOptions {
  /** Records it where nobody owns the spool. */
  readonly alone: (fact: LookFact) => Promise<void>;
  /** Says a remark. */
  readonly remark: (text: string) => void;
}

/** A look that is under way. */
export interface Look {
  /** Says how many records were given. */
  end(records: number): Promise<void>;
}

/**
 * An owner that has the spool and answers nobody, or ends before it answers, has just begun or is about to end: how long we try again, and how often.
 * Milliseconds. A look that was recorded all the same is then there twice, under one id.
 */
const PATIENCE_MS = 5_000;
const AGAIN_MS = 50;

/** Begins a look: its first record is durable, or a remark was made, when this resolves. */
export async function beginLook({ spool }: Pick<Settings, 'spool'>, asked: Asked, options: LookOptions): Promise<Look> {
  const { topic, method, filters, session = null, from = null, to = null, format } = asked;
  const about = { by: userName(), how: 'command', method, look: randomUUID(), filter: narrowedBy(filters), session, from, to };
  const fact = (records: number | null): LookFact => ({ topic, data: { ...about, ...(format ? { format } : {}), records } });
  const why = await recorded(spool.dir, fact(null), options);
  if (why === undefined) return { end: async (records) => void (await recorded(spool.dir, fact(records), options)) };
  options.remark(`this look is not recorded: ${why}`);
  return { end: async () => undefined };
}

/** Has a look recorded. Gives why it could not be. */
async function recorded(folder: string, look: LookFact, { alone }: LookOptions): Promise<string | undefined> {
  const owner = ownerOf(folder);
  if (owner === undefined) return `there is no spool at ${folder}`;
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(AGAIN_MS)) {
    try {
      if (await askOwner(folder, { command: 'access', look }, () => undefined)) return undefined;
      // What another user's spool has of us it could not read.
      if (owner !== process.getuid?.()) return `the spool ${folder} is another user's, and no wirescribe runs on it`;
      await alone(look);
      return undefined;
    } catch (error) {
      const passing =
        error instanceof AuditError && (error.code === 'AUDIT_SPOOL_OWNED' || (error.code === 'AUDIT_SPOOL' && owner === process.getuid?.()));
      if (!passing || Date.now() > until) return error instanceof AuditError ? error.message : nameOf(error);
    }
  }
}
