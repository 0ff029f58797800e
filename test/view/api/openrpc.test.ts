/** openrpc.json against the methods, and our reading of its schemas against a whole validator. */
import Ajv2020 from 'ajv/dist/2020.js';
import t from 'tap';
import { METHODS, OPENRPC, wrongParams } from '../../../src/view/api/methods.js';

t.test('the document names the methods that there are, and each parameter says what it is for', async (t) => {
  t.same(OPENRPC.methods.map(({ name }) => name).toSorted(), [...Object.keys(METHODS), 'audit.cancel'].toSorted());
  const names = OPENRPC.methods.map(({ name, params }) => `${name}: ${params.map((one) => one.name).join(' ')}`);
  t.same(names, [
    'audit.events: topics seek seekEnd after order limit follow filter raw',
    'audit.metrics: path seek seekEnd zone per follow',
    'audit.sessions: seek seekEnd order after limit session listener account address open faulty',
    'audit.session: session',
    'audit.stats: ',
    'audit.share: token session account until',
    'audit.unshare: token session account',
    'audit.shares: ',
    'audit.redact: record session account pattern part from to why dryRun',
    'audit.cancel: request',
    'rpc.discover: ',
  ]);
});

const ajv = new Ajv2020.default({ strict: true, allowUnionTypes: true });

/** A validator of the parameters of a method as the document has them. */
function whole(method: string) {
  const params = OPENRPC.methods.find(({ name }) => name === method)?.params ?? [];
  return ajv.compile({
    type: 'object',
    additionalProperties: false,
    required: params.flatMap(({ name, required }) => (required ? [name] : [])),
    properties: Object.fromEntries(params.map(({ name, schema }) => [name, schema])),
  });
}

t.test('what is taken is what the document says, as another validator reads it', async (t) => {
  const id = '019b7ca9-8c89-7265-afb0-e234405fe1a1';
  const values = ['', 'x', id, 'asc', 'x'.repeat(6_000), 0, 1, -1, 1.5, 1e12, true, false, null, [], ['x'], ['minute'], [1], [[]], {}, { a: 1 }];
  let [taken, refused] = [0, 0];
  for (const { name, params } of OPENRPC.methods) {
    const validate = whole(name);
    const required = Object.fromEntries(params.flatMap((one) => (one.required ? [[one.name, 'x'.repeat(36)]] : [])));
    const cases = [
      {},
      required,
      { ...required, unknown: 1 },
      ...params.flatMap((one) => values.map((value) => ({ ...required, [one.name]: value }))),
    ];
    for (const one of cases) {
      const ours = wrongParams(name, one) === undefined;
      if (ours) taken += 1;
      else refused += 1;
      if (ours !== validate(one)) t.fail(`${name} ${JSON.stringify(one).slice(0, 200)}: ours says ${ours}`);
    }
  }
  t.ok(taken > 50 && refused > 200, `${taken} taken, ${refused} refused`);
  t.match(wrongParams('audit.events', { limit: 'hunter2' }), /^params.limit wants an integer$/);
  t.match(wrongParams('audit.events', { order: 'up' }), /^params.order wants one of "asc", "desc"$/);
  t.match(wrongParams('audit.session', {}), /^params.session is missing$/);
});
