/** What `check` prints. Receives checked settings, gives text. */
import type { InForce, Settings } from './settings.js';
import { masksInForce } from './settings.js';

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

const settingLine = ({ key, value, from }: InForce): string => `${key} = ${value}  # ${from}`;

/** The report, ending in a line end. `print`: every setting in force; `json`: one object, with the settings in it always; `remarked`: what callbacks say. */
export function checkReport(
  settings: Settings,
  { print, json, remarked }: { readonly print: boolean; readonly json: boolean; readonly remarked: readonly string[] },
): string {
  const { listeners, callbacks, inForce, digest, file = null } = settings;
  const masks = masksInForce(settings).length;
  if (json) {
    return `${JSON.stringify({
      ok: true,
      file,
      listeners: listeners.map(({ name }) => name),
      callbacks: callbacks.map(({ name }) => name),
      masks,
      remarks: [...remarks(settings).map((remark) => remark.slice(2)), ...remarked],
      settings: inForce,
      digest,
    })}\n`;
  }
  const good = `good: ${count(listeners.length, 'listener', 'listeners')}, ${count(masks, 'mask', 'masks')}, ${count(callbacks.length, 'callback', 'callbacks')}`;
  return `${[...(print ? inForce.map(settingLine) : []), ...remarks(settings), ...remarked.map((remark) => `# ${remark}`), good].join('\n')}\n`;
}

/** What is allowed and yet perhaps not meant. */
function remarks({ file, listeners, audit, callbacks, checkpointKey }: Settings): string[] {
  const audits = listeners.length > 0 ? listeners.map((one) => one.audit) : [audit];
  const quiet = audits.every((one) => one.active && !one.in && !one.out);
  return [
    ...(file === undefined ? ['# no configuration file: these are defaults'] : []),
    ...(listeners.length === 0 ? ['# no listener: `run` wants LISTEN and UPSTREAM, or LISTENERS'] : []),
    ...(quiet ? ['# AUDIT_IN and AUDIT_OUT are False: only the start and end of sessions will be recorded'] : []),
    ...callbacks
      .filter(({ topics, format, fields }) => topics !== null || format !== 'record' || fields !== null)
      .map(({ name, topics, format }) => {
        const given =
          topics !== null ? 'is given some topics alone' : format !== 'record' ? `is given records as '${format}'` : 'is given some fields alone';
        return `# ${name} ${given}: what it keeps is no whole evidence to \`verify\``;
      }),
    ...(checkpointKey === undefined ? ['# no CHECKPOINT_KEY: nothing is signed; `wirescribe keygen` makes a key'] : []),
  ];
}
