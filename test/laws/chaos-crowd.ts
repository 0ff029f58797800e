/**
 * Both ends of the game in the chaos law: a server that answers, and clients that talk to one run of the program until it is gone. Counts the answers, which
 * is the law's clock.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Dice, Program } from '../harness.js';
import { until } from '../wait.js';
import { MALFORMED } from './chaos-peers.js';

const CLIENTS = 4;
/** Loose, for a machine of two cores that others load. */
const ANSWER_MS = 120_000;

/** What a round's clients say now and then; what round 3 said so is redacted later, by this word. */
export const wordOf = (round: number): string => `forget-me-${round}-please`;

/** The game: answers each line with what was said. */
export function answer(socket: Socket): void {
  let open = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (open + text).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines)
      socket.write(line.startsWith('connect') ? 'You become Guest.\r\n' : `You said: ${line.slice(0, 200).trim()}\r\nIt is noted.\r\n`);
  });
  socket.on('end', () => socket.end());
}

/** What a client says: short as a rule, some lines long, some very long, some with a word that matters. */
function sayingOf(dice: Dice, round: number): string {
  const luck = dice.next();
  const words = 'words '.repeat(luck < 0.02 ? dice.between(1_000, 8_000) : luck < 0.1 ? dice.between(100, 1_000) : dice.between(1, 40));
  const special = dice.next();
  return `${special < 0.1 ? `${wordOf(round)} ` : special < 0.11 ? `${MALFORMED} ` : ''}${words}`;
}

/** Answers that clients may hear beyond what is waited for: so long they talk on while something happens, and no longer, or all would be load. */
const MORE = 300;

/** Clients that talk to one run of the program until it is gone; some leave, and others come. */
export class Crowd {
  readonly gone: Promise<unknown>;
  readonly #dice: Dice;
  readonly #round: number;
  #answers = 0;
  #wanted = 0;
  /** Who waits until more is wanted. */
  readonly #silent = new Set<Socket>();

  /** @param round whose word they say */
  constructor(program: Program, dice: Dice, round: number) {
    this.#dice = dice;
    this.#round = round;
    this.gone = Promise.all(Array.from({ length: CLIENTS }, () => this.#come(program)));
  }

  /** Resolves after so many more answers. */
  async heard(more: number): Promise<void> {
    this.#wanted = this.#answers + more;
    const silent = [...this.#silent];
    this.#silent.clear();
    for (const client of silent) this.#say(client);
    await until(() => this.#answers >= this.#wanted, `${more} answers`, ANSWER_MS);
  }

  async #come({ child, connect }: Program): Promise<void> {
    while (child.exitCode === null && child.signalCode === null) {
      await connect()
        .then((client) => this.#talk(client))
        .catch(() => undefined);
    }
  }

  async #talk(client: Socket): Promise<void> {
    client.write('connect guest open-word1\r\n');
    for (let ahead = 0; ahead < 3; ahead++) this.#say(client);
    client.setEncoding('latin1').on('data', (text: string) => {
      for (let at = text.indexOf('noted.'); at >= 0; at = text.indexOf('noted.', at + 1)) this.#hear(client);
    });
    client.on('end', () => client.end());
    await once(client, 'close');
    this.#silent.delete(client);
  }

  #hear(client: Socket): void {
    this.#answers++;
    if (this.#dice.next() < 0.003) client.end();
    else if (this.#answers < this.#wanted + MORE) this.#say(client);
    else this.#silent.add(client);
  }

  #say(client: Socket): void {
    if (client.writable) client.write(`say ${sayingOf(this.#dice, this.#round)}\r\n`);
  }
}
