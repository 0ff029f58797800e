import t from 'tap';
import type { SocketAddress } from '../../src/bridge/address.js';
import { makeListener } from '../../src/bridge/listener.js';
import { GameTeller } from '../../src/bridge/tell-game.js';
import { bridgeTo, readAll, Upstream } from './ends.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const environ = (rest: string): string => `\xff\xfa\x27${rest}\xff\xf0`;
const ttype = (rest: string): string => `\xff\xfa\x18\0${rest}\xff\xf0`;
const OURS = '\0IPADDRESS\x01203.0.113.7';

const EDITS: readonly [title: string, sent: string, goes: string][] = [
  ['plain text', 'look\r\n', 'look\r\n'],
  ['an answer with variables', environ('\0\0CLIENT_NAME\x01Mudlet\0MTTS\x01137'), environ(`\0\0CLIENT_NAME\x01Mudlet\0MTTS\x01137${OURS}`)],
  ['an answer without any', environ('\0'), environ(`\0${OURS}`)],
  [
    'an address that the client made up',
    environ('\0\0IPADDRESS\x0110.0.0.1\x03ipaddress\x011\0CHARSET\x01UTF-8'),
    environ(`\0\0CHARSET\x01UTF-8${OURS}`),
  ],
  ['one whose name is written with escapes', environ('\0\0IP\x02ADDRESS\x011'), environ(`\0${OURS}`)],
  ['a value with escapes and doubled FF', environ('\0\x03X\x01a\x02\0b\xff\xffc'), environ(`\0\x03X\x01a\x02\0b\xff\xffc${OURS}`)],
  ['news of a variable', environ('\x02\0CHARSET\x01UTF-8'), environ('\x02\0CHARSET\x01UTF-8')],
  ['news of an address that the client made up', environ('\x02\0IPADDRESS\x011\0A\x01b'), environ('\x02\0A\x01b')],
  ['a question, which is none of a client', environ('\x01\0IPADDRESS'), environ('\x01\0IPADDRESS')],
  ['MTTS', ttype('MTTS 9'), ttype('MTTS 137')],
  ['MTTS with the bit set', ttype('MTTS 2189'), ttype('MTTS 2189')],
  ['the name of a terminal', ttype('XTERM-256COLOR'), ttype('XTERM-256COLOR')],
  ['another subnegotiation', '\xff\xfa\xc9Core.Hello {}\xff\xf0', '\xff\xfa\xc9Core.Hello {}\xff\xf0'],
  ['IAC IAC, and IAC SE alone', 'a\xff\xff\xfa\x27\0b\xff\xf0', 'a\xff\xff\xfa\x27\0b\xff\xf0'],
  ['text around it', `say \xff\xff${environ('\0')}hello\r\n`, `say \xff\xff${environ(`\0${OURS}`)}hello\r\n`],
  ['a subnegotiation that another command breaks off', '\xff\xfa\x27\0\0A\xff\xfb\x18look', '\xff\xfa\x27\0\0A\xff\xfb\x18look'],
  ['one in place of another', `\xff\xfa\x27\0\0A${ttype('MTTS 1')}`, `\xff\xfa\x27\0\0A${ttype('MTTS 129')}`],
  ['what is compressed from here on', `\xff\xfa\x57\xff\xf0${environ('\0')}`, `\xff\xfa\x57\xff\xf0${environ('\0')}`],
  ['one that is too long', environ(`\0\0A\x01${'x'.repeat(5000)}`), environ(`\0\0A\x01${'x'.repeat(5000)}`)],
  ['one that has no end', '\xff\xfa\x18\0MTTS 1', '\xff\xfa\x18\0MTTS 1'],
  ['one that ends in IAC', '\xff\xfa\x18\0MTTS 1\xff', '\xff\xfa\x18\0MTTS 1\xff'],
];

for (const [title, sent, goes] of EDITS) {
  t.test(`${title}: edited so, in any two pieces, and in single bytes`, async (t) => {
    const bytes = latin1(sent);
    for (let at = 0; at <= Math.min(bytes.length, 200); at++) {
      const teller = new GameTeller('203.0.113.7');
      const out = [teller.edit(bytes.subarray(0, at)), teller.edit(bytes.subarray(at)), teller.end()];
      if (Buffer.concat(out).toString('latin1') !== goes) t.equal(Buffer.concat(out).toString('latin1'), goes, `cut at ${at}`);
    }
    const teller = new GameTeller('203.0.113.7');
    const out = [...bytes].map((byte) => teller.edit(Buffer.from([byte])));
    t.equal(Buffer.concat([...out, teller.end()]).toString('latin1'), goes);
  });
}

t.test('the game gets, and the recorder keeps, what was edited; nothing else is touched, and nothing lost at the end', async (t) => {
  const upstream = await Upstream.listen(t);
  const listen: SocketAddress = { scheme: 'telnet', host: '127.0.0.1', port: 0 };
  const plan = {
    name: 'main',
    listen,
    upstream: upstream.address,
    onDown: '-',
    handshakeMs: 5_000,
    policy: 'pass',
    active: true,
    tellGame: true,
  } as const;
  const { keeper, dial } = await bridgeTo(t, upstream.address, makeListener(plan));
  const client = await dial();
  client.end(latin1(`look\r\n${environ('\0')}\xff\xfa\x18\0MT`));
  const server = await upstream.accept();
  const goes = `look\r\n${environ('\0\0IPADDRESS\x01127.0.0.1')}\xff\xfa\x18\0MT`;
  t.equal((await readAll(server)).toString('latin1'), goes);
  server.end();
  t.match(await keeper.ended(), { bytesIn: goes.length });
  t.equal(Buffer.concat(keeper.sessions[0]?.RCV ?? []).toString('latin1'), goes);
});
