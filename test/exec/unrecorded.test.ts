import t from 'tap';
import { execWords, pipeThrough, placeOf } from './harness.js';

t.test("no owner can be had: the program runs unrecorded and that is said once; with 'close' it does not go on", async (t) => {
  const place = placeOf(t);
  const set = ["SPOOL_DIR='/dev/null/spool'", 'DRAIN_TIMEOUT_S=10'];
  const args = (words: readonly string[], policy: string): string[] => execWords(words, [...set, `AUDIT_ON_FAILURE='${policy}'`]);
  const [pass, close, endless] = await Promise.all([
    pipeThrough(place, [], { args: args(['sh', '-c', 'echo said; exit 6'], 'pass') }),
    pipeThrough(place, [], { args: args(['sh', '-c', 'echo said; exit 6'], 'close') }),
    pipeThrough(place, [], { args: args(['sleep', '1000'], 'close') }),
  ]);
  t.same([pass.code, pass.out], [6, 'said\r\n']);
  t.match(pass.err, /^AUDIT_SPOOL: 6 bytes of this session, and its end, could not be recorded \(AUDIT_SPOOL: [^\n]*\)\n$/);
  t.same([close.code, endless.code], [125, 125]);
  t.match(endless.err, /^AUDIT_SPOOL: /);
});
