/** libtelnet's vectors: our events, written as its reader writes its own. See libtelnet/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { WireEvent } from '../../src/contract.js';
import { type OptionEvent, parseOption } from '../../src/decode/options.js';
import { TelnetDecoder } from '../../src/decode/telnet.js';
import { splittings } from './say.js';

const folder = join(import.meta.dirname, '../../../test/decode/libtelnet');
const read = (name: string) => readFileSync(join(folder, name), 'latin1');

function inputOf(name: string): Buffer {
  const lines = read(`${name}.input`).split(/\r?\n/);
  const written = lines.filter((line) => !line.startsWith('#')).join('');
  return Buffer.from(
    written.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

const NAMES: { readonly [number: number]: string } = { 93: ' (ZMP)', 249: ' (GA)' };
/** Letters that its reader writes as they are in its input. */
const shown = (text: string) => `"${text.replace(/[^ -~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)}"`;
const list = (head: string, parts: readonly string[]) => [head, ...parts].join(' ');

function lineOf(option: number, event: OptionEvent | undefined): string | undefined {
  switch (event?.type) {
    case 'environ': {
      const { kind, variables } = event;
      const parts = variables.flatMap(({ kind, name }) => [kind.toUpperCase(), shown(name)]);
      return list(`ENVIRON [${variables.length} parts] ==> ${kind.toUpperCase()}`, parts);
    }
    case 'mssp':
      return list(
        `MSSP [${event.values.length}] ==>`,
        event.values.map(([name, value]) => `${shown(name)}=${shown(value)}`),
      );
    case 'ttype':
      return `TTYPE ${event.kind.toUpperCase()} ${event.name}`;
    case 'zmp':
      return `ZMP (${event.command}) [${event.args.length + 1}]`;
    default:
      return option === 93 ? 'WARNING: incomplete ZMP frame' : undefined;
  }
}

function linesOf(chunks: readonly Uint8Array[]): string[] {
  const lines: (string | undefined)[] = [];
  let text = '';
  const decoder = new TelnetDecoder('SND');
  const take = (event: WireEvent): void => {
    if (event.type === 'text') text += Buffer.from(event.bytes).toString('latin1');
    else if (event.type === 'subnegotiation') lines.push(lineOf(event.option, parseOption(event.option, event.payload)));
    else if (event.type === 'negotiate') lines.push(`${event.verb} ${event.option}${NAMES[event.option] ?? ''}`);
    else if (event.type === 'command') lines.push(`IAC ${event.code}${NAMES[event.code] ?? ''}`);
    else lines.push(event.type);
  };
  for (const chunk of chunks) decoder.push(chunk, take);
  const said = lines.filter((line) => line !== undefined);
  return text ? [`DATA [${text.length}] ==> ${text}`, ...said] : said;
}

/** libtelnet takes part, and tells what changed among the options that it has (RFC 1143); we listen, and tell what was said. */
const SAID: { readonly [name: string]: readonly string[] } = { rfc1143: ['DO 93 (ZMP)', 'DO 93 (ZMP)', 'DO 31', 'DONT 93 (ZMP)', 'DONT 93 (ZMP)'] };

for (const file of readdirSync(folder).filter((name) => name.endsWith('.input'))) {
  const name = file.replace('.input', '');
  t.test(`${name} gives the events that libtelnet expects, in any splitting`, async (t) => {
    const expected = SAID[name] ?? read(`${name}.txt`).split(/\r?\n/);
    const lines = expected.filter((line) => line !== '').map((line) => line.trimEnd());
    for (const [way, chunks] of splittings(inputOf(name))) {
      t.same(
        linesOf(chunks).map((line) => line.trimEnd()),
        lines,
        way,
      );
    }
  });
}
