/** Telnet's decoder and the readers of its options: whatever comes, the same events in every splitting, and nothing that cannot be written as JSON. */
import type { Direction, WireEvent } from '../../../src/contract.js';
import { Agreed } from '../../../src/decode/mccp.js';
import { parseOption } from '../../../src/decode/options.js';
import { MAX_SUBNEGOTIATION, TelnetDecoder } from '../../../src/decode/telnet.js';
import { wordOf } from '../../decode/say.js';
import { type Input, isData, type Target } from '../input.js';
import { replayed, session, wire } from '../words.js';

/** What is heard of one direction: runs of text and of what is unread, joined. */
class Ear {
  readonly said: string[] = [];
  readonly #direction: Direction;
  #text: string[] = [];
  #unread = 0;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  take = (event: WireEvent): void => {
    if (event.type === 'text') this.#text.push(Buffer.from(event.bytes).toString('latin1'));
    else if (event.type === 'unread') this.#unread += event.length;
    else {
      this.flush();
      this.said.push(`${this.#direction} ${wordOf(event)}${event.type === 'subnegotiation' ? ` ${meaningOf(event)}` : ''}`);
    }
  };

  flush(): void {
    if (this.#text.length > 0) this.said.push(`${this.#direction} ${JSON.stringify(this.#text.join(''))}`);
    if (this.#unread > 0) this.said.push(`${this.#direction} unread ${this.#unread}`);
    this.#text = [];
    this.#unread = 0;
  }
}

function meaningOf({ option, payload }: { readonly option: number; readonly payload: Uint8Array }): string {
  if (payload.length > MAX_SUBNEGOTIATION) throw new Error(`a subnegotiation of ${payload.length} bytes was kept`);
  return JSON.stringify(parseOption(option, payload)) ?? '-';
}

function say(input: Input): readonly string[] {
  const agreed = new Agreed();
  const ears = { RCV: new Ear('RCV'), SND: new Ear('SND') };
  const decoders = { RCV: new TelnetDecoder('RCV', agreed), SND: new TelnetDecoder('SND', agreed) };
  for (const part of input) if (isData(part)) decoders[part[0]].push(part[1], ears[part[0]].take);
  for (const way of ['RCV', 'SND'] as const) {
    decoders[way].end(ears[way].take);
    ears[way].flush();
  }
  return [...ears.RCV.said, ...ears.SND.said];
}

export const decode: Target = {
  name: 'decode',
  splits: true,
  make: (dice) => (dice.between(1, 8) === 1 ? replayed(dice) : session(dice, wire)),
  say,
};
