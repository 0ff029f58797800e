import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Sender, type SenderOptions } from '../../src/exec/sender.js';
import { countFrame, FrameReader, GIVES, jsonFrame, SAYS } from '../../src/view/intake/frames.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const NAMES = Object.fromEntries(Object.entries(GIVES).map(([name, kind]) => [kind, name]));
const HELLO = { argv: ['game'], cwd: '/', columns: 80, rows: 24 };

/** An owner that the test plays: what it was told, connection by connection. */
class Owner {
  /** Of each connection, `KIND TEXT` of its frames. */
  readonly told: string[][] = [];
  readonly sockets: Socket[] = [];
  there = false;
  readonly #path: string;

  constructor(t: Test) {
    this.#path = join(folderOf(t), 'owner.sock');
    const server = createServer((socket) => this.#accept(socket));
    server.listen(this.#path);
    t.teardown(() => {
      server.close();
      for (const socket of this.sockets) socket.destroy();
    });
  }

  #accept(socket: Socket): void {
    const told: string[] = [];
    this.told.push(told);
    this.sockets.push(socket);
    const reader = new FrameReader((kind, bytes) => void told.push(`${NAMES[kind]} ${bytes.length > 300 ? bytes.length : bytes.toString()}`));
    socket.on('data', (chunk: Buffer) => reader.push(chunk)).on('error', () => undefined);
    socket.write(jsonFrame(SAYS.welcome, {}));
  }

  readonly reach = (): Promise<Socket | undefined> => {
    if (!this.there) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path, () => resolve(socket));
      socket.once('error', reject);
    });
  };

  sender(more: Partial<SenderOptions> = {}): Sender {
    const nothing = (): void => undefined;
    return new Sender({ hello: HELLO, policy: 'pass', reach: this.reach, patienceMs: 60_000, failed: nothing, room: nothing, ...more });
  }

  durable(count: number): void {
    this.sockets.at(-1)?.write(countFrame(count));
  }

  /** It dies with what it has. */
  die(): void {
    this.sockets.at(-1)?.destroy();
  }

  async hears(connection: number, last: string): Promise<string[]> {
    await until(
      () => this.told[connection]?.at(-1) === last,
      `${last} at connection ${connection} that heard ${JSON.stringify(this.told[connection])}`,
    );
    return (this.told[connection] ?? []).slice(1);
  }
}

t.test('what is not durable is said again to the next owner, with the terminal as it was then', async (t) => {
  const owner = new Owner(t);
  owner.there = true;
  const sender = owner.sender();
  sender.terminal({ blind: true });
  sender.data('RCV', Buffer.from('one'));
  sender.data('SND', Buffer.from('two'));
  t.same(await owner.hears(0, 'SND two'), ['terminal {"blind":true}', 'RCV one', 'SND two']);
  owner.durable(2);
  sender.data('SND', Buffer.from('three'));
  await owner.hears(0, 'SND three');
  const link = { session: '01890a5d-ac96-774b-bcce-b302099a8057', proof: 'ab'.repeat(32) };
  owner.sockets.at(-1)?.write(jsonFrame(SAYS.welcome, { link }));
  sender.data('SND', Buffer.from('four'));
  await owner.hears(0, 'SND four');
  owner.die();
  t.same(await owner.hears(1, 'SND four'), ['SND two', 'SND three', 'SND four']);
  t.match(JSON.parse(owner.told[1]?.[0]?.slice('hello '.length) ?? ''), {
    argv: ['game'],
    columns: 80,
    rows: 24,
    blind: true,
    raw: false,
    resumed: true,
    continues: link,
  });
  const ended = sender.end(0, 30_000);
  await owner.hears(1, 'end {"exit":0}');
  owner.durable(4);
  t.equal(await ended, 0);
  t.ok(sender.done);
});

t.test('without an owner the oldest goes where there is no room, and the first that comes is told how much', async (t) => {
  const owner = new Owner(t);
  const sender = owner.sender({ mostHeld: 1_000 });
  for (let index = 0; index < 4; index++) sender.data(index === 0 ? 'RCV' : 'SND', Buffer.alloc(400, 'x'));
  owner.there = true;
  const [first, second, ...rest] = await owner.hears(0, 'SND 400');
  t.match(
    [first, second].map((one) => JSON.parse(one?.slice('lost '.length) ?? '')),
    [
      { direction: 'RCV', bytes: 400 },
      { direction: 'SND', bytes: 400 },
    ],
  );
  t.same(rest, ['SND 400', 'SND 400']);
  void sender.end(undefined, 30_000);
  await owner.hears(0, 'end {}');
  owner.durable(5);
  await until(() => sender.done, 'the end');
  t.equal(sender.missing, 800);
});

t.test('what an owner died with, and was held no more, is a gap whose size nobody knows', async (t) => {
  const owner = new Owner(t);
  owner.there = true;
  const sender = owner.sender({ mostHeld: 1_000 });
  sender.data('SND', Buffer.from('first'));
  await owner.hears(0, 'SND first');
  for (let index = 0; index < 3; index++) sender.data('SND', Buffer.alloc(400, 'x'));
  await until(() => owner.told[0]?.length === 5, 'all at the first owner');
  owner.die();
  const [lost, other, ...rest] = await owner.hears(1, 'SND 400');
  t.match(
    [lost, other].map((one) => JSON.parse(one?.slice('lost '.length) ?? '')),
    [
      { direction: 'RCV', bytes: null },
      { direction: 'SND', bytes: null },
    ],
  );
  t.same(rest, ['SND 400', 'SND 400']);
  await sender.end(undefined, 0);
});

t.test("'pause': the program waits while too much is held, and goes on when it is durable; 'close': it fails where something is lost", async (t) => {
  const owner = new Owner(t);
  owner.there = true;
  let room = 0;
  const sender = owner.sender({ policy: 'pause', mostHeld: 1_000, room: () => room++ });
  sender.data('SND', Buffer.alloc(300, 'x'));
  t.notOk(sender.waits);
  sender.data('SND', Buffer.alloc(300, 'x'));
  t.ok(sender.waits);
  await until(() => owner.told[0]?.length === 3, 'both at the owner');
  owner.durable(1);
  await until(() => room === 1, 'room');
  t.notOk(sender.waits);
  await sender.end(undefined, 0);
  owner.there = false;
  let failed = 0;
  const strict = owner.sender({ policy: 'close', mostHeld: 1_000, failed: () => failed++ });
  for (let index = 0; index < 4; index++) strict.data('SND', Buffer.alloc(400, 'x'));
  t.equal(failed, 1);
  t.equal(await strict.end(undefined, 0), 1_600);
});

t.test('an owner that refuses is not asked again', async (t) => {
  const owner = new Owner(t);
  owner.there = true;
  const sender = owner.sender();
  sender.data('SND', Buffer.from('one'));
  await owner.hears(0, 'SND one');
  owner.sockets[0]?.write(jsonFrame(SAYS.refused, { reason: 'version' }));
  const missing = until(() => sender.missing === 3, 'its word');
  await missing;
  sender.data('SND', Buffer.from('two'));
  t.equal(await sender.end(0, 30_000), 6);
  t.equal(owner.told.length, 1);
});
