/** The old side's half of the socket, against an owner that the test plays by hand on a real one. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DraftSender } from '../../src/handover/draft-sender.js';
import type { PassedDraft } from '../../src/handover/passing.js';
import { countFrame, FrameReader, GIVES, jsonFrame, SAYS } from '../../src/view/intake/frames.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const draft = (seq: number, text: string, ends = false): PassedDraft => ({ session: 's', seq, ends, text });

/** An owner: what each connection said, and its socket. */
async function world(t: Test, welcomes = true) {
  const path = join(folderOf(t), 'in.sock');
  const guests: { readonly socket: Socket; readonly drafts: string[]; readonly others: string[] }[] = [];
  const server = createServer((socket) => {
    const one = { socket, drafts: [] as string[], others: [] as string[] };
    guests.push(one);
    const reader = new FrameReader((kind, bytes) => void (kind === GIVES.draft ? one.drafts : one.others).push(bytes.toString()));
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => undefined);
    if (welcomes) socket.write(jsonFrame(SAYS.welcome, {}));
    else socket.end(jsonFrame(SAYS.refused, { reason: 'version' }));
  });
  server.listen(path);
  await once(server, 'listening');
  const seen = { passed: 0, refused: 0 };
  const sender = new DraftSender({
    name: '7.1',
    reach: async () => {
      const socket = connect(path);
      return once(socket, 'connect').then(() => socket);
    },
    passed: (count) => {
      seen.passed += count;
    },
    refused: () => void seen.refused++,
  });
  t.teardown(async () => {
    await sender.end(0);
    server.close();
    for (const { socket } of guests) socket.destroy();
  });
  const guest = (index: number) => until(() => guests[index], `connection ${index}`);
  return { sender, guest, seen };
}

t.test('says who it is and hands in drafts; what is durable is forgotten, and room for it given back', async (t) => {
  const { sender, guest, seen } = await world(t);
  sender.begin([{ id: 's', seq: 4 }]);
  sender.add([draft(5, 'one'), draft(6, 'two')]);
  const owner = await guest(0);
  await until(() => owner.drafts.length === 2, 'both');
  t.match(
    owner.others.map((one) => JSON.parse(one)),
    [
      { version: 1, name: '7.1' },
      { sessions: 1, leaving: false },
    ],
  );
  t.same(owner.drafts, ['one', 'two']);
  t.same(sender.state, { sessions: [{ id: 's', seq: 6 }], waiting: 6 });
  owner.socket.write(countFrame(1));
  await until(() => seen.passed === 3, 'the first to be durable');
  t.equal(sender.held, 1);
  sender.add([draft(7, 'end', true)]);
  owner.socket.write(countFrame(3));
  await until(() => sender.held === 0, 'all to be durable');
  t.same(sender.state, { sessions: [], waiting: 0 });
  t.equal(await sender.end(0), 0);
});

t.test('the next owner gets what the one before has not called durable, and nothing of what it has', async (t) => {
  const { sender, guest, seen } = await world(t);
  sender.begin([]);
  sender.add(['a', 'b', 'c', 'd', 'e'].map((text, index) => draft(index + 5, text)));
  const first = await guest(0);
  await until(() => first.drafts.length === 5, 'all');
  first.socket.write(countFrame(2));
  await until(() => seen.passed === 2, 'two to be durable');
  first.socket.destroy();
  sender.add([draft(10, 'f')]);
  const second = await guest(1);
  await until(() => second.drafts.length === 4, 'the rest');
  t.same(second.drafts, ['c', 'd', 'e', 'f']);
  second.socket.write(countFrame(4));
  await until(() => sender.held === 0, 'the end');
  t.equal(seen.passed, 6);
});

t.test("behind a session's first draft nothing is said until that is durable", async (t) => {
  const { sender, guest } = await world(t);
  sender.begin([]);
  sender.add([draft(0, 'first'), draft(1, 'second'), draft(2, 'third')]);
  const owner = await guest(0);
  await until(() => owner.drafts.length > 0, 'the first');
  sender.add([draft(3, 'fourth')]);
  owner.socket.write(countFrame(1));
  await until(() => owner.drafts.length === 4, 'the others');
  t.same(owner.drafts, ['first', 'second', 'third', 'fourth']);
  owner.socket.destroy();
  const again = await guest(1);
  await until(() => again.drafts.length === 3, 'the others again');
  t.same(again.drafts, ['second', 'third', 'fourth']);
});

t.test('an owner that will not have us is left, and the next one is asked', async (t) => {
  const { sender, guest, seen } = await world(t);
  sender.begin([]);
  const first = await guest(0);
  first.socket.end(jsonFrame(SAYS.refused, { reason: 'version' }));
  sender.add([draft(5, 'one')]);
  const second = await guest(1);
  await until(() => second.drafts.length === 1, 'the draft');
  t.equal(seen.refused, 1);
  t.equal(await sender.end(0), 1, 'what is not durable at the end is counted');
});

t.test('an owner of a version that never has us is asked again and again, and that is said once', async (t) => {
  const { sender, guest, seen } = await world(t, false);
  sender.begin([]);
  await guest(3);
  t.equal(seen.refused, 1);
  sender.add([draft(5, 'one')]);
  t.equal(sender.held, 1);
});
