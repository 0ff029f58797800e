import t from 'tap';
import { KIND, MAX_FRAME_BYTES, readFrames, SLAB_BYTES, SlabWriter } from '../../src/capture/frames.js';

type Frame = [kind: number, session: number, at: number, bytes: string];

const FRAMES: Frame[] = [
  [KIND.open, 1, 1_767_323_045_000_001, '{"id":"a"}'],
  [KIND.RCV, 1, 1_767_323_045_000_002, 'look\r\n'],
  [KIND.SND, 4_294_967_295, 1_767_323_045_000_003, ''],
  [KIND.tick, 0, 9_007_199_254_740_991, ''],
  [KIND.end, 1, 1_767_323_045_000_004, '12345678'],
];

function written(frames: readonly Frame[]): SlabWriter {
  const writer = new SlabWriter(new ArrayBuffer(SLAB_BYTES));
  for (const [kind, session, at, bytes] of frames) writer.put(kind as 0, session, at, Buffer.from(bytes, 'latin1'));
  return writer;
}

function readBack({ slab, used }: SlabWriter): Frame[] {
  const frames: Frame[] = [];
  readFrames(slab, used, (kind, session, at, bytes) => void frames.push([kind, session, at, bytes.toString('latin1')]));
  return frames;
}

t.test('frames come out as they were put, in order, times and all', async (t) => {
  t.same(readBack(written(FRAMES)), FRAMES);
});

t.test('a slab holds one frame of the largest size, and no byte more', async (t) => {
  const writer = written([[KIND.RCV, 7, 1, 'x'.repeat(MAX_FRAME_BYTES)]]);
  t.equal(writer.used, SLAB_BYTES);
  t.ok(writer.room < 0);
  t.same(readBack(writer), [[KIND.RCV, 7, 1, 'x'.repeat(MAX_FRAME_BYTES)]]);
});

t.test('a slab that is filled again says nothing of what it held before', async (t) => {
  const { slab } = written([[KIND.RCV, 1, 1, 'connect bob hunter2\r\n']]);
  const again = new SlabWriter(slab);
  again.put(KIND.SND, 2, 3, Buffer.from('hi'));
  t.same(readBack(again), [[KIND.SND, 2, 3, 'hi']]);
});

t.test('a slab in which nothing was put has no frames', async (t) => {
  t.same(readBack(written([])), []);
});
