import t from 'tap';
import type { Direction } from '../../src/contract.js';
import { compileMasks, scrub } from '../../src/mask/masker.js';
import { pack, utterance } from './masks.js';

const masks = compileMasks(pack('tokens'));
const scrubbed = (direction: Direction, text: string, before = ''): string => {
  const result = scrub(masks, utterance(direction, text, { before }));
  if (result.failed) throw new Error('masking failed');
  return result.utterance.text ?? '';
};
/** No token below is a real one; they are put together here so that no scanner takes them for such. */
const made = (...parts: string[]): string => parts.join('');
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

const TOKENS: readonly (readonly [beginning: string, rest: string])[] = [
  ['eyJ', 'hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N'],
  ['AKIAABCD', 'EFGHIJKLMNOP'],
  ['ASIAABCD', 'EFGH2345MNOP'],
  ['ghp_', LETTERS.slice(0, 36)],
  ['gho_', LETTERS.slice(0, 36)],
  ['ghs_', LETTERS.slice(0, 36)],
  ['github_pat_', `${LETTERS.slice(0, 22)}_${LETTERS.slice(0, 59)}`],
  ['glpat-', LETTERS.slice(0, 20)],
  ['glrt-', LETTERS.slice(0, 20)],
  ['xoxb-', `123456789012-123456789012-${LETTERS.slice(0, 24)}`],
  ['xoxp-', `1-2-3-${LETTERS.slice(0, 32)}`],
  ['hooks.slack.com/services/', 'T00000000/B00000000/abcdefghijkl'],
  ['npm_', LETTERS.slice(0, 36)],
  ['pypi-AgE', `IcHlwaS5vcmc${LETTERS}`],
  ['AIza', LETTERS.slice(0, 35)],
  ['GOCSPX-', LETTERS.slice(0, 28)],
  ['sk_live_', LETTERS.slice(0, 24)],
  ['rk_test_', LETTERS.slice(0, 24)],
  ['sk-', LETTERS.slice(0, 48)],
  ['sk-proj-', `${LETTERS.slice(0, 30)}_-${LETTERS.slice(0, 30)}`],
  ['sk-ant-', `api03-${LETTERS}`],
  ['hf_', LETTERS.slice(0, 34)],
  ['hvs.', LETTERS.slice(0, 24)],
];

t.test('hides a token behind its published beginning, in both directions, wherever it stands', async (t) => {
  for (const [beginning, rest] of TOKENS) {
    const [token, hidden] = [made(beginning, rest), made(beginning, '*'.repeat(rest.length))];
    t.equal(scrubbed('RCV', token), hidden);
    t.equal(scrubbed('SND', `x ${token} y`), `x ${hidden} y`);
    t.equal(scrubbed('SND', `say 'take ${token}', he`), `say 'take ${hidden}', he`);
    t.equal(scrubbed('RCV', `{"a": "${token}"}`), `{"a": "${hidden}"}`);
  }
});

t.test('hides a token that is cut anywhere behind its beginning', async (t) => {
  let shown = 0;
  for (const [beginning, rest] of TOKENS) {
    for (let cut = 1; cut < rest.length; cut++) {
      const first = scrubbed('SND', made('x ', beginning, rest.slice(0, cut)));
      if (first.includes(rest.slice(0, cut)) && cut > 3) shown++;
      if (!first.includes('********')) shown++;
      if (!scrubbed('SND', rest.slice(cut), made('x ', beginning, rest.slice(0, cut))).startsWith('********')) shown++;
    }
  }
  t.equal(shown, 0);
});

t.test('hides credentials in headers', async (t) => {
  t.equal(scrubbed('RCV', 'Authorization: Bearer mF_9.B5f-4.1JqM'), 'Authorization: Bearer ***************');
  t.equal(scrubbed('SND', '> authorization: Basic dGVzdDoxMjM='), '> authorization: Basic ************');
  t.equal(scrubbed('RCV', 'curl -H "Authorization: Bearer abcdefgh" x'), 'curl -H "Authorization: Bearer ********" x');
  t.equal(scrubbed('RCV', '"Authorization": "token abcdefgh"'), '"Authorization": "token ********"');
  t.equal(scrubbed('SND', 'x-api-key: abcdefgh'), 'x-api-key: ********');
});

t.test('hides the password of an address, and with it the host up to the next blank', async (t) => {
  t.equal(scrubbed('RCV', 'get postgres://bob:hunter2@db/game now'), 'get postgres://bob:*************** now');
  t.equal(scrubbed('SND', 'https://bob:p@ss@example.org'), 'https://bob:****************');
  t.equal(scrubbed('SND', 'see telnet://mud.example.org:4000'), 'see telnet://mud.example.org:4000');
  t.equal(scrubbed('SND', 'see http://mud.example.org:4001, please'), 'see http://mud.example.org:4001, please');
});

t.test('hides what is assigned to a name that says what it is', async (t) => {
  t.equal(scrubbed('SND', 'level=info user=bob password=hunter2 ok=1'), 'level=info user=bob password=******** ok=1');
  t.equal(scrubbed('SND', 'api_key=hunter2'), 'api_key=********');
  t.equal(scrubbed('SND', 'X_API_KEY="hunter2"'), 'X_API_KEY="********"');
  t.equal(scrubbed('SND', 'token:hunter2'), 'token:********');
  t.equal(scrubbed('SND', '  token: hunter2'), '  token: ********');
  t.equal(scrubbed('SND', '{"password": "hunter2", "user": "bob"}'), '{"password": "********", "user": "bob"}');
  t.equal(scrubbed('RCV', 'export DB_PASSWORD=p(ss'), 'export DB_PASSWORD=********');
  t.equal(
    scrubbed('RCV', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    'aws_secret_access_key = ****************************************',
  );
  t.equal(scrubbed('RCV', 'mysql --password hunter2 game'), 'mysql --password ******** game');
  t.equal(scrubbed('RCV', 'curl -u bob:hunter2 x'), 'curl -u bob:******** x');
});

t.test('hides the lines of a private key whole, but for what a mask of one line cannot tell', async (t) => {
  const line = `${LETTERS}+/`;
  const block = ['-----BEGIN RSA PRIVATE KEY-----', line, line, `${line.slice(0, 40)}==`, 'abcd', '-----END RSA PRIVATE KEY-----'].join('\n');
  const hidden = [
    '-----BEGIN RSA PRIVATE KEY-----',
    '*'.repeat(64),
    '*'.repeat(64),
    `${line.slice(0, 24)}${'*'.repeat(18)}`,
    'abcd',
    '-----END RSA PRIVATE KEY-----',
  ].join('\n');
  t.equal(scrubbed('SND', block), hidden);
  t.equal(scrubbed('RCV', block), hidden);
  t.equal(scrubbed('SND', `${line}abcdef`), '*'.repeat(70), "OpenSSH's lines have 70");
  t.equal(scrubbed('SND', line.slice(30), line.slice(0, 30)), '*'.repeat(34), 'the rest of a cut line');
  t.equal(scrubbed('SND', line.slice(0, 30)), `${line.slice(0, 24)}********`, 'the head of a cut line');
  const json = made('"-----BEGIN PRIVATE KEY-----', String.raw`\nMIIEvQIBADANBg\n`, '-----END PRIVATE KEY-----"');
  t.equal(scrubbed('RCV', json), `"-----BEGIN PRIVATE KEY-----${'*'.repeat(26)} PRIVATE KEY-----"`);
});

t.test('leaves alone what only looks like one', async (t) => {
  const lines = [
    'The password: swordfish.',
    'Password: ',
    'Usage: connect <name> <password>',
    'token: a small brass disc',
    'The bearer of this letter is my friend.',
    'a task-force of desk-clerks',
    'Lots of love, xoxo-Tom',
    'Aidan arrives from Asia.',
    'AKIA is a village in Finland.',
    '++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++',
    '-----BEGIN CERTIFICATE-----',
    'Connect to telnet://mud.example.org:4000.',
    'The secret is out: there is no key.',
    'https://bob@example.org/password',
  ];
  for (const line of lines) for (const direction of ['RCV', 'SND'] as const) t.equal(scrubbed(direction, line), line);
});

t.test('loads quickly', async (t) => {
  const begun = performance.now();
  compileMasks(pack('tokens'));
  t.comment(`${Math.round(performance.now() - begun)} ms`);
  t.ok(performance.now() - begun < 600, 'far above what it takes, for slow machines');
});
