import t from 'tap';
import { compileMasks } from '../../src/mask/masker.js';
import { hideUrl } from '../../src/mask/url.js';

const MASKS = compileMasks([]);

for (const [title, url, shown, secrets] of [
  [
    "Evennia's web client: the first parameter has no name",
    '/?0n6xz7abcdefghijklmnopqrstuvwxyz&1718&Chrome',
    `/?${'*'.repeat(32)}&1718&Chrome`,
    ['0n6xz7abcdefghijklmnopqrstuvwxyz'],
  ],
  ['parameters that are called a secret', '/ws?token=abc&room=7&API_KEY=x', '/ws?token=********&room=7&API_KEY=********', ['abc', 'x']],
  ['a value with percent signs is known in both forms', '/ws?password=p%40ss', '/ws?password=********', ['p%40ss', 'p@ss']],
  ['a name with percent signs', '/ws?p%61ssword=abc', '/ws?p%61ssword=********', ['abc']],
  ['a part of the path that a machine made', '/socket/0a1b2c3d4e5f60718293a4b5/live', `/socket/${'*'.repeat(24)}/live`, ['0a1b2c3d4e5f60718293a4b5']],
  ['parameters parted by semicolons', '/ws?a=1;sid=77', '/ws?a=1;sid=********', ['77']],
  ['a question mark in the query', '/ws?a=b?c&token=d?e', '/ws?a=b?c&token=********', ['d?e']],
  ['nothing secret', '/play/room-7?name=bob&lang=en&debug', '/play/room-7?name=bob&lang=en&debug', []],
  ['an empty value', '/ws?token=&a', '/ws?token=&a', []],
  ['no query', '/', '/', []],
  ['percent signs that make no sense', '/?token=%zz', '/?token=********', ['%zz']],
] as const) {
  t.test(`a URL: ${title}`, async (t) => {
    const hidden = hideUrl(MASKS, url);
    t.equal(hidden.text, shown);
    t.same(
      hidden.secrets.map(({ text }) => text),
      secrets,
    );
  });
}
