/** What `check` prints. Receives checked settings, gives text. */
import type { InForce, Settings } from './settings.js';
import { masksInForce } from './settings.js';

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

const settingLine = ({ key, value, from }: InForce): string => `${key} = ${value}  # ${from}`;

/** The report, ending in a line end. `print`: every setting in force; `json`: one object, with the settings in it always. */
export function checkReport(settings: Settings, { print, json }: { readonly print: boolean; readonly json: boolean }): string {
  const { listeners, callbacks, inForce, digest, file = null } = settings;
  const masks = masksInForce(settings).length;
  if (json) {
    return `${JSON.stringify({
      ok: true,
      file,
      listeners: listeners.map(({ name }) => name),
      callbacks: callbacks.map(({ name }) => name),
      masks,
      settings: inForce,
      digest,
    })}\n`;
  }
  const good = `good: ${count(listeners.length, 'listener', 'listeners')}, ${count(masks, 'mask', 'masks')}, ${count(callbacks.length, 'callback', 'callbacks')}`;
  return `${[...(print ? inForce.map(settingLine) : []), ...remarks(settings), good].join('\n')}\n`;
}

/** What is allowed and yet perhaps not meant. */
function remarks({ file, listeners, audit, callbacks }: Settings): string[] {
  const audits = listeners.length > 0 ? listeners.map((one) => one.audit) : [audit];
  const quiet = audits.every((one) => one.active && !one.in && !one.out);
  return [
    ...(file === undefined ? ['# no configuration file: these are defaults'] : []),
    ...(listeners.length === 0 ? ['# no listener: `run` wants LISTEN and UPSTREAM, or LISTENERS'] : []),
    ...(quiet ? ['# AUDIT_IN and AUDIT_OUT are False: only the start and end of sessions will be recorded'] : []),
    ...callbacks
      .filter(({ topics }) => topics !== null)
      .map(({ name }) => `# ${name} is given some topics alone: what it keeps is no whole evidence to \`verify\``),
  ];
}
