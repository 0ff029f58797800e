import t from 'tap';
import { MAX_SUBNEGOTIATION, TelnetEnd, type TelnetOptions } from '../../../src/bridge/websocket/telnet-end.js';
import { Dice } from '../../harness.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A telnet end, what it passed on, and what it heard as [option, payload] or text. */
function end(as: 'client' | 'server', options: TelnetOptions) {
  const passed: Buffer[] = [];
  const heard: (string | [number, string])[] = [];
  const telnet = new TelnetEnd((bytes) => passed.push(bytes), as, options);
  const to = {
    text: (bytes: Buffer) => {
      const last = heard.at(-1);
      if (typeof last === 'string') heard[heard.length - 1] = last + bytes.toString('latin1');
      else heard.push(bytes.toString('latin1'));
    },
    aside: (option: number, payload: Buffer) => heard.push([option, payload.toString('latin1')]),
  };
  const read = (text: string): void => telnet.read(latin1(text), to);
  return { telnet, read, heard, said: () => Buffer.concat(passed.splice(0)).toString('latin1') };
}

const CLIENT: TelnetOptions = { ours: [3, 31], theirs: [1, 3, 201] };
const SERVER: TelnetOptions = { ours: [3, 201], theirs: [31], offered: [201, 31] };

const HEARD: readonly [string, string, (string | [number, string])[]][] = [
  ['text', 'A maze.\r\n', ['A maze.\r\n']],
  ['a doubled IAC', 'a\xff\xffb', ['a\xffb']],
  ['a CR NUL', '10%\r\x0020%\r\n', ['10%\r20%\r\n']],
  ['commands, negotiations and marks of prompts', '\xff\xfb\x18>\xff\xf9\xff\xf1 \xff\xef', ['> ']],
  ['a subnegotiation of an agreed option', 'x\xff\xfb\xc9\xff\xfa\xc9Core.Ping \xff\xff\xff\xf0y', ['x', [201, 'Core.Ping \xff'], 'y']],
  ['one of an option that is not agreed on', '\xff\xfa\xc9Core.Ping\xff\xf0y', ['y']],
  ['one that is never ended before a command', '\xff\xfb\xc9\xff\xfa\xc9Core\xff\xfb\x18y', ['y']],
];

for (const [title, bytes, heard] of HEARD) {
  t.test(`takes telnet off what a server says: ${title}, in any splitting`, async (t) => {
    const whole = end('client', CLIENT);
    whole.read(bytes);
    t.same(whole.heard, heard);
    const single = end('client', CLIENT);
    for (const byte of bytes) single.read(byte);
    t.same(single.heard, heard);
    t.same(single.said(), whole.said());
  });
}

t.test('agrees to what it knows, refuses the rest, and says nothing twice', async (t) => {
  const { read, said } = end('client', CLIENT);
  read('\xff\xfb\x01\xff\xfd\x03\xff\xfb\x56\xff\xfd\x18');
  t.equal(said(), '\xff\xfd\x01\xff\xfb\x03\xff\xfe\x56\xff\xfc\x18');
  read('\xff\xfb\x01\xff\xfd\x03');
  t.equal(said(), '', 'what is so already needs no answer');
  read('\xff\xfc\x01\xff\xfc\x01\xff\xfe\x03');
  t.equal(said(), '\xff\xfe\x01\xff\xfc\x03');
  read('\xff\xfc\x56\xff\xfe\x18');
  t.equal(said(), '', 'nor what was never agreed on');
});

t.test('an aside waits until its option is agreed on, and others go on waiting', async (t) => {
  const { telnet, read, said } = end('client', CLIENT);
  telnet.aside(201, latin1('Core.Hello {}'));
  telnet.aside(31, latin1('\0\x50\0\xff'));
  telnet.aside(99, latin1('nobody will ever agree'));
  t.equal(said(), '');
  read('\xff\xfb\xc9');
  t.equal(said(), '\xff\xfd\xc9\xff\xfa\xc9Core.Hello {}\xff\xf0');
  read('\xff\xfd\x1f');
  t.equal(said(), '\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\xff\xff\xff\xf0');
  telnet.aside(201, latin1('Core.Ping'));
  t.equal(said(), '\xff\xfa\xc9Core.Ping\xff\xf0');
});

t.test('no more than 64 KiB of asides wait, and a subnegotiation has a bound too', async (t) => {
  const { telnet, read, heard, said } = end('client', CLIENT);
  for (let count = 0; count < 10; count++) telnet.aside(201, Buffer.alloc(10_000, 'a'));
  read('\xff\xfb\xc9');
  t.equal(said().length, 3 + 6 * (10_000 + 5));
  read(`\xff\xfa\xc9${'a'.repeat(MAX_SUBNEGOTIATION + 1)}\xff\xf0behind\xff\xfa\xc9b\xff\xf0`);
  t.same(heard, ['behind', [201, 'b']]);
});

t.test('a server offers and asks first, takes the answers without answering them, and hears the window', async (t) => {
  const { telnet, read, heard, said } = end('server', SERVER);
  telnet.begin();
  t.equal(said(), '\xff\xfb\xc9\xff\xfd\x1f');
  telnet.aside(201, latin1('Room.Info {}'));
  read('\xff\xfd\xc9\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0look\r\0');
  t.equal(said(), '\xff\xfa\xc9Room.Info {}\xff\xf0');
  t.same(heard, [[31, '\0\x50\0\x18'], 'look\r']);
  telnet.text(latin1('A maze.\n'));
  t.equal(said(), 'A maze.\r\n');
});

t.test('any bytes in any splitting: never throws, and hears the same', async (t) => {
  const dice = new Dice(6);
  for (let round = 0; round < 50; round++) {
    const bytes = [...dice.bytes(400)]
      .map((byte) => String.fromCharCode(byte < 120 ? ([255, 250, 240, 251, 253, 201, 13, 0][byte % 8] ?? 0) : byte))
      .join('');
    const whole = end('client', CLIENT);
    whole.read(bytes);
    const split = end('client', CLIENT);
    for (let at = 0; at < bytes.length; ) {
      const next = at + dice.between(1, 9);
      split.read(bytes.slice(at, next));
      at = next;
    }
    t.same([split.heard, split.said()], [whole.heard, whole.said()]);
  }
});
