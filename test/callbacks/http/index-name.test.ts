import t from 'tap';
import { indexNamer } from '../../../callbacks/http/index-name.js';

const at = (time: string) => Date.parse(time);

for (const [option, time, name] of [
  ['wirescribe-%Y.%m.%d', '2026-01-31T23:59:59.999Z', 'wirescribe-2026.01.31'],
  ['wirescribe-%Y.%m.%d', '2026-02-01T00:00:00Z', 'wirescribe-2026.02.01'],
  ['a-%y-%j-%H', '2024-12-31T07:00:00Z', 'a-24-366-07'],
  ['week-%G.%V', '2027-01-01T00:00:00Z', 'week-2026.53'],
  ['week-%G.%V', '2024-12-30T00:00:00Z', 'week-2025.01'],
  ['plain', '2026-01-31T00:00:00Z', 'plain'],
  ['a%%b', '2026-01-31T00:00:00Z', 'a%b'],
] as const) {
  t.test(`${option} at ${time} is ${name}`, async (t) => t.equal(indexNamer(option)(at(time)), name));
}

t.test('a name changes with the hour, and back', async (t) => {
  const name = indexNamer('a-%d.%H');
  t.same(
    ['2026-01-31T23:00:00Z', '2026-02-01T00:00:00Z', '2026-01-31T23:30:00Z'].map((time) => name(at(time))),
    ['a-31.23', 'a-01.00', 'a-31.23'],
  );
});

for (const option of ['', 7, '_a', '-a', 'a b', 'a/b', 'a,b', 'a#b', 'a:b', 'A', '..', 'a%', 'a%q', 'x'.repeat(256)]) {
  t.test(`${JSON.stringify(option).slice(0, 20)} is refused`, async (t) =>
    t.throws(() => indexNamer(option), { name: 'OptionError', message: /^index: / }),
  );
}
