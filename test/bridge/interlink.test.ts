import t from 'tap';
import { interlinkOf } from '../../src/bridge/interlink.js';

t.test('printable ids stay as they are, others are written as hex; all are bounded, and an empty one is none', async (t) => {
  t.equal(interlinkOf('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
  t.equal(interlinkOf(' a b '), 'a b');
  t.equal(interlinkOf(Buffer.from([0, 255, 97])), '00ff61');
  t.equal(interlinkOf('é'), 'c3a9');
  t.equal(interlinkOf('a\nb'), '610a62');
  t.equal(interlinkOf('x'.repeat(300))?.length, 256);
  t.equal(interlinkOf(Buffer.alloc(128))?.length, 256);
  t.equal(interlinkOf(''), undefined);
  t.equal(interlinkOf('  '), undefined);
});
