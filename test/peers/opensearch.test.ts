/** `http` in the form elasticsearch against a real OpenSearch: what a journal holds is there once, also where the node is killed and started again. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { readCursor } from '../../src/spool/delivery/cursor.js';
import { deadPath } from '../../src/spool/delivery/dead-letters.js';
import { deliver } from '../../src/spool/delivery/delivery.js';
import { openAt, refusedBy } from '../callbacks/http/server.js';
import { inlineDelivery, settingsFor } from '../delivery-bench.js';
import { HandMadeJournal, line, lines } from '../journal-lines.js';
import { until } from '../wait.js';
import { type Peer, peerMissing, ROOT, startPeer } from './peer.js';

/** OpenSearch starts in 8 s on an idle machine, and is started twice. */
const TIMEOUT_S = 240;
t.setTimeout(TIMEOUT_S * 1_000);

const skip = peerMissing('opensearch');
let node: Peer;
const nodes: Peer[] = [];
t.teardown(async () => {
  // The first removes the folder, so it is stopped last.
  for (const one of nodes.reverse()) await one.stop();
});
if (!skip) {
  node = await startPeer('opensearch');
  nodes.push(node);
}

const url = () => `http://127.0.0.1:${node.port}`;

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const asked = request(`${url()}${path}`, { method, headers: { 'content-type': 'application/json' } });
  asked.end(body && JSON.stringify(body));
  const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

interface Hits {
  readonly hits: {
    readonly total: { readonly value: number };
    readonly hits: readonly { readonly _id: string; readonly _index: string; readonly _source: object }[];
  };
}

/** All that stands in the indexes of a name, at most 10,000, by id. */
async function documents(index: string): Promise<Hits['hits']['hits']> {
  await ask('POST', `/${index}/_refresh`);
  const { hits } = (await ask('POST', `/${index}/_search`, { size: 10_000, track_total_hits: true, sort: [{ seq: 'asc' }] })) as Hits;
  if (hits.total.value > 10_000) throw new Error('too many to look at');
  return hits.hits;
}

const openThere = (t: Test, index: string, options: CallbackOptions = {}) =>
  openAt(t, url(), { form: 'elasticsearch', index: `${index}-%Y.%m.%d`, ...options });

const idsOf = (texts: readonly string[]) => texts.map((text) => (JSON.parse(text) as { id: string }).id);

/** A line with data, as an event out of band has it. */
const withData = (number: number, data: object) => line(number, `say ${number}`).replace(/\}\n$/, () => `,"data":${JSON.stringify(data)}}\n`);

t.test('records are documents under their id, in the index of their day, with the members of the line', { skip }, async (t) => {
  const { callback } = await openThere(t, 'plain', { gzip: true });
  const texts = [...lines(1_000), line(1_000, '🐉 Grüße \u2028 "\\"', 'session.output')];
  await callback.write(recordsOf(texts.join('')));
  const found = await documents('plain-2026.01.31');
  t.same(
    found.map(({ _id }) => _id),
    idsOf(texts),
  );
  t.same(found.at(-1)?._source, JSON.parse(texts.at(-1) ?? ''));
});

t.test('a batch that comes twice is there once', { skip }, async (t) => {
  const { callback } = await openThere(t, 'twice');
  for (const batch of [lines(20), lines(20), lines(30, 10)]) await callback.write(recordsOf(batch.join('')));
  t.same(
    (await documents('twice-*')).map(({ _id }) => _id),
    idsOf(lines(40)),
  );
});

t.test('a document that does not fit the mapping is given up, the others of its batch are there', { skip }, async (t) => {
  const mapped = { mappings: { properties: { data: { properties: { value: { type: 'long' } } } } } };
  await ask('PUT', '/mapped-2026.01.31', mapped);
  const { callback } = await openThere(t, 'mapped');
  const withValue = (number: number, value: unknown) =>
    line(number, `say ${number}`).replace(/\}\n$/, `,"data":{"value":${JSON.stringify(value)}}}\n`);
  const texts = [withValue(0, 1), withValue(1, { HP: 'full' }), withValue(2, 'secret of bob'), withValue(3, 4), ...lines(2, 4)];
  t.same(await refusedBy(callback.write(recordsOf(texts.join('')))), [
    ['say 1', 'refused'],
    ['say 2', 'refused'],
  ]);
  t.same(
    (await documents('mapped-*')).map(({ _id }) => _id),
    idsOf([...lines(1), ...lines(3, 3)]),
  );
});

t.test('with the template that comes with us no value out of band is a conflict, and records are found by what they are', { skip }, async (t) => {
  const template = JSON.parse(readFileSync(join(ROOT, 'callbacks/http/index-template.json'), 'utf8')) as object;
  t.match(await ask('PUT', '/_index_template/wirescribe', template), { acknowledged: true });
  const { callback } = await openAt(t, url(), { form: 'elasticsearch' });
  const values = [1, 'two', { HP: 3 }, [{ a: 1 }, 'b'], null, { HP: { max: 'full' } }];
  const texts = values.map((value, number) => withData(number, { protocol: 'gmcp', name: 'Char.Vitals', value }));
  await callback.write(recordsOf([...texts, line(9, 'Die Tür ist offen.')].join('')));
  t.equal((await documents('wirescribe-2026.01.31')).length, values.length + 1);
  const search = (query: object) => ask('POST', '/wirescribe-*/_search', { query }) as Promise<Hits>;
  const at = '2026-01-31T12:00:01.123456Z';
  t.equal((await search({ match: { text: 'tür' } })).hits.hits[0]?._id, idsOf([line(9)])[0]);
  t.equal((await search({ term: { 'data.name': 'Char.Vitals' } })).hits.total.value, values.length);
  t.equal((await search({ range: { time: { gte: at, lte: at } } })).hits.total.value, values.length + 1, 'time keeps its microseconds');
});

t.test('an index that nobody may make is no fault of the records: they are there once it may be made', { skip }, async (t) => {
  const settings = (allowed: boolean) =>
    ask('PUT', '/_cluster/settings', { persistent: { 'action.auto_create_index': allowed ? 'true' : '-closed-*,+*' } });
  await settings(false);
  const { callback } = await openThere(t, 'closed');
  await t.rejects(callback.write(recordsOf(lines(3).join(''))), { code: 'HTTP_ITEM_404' });
  await settings(true);
  await callback.write(recordsOf(lines(3).join('')));
  t.equal((await documents('closed-*')).length, 3);
});

/** A journal in a new folder, all of it there, and its delivery into indexes of this name; `delivered` resolves at its end. */
function deliverThere(t: Test, index: string, texts: readonly string[]) {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(texts);
  journal.board.close();
  const module = join(ROOT, 'dist/callbacks/http.js');
  const options = { url: url(), form: 'elasticsearch', index: `${index}-%Y.%m.%d` };
  const delivery = inlineDelivery(folder, journal, settingsFor(module, { options, batchRecords: 200 }));
  t.teardown(() => delivery.stop.abort());
  return { ...delivery, folder, delivered: deliver(delivery.options) };
}

t.test('what does not fit the mapping stands in the dead letters, and is declared', { skip }, async (t) => {
  await ask('PUT', '/dead-2026.01.31', { mappings: { properties: { data: { properties: { value: { type: 'long' } } } } } });
  const texts = [...lines(300), withData(300, { value: { HP: 'full' } }), ...lines(300, 301)];
  const { folder, delivered, declared } = deliverThere(t, 'dead', texts);
  await delivered;
  t.equal(readFileSync(deadPath(folder, 'mine'), 'utf8'), texts[300]);
  t.match(declared, [{ stage: 'callback', reason: 'refused', callback: 'mine', ids: idsOf(texts.slice(300, 301)) }]);
  t.equal((await documents('dead-*')).length, 600);
});

t.test('killed under load and started again, it has every record of the journal once', { skip }, async (t) => {
  const texts = lines(9_800);
  const { folder, delivered, faults, declared } = deliverThere(t, 'killed', texts);
  const taken = () => {
    const cursor = readCursor(folder, 'mine');
    return typeof cursor === 'object' ? cursor.records : 0;
  };
  await until(() => taken() >= 1_000, 'the first batches', TIMEOUT_S * 1_000);
  const { dir, port, ended } = node;
  process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGKILL');
  await ended;
  await until(() => faults.length > 0, 'a write that fails');
  t.ok(taken() < texts.length, 'it died under load');
  node = await startPeer('opensearch', [], { dir, port });
  nodes.push(node);
  await delivered;
  t.same(declared, [], 'nothing is given up');
  const found = await documents('killed-*');
  t.same(
    found.map(({ _id }) => _id),
    idsOf(texts),
  );
});
