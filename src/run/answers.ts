/**
 * What a proxy answers others: commands on the control socket of the spool that it owns, and ADMIN_LISTEN. Receives what runs as a few functions, and gives
 * each request to the one that it is for.
 */

import type { Chores } from '../chores/chores.js';
import { checkedArchive, checkedDrop } from '../chores/requests.js';
import type { Settings } from '../config/settings.js';
import { AuditError, nameOf } from '../errors.js';
import { checkedRun } from '../spool/chore-runs.js';
import { checkedRequest } from '../spool/redact/select.js';
import { openView, type View } from '../threads/view-side.js';
import type { Main } from '../threads/view-thread.js';
import { type Answer, type Control, openControl } from '../view/control.js';
import { checkedLook, type LookFact } from '../view/looks.js';
import { viewedOf } from './of-settings.js';
import type { Running, RunOptions } from './running.js';

/** What commands can ask of the owner of a spool. */
export interface Asked extends Pick<Running, 'stats' | 'redact'> {
  readonly options: RunOptions;
  /** Where there is a spool. */
  readonly chores: () => Chores;
  looked(fact: LookFact): Promise<void>;
}

/** Opens the control socket. Where it cannot be opened nobody can ask, and all else works. */
export async function answerCommands(folder: string, asked: Asked): Promise<Control | undefined> {
  try {
    return await openControl(folder, answersOf(asked));
  } catch (error) {
    asked.options.log.warn(`AUDIT_SPOOL: ${folder}/control.sock cannot be opened (${nameOf(error)}); stats and redact cannot ask this process`);
    return undefined;
  }
}

function answersOf(asked: Asked): { readonly [command: string]: Answer } {
  const { options } = asked;
  return {
    stats: () => asked.stats(),
    yield: async () => {
      options.forExec?.asked();
      return options.forExec !== undefined || options.brief === true;
    },
    access: async ({ look }) => {
      // It would be gone before it could say that this was done.
      if (options.brief) throw new AuditError('AUDIT_SPOOL_OWNED', 'another command has the spool for a moment; ask again');
      await asked.looked(checkedLook(look));
      return true;
    },
    handover: (request) => {
      const { handOver } = options;
      if (!handOver) throw new AuditError('AUDIT_USAGE', 'what owns the spool is no proxy that can hand over (`wirescribe run` is one)');
      return handOver(request);
    },
    redact: ({ request, look }, tell) => asked.redact(checkedRequest(request), look === true, (stage, done, all) => tell({ stage, done, all })),
    drop: async ({ request }, tell) => lastingChores(asked).drop(checkedDrop(request), (done, all) => tell({ done, all })),
    prepared: async ({ run }) => {
      lastingChores(asked).ran('prepare', checkedRun(run));
      return true;
    },
    archive: async ({ request }, tell) => lastingChores(asked).archive(checkedArchive(request), (done, all) => tell({ done, all })),
  };
}

/** For others: a command that has the spool for its own work is gone before theirs is done. */
function lastingChores({ options, chores }: Asked): Chores {
  if (options.alone) throw new AuditError('AUDIT_SPOOL_OWNED', 'another command has the spool for its work; ask again when it is done');
  return chores();
}

/** Opens ADMIN_LISTEN. The default, where it is taken, is given up (undefined). Throws AUDIT_LISTEN where a configured one cannot be opened. */
export async function answerAdmin(
  settings: Settings,
  main: Omit<Main, 'redact'> & Pick<Running, 'redact'>,
  { threads, restarted }: { readonly threads: RunOptions['threads']; readonly restarted: () => void },
): Promise<View | undefined> {
  const { adminListen, inForce, spool } = settings;
  if (adminListen === null) return undefined;
  const data = { address: adminListen, spool: spool.dir, ...viewedOf(settings) };
  const answers: Main = { ...main, redact: ({ request, look }) => main.redact(checkedRequest(request), look, () => undefined) };
  try {
    return await openView(data, answers, { ...(threads === 0 ? { threads } : {}), restarted });
  } catch (error) {
    if (inForce.find(({ key }) => key === 'ADMIN_LISTEN')?.from !== 'default') throw error;
    main.warn(`${error}; health and metrics are answered nowhere`);
    return undefined;
  }
}
