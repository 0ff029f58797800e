/**
 * Records to a syslog collector: RFC 5424, or RFC 3164 as an old /dev/log wants it; over udp, tcp, tls and unix sockets. A message holds the journal's
 * line, byte for byte. Syslog has no answer: over streams the last `replay` records are sent again after a reconnect, and after a restart (`trail`);
 * over datagrams it is best effort. Decodes no line, keeps no queue but that bounded window.
 */
import {
  type AuditRecord,
  type Callback,
  type CallbackContext,
  type CallbackOptions,
  type CheckOptions,
  type Refused,
  RefusedRecords,
} from '../src/contract.js';
import { makeMessage } from './syslog/message.js';
import { readOptions, remarksOn, type Settings } from './syslog/options.js';
import type { Sender } from './syslog/sender.js';
import { StreamSender } from './syslog/stream.js';
import { UdpSender } from './syslog/udp.js';
import { UnixDatagramSender, unixKind } from './syslog/unix-datagram.js';

/** A connection that comes and goes is not said with every coming. */
const SAY_MS = 60_000;

export const check: CheckOptions = (options, folder) => {
  const remarks = remarksOn(readOptions(options, folder));
  return remarks.length > 0 ? remarks : undefined;
};

export default async function open(options: CallbackOptions, context: CallbackContext): Promise<Callback> {
  const settings = readOptions(options, context.folder);
  const syslog = new Syslog(settings, context);
  return {
    write: (records) => syslog.write(records),
    close: () => syslog.close(),
    ...(syslog.sendsAgain && settings.replay > 0 ? { trail: settings.replay } : {}),
  };
}

class Syslog {
  readonly #settings: Settings;
  readonly #context: CallbackContext;
  #sender: Sender;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings, context: CallbackContext) {
    this.#settings = settings;
    this.#context = context;
    this.#sender = this.#makeSender();
  }

  /** A stream, as far as known: what it took may be lost, and can be sent again. */
  get sendsAgain(): boolean {
    return this.#sender instanceof StreamSender;
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    try {
      await this.#send(records);
    } catch (error) {
      if (error instanceof RefusedRecords || !(error instanceof Error)) throw error;
      // The unix socket was not there at the start, or is another now, and of the other kind.
      if ((error as NodeJS.ErrnoException).code === 'EPROTOTYPE') await this.#begin();
      // A name that is not found, a certificate that ran out: none of it is a record's fault, and delivery is to look for none.
      throw Object.assign(error, { retriable: true });
    }
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }

  async #begin(): Promise<void> {
    await this.#sender.close();
    this.#sender = this.#makeSender();
  }

  async #send(records: readonly AuditRecord[]): Promise<void> {
    const maxBytes = await this.#sender.limit();
    const messages = records.map((record) => makeMessage(record, this.#settings.form, maxBytes));
    await this.#sender.send({ key: records, messages });
    const refused = messages.flatMap(({ cut }, index): Refused[] => {
      const record = records[index];
      return cut && record ? [{ record, reason: 'too-large' }] : [];
    });
    if (refused.length > 0) throw new RefusedRecords(refused);
  }

  #makeSender(): Sender {
    const { target, maxBytes } = this.#settings;
    const { signal } = this.#context;
    if (target.kind === 'udp') return new UdpSender(target, maxBytes, signal);
    if (target.kind === 'unix' && unixKind(target.path) === 'datagram') return new UnixDatagramSender(target.path, maxBytes, signal);
    return new StreamSender({ settings: this.#settings, signal, onReplay: (records) => this.#sayReplay(records) });
  }

  #sayReplay(records: number): void {
    const now = performance.now();
    if (now - this.#saidAt < SAY_MS) return;
    this.#saidAt = now;
    this.#context.log.info(`syslog: connected again; the last ${records} records were sent once more, for syslog does not say what had arrived`);
  }
}
