import t from 'tap';
import { Deaths } from '../../../src/spool/delivery/deaths.js';
import { HOW } from '../../../src/spool/delivery/watch.js';

const at = (offset: number) => ({ segment: 1, offset });
const { usual, alone, probed, probe } = HOW;

/** Deaths in a row, each [offset, how]. Gives what the next thread is told. */
function after(...deaths: readonly (readonly [number, (typeof HOW)[keyof typeof HOW]])[]) {
  const all = new Deaths();
  for (const [offset, how] of deaths) all.died({ at: at(offset), how });
  return all.care;
}

const onBatch = Array<readonly [number, 0]>(5).fill([100, usual]);

t.test('five deaths on the same batch: it is given record by record', (t) => {
  t.equal(after(...onBatch.slice(1)), undefined);
  t.same(after(...onBatch), { from: at(100) });
  t.equal(after(...onBatch.slice(1), [200, usual]), undefined, 'on another it counts anew');
  t.end();
});

t.test('two deaths on one record alone: the one behind it is tried first', (t) => {
  t.same(after(...onBatch, [120, alone]), { from: at(100) });
  t.same(after(...onBatch, [120, alone], [120, alone]), { from: at(100), suspect: at(120) });
  t.end();
});

t.test('if that is taken, the third death is proof', (t) => {
  t.same(after(...onBatch, [120, alone], [120, alone], [120, probed]), { from: at(100), fatal: at(120) });
  t.end();
});

t.test('while the record behind kills as well, however often, nothing is proven', (t) => {
  const down = Array<readonly [number, 1 | 3]>(20).fill([140, probe]);
  t.same(after(...onBatch, [120, alone], [120, alone], ...down), { from: at(100), suspect: at(120) });
  t.end();
});

t.test('a death with nothing under way says nothing', (t) => {
  const deaths = new Deaths();
  for (let count = 0; count < 9; count++) deaths.died(undefined);
  t.equal(deaths.care, undefined);
  t.end();
});

t.test('after one record that kills, the next is found in the same way', (t) => {
  const first = [...onBatch, [120, alone], [120, alone], [120, probed]] as const;
  t.same(after(...first, [160, alone], [160, alone]), { from: at(100), suspect: at(160) });
  t.same(after(...first, [160, alone], [160, alone], [160, probed]), { from: at(100), fatal: at(160) });
  t.end();
});
