/** What we use of pino-roll 4 and the sonic-boom stream that it gives; neither ships types. */
declare module 'pino-roll' {
  export interface RollOptions {
    readonly file: string;
    readonly size?: string;
    readonly frequency?: 'daily' | 'hourly' | number;
    readonly dateFormat?: string;
    readonly sync: true;
    readonly contentMode: 'buffer';
    readonly mode: number;
  }

  export interface RollStream {
    readonly fd: number;
    readonly file: string;
    /** Errors come as an `error` event, before it returns. */
    write(bytes: Uint8Array): boolean;
    end(): void;
    destroy(): void;
    on(event: 'error', listener: (error: Error) => void): this;
    once(event: 'close', listener: () => void): this;
  }

  export default function pinoRoll(options: RollOptions): Promise<RollStream>;
}
