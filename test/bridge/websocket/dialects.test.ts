import t from 'tap';
import { asciiDialect, bytesDialect, gmcpDialect, jsonDialect, plainDialect, terminalDialect } from '../../../src/bridge/websocket/dialects.js';
import type { Dialect, Peer, Send } from '../../../src/bridge/websocket/speech.js';

type Make = (send: Send, peer: Peer) => Dialect;

/** What is sent when a dialect is told these texts, `t:` and `b:` in front of text and binary messages. */
function sent(make: Make, peer: Peer, ...texts: (string | Buffer)[]): string[] {
  const messages: string[] = [];
  const dialect = make((message, isBinary) => messages.push(`${isBinary ? 'b' : 't'}:${message.toString('latin1')}`), peer);
  for (const text of texts) dialect.text(Buffer.from(text as string));
  dialect.end();
  return messages;
}

/** What a dialect hears in a message. */
function heard(make: Make, peer: Peer, message: string, isBinary: boolean): unknown[] {
  const said: unknown[] = [];
  const to = {
    text: (bytes: Buffer) => said.push(bytes.toString()),
    aside: (option: number, payload: Buffer) => said.push([option, payload.toString('latin1')]),
  };
  make(() => undefined, peer).read(Buffer.from(message), isBinary, to);
  return said;
}

const asides = (make: Make, option: number, payload: string): string[] => {
  const messages: string[] = [];
  make((message, isBinary) => messages.push(`${isBinary ? 'b' : 't'}:${message}`), 'client').aside(option, Buffer.from(payload, 'latin1'));
  return messages;
};

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

t.test('every dialect hears text in either kind of message, but where the other kind means something else', async (t) => {
  for (const make of [bytesDialect, plainDialect, terminalDialect, asciiDialect, gmcpDialect, jsonDialect])
    t.same(heard(make, 'client', 'løøk\r\n', true), ['løøk\r\n']);
  for (const make of [bytesDialect, plainDialect, terminalDialect, asciiDialect]) t.same(heard(make, 'client', 'løøk\r\n', false), ['løøk\r\n']);
});

t.test('bytes and text with a name of their own go to a client in binary messages, as they come', async (t) => {
  for (const make of [bytesDialect, terminalDialect, asciiDialect, gmcpDialect, jsonDialect])
    t.same(sent(make, 'client', 'one\r\ntwo\r\n', latin1('\xff\xfd')), ['b:one\r\ntwo\r\n', 'b:\xff\xfd']);
});

t.test('to a server every line of text is a message, and what is no whole line as well', async (t) => {
  for (const make of [terminalDialect, gmcpDialect, jsonDialect])
    t.same(sent(make, 'server', 'one\r\ntwo\nthr', 'ee\r', '\r\nx'), ['b:one\r\n', 'b:two\n', 'b:thr', 'b:ee\r', 'b:\r\n', 'b:x']);
  t.same(sent(bytesDialect, 'server', 'one\r\ntwo'), ['b:one\r\ntwo'], 'bytes are no lines');
});

t.test("FluffOS's ascii takes text messages alone: what is no UTF-8 is replaced", async (t) => {
  t.same(sent(asciiDialect, 'server', 'søy\n', latin1('\xe9\n')), [`t:${utf8('søy\n')}`, `t:${utf8('\ufffd\n')}`]);
  t.same(sent(asciiDialect, 'server', Buffer.of(0xc3), Buffer.of(0xa9, 10)), [`t:${utf8('é\n')}`]);
});

t.test('no subprotocol: text where it is UTF-8, over the borders of chunks, else binary', async (t) => {
  const none = (...chunks: Buffer[]): string[] => sent(plainDialect, 'client', ...chunks);
  t.same(none(Buffer.from('Grüße')), [`t:${utf8('Grüße')}`]);
  t.same(none(latin1('Gr\xfc\xdfe')), ['b:Gr\xfc\xdfe']);
  t.same(none(latin1('\xff\xfb\x01Name: ')), ['b:\xff\xfb\x01Name: ']);
  const smile = Buffer.from('a😀b');
  t.same(none(...[...smile].map((byte) => Buffer.of(byte))), ['t:a', `t:${utf8('😀')}`, 't:b']);
  t.same(none(smile.subarray(0, 4), smile.subarray(4)), ['t:a', `t:${utf8('😀b')}`]);
  t.same(none(latin1('caf\xe9'), latin1(' au lait')), ['t:caf', 'b:\xe9 au lait'], 'what only looked like the beginning of a letter');
  t.same(none(latin1('\xfc caf\xe9')), ['b:\xfc caf\xe9']);
  t.same(none(Buffer.from('ends in é').subarray(0, -1)), ['t:ends in ', 'b:\xc3'], 'the end of the session gives out what waited');
});

t.test('gmcp.: text messages are GMCP', async (t) => {
  t.same(heard(gmcpDialect, 'client', 'Core.Hello {"client":"x"}', false), [[201, 'Core.Hello {"client":"x"}']]);
  t.same(asides(gmcpDialect, 201, 'Room.Info {"num":1}'), ['t:Room.Info {"num":1}']);
  t.same(asides(gmcpDialect, 69, 'MSDP has no place here'), []);
});

const ENVELOPES: readonly [string, Peer, unknown[]][] = [
  ['{"proto":"gmcp","id":"Core.Hello","data":"{\\"a\\":1}"}', 'client', [[201, 'Core.Hello {"a":1}']]],
  ['{"proto":"gmcp","id":"Core.Ping"}', 'client', [[201, 'Core.Ping']]],
  ['{"proto":"gmcp","id":"Core.Hello","data":{"a":1}}', 'client', [[201, 'Core.Hello {"a":1}']]],
  ['{"proto":"telnet_31","id":"NAWS","data":"AFAAGA=="}', 'client', [[31, '\0\x50\0\x18']]],
  ['{"proto":"text","id":"","data":"look"}', 'client', ['look\r\n']],
  ['{"proto":"text","data":"look\\n"}', 'client', ['look\n']],
  ['{"proto":"prompt","id":"","data":"> "}', 'server', ['> ']],
  ['{"proto":"telnet_999","data":"AA=="}', 'client', []],
  ['{"proto":"coffeemud","id":"login","data":"..."}', 'client', []],
  ['{"proto":7}', 'client', []],
  ['["proto","gmcp"]', 'client', []],
  ['null', 'client', []],
  ['{"proto":', 'client', []],
];

t.test('json.: text messages are envelopes, and what cannot be read is left out', async (t) => {
  const deep = `{"proto":"gmcp","id":"Deep","data":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
  t.same(heard(jsonDialect, 'client', deep, false), [], 'deeper than can be written again');
  for (const [message, peer, said] of ENVELOPES) t.same(heard(jsonDialect, peer, message, false), said, message);
  t.same(asides(jsonDialect, 201, 'Room.Info {"num":1}'), ['t:{"proto":"gmcp","id":"Room.Info","data":"{\\"num\\":1}"}']);
  t.same(asides(jsonDialect, 201, 'Core.Ping'), ['t:{"proto":"gmcp","id":"Core.Ping","data":""}']);
  t.same(asides(jsonDialect, 69, '\x01A\x02B'), ['t:{"proto":"telnet_69","id":"MSDP","data":"AUECQg=="}']);
});
