import { generateKeyPairSync, verify } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Auditor } from '../../src/audit/auditor.js';
import type { AuditorData, AuditorEvents } from '../../src/audit/auditor-data.js';
import { Modules } from '../../src/audit/providers.js';
import { KIND, SLAB_BYTES, SlabWriter } from '../../src/capture/frames.js';
import type { GoingSession, PassedDraft } from '../../src/handover/passing.js';
import { Board, boardMemory } from '../../src/spool/board.js';
import { listSegments } from '../../src/spool/segments.js';
import { frameOf, GIVES } from '../../src/view/intake/frames.js';
import { verifySpool } from '../../src/view/verify.js';
import { uuid7 } from '../evidence.js';
import { folderOf } from '../harness.js';
import { pack } from '../mask/masks.js';
import { until } from '../wait.js';

let ids = 0;
const randomId = (): string => uuid7(START_US / 1_000, ids++, 'test');

const START_US = 1_767_323_045_000_000;
const LISTENER = {
  name: 'main',
  in: true,
  out: true,
  allowSparse: false,
  outUnit: 'message',
  outIdleMs: 100,
  maskStyle: 'length',
  masks: pack('evennia'),
  identity: { patterns: [], paths: [] },
  watch: [],
  watchExclude: [],
} as const;

type Rec = Record<string, unknown> & { topic: string; session?: string; data?: Record<string, unknown> };

/** The audit side with the test in the door's place. */
class Side {
  readonly folder: string;
  readonly auditor: Auditor;
  readonly returned: ArrayBuffer[] = [];
  #slab = new SlabWriter(new ArrayBuffer(SLAB_BYTES));
  #at = START_US;

  constructor(
    t: Test,
    folder = folderOf(t),
    more: Partial<AuditorData> = {},
    { modules = Modules.none, ...events }: Partial<AuditorEvents> & { modules?: Modules } = {},
  ) {
    this.folder = folder;
    const data: AuditorData = {
      origin: { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'north' },
      listeners: [LISTENER],
      spool: { folder, maxBytes: 1 << 30, fsync: 'batch' },
      board: boardMemory(1),
      callbacks: [{ name: 'file', required: false }],
      alive: [],
      ...more,
    };
    const told = { returned: (slab: ArrayBuffer) => void this.returned.push(slab), trouble: () => undefined, warn: () => undefined, ...events };
    this.auditor = new Auditor(data, told, modules);
  }

  put(kind: keyof typeof KIND, session: number, text: string | object = ''): this {
    this.#at += 1_000;
    this.#slab.put(KIND[kind], session, this.#at, Buffer.from(typeof text === 'string' ? text : JSON.stringify(text), 'latin1'));
    return this;
  }

  open(session: number, id: string): this {
    return this.put('open', session, {
      id,
      listener: 'main',
      wire: 'telnet',
      protocol: 'telnet',
      upstream: 'telnet://u:1',
      ip: '192.0.2.7',
      port: 7,
    });
  }

  send(): this {
    this.auditor.take(this.#slab.slab, this.#slab.used);
    this.#slab = new SlabWriter(new ArrayBuffer(SLAB_BYTES));
    return this;
  }

  /** Sends what is in hand, closes, and gives the records but for the checkpoints. */
  async close(): Promise<Rec[]> {
    await this.send().auditor.close(5_000);
    return recordsIn(this.folder).filter(({ topic }) => topic !== 'audit.checkpoint');
  }
}

function linesIn(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return files.sort().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
}

const recordsIn = (folder: string): Rec[] => linesIn(folder).map((line) => JSON.parse(line));

const END = { reason: 'closed', by: 'client', bytesIn: 1, bytesOut: 2 };
const brief = (records: readonly Rec[]) =>
  records.map(({ topic, text, data }) => [topic, text ?? data?.reason ?? data?.code].filter(Boolean).join(' '));
const of = (records: readonly Rec[], session: string) => records.filter((record) => record.session === session);

t.test('frames become records, each session in its own chain, and every slab comes back', async (t) => {
  const [one, two] = [randomId(), randomId()];
  const side = new Side(t)
    .open(1, one)
    .open(2, two)
    .put('RCV', 1, 'look\r\n')
    .send()
    .put('RCV', 2, 'north\r\n')
    .put('end', 1, END)
    .put('node', 0, { topic: 'audit.stop' });
  const records = await side.close();
  t.same(brief(of(records, one)), ['session.start', 'session.input look', 'session.end closed']);
  t.same(brief(of(records, two)), ['session.start', 'session.input north']);
  t.same(brief(records.filter(({ session }) => !session)), ['audit.stop']);
  t.equal(side.returned.length, 2);
  t.match(await verifySpool(side.folder), { ok: true });
});

/** A listener with a module of this source, loaded. */
async function withModule(t: Test, source: string): Promise<{ more: Partial<AuditorData>; modules: Modules }> {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'mod.mjs'), source);
  const place = { file: 'server.conf', line: 1, column: 1 };
  const listener = { ...LISTENER, providers: [{ name: 'mod', module: join(folder, 'mod.mjs'), options: {}, timeoutMs: 1_000, place }] };
  return { more: { listeners: [listener] }, modules: await Modules.load([listener]) };
}

/** It answers when a test calls what it puts here. */
const LATER = `export default ({ topic }) => topic === 'session.input' ? new Promise((resolve) => (globalThis.answers ??= []).push(resolve)) : undefined;`;
const answer = (value: unknown): void => {
  const held = globalThis as { answers?: ((value: unknown) => void)[] };
  for (const resolve of held.answers?.splice(0) ?? []) resolve(value);
};

t.test('a stop waits a while for modules, then what they did not answer goes as it is, the ends of sessions too', async (t) => {
  const { more, modules } = await withModule(t, LATER);
  const one = randomId();
  const side = new Side(t, undefined, more, { modules })
    .open(1, one)
    .put('RCV', 1, 'look\r\n')
    .put('SND', 1, 'A room.\r\n')
    .put('end', 1, END)
    .send();
  await until(() => side.returned.length === 1, 'the slab');
  t.same(await side.auditor.durable([1]), [], 'its end is not written');
  const records = await side.close();
  t.same(brief(of(records, one)), ['session.start', 'session.input look', 'session.output A room.', 'session.end closed']);
  t.match(
    records.find(({ topic }) => topic === 'audit.fault'),
    { data: { code: 'provider-flood', stage: 'provider', count: 1, provider: 'mod' } },
  );
  t.match(await verifySpool(side.folder), { ok: true });
  answer('too late');
});

t.test('what waits for a module while segments are rewritten comes with a new salt, of a session that has ended too', async (t) => {
  const { more, modules } = await withModule(t, LATER);
  const one = randomId();
  const side = new Side(t, undefined, more, { modules })
    .open(1, one)
    .put('RCV', 1, 'look\r\n')
    .put('SND', 1, 'A room.\r\n')
    .put('end', 1, END)
    .send();
  await until(() => side.returned.length === 1, 'the slab');
  await side.auditor.hold();
  answer('seen');
  await until(() => recordsIn(side.folder).some(({ topic }) => topic === 'session.end'), 'the end');
  side.auditor.release();
  const records = of(await side.close(), one);
  const [start, input] = records;
  t.match(input, { topic: 'session.input', custom: { mod: 'seen' } });
  t.not(input?.who_salt, start?.who_salt);
  t.match(await verifySpool(side.folder), { ok: true });
});

t.test('what waits for a module while the spool is handed over goes to its new owner', async (t) => {
  const { more, modules } = await withModule(t, LATER);
  const one = randomId();
  const drafts: { session?: string | undefined; seq: number }[] = [];
  const given: string[] = [];
  const events = {
    modules,
    gaveUp: (sessions: readonly { id: string; seq: number }[]) => void given.push(...sessions.map(({ id, seq }) => `${id} ${seq}`)),
    drafts: (batch: readonly { session?: string | undefined; seq: number }[]) => void drafts.push(...batch),
  };
  const side = new Side(t, undefined, more, events).open(1, one).put('RCV', 1, 'look\r\n').put('SND', 1, 'A room.\r\n').put('end', 1, END).send();
  await until(() => side.returned.length === 1, 'the slab');
  t.ok(await side.auditor.handOver(5_000));
  t.same(given, [`${one} 0`]);
  answer('seen');
  await until(() => drafts.filter(({ session }) => session === one).length === 3, 'three drafts');
  t.same(
    drafts.filter(({ session }) => session === one).map(({ seq }) => seq),
    [1, 2, 3],
  );
  t.same(brief(of(recordsIn(side.folder), one)), ['session.start']);
  side.auditor.passed(Number.MAX_SAFE_INTEGER);
});

t.test('a frame that makes us fail is a fault, once, and a gap in both directions; its session and all others go on', async (t) => {
  const [one, two] = [randomId(), randomId()];
  const side = new Side(t).open(1, one).open(2, two);
  side
    .put('RCV', 1, 'look\r\nhalf')
    .put('gap', 1, 'null')
    .put('RCV', 1, ' a line\r\nnorth\r\n')
    .put('gap', 1, '{"direction":"hunter2"')
    .put('RCV', 1, 'x\r\nsouth\r\n');
  side.put('RCV', 2, 'say hi\r\n').put('end', 1, END).put('end', 2, END);
  const records = await side.close();
  t.same(brief(of(records, one)), [
    'session.start',
    'session.input ********',
    'audit.gap internal',
    'audit.gap internal',
    'audit.gap open-line',
    'session.input ********',
    'audit.gap internal',
    'audit.gap internal',
    'audit.gap open-line',
    'session.input ********',
    'session.end closed',
  ]);
  t.same(
    of(records, one)
      .filter(({ topic }) => topic === 'audit.gap')
      .slice(0, 2)
      .map(({ data }) => [data?.stage, data?.direction, data?.bytes]),
    [
      ['pipeline', 'RCV', null],
      ['pipeline', 'SND', null],
    ],
  );
  t.same(
    records.filter(({ topic }) => topic === 'audit.fault').map(({ data }) => data),
    [
      { code: 'internal', stage: 'pipeline', count: 1 },
      { code: 'internal', stage: 'pipeline', count: 1 },
    ],
    'the first is said at once, the others are counted at the end',
  );
  t.same(brief(of(records, two)), ['session.start', 'session.input say hi', 'session.end closed']);
  t.notMatch(JSON.stringify(records), /hunter2/);
  t.match(await verifySpool(side.folder), { ok: true });
});

for (const kind of ['open', 'gap', 'node', 'end'] as const) {
  for (const json of ['', 'null', '[', '{"topic":', '7', `${'['.repeat(5_000)}`]) {
    t.test(`a ${kind} frame of ${json.slice(0, 9) || 'nothing'} does not end the thread`, async (t) => {
      const id = randomId();
      const side = new Side(t)
        .open(1, id)
        .put(kind, kind === 'node' ? 0 : kind === 'open' ? 2 : 1, json)
        .put('RCV', 1, 'x\r\nlook\r\n')
        .put('tick', 0);
      const records = await side.close();
      t.match(records[0], { topic: 'session.start', session: id });
      t.match(await verifySpool(side.folder), { ok: true });
      t.equal(side.returned.length, 1);
    });
  }
}

t.test('frames of sessions that nobody announced, of listeners that are gone, and of kinds that do not exist are passed over', async (t) => {
  const side = new Side(t)
    .put('RCV', 9, 'hunter2\r\n')
    .put('end', 9, END)
    .put('gap', 9, { reason: 'full', direction: 'RCV', from: null, to: START_US, bytes: 1, sessions: null });
  side.put('open', 1, { id: randomId(), listener: 'gone', wire: 'telnet', protocol: 'telnet', upstream: 'x' }).put('RCV', 1, 'hunter2\r\n');
  t.same(await side.close(), []);
});

t.test('a gap of the node is in the node chain', async (t) => {
  const side = new Side(t).put('gap', 0, { reason: 'full', direction: null, from: START_US, to: START_US + 1, bytes: null, sessions: 10 });
  t.same(
    (await side.close()).map(({ topic, session, data }) => [topic, session, data]),
    [
      [
        'audit.gap',
        undefined,
        {
          ...{ stage: 'capture', reason: 'full', direction: null, from: '2026-01-02T03:04:05.000000Z', to: '2026-01-02T03:04:05.000001Z' },
          ...{ records: null, bytes: null, sessions: 10, callback: null },
        },
      ],
    ],
  );
});

t.test('sessions that a crash left open are ended at the next start; those that go on are not', async (t) => {
  const folder = folderOf(t);
  const [dead, alive] = [randomId(), randomId()];
  await new Side(t, folder).open(1, dead).open(2, alive).put('RCV', 1, 'look\r\n').put('RCV', 2, 'north\r\n').close();
  const records = await new Side(t, folder, { alive: [alive] }).open(5, alive).put('RCV', 5, 'south\r\n').put('end', 5, END).close();
  t.same(brief(of(records, dead)), ['session.start', 'session.input look', 'audit.gap crash', 'session.end crash']);
  t.same(brief(of(records, alive)), ['session.start', 'session.input north', 'session.input ********', 'session.end closed']);
  t.match(await verifySpool(folder), { ok: true });
  const again = await new Side(t, folder).close();
  t.equal(again.length, records.length, 'and that is said once');
});

/** Checkpoints in the spool: the reason, and sessions with their first and last seq. */
const checkpointsIn = (folder: string) =>
  recordsIn(folder).flatMap(({ topic, data }) =>
    topic === 'audit.checkpoint'
      ? [[data?.reason, ((data?.sessions ?? []) as readonly unknown[][]).map(([id, first, , last]) => [id, first, last])]]
      : [],
  );

t.test('the last record of a stop is a checkpoint over all that moved', async (t) => {
  const [one, two] = [randomId(), randomId()];
  const side = new Side(t).open(1, one).open(2, two).put('RCV', 1, 'look\r\n').put('end', 1, END);
  await side.put('node', 0, { topic: 'audit.stop' }).close();
  const moved = [
    [one, 0, 2],
    [two, 0, 0],
  ];
  t.same(checkpointsIn(side.folder), [['stop', moved]]);
  t.same(recordsIn(side.folder).at(-1)?.topic, 'audit.checkpoint');
});

t.test('a start says in one what a crash left, and its sessions in their last; where nothing was left there is none', async (t) => {
  const folder = folderOf(t);
  const dead = randomId();
  const first = new Side(t, folder).open(1, dead).put('RCV', 1, 'look\r\n').send();
  await until(() => recordsIn(folder).length > 0, 'the session to be durable');
  const crashed = folderOf(t);
  cpSync(folder, crashed, { recursive: true });
  await first.close();
  for (const _ of [1, 2]) await new Side(t, crashed).close();
  t.same(checkpointsIn(crashed), [
    ['start', [[dead, 0, recordsIn(crashed).filter(({ session }) => session === dead).length - 1]]],
    ['stop', []],
    ['stop', []],
  ]);
  t.match(await verifySpool(crashed), { ok: true });
});

t.test('each checkpoint names the hash of the one before, over restarts', async (t) => {
  const folder = folderOf(t);
  for (const _ of [1, 2, 3]) await new Side(t, folder).open(1, randomId()).put('end', 1, END).close();
  const all = recordsIn(folder).filter(({ topic }) => topic === 'audit.checkpoint');
  t.same(
    all.map(({ data }) => data?.previous),
    ['0'.repeat(64), all[0]?.hash, all[1]?.hash],
  );
});

t.test('there is one every minute, though nobody is there', async (t) => {
  const side = new Side(t, folderOf(t), { checkpointMs: 20 });
  await until(() => recordsIn(side.folder).length >= 2, 'two checkpoints');
  await side.close();
  t.same(checkpointsIn(side.folder).slice(0, 2), [
    ['time', []],
    ['time', []],
  ]);
  t.same(checkpointsIn(side.folder).at(-1), ['stop', []]);
});

t.test('there is one every 10,000 records', async (t) => {
  const id = randomId();
  const side = new Side(t).open(1, id);
  for (let count = 0; count < 20_100; count++) {
    if (count % 1_000 === 0) side.send();
    side.put('RCV', 1, 'x\r\n').put('SND', 1, '.\r\n> ');
  }
  await side.close();
  const all = checkpointsIn(side.folder) as [string, [string, number, number][]][];
  t.ok(all.length >= 4);
  t.same(new Set(all.slice(0, -1).map(([reason]) => reason)), new Set(['count']));
  let next = 0;
  for (const [, [span]] of all) {
    t.equal(span?.[1], next, 'each goes on where the one before ended');
    t.ok(span && span[2] - span[1] < 10_010, 'a frame may hold some records more');
    next = (span?.[2] ?? 0) + 1;
  }
  t.match(await verifySpool(side.folder), { ok: true });
});

t.test('a key signs them', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const side = new Side(t, folderOf(t), { signingKey: privateKey });
  await side.close();
  const [line = ''] = linesIn(side.folder);
  const data = line.slice(line.indexOf('{"reason"'), line.indexOf(',"signature"'));
  const signature = Buffer.from(JSON.parse(line).data.signature, 'base64');
  t.ok(verify(null, Buffer.from(line.slice(0, line.indexOf(',"digest"')) + data), publicKey, signature));
});

t.test('a mask that used to hit and has not for a day is a fault of the node, and so are counts that cannot be read', async (t) => {
  const folder = folderOf(t);
  const day = { sessions: 1, hits: { connect: 12 } };
  const today = Math.floor(START_US / 86_400_000_000);
  const kept = { version: 1, day: today - 1, sessions: 1, hits: {}, before: [day, day, day] };
  writeFileSync(join(folder, 'mask-hits.json'), JSON.stringify(kept));
  const silent = (await new Side(t, folder).put('tick', 0).close()).filter(({ topic }) => topic === 'audit.fault');
  t.same(
    silent.map(({ data }) => data),
    [{ code: 'mask-silent', stage: 'mask', count: 1, mask: 'connect' }],
  );
  writeFileSync(join(folder, 'mask-hits.json'), '{');
  const records = await new Side(t, folder).open(1, randomId()).put('tick', 0).close();
  t.match(records.filter(({ topic }) => topic === 'audit.fault').at(-1)?.data, { code: 'mask-hits', stage: 'mask', count: 1 });
  t.match(JSON.parse(readFileSync(join(folder, 'mask-hits.json'), 'utf8')), { sessions: 1 });
});

/** A side whose spool can be handed over; what it says of that. */
function handing(t: Test, more: Partial<AuditorData> = {}) {
  const gaveUp: GoingSession[] = [];
  const drafts: PassedDraft[] = [];
  const events = {
    gaveUp: (given: readonly GoingSession[]) => void gaveUp.push(...given),
    drafts: (given: readonly PassedDraft[]) => void drafts.push(...given),
  };
  return { side: new Side(t, undefined, more, events), gaveUp, drafts };
}

t.test('behind a handover nothing more is written; what is recorded comes as drafts, whose numbers go on', async (t) => {
  const { side, gaveUp, drafts } = handing(t);
  const [one, two, three] = [randomId(), randomId(), randomId()];
  side.open(1, one).open(2, two).put('terminal', 1, { columns: 80, rows: 24 }).put('RCV', 1, 'look\r\n').put('end', 2, END).send();
  const handed = side.auditor.handOver(5_000);
  side.put('RCV', 1, 'north\r\n').open(3, three).put('end', 1, END).put('node', 0, { topic: 'audit.stop' }).send();
  t.equal(await handed, true);
  t.same(gaveUp, [{ id: one, seq: 1 }]);
  await until(() => drafts.length === 5, 'the drafts');
  t.match(drafts, [
    { session: three, seq: 0, ends: false },
    { session: one, seq: 2, ends: false, text: /look/ },
    { session: one, seq: 3, ends: false, text: /north/ },
    { session: one, seq: 4, ends: true },
    { session: '', seq: -1, ends: false },
  ]);
  const written = recordsIn(side.folder);
  t.same(brief(of(written, one)), ['session.start', 'session.resize']);
  t.equal(written.at(-1)?.topic, 'audit.checkpoint', 'what stands in the spool is covered');
  t.equal(side.returned.length, 2);
  t.equal(await side.auditor.handOver(1_000), false, 'it has nothing more to hand over');
  t.equal(await side.auditor.close(1_000), true);
  t.match(await verifySpool(side.folder), { ok: true });
});

t.test('a spool that takes nothing just now is not handed over, and goes on when it does', async (t) => {
  const board = boardMemory(1);
  const folder = folderOf(t);
  const spool = { folder, maxBytes: 1 << 20, fsync: 'batch' } as const;
  const { side, gaveUp } = handing(t, { board, spool, callbacks: [{ name: 'file', required: true }] });
  const id = randomId();
  side.open(1, id);
  let sent = 0;
  const fill = (): void => {
    for (let line = 0; line < 40; line++) side.put('RCV', 1, `${'x'.repeat(1_000)}\r\n`);
    side.send();
    sent++;
  };
  await until(() => {
    if (sent - side.returned.length < 3) fill();
    return sent - side.returned.length >= 3 && listSegments(folder).length > 2;
  }, 'the spool to be full');
  t.equal(await side.auditor.handOver(100), false);
  t.same(gaveUp, []);
  const reader = new Board(board);
  await until(() => {
    reader.moveCursor(0, reader.durable);
    return side.returned.length === sent;
  }, 'what waited to be read');
  t.equal(await side.auditor.handOver(5_000), true);
  t.match(gaveUp, [{ id }]);
  await side.auditor.close(1_000);
});

t.test('looks take no room that is kept for what must be said, however many there are', async (t) => {
  const folder = folderOf(t);
  const spool = { folder, maxBytes: 1 << 20, fsync: 'batch' } as const;
  const memory = boardMemory(1);
  // A callback that must have all, and takes nothing: nobody makes room.
  const side = new Side(t, folder, { spool, board: memory, callbacks: [{ name: 'file', required: true }] });
  const look = { topic: 'access.view', data: { by: 'bob', filter: { account: ['x'.repeat(500)] } } } as const;
  t.equal(await side.auditor.look(look, 1_000), true);
  t.equal(recordsIn(folder).filter(({ topic }) => topic === 'access.view').length, 1, 'it is durable');
  const looked = await Promise.all(Array.from({ length: 4_000 }, () => side.auditor.look(look, 200)));
  t.ok(looked.includes(true));
  t.ok(looked.includes(false));
  const bytes = () => linesIn(folder).reduce((sum, line) => sum + line.length + 1, 0);
  // The last one may reach a little into it: it is asked before each whether there is room.
  t.ok(bytes() < (1 << 20) - (1 << 17) + 4_096, `${bytes()} bytes leave the reserve alone`);
  t.equal(recordsIn(folder).filter(({ topic }) => topic === 'access.view').length, 1 + looked.filter(Boolean).length, 'no look that was refused');
  await side.auditor.declare({ topic: 'audit.gap', data: { reason: 'full' } });
  t.equal(recordsIn(folder).at(-1)?.topic, 'audit.gap', 'what must be said is said');
  await side.close();
});

t.test('an audit side that is started again behind a handover goes on with the numbers, behind gaps, and opens no journal', async (t) => {
  const id = randomId();
  const { side, drafts } = handing(t, { passing: { sessions: [{ id, seq: 7 }], waiting: 0 } });
  side.open(1, id).put('gap', 1, { reason: 'audit-restarted', direction: 'RCV', from: null, to: START_US, bytes: null, sessions: null }).send();
  await until(() => drafts.length > 0, 'the gap');
  t.match(drafts[0], { session: id, seq: 8 });
  t.match(drafts[0]?.text, /audit\.gap/);
  t.same(linesIn(side.folder), []);
  await t.rejects(side.auditor.hold(), { code: 'AUDIT_SPOOL' });
  await side.auditor.close(1_000);
});

t.test('the owner ends the sessions of an old side that is dead, and seals no draft of them any more', async (t) => {
  const { side, drafts } = handing(t);
  const id = randomId();
  side.open(1, id).send();
  t.equal(await side.auditor.handOver(5_000), true);
  side.put('RCV', 1, 'look\r\n').put('RCV', 1, 'north\r\n').put('end', 1, END).send();
  await until(() => drafts.at(-1)?.ends, 'the drafts');
  const framed = drafts.map(({ text }) => frameOf(GIVES.draft, Buffer.from(text)));
  const owner = new Side(t, side.folder, { alive: [id] });
  t.equal(await owner.auditor.drafts(new Uint8Array(framed[0] as Buffer)), 1);
  await owner.auditor.crashed([id]);
  t.equal(await owner.auditor.drafts(new Uint8Array(Buffer.concat(framed))), framed.length, 'dropped');
  t.same(brief(of(await owner.close(), id)), ['session.start', 'session.input look', 'audit.gap crash', 'session.end crash']);
  t.match(await verifySpool(side.folder), { ok: true });
});
