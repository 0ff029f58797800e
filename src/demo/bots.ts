/** The demo's two bots: they come through the proxy as anybody would, make themselves known, talk and walk, one line at a time. */
import { connect, type Socket } from 'node:net';

const NAMES = ['Ada', 'Bert'] as const;
/** Their passwords: in the demo's records each stands as stars. */
const PASSWORDS = ['lovelace-1815', 'pa$$w0rd(x'] as const;

/** Milliseconds between two lines, and before a bot whose connection ended comes again. */
const EVERY_MS = 1_500;
const AGAIN_MS = 2_000;

/** Who says what. Each scene begins and ends in the square. */
const SCENES: readonly (readonly (readonly [0 | 1, string])[])[] = [
  [
    [0, 'say Do you have the feeling that someone writes down every word?'],
    [1, 'say Every word but one. It leaves my password out.'],
    [0, 'emote looks over her shoulder.'],
    [1, 'look'],
  ],
  [
    [0, 'north'],
    [1, 'north'],
    [1, 'say Two of the dark, please. Ada pays.'],
    [0, 'say Ada does not. Look at the wall.'],
    [1, 'emote studies his debts.'],
    [0, 'south'],
    [1, 'south'],
  ],
  [
    [1, 'say Race you to the tower!'],
    [1, 'east'],
    [0, 'east'],
    [1, 'east'],
    [0, 'east'],
    [0, 'say Ninety steps, and there is your inn again.'],
    [1, 'west'],
    [0, 'west'],
    [1, 'west'],
    [0, 'west'],
  ],
  [
    [0, 'south'],
    [1, 'south'],
    [1, 'say What grows under “café”?'],
    [0, 'say Naïveté, mostly.'],
    [1, 'who'],
    [0, 'north'],
    [1, 'north'],
  ],
];

export interface Bots {
  /** Ends both at once. */
  close(): void;
}

/** One bot's connection; comes again when it ends, until closed. */
class Bot {
  readonly #who: 0 | 1;
  readonly #to: { readonly port: number; readonly host: string };
  #socket: Socket | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(who: 0 | 1, to: { readonly port: number; readonly host: string }) {
    this.#who = who;
    this.#to = to;
    this.#come();
  }

  say(line: string): void {
    if (this.#socket?.writable) this.#socket.write(`${line}\r\n`);
  }

  close(): void {
    clearTimeout(this.#again);
    this.#socket?.removeAllListeners('close').destroy();
  }

  #come(): void {
    const socket = connect({ ...this.#to, noDelay: true });
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#again = setTimeout(() => this.#come(), AGAIN_MS);
    });
    socket.once('data', () => this.say(`create ${NAMES[this.#who]} ${PASSWORDS[this.#who]}`));
    socket.on('data', (bytes) => {
      if (bytes.includes('already taken')) this.say(`connect ${NAMES[this.#who]} ${PASSWORDS[this.#who]}`);
    });
  }
}

/**
 * Sends the two bots to a server.
 * @param options.seed which scene they begin with
 * @param options.everyMs milliseconds between two lines
 */
export function startBots(options: { readonly port: number; readonly host?: string; readonly seed?: number; readonly everyMs?: number }): Bots {
  const { port, host = '127.0.0.1', seed = 0, everyMs = EVERY_MS } = options;
  const bots = [new Bot(0, { port, host }), new Bot(1, { port, host })] as const;
  const steps = [...SCENES.slice(seed % SCENES.length), ...SCENES.slice(0, seed % SCENES.length)].flat();
  let next = 0;
  const timer = setInterval(() => {
    const step = steps[next++ % steps.length];
    if (step) bots[step[0]].say(step[1]);
  }, everyMs);
  return {
    close: () => {
      clearInterval(timer);
      for (const bot of bots) bot.close();
    },
  };
}
