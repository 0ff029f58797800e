/**
 * Law: no peer grows memory past a stated bound, over WebSocket: frames without end, messages without end, and bombs. The program runs as a child between a
 * client and a server that agree on permessage-deflate; its resident memory is read from the kernel while it is under attack.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { constants, deflateRawSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { frame, REQUEST, response } from '../decode/websocket/say.js';
import { type Program, startProgram, startServer } from '../harness.js';
import { BOUND, Growth, MIB } from './memory.js';

t.setTimeout(300_000);

const SET = [
  'DRAIN_TIMEOUT_S=60',
  'AUDIT_IN=True',
  'AUDIT_OUT=True',
  "SPOOL_MAX_BYTES='64m'",
  "AUDIT_CALLBACK={'use': 'file', 'size': '16m', 'keep_days': 1}",
];

/** How many are looked at before the next go out. */
const LOOK_BYTES = 4 * MIB;

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';
const COMPRESSED = { bits: 0x40 };

/** A message as permessage-deflate has it (RFC 7692 7.2.1). */
const squeezed = (bytes: Buffer): Buffer => deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

const times = (bytes: Buffer, most: number): Buffer => Buffer.concat(Array.from({ length: Math.ceil(most / bytes.length) }, () => bytes));

const BOMB = squeezed(Buffer.alloc(8 * MIB));
const NESTED = `["text",${'['.repeat(60_000)}`;

/** What a client sends: the protocol that was agreed on, what comes once, what comes again and again, and how many bytes of it. */
const FLOODS: readonly (readonly [what: string, protocol: string, start: Buffer, chunk: Buffer, total: number])[] = [
  ['100,000 messages of no byte', '', Buffer.alloc(0), times(frame('RCV', 1), 65_536), 600_000],
  [
    '1,000,000 frames of one byte in one message',
    '',
    frame('RCV', 1, 'a', { fin: false }),
    times(frame('RCV', 0, 'a', { fin: false }), 65_536),
    7_000_000,
  ],
  ['pings without end', '', Buffer.alloc(0), times(frame('RCV', 9, 'still there?'), 65_536), 16 * MIB],
  ['a message that never ends', '', frame('RCV', 2, 'a', { fin: false }), frame('RCV', 0, Buffer.alloc(65_000, 'y'), { fin: false }), 128 * MIB],
  ['a frame that never ends', '', Buffer.from('82ff0000001000000000a1b2c3d4', 'hex'), Buffer.alloc(65_536, 'y'), 128 * MIB],
  ['bombs of 8 MiB in 8 KiB', '', Buffer.alloc(0), times(frame('RCV', 2, BOMB, COMPRESSED), 65_536), 8 * MIB],
  ['JSON that is nested 60,000 deep', 'v1.evennia.com', Buffer.alloc(0), frame('RCV', 1, NESTED), 32 * MIB],
  ['the same, compressed', 'v1.evennia.com', Buffer.alloc(0), times(frame('RCV', 1, squeezed(Buffer.from(NESTED)), COMPRESSED), 4_096), MIB / 2],
];

/** A server that takes any WebSocket, reads all and says nothing. */
const serverOf = (protocol: string) => (socket: Socket) => {
  const named = protocol === '' ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  socket.once('data', () => socket.write(response(`${DEFLATE}${named}`)));
  socket.resume().on('end', () => socket.end());
};

async function opened(program: Program): Promise<Socket> {
  const client = await program.connect();
  client.write(REQUEST);
  const [answer] = await once(client, 'data');
  if (!String(answer).startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${answer}`);
  return client;
}

/** Stops the program, which first writes all that it holds, and looks at its memory until it has ended. */
async function holds(t: Test, program: Program, growth: Growth): Promise<void> {
  let code: number | null | undefined;
  void program.end().then((ended) => {
    code = ended;
  });
  await growth.until(() => code !== undefined, 'the program to end', 120_000);
  t.equal(code, 0, 'it ends in order');
  growth.within(t, BOUND);
}

for (const [what, protocol, start, chunk, total] of FLOODS) {
  t.test(`a client sends ${what}`, async (t) => {
    const upstream = await startServer(t, serverOf(protocol));
    const program = await startProgram(t, { upstream: `${upstream.replace('telnet:', 'ws:')}/`, listen: 'ws://127.0.0.1:0/', set: SET });
    const growth = new Growth(program);
    const client = await opened(program);
    client.write(start);
    for (let sent = 0, looked = 0; sent < total; sent += chunk.length) {
      if (!client.write(chunk)) await once(client, 'drain');
      if (sent - looked < LOOK_BYTES) continue;
      looked = sent;
      growth.look();
    }
    client.end();
    client.resume();
    await once(client, 'close');
    await holds(t, program, growth);
  });
}
