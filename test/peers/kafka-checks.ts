/** What the tests of the kafka callback against failing brokers share: the callback alone, or under delivery; and what must stand in a topic afterwards. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Test } from 'tap';
import open from '../../callbacks/kafka.js';
import type { Callback, CallbackContext, CallbackOptions } from '../../src/contract.js';
import { deliver } from '../../src/spool/delivery/delivery.js';
import { inlineDelivery, settingsFor } from '../delivery-bench.js';
import { HandMadeJournal, lines } from '../journal-lines.js';
import type { Consumed } from './kafka.js';
import { ROOT } from './peer.js';

const MODULE = join(ROOT, 'dist/callbacks/kafka.js');

/** The callback with these options, and what it warned of. */
export function opened(options: CallbackOptions): { callback: Promise<Callback>; warned: string[] } {
  const warned: string[] = [];
  const log = { info() {}, warn: (message: string) => warned.push(message) };
  const context: CallbackContext = { name: 'kafka', node: 'n1', folder: '.', log, signal: new AbortController().signal };
  return { callback: Promise.resolve(open(options, context)), warned };
}

const SESSIONS: readonly string[] = Array.from({ length: 30 }, () => randomUUID());
const sessionOf = (number: number): string => SESSIONS[number % SESSIONS.length] as string;
/** `count` lines of thirty sessions by turns, from number `from` on. */
export const ofMany = (count: number, from = 0): string[] =>
  lines(count, from).map((text, index) => text.replace(/"session":"[^"]*"/, `"session":"${sessionOf(from + index)}"`));

/** Each id where it came first. */
function withoutDoubles(all: readonly Consumed[]): Consumed[] {
  const seen = new Set<string>();
  return all.filter(({ headers: { ce_id = '' } }) => !seen.has(ce_id) && seen.add(ce_id));
}

/** Every line of the journal is there, whole; and those of a session are in order, doubles dropped. */
export function holdsAll(t: Test, all: readonly Consumed[], sent: readonly string[]): void {
  const once = withoutDoubles(all);
  const asLines = (some: readonly Consumed[]) => some.map(({ payload }) => `${payload}\n`);
  t.same(asLines(once).sort(), [...sent].sort(), 'each once, doubles dropped');
  const bySession = new Map<string, string[]>(SESSIONS.map((session) => [session, []]));
  for (const text of sent) bySession.get(/"session":"([^"]*)"/.exec(text)?.[1] ?? '')?.push(text);
  const wrong = SESSIONS.filter((session) => asLines(once.filter(({ key }) => key === session)).join('') !== bySession.get(session)?.join(''));
  t.same(wrong, [], 'each session in order');
}

/** Delivers a journal that grows to the callback with these options. `done`: nothing more comes; resolves when all is delivered. */
export function delivery(t: Test, options: CallbackOptions) {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const { faults, logged, options: running } = inlineDelivery(folder, journal, settingsFor(MODULE, { name: 'kafka', options, batchRecords: 100 }));
  const ended = deliver(running);
  const done = (): Promise<void> => {
    journal.board.close();
    return ended;
  };
  return { journal, faults, logged, taken: () => journal.board.cursor(0).offset, done };
}
