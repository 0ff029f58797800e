/**
 * How each subprotocol carries text and out-of-band messages (mudstandards.org/websocket, FluffOS src/net, websockify). Receives messages of a WebSocket's
 * peer, gives speech; and the other way. What it cannot read it leaves out: a peer's fault ends no session.
 */
import { binaryFrames, byLines, type Frames, textFrames, utf8Frames } from './frames.js';
import { type Dialect, GMCP, type Peer, type Send, type Speech } from './speech.js';

/** Options whose messages have a name in the JSON dialect, beside their number. */
const OPTION_NAMES: { readonly [option: number]: string } = { 31: 'NAWS', 69: 'MSDP', 70: 'MSSP' };

/** Bytes as they are, in binary messages; text messages are taken too. */
export function bytesDialect(send: Send): Dialect {
  return { ...binaryFrames(send), read: (message, _isBinary, to) => to.text(message), aside: () => undefined };
}

/** No subprotocol: bytes as they are, in text messages where they are UTF-8. */
export function plainDialect(send: Send): Dialect {
  return { ...utf8Frames(send), read: (message, _isBinary, to) => to.text(message), aside: () => undefined };
}

/** `terminal.`: text and control sequences in binary messages. */
export function terminalDialect(send: Send, peer: Peer): Dialect {
  return { ...framesFor(peer, binaryFrames(send)), read: (message, _isBinary, to) => to.text(message), aside: () => undefined };
}

/** FluffOS's `ascii`: its server says text in binary messages and takes it in text messages alone. */
export function asciiDialect(send: Send, peer: Peer): Dialect {
  const frames = peer === 'client' ? binaryFrames(send) : framesFor(peer, textFrames(send));
  return { ...frames, read: (message, _isBinary, to) => to.text(message), aside: () => undefined };
}

/** `gmcp.`: binary messages are text, text messages are GMCP (`Package.Name` and perhaps JSON behind a blank). */
export function gmcpDialect(send: Send, peer: Peer): Dialect {
  return {
    ...framesFor(peer, binaryFrames(send)),
    read: (message, isBinary, to) => (isBinary ? to.text(message) : to.aside(GMCP, message)),
    aside(option, payload) {
      if (option === GMCP) send(Buffer.from(payload.toString()), false);
    },
  };
}

/** `json.`: binary messages are text, text messages are `{"proto", "id", "data"}`: of protocol gmcp, text, prompt, or `telnet_NUMBER` in base64. */
export function jsonDialect(send: Send, peer: Peer): Dialect {
  return {
    ...framesFor(peer, binaryFrames(send)),
    read: (message, isBinary, to) => (isBinary ? to.text(message) : readEnvelope(message, peer, to)),
    aside: (option, payload) => send(Buffer.from(JSON.stringify(envelopeOf(option, payload))), false),
  };
}

/** A server may take a message for a command; a client takes any. */
const framesFor = (peer: Peer, frames: Frames): Frames => (peer === 'server' ? byLines(frames) : frames);

function envelopeOf(option: number, payload: Buffer): { readonly proto: string; readonly id?: string; readonly data: string } {
  if (option !== GMCP) {
    const id = OPTION_NAMES[option];
    return { proto: `telnet_${option}`, ...(id === undefined ? {} : { id }), data: payload.toString('base64') };
  }
  const [, id = '', data = ''] = /^(\S*)\s*(.*)$/s.exec(payload.toString()) ?? [];
  return { proto: 'gmcp', id, data };
}

function readEnvelope(message: Buffer, peer: Peer, to: Speech): void {
  const { proto, id, data } = parse(message);
  if (proto === 'gmcp' && id !== '') return to.aside(GMCP, Buffer.from(data === '' ? id : `${id} ${data}`));
  // A command in an envelope ends with it.
  if (proto === 'text' || proto === 'prompt') return to.text(Buffer.from(peer === 'client' && !/[\r\n]$/.test(data) ? `${data}\r\n` : data));
  const option = Number(/^telnet_(\d{1,3})$/.exec(proto)?.[1] ?? Number.NaN);
  if (option <= 255) to.aside(option, Buffer.from(data, 'base64'));
}

/** An envelope's members; '' for what is not there or is no text. Data that is no text is taken as the JSON it is, as Evennia does. */
function parse(message: Buffer): { readonly proto: string; readonly id: string; readonly data: string } {
  try {
    const value: unknown = JSON.parse(message.toString());
    const { proto, id, data } = (typeof value === 'object' && value !== null ? value : {}) as { readonly [name: string]: unknown };
    const said = typeof data === 'string' || data === undefined ? data : JSON.stringify(data);
    return { proto: textOf(proto), id: textOf(id), data: said ?? '' };
  } catch {
    // No JSON, or deeper than can be written again.
    return { proto: '', id: '', data: '' };
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
