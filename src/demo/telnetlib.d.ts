/** What we use of telnetlib 1.0.2, which ships no types. Read off its source. */
declare module 'telnetlib' {
  import type { EventEmitter } from 'node:events';
  import type { Server, ServerOpts, Socket } from 'node:net';

  /** Negotiates one option; on its own it ignores subnegotiations. */
  export class TelnetOption {
    constructor(socket: TelnetSocket, code: number);
  }

  /** Emits `data` (Buffer), `end`, `error`. */
  export interface TelnetSocket extends EventEmitter {
    readonly socket: Socket;
    readonly reader: { readonly flushPolicy: { endOfChunk: boolean } };
    readonly writer: { readonly writableLength: number; readonly readableLength: number; writeCommand(...command: number[]): void };
    write(text: string): boolean;
    end(): void;
  }

  export interface TelnetOptions extends ServerOpts {
    readonly localOptions?: readonly number[];
    readonly remoteOptions?: readonly number[];
    /** Bytes between two flushes of the reader; more is an `error`. */
    readonly receiveBufferMax?: number;
  }

  const telnetlib: {
    createServer(options: TelnetOptions, handler: (client: TelnetSocket) => void): Server;
    defineOption(name: string, code: number, handler?: typeof TelnetOption): void;
    readonly TelnetOption: typeof TelnetOption;
    readonly constants: { readonly commands: { readonly GA: number } };
  };
  export default telnetlib;
}
