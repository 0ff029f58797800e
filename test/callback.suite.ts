/**
 * What every callback must do, an operator's own too: `callbackSuite(t, 'mine', make)` in a tap test. `make` opens a callback on an empty place of its own;
 * `readBack` gives the lines that stand there, in order, without their line ends. The callback must be given all topics and the plain record format.
 */
import type { Test } from 'tap';
import type { AuditRecord, Callback, RefusedRecords } from '../src/contract.js';
import { recordsOf } from '../src/spool/delivery/audit-record.js';
import { line, lines } from './journal-lines.js';

export interface CallbackUnderTest {
  readonly callback: Callback;
  /** Called after `close`, and between writes. */
  readBack(): Promise<readonly string[]>;
  /** Aborts the context's signal, as at the end of the drain time. */
  abort(): void;
  /** Where a test can bring that about: makes writes fail until what it gives back is called. */
  readonly fail?: () => () => void | Promise<void>;
  /** Where there is such: the text of a record that it can never take, as too long a one. */
  readonly refuse?: string;
}

/** Opens a callback for one test; `t.testdir()` is a place of its own. */
export type MakeCallback = (t: Test) => Promise<CallbackUnderTest>;

const split = (text: string): string[] => text.split('\n').slice(0, -1);

/** Each line where it came first. */
const withoutDoubles = (all: readonly string[]): string[] => [...new Set(all)];

/** Runs the suite over one callback. */
export function callbackSuite(t: Test, name: string, make: MakeCallback): void {
  const given = (title: string, texts: readonly (readonly string[])[]) => {
    t.test(`${name}: ${title}`, async (t) => {
      const { callback, readBack } = await make(t);
      for (const batch of texts) await callback.write(recordsOf(batch.join('')));
      await callback.close();
      t.same(await readBack(), split(texts.flat().join('')));
    });
  };

  given('takes a batch of one', [lines(1)]);
  given('takes a batch of a thousand', [lines(1_000)]);
  given('takes batches in order', [lines(3), lines(1, 3), lines(40, 4), lines(2, 44)]);
  given('takes lines of 200 KB, alone and beside short ones', [
    [line(1, 'x'.repeat(200_000))],
    [line(2, 'short'), line(3, 'Ж'.repeat(100_000)), line(4)],
  ]);
  given('keeps every letter: beyond the BMP, U+2028, a lone surrogate, quotes', [[line(1, '🐉 Grüße 你好 a\u2028b\u2029c \ud800 "\\" \t')]]);
  given('takes records of all topics, with text and without', [[line(1, undefined, 'audit.start'), line(2), line(3, '', 'session.output')]]);

  t.test(`${name}: takes records that are no neighbours, as a filter leaves them`, async (t) => {
    const { callback, readBack } = await make(t);
    const kept = recordsOf(lines(9).join('')).filter((_, index) => index % 4 !== 1);
    await callback.write(kept);
    await callback.close();
    t.same(
      await readBack(),
      kept.map((record) => record.line),
    );
  });

  t.test(`${name}: takes a double: the same batch again, as after a crash`, async (t) => {
    const { callback, readBack } = await make(t);
    for (const batch of [lines(2), lines(2), lines(1, 2)]) await callback.write(recordsOf(batch.join('')));
    await callback.close();
    const all = await readBack();
    t.same(withoutDoubles(all), split(lines(3).join('')), 'nothing is missing, and the order holds');
    t.ok(all.length === 3 || all.length === 5, 'it is kept once or twice');
  });

  t.test(`${name}: what write resolved for is there before close`, async (t) => {
    const { callback, readBack } = await make(t);
    await callback.write(recordsOf(lines(3).join('')));
    t.same(await readBack(), split(lines(3).join('')));
    await callback.close();
  });

  t.test(`${name}: changes nothing of a record, and keeps none against its later use`, async (t) => {
    const { callback, readBack } = await make(t);
    const records: readonly AuditRecord[] = Object.freeze(recordsOf(lines(3).join('')));
    await callback.write(records);
    await callback.write(recordsOf(lines(3, 3).join('')));
    t.same(
      records.map((record) => `${record.line}\n`),
      lines(3),
    );
    await callback.close();
    t.same(await readBack(), split(lines(6).join('')));
  });

  t.test(`${name}: close is harmless with nothing written, and harmless twice`, async (t) => {
    const { callback, readBack } = await make(t);
    await callback.close();
    await callback.close();
    t.same(await readBack(), []);
  });

  t.test(`${name}: once its signal is aborted, it can still be closed, and what it took stands`, async (t) => {
    const { callback, readBack, abort } = await make(t);
    await callback.write(recordsOf(lines(2).join('')));
    abort();
    await callback.close();
    t.same(await readBack(), split(lines(2).join('')));
  });

  t.test(`${name}: a write that failed is tried again with the same batch, and nothing is lost or torn`, async (t) => {
    const { callback, readBack, fail } = await make(t);
    if (!fail) {
      await callback.close();
      t.pass('nothing here can make it fail');
      return;
    }
    await callback.write(recordsOf(lines(2).join('')));
    const heal = fail();
    await t.rejects(callback.write(recordsOf(lines(2, 2).join(''))));
    await t.rejects(callback.write(recordsOf(lines(2, 2).join(''))), 'and again');
    await heal();
    await callback.write(recordsOf(lines(2, 2).join('')));
    await callback.close();
    t.same(withoutDoubles(await readBack()), split(lines(4).join('')));
  });

  t.test(`${name}: a record that it can never take is named as refused, with a plain word, and all others stand`, async (t) => {
    const { callback, readBack, refuse } = await make(t);
    if (refuse === undefined) {
      await callback.close();
      t.pass('there is none that it refuses');
      return;
    }
    const [before, bad, after, later] = recordsOf([line(0, 'a'), line(1, refuse), line(2, 'b'), line(3, 'c')].join(''));
    if (!before || !bad || !after || !later) throw new RangeError('four');
    const error: unknown = await callback.write([before, bad, after]).catch((thrown: unknown) => thrown);
    t.match(error, { name: 'RefusedRecords', refused: [{ reason: /^[a-z][a-z0-9-]*$/ }] });
    const { refused } = error as RefusedRecords;
    t.equal(refused.length, 1);
    t.equal(refused[0]?.record, bad, 'the record itself, as it was given');
    t.notMatch((error as Error).message, refuse, 'and nothing of its text');
    await callback.write([later]);
    await callback.close();
    const wanted = [before, after, later].map((record) => record.line);
    t.same(
      (await readBack()).filter((one) => wanted.includes(one)),
      wanted,
    );
  });
}
