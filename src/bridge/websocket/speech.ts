/**
 * What both ends of a bridged WebSocket speak of, however each of them writes it: text, and messages beside the text. A `Dialect` is the WebSocket's end
 * (which message carries what), a `Stream` the other's (telnet, or bytes as they are). Each is told what the other has read.
 */

/** Buffers are the receiver's to keep, and not to be changed. */
export interface Speech {
  /** What a person reads or types, with its control sequences. */
  text(bytes: Buffer): void;
  /** The payload of a telnet option's subnegotiation, its IACs single. What cannot be said on that end is left out. */
  aside(option: number, payload: Buffer): void;
}

/** How a subprotocol carries speech in messages. */
export interface Dialect extends Speech {
  /** Takes a message of the WebSocket's peer. */
  read(message: Buffer, isBinary: boolean, to: Speech): void;
  /** Nothing more comes: sends what waited for its other half. */
  end(): void;
}

/** How the session's other side carries speech in bytes. */
export interface Stream extends Speech {
  /** Takes bytes of that side. */
  read(bytes: Buffer, to: Speech): void;
  /** Says what stands at the very beginning. */
  begin(): void;
}

/** Sends a message to the WebSocket's peer. */
export type Send = (message: Buffer, isBinary: boolean) => void;

/** Passes bytes to the session's other side. */
export type Pass = (bytes: Buffer) => void;

/** Who sits at the WebSocket's other end. */
export type Peer = 'client' | 'server';

/** GMCP's telnet option: the aside that has messages of its own (https://www.gammon.com.au/gmcp). */
export const GMCP = 201;

/** Bytes as they are. Asides cannot be said in them. */
export function rawStream(pass: Pass): Stream {
  return { begin: () => undefined, read: (bytes, to) => to.text(bytes), text: pass, aside: () => undefined };
}
