import t from 'tap';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { formOf } from '../../../src/spool/forms/forms.js';
import { line, lines } from '../../journal-lines.js';
import { openAt, refusedBy, startServer, type TestServer } from './server.js';

const batch = (count: number, from = 0) => recordsOf(lines(count, from).join(''));
const at = (server: TestServer, path = '') => `http://127.0.0.1:${server.port}${path}`;
const idOf = (number: number) => `01890a5d-ac96-774b-8000-${number.toString(16).padStart(12, '0')}`;

/** An answer with these statuses; those from 300 on have an error. */
const items = (...statuses: number[]) => ({
  status: 200,
  body: JSON.stringify({
    errors: statuses.some((status) => status >= 300),
    items: statuses.map((status) => ({
      create: { status, ...(status >= 300 && { error: { type: 'some_exception', reason: 'say 0 is private' } }) },
    })),
  }),
});

/** The ids that a body creates. */
const idsIn = (body: string) => [...body.matchAll(/"_id":"([^"]*)"/g)].map(([, id]) => id);

/** As many good items as a body has. */
const allGood = (body: string) => items(...idsIn(body).map(() => 201));

t.test('each record is created under its id in the index of its day, its line as it is', async (t) => {
  const server = await startServer(t);
  server.answer = allGood;
  const { callback } = await openAt(t, at(server), { form: 'elasticsearch' });
  await callback.write(batch(1));
  t.equal(server.got[0]?.body, `{"create":{"_index":"wirescribe-2026.01.31","_id":"${idOf(0)}"}}\n${lines(1)[0]}`);
  t.equal(server.got[0]?.path, '/_bulk?filter_path=errors%2Citems.*.status%2Citems.*.error.type');
  t.equal(server.got[0]?.headers['content-type'], 'application/x-ndjson');
});

t.test('records in another schema have the same id and day', async (t) => {
  const server = await startServer(t);
  server.answer = allGood;
  const { callback } = await openAt(t, at(server, '/es/_bulk?pipeline=p'), { form: 'elasticsearch', index: 'ecs-%G.%V' });
  const records = batch(1).map((record) => formOf('ecs', null)?.(record) ?? record);
  await callback.write(records);
  t.equal(server.got[0]?.body, `{"create":{"_index":"ecs-2026.05","_id":"${idOf(0)}"}}\n${records[0]?.line}\n`);
  t.match(server.got[0]?.path, /^\/es\/_bulk\?pipeline=p&filter_path=/);
});

t.test('what is there already (409) is taken', async (t) => {
  const server = await startServer(t);
  server.answer = () => items(201, 409, 409);
  const { callback } = await openAt(t, at(server), { form: 'elasticsearch' });
  await callback.write(batch(3));
  t.equal(server.got.length, 1);
});

t.test('what is refused for now (429, 503) is sent again alone, what is refused for good (400) is given up', async (t) => {
  const server = await startServer(t);
  server.answer = (body) => (server.got.length === 0 ? items(201, 429, 400, 503, 409) : allGood(body));
  const { callback, warned } = await openAt(t, at(server), { form: 'elasticsearch' });
  t.same(await refusedBy(callback.write(batch(5))), [['say 2', 'refused']]);
  t.same(
    server.got.map(({ body }) => idsIn(body)),
    [[0, 1, 2, 3, 4].map(idOf), [1, 3].map(idOf)],
  );
  t.same(warned, []);
});

t.test('what stays refused is left to the next try, which sends only that', async (t) => {
  const server = await startServer(t);
  server.answer = (body) => items(...idsIn(body).map((id) => (id === idOf(1) ? 429 : 201)));
  const { callback } = await openAt(t, at(server), { form: 'elasticsearch' });
  await t.rejects(callback.write(batch(3)), { code: 'HTTP_ITEM_429' });
  t.same(
    server.got.map(({ body }) => idsIn(body).length),
    [3, 1, 1, 1],
  );
  server.answer = allGood;
  await callback.write(batch(3));
  t.same(idsIn(server.got.at(-1)?.body ?? ''), [idOf(1)]);
});

t.test('an index that is closed, or missing, or read-only, is no fault of the record', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server), { form: 'elasticsearch' });
  server.answer = () => ({ status: 200, body: '{"errors":true,"items":[{"create":{"status":400,"error":{"type":"index_closed_exception"}}}]}' });
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_ITEM_400' });
  for (const status of [403, 404]) {
    server.answer = () => items(status);
    await t.rejects(callback.write(batch(1)), { code: `HTTP_ITEM_${status}` });
  }
});

for (const [what, body] of [
  ['is no JSON', 'say 0'],
  ['has no items', '{"errors":true}'],
  ['has fewer items than were sent', '{"errors":true,"items":[{"create":{"status":201}}]}'],
] as const) {
  t.test(`an answer that ${what} is no yes, and nothing of it is said`, async (t) => {
    const server = await startServer(t);
    server.answer = () => ({ status: 200, body });
    const { callback } = await openAt(t, at(server), { form: 'elasticsearch' });
    await t.rejects(callback.write(batch(2)), { code: 'HTTP_ANSWER_UNREADABLE', message: 'HTTP_ANSWER_UNREADABLE' });
  });
}

t.test('an answer that is much longer than its items is not kept', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 200, body: `{"errors":false,"x":"${'x'.repeat(200_000)}"}` });
  const { callback } = await openAt(t, at(server), { form: 'elasticsearch' });
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_ANSWER_UNREADABLE' });
});

t.test('a record of 400 KB is created like any other', async (t) => {
  const server = await startServer(t);
  server.answer = allGood;
  const { callback } = await openAt(t, at(server), { form: 'elasticsearch', gzip: true });
  const large = line(7, 'Ж'.repeat(200_000));
  await callback.write(recordsOf(large));
  t.equal(server.got[0]?.body.split('\n')[1], large.trimEnd());
});
