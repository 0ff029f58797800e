/**
 * The audit thread: receives what the I/O thread says (audit/audit-side.ts) and gives it to the Auditor, which is all of it but the thread; answers, and passes on
 * what the Auditor tells. Does nothing where it is not started as that thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Auditor } from './audit/auditor.js';
import type { AuditChange, AuditorData, AuditorEvents, NodeFact } from './audit/auditor-data.js';
import { Modules } from './audit/providers.js';
import { AuditError, nameOf, type Place } from './errors.js';
import type { GoingSession, PassedDraft } from './handover/passing.js';

/** What the two threads say to each other. */
export type ToAudit =
  | { readonly type: 'slab'; readonly slab: ArrayBuffer; readonly used: number }
  | { readonly type: 'ping' }
  | { readonly type: 'declare'; readonly number: number; readonly fact: NodeFact }
  | { readonly type: 'look'; readonly number: number; readonly fact: NodeFact; readonly timeoutMs: number }
  | { readonly type: 'adopt'; readonly number: number; readonly change: AuditChange }
  | { readonly type: 'figures'; readonly number: number }
  | { readonly type: 'durable'; readonly number: number; readonly sessions: readonly number[] }
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | { readonly type: 'drafts'; readonly number: number; readonly batch: Uint8Array }
  | { readonly type: 'crashed'; readonly number: number; readonly sessions: readonly string[] }
  | { readonly type: 'hand-over'; readonly number: number; readonly timeoutMs: number }
  | { readonly type: 'passed'; readonly count: number }
  | { readonly type: 'close'; readonly timeoutMs: number };
export type FromAudit =
  | { readonly type: 'ready' | 'pong' }
  | { readonly type: 'declared'; readonly number: number }
  | { readonly type: 'answer'; readonly number: number; readonly answer: unknown }
  | { readonly type: 'refused'; readonly number: number; readonly code: string; readonly message: string; readonly place: Place | undefined }
  | { readonly type: 'held'; readonly segment: number }
  | { readonly type: 'warn'; readonly message: string }
  | { readonly type: 'closed'; readonly all: boolean }
  | { readonly type: 'gave-up'; readonly sessions: readonly GoingSession[] }
  | { readonly type: 'drafts'; readonly drafts: readonly PassedDraft[] }
  | { readonly type: 'returned'; readonly slab: ArrayBuffer }
  | { readonly type: 'trouble'; readonly code: string | undefined };

if (parentPort && (workerData as { audit?: AuditorData } | null)?.audit) {
  const port = parentPort;
  const say = (message: FromAudit, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const answer = async (number: number, work: () => unknown): Promise<void> => {
    try {
      say({ type: 'answer', number, answer: await work() });
    } catch (error) {
      const { message, place } = error instanceof AuditError ? error : { message: 'the configuration cannot be taken', place: undefined };
      say({ type: 'refused', number, code: error instanceof AuditError ? error.code : nameOf(error), message, place });
    }
  };
  const data = (workerData as { audit: AuditorData }).audit;
  const events: AuditorEvents = {
    returned: (slab) => say({ type: 'returned', slab }, [slab]),
    trouble: (code) => say({ type: 'trouble', code }),
    warn: (message) => say({ type: 'warn', message }),
    gaveUp: (sessions) => say({ type: 'gave-up', sessions }),
    drafts: (drafts) => say({ type: 'drafts', drafts }),
  };
  const auditor = new Auditor(data, events, await Modules.load(data.listeners));
  const adopt = async (change: AuditChange): Promise<void> => auditor.adopt(change, await Modules.load(change.listeners));
  port.on('message', (message: ToAudit) => {
    if (message.type === 'slab') auditor.take(message.slab, message.used);
    else if (message.type === 'ping') say({ type: 'pong' });
    else if (message.type === 'declare') void auditor.declare(message.fact).then(() => say({ type: 'declared', number: message.number }));
    else if (message.type === 'look') void answer(message.number, () => auditor.look(message.fact, message.timeoutMs));
    else if (message.type === 'adopt') void answer(message.number, () => adopt(message.change));
    else if (message.type === 'figures') void answer(message.number, () => auditor.figures());
    else if (message.type === 'durable') void answer(message.number, () => auditor.durable(message.sessions));
    else if (message.type === 'hold') void auditor.hold().then((segment) => say({ type: 'held', segment }));
    else if (message.type === 'release') auditor.release();
    else if (message.type === 'drafts') void auditor.drafts(message.batch).then((count) => answer(message.number, () => count));
    else if (message.type === 'crashed') void auditor.crashed(message.sessions).then(() => answer(message.number, () => true));
    else if (message.type === 'hand-over') void auditor.handOver(message.timeoutMs).then((given) => answer(message.number, () => given));
    else if (message.type === 'passed') auditor.passed(message.count);
    else void auditor.close(message.timeoutMs).then((all) => say({ type: 'closed', all }));
  });
  say({ type: 'ready' });
}
