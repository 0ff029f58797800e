/**
 * CPU that one record costs us, from slab to sealed line in the journal's memory, in one thread and without any I/O: the figure to hold against Evennia's
 * 51 to 95 microseconds a record. Prints microseconds of CPU a record: a line in, ten lines out, and both as one request.
 *
 *   node dist/test/bench/record-cost.js [REQUESTS]
 */
import { randomFillSync } from 'node:crypto';
import { finishingOf } from '../../src/audit/keepings.js';
import { Modules } from '../../src/audit/providers.js';
import { loadSettings } from '../../src/config/settings.js';
import { compileMasks } from '../../src/mask/masker.js';
import { SessionPipeline } from '../../src/pipeline.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';

const requests = Number(process.argv[2] ?? 100_000);
const SESSIONS = 100;

const WORDS = [
  'A small copper lantern hangs from the beam',
  'The goblin swings a rusty sword and misses',
  'You say: well met traveller of the road',
  'Rain falls on the cobbles of the old square',
  '\x1b[1;32mExits\x1b[0m: north, south, east and west',
];
const answer = (line: (index: number) => string) => Buffer.from(`${Array.from({ length: 10 }, (_, index) => `${line(index)}\r\n`).join('')}> `);
const PLAIN = answer((index) => `${WORDS[index % 4]}, tick 00000${index} of the long night.`);
const COLOURED = answer((index) => `${WORDS[index % 5]}, tick 00000${index} of the long night.`);

function microsecondsEach(count: number, work: (index: number) => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) work(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const { audit } = loadSettings({ file: null, cwd: process.cwd(), env: {} });
const masks = compileMasks(audit.masks);
const finishing = finishingOf(audit, Modules.none);
const room = Buffer.allocUnsafe(1 << 20);
let used = 0;
let bytes = 0;
let records = 0;
const append = (line: string): void => {
  if (used + line.length * 3 > room.length) used = 0;
  const length = room.write(line, used);
  used += length;
  bytes += length;
  records++;
};
const origin = { hostname: 'bench', application: 'wirescribe', version: '0', pid: 1, node: 'bench' };
const scribe = new NodeScribe({ origin, ids: new Ids(randomFillSync), salts: new Salts(randomFillSync), append });
const sessions = Array.from({ length: SESSIONS }, (_, index) => {
  const open = {
    id: `s${index}`,
    listener: 'main',
    wire: 'telnet',
    protocol: 'telnet',
    upstream: 'telnet://127.0.0.1:1',
    ip: '127.0.0.1',
    port: 1,
  } as const;
  const keeping = { in: true, out: true, outUnit: 'message', outIdleMs: 100, masks, finishing } as const;
  return new SessionPipeline(open, keeping, scribe.session(open, false), () => undefined);
});
let clock = Date.now() * 1000;
const next = (): number => {
  clock += 10;
  return clock;
};
const session = (index: number) => sessions[index % SESSIONS] as SessionPipeline;
const ask = (index: number) => session(index).data('RCV', Buffer.from(`say hello friend number ${index} of 100\r\n`), next());
const reply = (index: number, text: Buffer) => session(index).data('SND', text, next());

for (let index = 0; index < 20_000; index++) {
  ask(index);
  reply(index, index % 2 ? PLAIN : COLOURED);
}
const show = (what: string, micros: number) => console.log(`${what.padEnd(44)} ${micros.toFixed(2).padStart(7)} us`);
records = bytes = 0;
const both = microsecondsEach(requests, (index) => {
  ask(index);
  reply(index, COLOURED);
});
show('one line in, ten coloured lines out (2 records)', both);
console.log(`${records} records, ${Math.round(bytes / records)} bytes each`);
const plainBoth = microsecondsEach(requests, (index) => {
  ask(index);
  reply(index, PLAIN);
});
show('one line in, ten plain lines out (2 records)', plainBoth);
// An input is sealed once the server has answered it.
const SHORT = Buffer.from('Ok.\r\n> ');
const short = microsecondsEach(requests, (index) => {
  ask(index);
  reply(index, SHORT);
});
show('one line in, one out (2 records)', short);
