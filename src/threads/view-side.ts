/**
 * ADMIN_LISTEN as the main thread sees it: starts the view thread and watches it, and answers what it asks; inline (`threads: 0`) the same without a
 * thread. A thread that dies or hangs is started again on the same address.
 */

import type { AdminAddress } from '../view/admin.js';
import { KeptThread } from './kept-thread.js';
import { type Adopted, type Main, type RedactAsked, type ServedView, serveView, type ViewData } from './view-thread.js';

const PROGRAM = new URL('./view-thread.js', import.meta.url);
/** What looks that end with the proxy may take to say how far they came, in milliseconds. */
const GOODBYE_MS = 1_000;

export interface ViewOptions {
  readonly threads?: 0;
  /** It ended, and another one is open. */
  readonly restarted: () => void;
}

export interface View extends ServedView {
  /** The thread, for tests that harm it; undefined inline. */
  readonly thread: KeptThread | undefined;
}

/** Opens it. Throws AUDIT_LISTEN. */
export async function openView(data: ViewData, main: Main, { threads, restarted }: ViewOptions): Promise<View> {
  if (threads === 0) return { ...(await serveView(data, main, threads)), thread: undefined };
  let now = data;
  const answers = {
    healthy: () => main.healthy(),
    unready: () => main.unready(),
    metrics: () => main.metrics(),
    stats: () => main.stats(),
    declare: (fact: Parameters<Main['declare']>[0]) => main.declare(fact),
    redact: (asked: RedactAsked) => main.redact(asked),
    wrongToken: () => main.wrongToken(),
    warn: (message: string) => main.warn(message),
  };
  const options = { name: 'view', program: PROGRAM, open: () => now, answers, warn: answers.warn, restarted };
  const { thread, opened } = await KeptThread.start(options);
  const url = String(opened);
  now = { ...data, address: addressOf(data.address, url) };
  return {
    url,
    thread,
    adopt: async (adopted: Adopted) => {
      now = { ...now, ...adopted };
      await thread.ask('adopt', adopted).catch(() => undefined);
    },
    endLooks: () => thread.ask('endLooks', undefined, GOODBYE_MS).then(undefined, () => undefined) as Promise<void>,
    close: () => thread.close(),
  };
}

/** A port that was free the first time is taken again. */
const addressOf = (address: AdminAddress, url: string): AdminAddress =>
  'path' in address ? address : { ...address, port: Number(new URL(url).port) };
