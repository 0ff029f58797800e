/**
 * `wirescribe replay`: a session as it was on the screen of whoever sat there, in its own time. On a terminal with keys; into a pipe without, and then
 * everything as it was sent. Whatever happens, the terminal is put back.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import type { Audit } from '../api.js';
import { passOutput } from '../bridge/pty/libc.js';
import { EXIT } from '../errors.js';
import type { SessionSummary } from '../store-contract.js';
import { type Frame, framesOf } from '../view/frames.js';
import { type Clock, keysIn, Player } from '../view/player.js';
import { ScreenOnly } from '../view/screen-only.js';
import { readSeek, timeOf } from '../view/seek.js';
import { type Happening, Timeline } from '../view/timeline.js';
import { beginLook } from './look.js';
import { findSession, type Looking, oneOf, screenOf, usage, withAudit } from './looking.js';
import type { Out, Screen } from './screen.js';

/** Modes that a recorded program may have left: other character sets, attributes, margins, keys, mouse, paste, focus, the other screen, no cursor. */
const RESET = '\x1b[!p\x1b(B\x0f\x1b[0m\x1b[r\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h\r\n';
/** The same, and an empty screen. */
const CLEAR = `${RESET}\x1b[2J\x1b[H`;

interface Asked {
  readonly speed: number;
  readonly idleUs: number;
  readonly input: boolean;
  /** What was typed is dim. */
  readonly dim: boolean;
}

/** Runs it. */
export const replayCommand = (looking: Looking): Promise<number> =>
  withAudit(looking, async (audit) => {
    const { line, settings, out } = looking;
    const [name, more] = line.words;
    if (name === undefined || more !== undefined) return usage("'replay' wants one SESSION");
    const asked = {
      speed: numberOf(looking, 'speed', 1),
      idleUs: numberOf(looking, 'idle-limit', Number.POSITIVE_INFINITY) * 1e6,
      input: line.flags.has('input'),
    };
    const session = await findSession(audit, name);
    const fromUs = offsetOf(oneOf(line, 'from'), session.started);
    const look = await beginLook(settings, { topic: 'access.view', method: 'replay', filters: [], session: session.session }, looking);
    const screen = screenOf(looking, false);
    const source = new Source(audit, session, { ...asked, dim: out.isTTY === true }, screen.signal);
    const shown = out.isTTY ? onTerminal(screen, out) : inPipe(screen);
    const player = new Player({ ...shown, open: () => source.frames(), clock: CLOCK, speed: asked.speed, fromUs });
    screen.signal.addEventListener('abort', () => player.press('quit'));
    const keys = out.isTTY ? listen(player) : undefined;
    try {
      await player.run();
    } finally {
      keys?.close();
      if (out.isTTY) out.write(RESET);
    }
    await screen.close();
    await look.end(source.records);
    return EXIT.done;
  });

const CLOCK: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

/** More than 0 and not absurd. */
function numberOf({ line }: Looking, name: string, usual: number): number {
  const given = oneOf(line, name);
  if (given === undefined) return usual;
  const number = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  return number > 0 ? number : usage(`--${name} wants a number above 0, such as 2 or 0.5`);
}

/** `90`, `1:30` or `1:02:03` after the beginning, or a time. Microseconds. */
function offsetOf(given: string | undefined, startedMs: number): number {
  if (given === undefined) return 0;
  if (/^\d{1,6}(\.\d{1,3})?$|^\d{1,4}(:\d\d){1,2}$/.test(given)) return given.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1e6;
  return Math.max(0, (timeOf(readSeek(given, '--from')) - startedMs) * 1000);
}

/** The session's records, read again for each time that it is played from its beginning. */
class Source {
  /** How many were read, the first time. */
  records = 0;
  #reads = 0;
  readonly #audit: Audit;
  readonly #session: SessionSummary;
  readonly #asked: Asked;
  readonly #signal: AbortSignal;

  constructor(audit: Audit, session: SessionSummary, asked: Asked, signal: AbortSignal) {
    this.#audit = audit;
    this.#session = session;
    this.#asked = asked;
    this.#signal = signal;
  }

  frames(): AsyncIterable<Frame> {
    const typed = (text: string): string => (this.#asked.dim ? `\x1b[2m${text}\x1b[22m` : text);
    return framesOf(this.#events(), { ...this.#asked, typed });
  }

  async *#events(): AsyncGenerator<Happening> {
    const first = this.#reads++ === 0;
    const timeline = new Timeline();
    const { session, firstId } = this.#session;
    for await (const record of this.#audit.events({ seek: firstId, filter: { session: [session] }, signal: this.#signal })) {
      if (first) this.records++;
      yield* timeline.push(record);
    }
    yield* timeline.end();
  }
}

type Shown = Pick<ConstructorParameters<typeof Player>[0], 'show' | 'clear'>;

/** Everything as it was sent. */
const inPipe = (screen: Screen): Shown => ({ show: ({ text }) => screen.write(text), clear: async () => undefined });

/** What draws alone; a line says where the session's window does not fit into this one. */
function onTerminal(screen: Screen, out: Out): Shown {
  let only = new ScreenOnly();
  return {
    show: ({ text, window }) => screen.write(window ? tooSmall(window, out) : only.take(text)),
    clear: () => {
      only = new ScreenOnly();
      return screen.write(CLEAR);
    },
  };
}

function tooSmall({ columns, rows }: { readonly columns: number; readonly rows: number }, out: Out): string {
  const { columns: wide = 0, rows: high = 0 } = out;
  return columns <= wide && rows <= high
    ? ''
    : `\r\n\x1b[7m[the session's window is ${columns}x${rows} from here on, this one is ${wide}x${high}]\x1b[27m\r\n`;
}

/** Takes the keys of the terminal until it is closed. */
function listen(player: Player): { readonly close: () => void } | undefined {
  const { stdin } = process;
  if (!(stdin instanceof ReadStream)) return undefined;
  const take = (sent: Buffer): void => {
    for (const key of keysIn(sent.toString('latin1'))) player.press(key);
  };
  stdin.setRawMode(true);
  passOutput(stdin.fd);
  stdin.on('data', take);
  return {
    close: () => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
