/** Transcripts of telnet's first form: bytes in hex, the events they are, for every splitting. */
import t from 'tap';
import type { WireEvent } from '../../src/contract.js';
import { MAX_SUBNEGOTIATION, TelnetDecoder } from '../../src/decode/telnet.js';
import { say, splittings } from './say.js';

const TRANSCRIPTS: readonly [title: string, hex: string, events: readonly string[]][] = [
  ['plain text is text', '68656c6c6f0d0a', ['text hello\r\n']],
  ['negotiations stand apart from text', '61fffb0162fffd1863fffc01fffe18', ['text a', 'WILL 1', 'text b', 'DO 24', 'text c', 'WONT 1', 'DONT 24']],
  ['a doubled IAC is one letter', '61ffff62', ['text a\xffb']],
  ['GA, EOR and NOP are commands', '3e20fff93e20ffeffff1', ['text > ', 'command 249', 'text > ', 'command 239', 'command 241']],
  ['a subnegotiation ends at IAC SE', 'fffa1f00500018fff061', ['sub 31 00500018 4', 'text a']],
  ['a doubled IAC inside a subnegotiation is one byte', 'fffa1f00ffff0018fff0', ['sub 31 00ff0018 4']],
  ['GMCP with an undoubled FF keeps both bytes', 'fffac961ff62fff0', ['fault telnet-subnegotiation-broken', 'sub 201 61ff62 3']],
  ['a command inside gives the subnegotiation up', 'fffac96162fffb0163', ['fault telnet-subnegotiation-broken', 'WILL 1', 'text c']],
  ['an unknown command is a fault, and what follows stays text', '61ff0a62', ['text a', 'fault telnet-unknown-command', 'text \nb']],
  ['a stray SE is a fault', 'fff061', ['fault telnet-stray-se', 'text a']],
  ['START_TLS FOLLOWS is the end of reading', 'fffa2e01fff01603', ['sub 46 01 1', 'opaque encrypted-tls', 'unread 2']],
  ['ENCRYPT START is the end of reading', 'fffa260300fff0aa', ['sub 38 0300 2', 'opaque encrypted', 'unread 1']],
  ['ENCRYPT SUPPORT is not', 'fffa260101fff061', ['sub 38 0101 2', 'text a']],
];

for (const [title, hex, events] of TRANSCRIPTS) {
  t.test(title, async (t) => {
    const bytes = Buffer.from(hex, 'hex');
    for (const [name, chunks] of splittings(bytes)) t.same(say(chunks), events, name);
  });
}

t.test('a subnegotiation without an end is bounded, and its length is told', async (t) => {
  const decoder = new TelnetDecoder('SND');
  const events: string[] = [];
  const take = (event: WireEvent): void => {
    if (event.type === 'subnegotiation') events.push(`sub ${event.payload.length} ${event.length}`);
    else if (event.type === 'fault') events.push(event.code);
  };
  decoder.push(Buffer.from('fffac9', 'hex'), take);
  for (let index = 0; index < 40; index++) decoder.push(Buffer.alloc(10_000, 0x61), take);
  decoder.push(Buffer.from('fff0', 'hex'), take);
  t.same(events, ['telnet-subnegotiation-long', `sub ${MAX_SUBNEGOTIATION} 400000`]);
});

t.test('random bytes never make it throw', async (t) => {
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 16;
  };
  const decoder = new TelnetDecoder('SND');
  let events = 0;
  for (let index = 0; index < 2_000; index++) {
    const bytes = Uint8Array.from({ length: next() % 64 }, () => (next() % 4 === 0 ? 236 + (next() % 20) : next() % 256));
    decoder.push(bytes, () => {
      events++;
    });
  }
  t.ok(events > 1_000);
});
