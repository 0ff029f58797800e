/**
 * Posts records to a server over HTTP: a webhook (form 'ndjson' or 'json'), Elasticsearch or OpenSearch ('elasticsearch'), Loki or an OpenTelemetry
 * collector ('otlp'). A batch is taken once the server has said so of each record (2xx). Holds no queue, follows no redirect, and never says a token,
 * a header or anything of an answer but its status.
 *
 * What is the records' fault (400, 413, 422) is found by halving the batch, and only such a record is given up; all else is tried again.
 */
import type { Callback, CallbackContext, CallbackOptions, CheckOptions } from '../src/contract.js';
import { Client } from './http/client.js';
import { formOf } from './http/forms.js';
import { readOptions, remarksOn } from './http/options.js';
import { Sender } from './http/sender.js';

export const check: CheckOptions = (options, folder) => remarksOn(readOptions(options, folder));

/** Opens nothing: a server that is down shall not keep the proxy from starting. */
export default async function open(options: CallbackOptions, context: CallbackContext): Promise<Callback> {
  const settings = readOptions(options, context.folder);
  const { log, signal } = context;
  const client = new Client(settings, signal);
  const sender = new Sender({ client, form: formOf(settings, log), timeoutMs: settings.timeoutMs, log, signal });
  return {
    write: (records) => sender.send(records),
    close: async () => client.close(),
  };
}
