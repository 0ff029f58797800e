import t from 'tap';
import { didYouMean, nearest } from '../../src/config/nearest.js';

t.test('knows what was meant by a slip of the finger', async (t) => {
  t.equal(nearest('UPSTRAEM', ['LISTEN', 'UPSTREAM']), 'UPSTREAM');
  t.equal(nearest('audit_in', ['AUDIT_OUT', 'AUDIT_IN']), 'AUDIT_IN');
  t.equal(nearest('fil', ['console', 'file']), 'file');
  t.equal(nearest('kafka', ['console', 'file']), undefined);
  t.equal(nearest('x'.repeat(1_000_000), ['console']), undefined);
});

t.test('else says what there is', async (t) => {
  t.equal(didYouMean('kafka', ['console', 'file']), 'known are console, file');
});
