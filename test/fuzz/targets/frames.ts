/** The door's frames: what is put into slabs is read out again, byte for byte and in order, in slabs that were used before. */
import { KIND, type Kind, readFrames, SLAB_BYTES, SlabWriter } from '../../../src/capture/frames.js';
import { type Input, isData, type Target } from '../input.js';
import { session, wire } from '../words.js';

/** Filled again and again, as the door does it. */
const slab = new ArrayBuffer(SLAB_BYTES);

function say(input: Input): readonly string[] {
  const read: Buffer[] = [];
  let writer = new SlabWriter(slab);
  let at = 1;
  const pass = (): void => {
    readFrames(slab, writer.used, (kind: Kind, number, time, bytes) => {
      if (kind !== (number === 1 ? KIND.RCV : KIND.SND) || time < 1 || time >= at) throw new Error('a frame of another head');
      read.push(Buffer.concat([Buffer.from([number]), bytes]));
    });
    writer = new SlabWriter(slab);
  };
  for (const part of input) {
    if (!isData(part)) continue;
    for (let rest = part[1]; rest.length > 0; ) {
      if (writer.room <= 0) pass();
      const piece = rest.subarray(0, Math.max(0, writer.room));
      writer.put(part[0] === 'RCV' ? KIND.RCV : KIND.SND, part[0] === 'RCV' ? 1 : 2, at++, piece);
      rest = rest.subarray(piece.length);
    }
  }
  pass();
  for (const [number, way] of ['RCV', 'SND'].entries()) {
    const put = Buffer.concat(input.flatMap((part) => (isData(part) && part[0] === way ? [part[1]] : [])));
    const out = Buffer.concat(read.flatMap((frame) => (frame[0] === number + 1 ? [frame.subarray(1)] : [])));
    if (!put.equals(out)) throw new Error(`${way}: other bytes came out`);
  }
  return [];
}

export const frames: Target = { name: 'frames', splits: true, make: (dice) => session(dice, wire), say };
