/** What the tests of delivery share: settings with a default for everything, and a delivery whose faults and log are kept. */
import { join } from 'node:path';
import type { CallbackContext } from '../src/contract.js';
import type { DeliveryFault, DeliveryOptions } from '../src/spool/delivery/delivery.js';
import type { CallbackSettings } from '../src/spool/delivery/load.js';
import type { Declare, WorkerOptions } from '../src/spool/delivery/workers.js';
import type { HandMadeJournal } from './journal-lines.js';

/** Path of a module of test/fixtures/callbacks, compiled. */
export const fixture = (name: string): string => join(import.meta.dirname, 'fixtures/callbacks', `${name}.js`);

export const settingsFor = (module: string, given: Partial<CallbackSettings> = {}): CallbackSettings => ({
  ...{ name: 'mine', use: './mine.js', module, options: {}, topics: null },
  ...{ batchRecords: 1_000, batchBytes: 1_048_576, batchMs: 0, start: 'oldest', required: false, format: 'record', fields: null },
  ...given,
});

export interface Kept {
  readonly faults: DeliveryFault[];
  readonly logged: string[];
  /** Data of what was declared, all of it durable at once. */
  readonly declared: object[];
}

const newKept = (): Kept & { readonly declare: Declare } => {
  const declared: object[] = [];
  const declare: Declare = async ({ data }) => declared.push(data) > 0;
  return { faults: [], logged: [], declared, declare };
};

/** Options of `deliver`, and what it says. */
export function inlineDelivery(folder: string, journal: HandMadeJournal, settings: CallbackSettings, stop = new AbortController()) {
  const { declare, ...kept } = newKept();
  const log = { info: (message: string) => kept.logged.push(message), warn: (message: string) => kept.logged.push(message) };
  const context: CallbackContext = { name: settings.name, node: 'n1', folder, log, signal: stop.signal };
  const { board } = journal;
  const onFault = (fault: DeliveryFault) => kept.faults.push(fault);
  const options: DeliveryOptions = { folder, board, index: 0, settings, context, onFault, declare, stop: stop.signal };
  return { ...kept, options, stop };
}

/** Options of `startWorker`, and what it says. */
export function workerDelivery(
  folder: string,
  journal: HandMadeJournal,
  settings: CallbackSettings,
  bounds: Pick<WorkerOptions, 'stuckMs' | 'loadMs'> = {},
) {
  const { declare, ...kept } = newKept();
  const log = { info: (message: string) => kept.logged.push(message), warn: (message: string) => kept.logged.push(message) };
  const { memory } = journal;
  const onFault = (fault: DeliveryFault) => kept.faults.push(fault);
  const options: WorkerOptions = { folder, memory, index: 0, settings, node: 'n1', configFolder: folder, log, onFault, declare, ...bounds };
  return { ...kept, options };
}
