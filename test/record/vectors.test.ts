/** FORMAT.md's three lines are what the real writer writes, from the bytes of a session on: change the writer, and the page must change with it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../src/config/settings.js';
import { compileMasks } from '../../src/mask/masker.js';
import { SessionPipeline } from '../../src/pipeline.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';
import { verifyFiles } from '../../src/view/verify.js';

const FORMAT = join(import.meta.dirname, '../../../src/record/FORMAT.md');
const ORIGIN = { hostname: 'north.example', application: 'wirescribe', version: '0.1.0', pid: 4711, node: 'north' };
const CLIENT = { ip: '203.0.113.7', port: 50712 };

/** In place of chance: bytes that look random and are always the same (a linear congruence modulo 2^32, Numerical Recipes). */
function fixedBytes(): (into: Uint8Array) => void {
  let state = 1;
  return (into) => {
    for (const index of into.keys()) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      into[index] = state >>> 24;
    }
  };
}

/** A node that starts, and one session that begins and logs in. */
function writtenLines(): string[] {
  const lines: string[] = [];
  const [fill, atUs] = [fixedBytes(), Date.UTC(2026, 0, 2, 3, 4, 5) * 1000];
  const { masks } = loadSettings({ file: null, cwd: '/', env: {} }).audit;
  const scribe = new NodeScribe({ origin: ORIGIN, ids: new Ids(fill), salts: new Salts(fill), append: (line) => lines.push(line) });
  scribe.event('audit.start', atUs + 1);
  const id = new Ids(fill).next(atUs / 1000 + 1);
  const open = { id, listener: 'game', wire: 'telnet', protocol: 'telnet', upstream: 'telnet://127.0.0.1:4001', ...CLIENT } as const;
  const keeping = { in: true, out: true, outUnit: 'message', outIdleMs: 100, masks: compileMasks(masks) } as const;
  const pipeline = new SessionPipeline(open, keeping, scribe.session(open, false), ({ code }) => t.fail(code));
  pipeline.begin(atUs + 2_003);
  pipeline.data('RCV', Buffer.from('connect bob hunter2\r\n'), atUs + 3_004);
  // The server says nothing to it: after 5 s the line is judged as it stands.
  pipeline.tick(atUs + 6_000_000);
  return lines;
}

t.test("FORMAT.md's vectors are the real writer's lines: the node's first, and a session's two", async (t) => {
  t.same(readFileSync(FORMAT, 'utf8').match(/^\{"v":.*\n/gm), writtenLines());
});

t.test('to verify they are good evidence', async (t) => {
  const dir = t.testdir({ 'vectors.jsonl': writtenLines().join('') });
  const { ok, records, sessions, parts } = await verifyFiles([join(dir, 'vectors.jsonl')]);
  t.same({ ok, records, sessions, parts }, { ok: true, records: 3, sessions: 1, parts: 1 });
});
