/**
 * Asks a telnet client for its terminal before a program is started in it: the type (RFC 1091, 884; TERM of the program) and the window's size (RFC
 * 1073). A step of the client's way in: all that comes meanwhile is put back, and read again by who speaks telnet with the client.
 */
import type { Wire } from '../../contract.js';
import type { Arrival, Step, Terminal } from '../arrive.js';
import type { Conduit } from '../end.js';
import * as B from './bytes.js';
import { WISHES } from './telnet-server.js';

/** How long a client may take to answer; many never do. */
const ANSWER_MS = 1_000;
/** What a client may send meanwhile before nobody waits any longer. */
const MOST_BYTES = 4_096;
/** MUD clients say their name first, then the type, then what they can (MTTS); a client that says the same twice has no more (RFC 1091). */
const MOST_TYPES = 4;

const ASK_TYPE = Buffer.from([B.IAC, B.SB, B.TTYPE, B.SEND, B.IAC, B.SE]);

/** What has been answered so far. */
interface Answers {
  /** Of each option: agreed to or not; absent: nothing yet. */
  readonly agreed: Map<number, boolean>;
  readonly types: string[];
  window?: readonly [number, number];
}

/** @param wire how the client is read where no step before has said */
export const askTerminal =
  (wire: Wire): Step =>
  async (arrival: Arrival, signal: AbortSignal) => {
    if ((arrival.facts.wire ?? wire) !== 'telnet') return arrival;
    const terminal = await terminalOf(arrival.socket, signal);
    return { ...arrival, facts: { ...arrival.facts, terminal } };
  };

async function terminalOf(socket: Conduit, signal: AbortSignal): Promise<Terminal> {
  let asked = 0;
  let answers = readAnswers(Buffer.alloc(0));
  socket.write(WISHES);
  await whileComing(socket, signal, (bytes) => {
    answers = readAnswers(bytes);
    if (answers.agreed.get(B.TTYPE) && asked <= answers.types.length && wantsMore(answers.types)) {
      asked++;
      socket.write(ASK_TYPE);
    }
    const typed = answers.agreed.get(B.TTYPE) === false || !wantsMore(answers.types);
    return typed && (answers.agreed.get(B.NAWS) === false || answers.window !== undefined);
  });
  const { types, window } = answers;
  return { types: types.slice().sort((one, other) => rank(one) - rank(other)), ...(window ? { columns: window[0], rows: window[1] } : {}) };
}

/** A type of a real terminal is likelier than the name of a client. */
const rank = (type: string): number => (/^(xterm|vt|ansi|linux|screen|tmux|rxvt)/i.test(type) ? 0 : 1);

const wantsMore = (types: readonly string[]): boolean =>
  types.length < MOST_TYPES && !types.some((type, index) => rank(type) === 0 || types.indexOf(type) < index);

/**
 * Shows `look` all that has come, each time that more has, until it gives true; until the client's end, and no longer than a second. All of it stays in
 * the socket.
 */
function whileComing(socket: Conduit, signal: AbortSignal, look: (bytes: Buffer) => boolean): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      socket.off('readable', onReadable).off('end', over).off('close', over);
      resolve();
    };
    /** @returns false: nothing more will come */
    const peek = (bytes: Buffer | null): boolean => {
      if (bytes === null) return true;
      // In the same turn: behind its end a stream takes nothing back.
      socket.unshift(bytes);
      if (bytes.length === seen) return true;
      seen = bytes.length;
      return !look(bytes) && seen < MOST_BYTES;
    };
    const onReadable = (): void => {
      if (socket.readableLength > seen && !peek(socket.read() as Buffer | null)) return over();
      // More than there is: asks for more, and gives what there is only at the end.
      const last = socket.read(socket.readableLength + 1) as Buffer | null;
      if (last !== null) {
        peek(last);
        over();
      }
    };
    const timer = setTimeout(over, ANSWER_MS);
    signal.addEventListener('abort', over);
    socket.on('readable', onReadable).on('end', over).on('close', over);
    onReadable();
  });
}

/** What the client answered, in all that it has sent. */
function readAnswers(bytes: Buffer): Answers {
  const answers: Answers = { agreed: new Map(), types: [] };
  for (let at = bytes.indexOf(B.IAC); at >= 0; at = bytes.indexOf(B.IAC, at)) {
    const [, verb = 0, option = 0] = bytes.subarray(at, at + 3);
    if (verb === B.WILL || verb === B.WONT) answers.agreed.set(option, verb === B.WILL);
    if (verb === B.SB) readSubnegotiation(bytes.subarray(at + 2), answers);
    at += verb >= B.SB && verb <= B.DONT ? 3 : 2;
  }
  return answers;
}

function readSubnegotiation(bytes: Buffer, answers: Answers): void {
  const said: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte !== B.IAC) said.push(byte);
    else if (bytes[++at] === B.IAC) said.push(byte);
    else if (bytes[at] === B.SE) return take(said, answers);
    else return;
  }
}

function take([option, ...said]: readonly number[], answers: Answers): void {
  const [first = 0, second = 0, third = 0, fourth = 0] = said;
  if (option === B.TTYPE && first === B.IS) answers.types.push(String.fromCharCode(...said.slice(1)));
  if (option === B.NAWS && said.length === 4) answers.window = [first * 256 + second, third * 256 + fourth];
}
