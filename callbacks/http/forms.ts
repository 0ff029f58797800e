/** The forms, by name; those of a webhook stand here, whose status says all. Receives settings, gives the form to send in. */
import type { Log } from '../../src/contract.js';
import { bulk } from './bulk.js';
import { type Form, lineOf } from './form.js';
import type { Settings } from './options.js';
import { otlp } from './otlp.js';

const allTaken = { answerBytes: () => 0, judge: () => undefined };

/** Lines as they are. */
const ndjson: Form = { contentType: 'application/x-ndjson', ...allTaken, encode: (records) => Buffer.concat(records.map(lineOf)) };

/** The lines with commas for line ends, in brackets. */
const json: Form = {
  contentType: 'application/json',
  ...allTaken,
  encode(records) {
    const lines = records.map(lineOf);
    const body = Buffer.concat([Buffer.from('['), ...lines]);
    let end = 0;
    for (const line of lines) {
      end += line.length;
      body[end] = COMMA;
    }
    body[end] = CLOSE;
    return body;
  },
};
const COMMA = 0x2c;
const CLOSE = 0x5d;

/** The form of these settings. */
export function formOf(settings: Settings, log: Log): Form {
  switch (settings.form) {
    case 'ndjson':
      return ndjson;
    case 'json':
      return json;
    case 'elasticsearch':
      return bulk(settings.indexOf);
    case 'otlp':
      return otlp(log);
  }
}
