import t from 'tap';
import { LineGuard } from '../../src/bridge/line-guard.js';
import { Dice } from '../harness.js';

/** How many bytes of each chunk pass. */
const fits = (maxBytes: number, chunks: readonly string[]) => {
  const guard = new LineGuard(maxBytes);
  return chunks.map((chunk) => guard.fit(Buffer.from(chunk, 'latin1')));
};

t.test('a line of as many bytes as it may have passes, with its end, over chunks too', async (t) => {
  t.same(fits(4, ['look\r\n', 'look\n', 'lo', 'ok', '\r', '\n', 'look', '\n']), [6, 5, 2, 2, 1, 1, 4, 1]);
});

t.test('of a line that is too long what it may have passes', async (t) => {
  t.same(fits(4, ['look!']), [4]);
  t.same(fits(4, ['lo', 'ok!\n']), [2, 2]);
  t.same(fits(4, ['go\r\nnorth\r\n']), [8]);
  t.same(fits(4, ['look', '!']), [4, 0]);
});

t.test('CR alone, LF alone and both end a line; commands of telnet and bytes of any value count', async (t) => {
  t.same(fits(4, ['abcd\rabcd\nabcd\r\nabcd']), [20]);
  t.same(fits(4, ['\xff\xfb\x01a', 'b']), [4, 0]);
});

t.test('the same bytes pass however they are cut', async (t) => {
  const dice = new Dice(12);
  for (let turn = 0; turn < 500; turn++) {
    const text = Array.from({ length: dice.between(1, 60) }, () => 'abc\r\n'[dice.between(0, 4)]).join('');
    const whole = fits(5, [text])[0];
    const guard = new LineGuard(5);
    let passed = 0;
    for (let at = 0; at < text.length; ) {
      const chunk = text.slice(at, at + dice.between(1, 9));
      const fit = guard.fit(Buffer.from(chunk));
      passed += fit;
      if (fit < chunk.length) break;
      at += chunk.length;
    }
    if (passed !== whole) t.equal(passed, whole, JSON.stringify(text));
  }
});

t.test('64 KiB of line ends cost no more than 64 KiB', async (t) => {
  const guard = new LineGuard(64);
  const chunk = Buffer.alloc(65_536, '\n');
  const from = performance.now();
  for (let turn = 0; turn < 100; turn++) t.equal(guard.fit(chunk), chunk.length) || t.bailout('');
  t.ok(performance.now() - from < 5_000);
});
