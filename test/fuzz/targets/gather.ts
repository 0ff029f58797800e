/** What gathers text into utterances: bounded in what it holds, the same in every splitting, and its offsets and pieces fit its texts. */
import type { Direction, Utterance } from '../../../src/contract.js';
import type { Charset } from '../../../src/gather/charset.js';
import type { Gatherer } from '../../../src/gather/gatherer.js';
import { MAX_HELD_BYTES } from '../../../src/gather/held.js';
import { LineGatherer } from '../../../src/gather/lines.js';
import { MessageGatherer } from '../../../src/gather/messages.js';
import { type Input, isData, type Part, type Target } from '../input.js';
import { ansi, oneOf, session, text } from '../words.js';

const CHARSETS: readonly (Charset | undefined)[] = [undefined, 'utf-8', 'latin-1', 'koi8-r', 'cp437', 'gbk'];
const IDLE_MS = 100;
/** The door's beat. */
const BEAT_MS = 50;

/** The first wait of an input says how it is gathered. */
function gatherersOf(input: Input): { readonly [direction in Direction]: Gatherer } {
  const way = input[0]?.[0] === 'wait' ? input[0][1] : 0;
  const charset = CHARSETS[way % CHARSETS.length];
  return { RCV: new LineGatherer('RCV', charset), SND: way % 2 === 0 ? new LineGatherer('SND', charset) : new MessageGatherer(IDLE_MS, charset) };
}

function check({ raw, pieces, offsets, text }: Utterance): void {
  if (pieces.reduce((sum, [, units]) => sum + units, 0) !== raw.length) throw new Error('the pieces are not as long as the raw text');
  for (const offset of offsets?.() ?? []) if (offset > raw.length) throw new Error('an offset behind the raw text');
  if (!text.isWellFormed() || !raw.isWellFormed()) throw new Error('half a letter');
}

function say(input: Input): readonly string[] {
  const gatherers = gatherersOf(input);
  const said: string[] = [];
  const give = (utterance: Utterance): void => {
    check(utterance);
    said.push(JSON.stringify(utterance));
  };
  let at = 1_000_000;
  for (const part of input) {
    if (isData(part)) {
      gatherers[part[0]].push(part[1], at, give);
      if (gatherers[part[0]].length > MAX_HELD_BYTES) throw new Error(`${gatherers[part[0]].length} bytes are held`);
      continue;
    }
    for (const way of ['RCV', 'SND'] as const) gatherers[way].peek();
    for (let left = part[1]; left > 0; left -= BEAT_MS) {
      at += Math.min(left, BEAT_MS) * 1_000;
      for (const way of ['RCV', 'SND'] as const) gatherers[way].tick(at, give);
    }
  }
  for (const way of ['RCV', 'SND'] as const) gatherers[way].flush('close', give);
  return said;
}

/** One direction: what is given of one comes before what is given of the other when the bytes come so. */
export const gather: Target = {
  name: 'gather',
  splits: true,
  make: (dice) => {
    const way = dice.between(0, 1) === 0 ? 'RCV' : 'SND';
    const told = session(dice, oneOf(text, text, ansi)).map((part): Part => (isData(part) ? [way, part[1]] : part));
    return [['wait', dice.between(0, 2 * CHARSETS.length)], ...told];
  },
  say,
};
