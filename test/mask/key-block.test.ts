import t from 'tap';
import { KeyBlocks } from '../../src/mask/key-block.js';
import { cover } from '../../src/mask/spans.js';

/** What is left of texts that one side says in turn, eight stars for what is hidden. */
function hidden(texts: readonly (string | { before: string; text: string })[], blocks = new KeyBlocks(0)): string[] {
  return texts.map((one) => {
    const { before, text } = typeof one === 'string' ? { before: '', text: one } : one;
    return cover(text, blocks.spans(text, before), () => '****').text;
  });
}

const BODY = 'MIIEpAIBAAKCAQEAxexamplekeyUj3X9';

t.test('hides what stands between BEGIN and END in one message, line by line', async (t) => {
  t.same(hidden([`Key:\n-----BEGIN RSA PRIVATE KEY-----\n${BODY}\n${BODY}\nq8==\n-----END RSA PRIVATE KEY-----\nBye.`]), [
    'Key:\n-----BEGIN RSA PRIVATE KEY-----\n****\n****\n****\n-----END RSA PRIVATE KEY-----\nBye.',
  ]);
});

t.test('hides it where each line is a record of its own, and a short last line too', async (t) => {
  t.same(hidden(['look', '-----BEGIN OPENSSH PRIVATE KEY-----', BODY, 'abc=', 'x', '', '-----END OPENSSH PRIVATE KEY-----', 'look']), [
    'look',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    '****',
    '****',
    '****',
    '',
    '-----END OPENSSH PRIVATE KEY-----',
    'look',
  ]);
});

t.test('knows every kind of private key, and nothing else', async (t) => {
  for (const kind of ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'PGP PRIVATE KEY BLOCK', 'openssh private key']) {
    t.same(hidden([`-----BEGIN ${kind}-----`, 'x']), [`-----BEGIN ${kind}-----`, '****']);
  }
  for (const kind of ['PUBLIC KEY', 'CERTIFICATE', 'PGP PUBLIC KEY BLOCK', 'PGP MESSAGE']) {
    t.same(hidden([`-----BEGIN ${kind}-----`, BODY]), [`-----BEGIN ${kind}-----`, BODY]);
  }
});

t.test('hides headers and checksums of the armor', async (t) => {
  t.same(
    hidden(['-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\nComment: of Bob\n\nlQOYBF\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----']),
    ['-----BEGIN PGP PRIVATE KEY BLOCK-----\n****\n****\n\n****\n****\n-----END PGP PRIVATE KEY BLOCK-----'],
  );
});

t.test('keeps what stands in front of every line: an indent, a frame, a command', async (t) => {
  t.same(hidden([`  -----BEGIN PRIVATE KEY-----\n  ${BODY}\n  q8=\n  -----END PRIVATE KEY-----\n  end`]), [
    '  -----BEGIN PRIVATE KEY-----\n  ****\n  ****\n  -----END PRIVATE KEY-----\n  end',
  ]);
  t.same(hidden([`| -----BEGIN PRIVATE KEY----- |\n| ${BODY} |\n|\n| -----END PRIVATE KEY----- |\n| end |`]), [
    '| -----BEGIN PRIVATE KEY----- |\n| ****\n|\n| -----END PRIVATE KEY----- |\n| end |',
  ]);
  t.same(hidden(['say -----BEGIN PRIVATE KEY-----', `say ${BODY}`, BODY, 'say -----END PRIVATE KEY-----', 'say hi']), [
    'say -----BEGIN PRIVATE KEY-----',
    'say ****',
    '****',
    'say -----END PRIVATE KEY-----',
    'say hi',
  ]);
});

t.test('hides a key on one line, and goes on behind it', async (t) => {
  t.same(
    hidden([
      `a -----BEGIN PRIVATE KEY-----${BODY}-----END PRIVATE KEY----- b -----BEGIN PRIVATE KEY----- ${BODY}`,
      'x',
      'y -----END PRIVATE KEY-----',
    ]),
    ['a -----BEGIN PRIVATE KEY-----****-----END PRIVATE KEY----- b -----BEGIN PRIVATE KEY----- ****', '****', '**** -----END PRIVATE KEY-----'],
  );
});

t.test('is not moved by cuts: of a mark, of a line, or of both', async (t) => {
  const whole = `a -----BEGIN PRIVATE KEY-----\n${BODY}\nq8=\n-----END PRIVATE KEY-----\nb`;
  for (let cut = 1; cut < whole.length; cut++) {
    const first = whole.slice(0, cut);
    const before = first.slice(first.lastIndexOf('\n') + 1);
    const left = hidden([first, { before, text: whole.slice(cut) }]).join('|');
    t.notMatch(left, /MII|X9|q8|q\||8=/, `cut at ${cut}`);
    t.match(left, /b$/, `cut at ${cut}`);
  }
});

t.test('goes on where the head of a cut line is lost', async (t) => {
  const blocks = new KeyBlocks(0);
  blocks.spans(`-----BEGIN PRIVATE KEY-----${BODY}`, '');
  t.same(hidden([{ before: 'X9', text: 'abc' }, 'x', '-----END PRIVATE KEY-----', 'y'], blocks), ['****', '****', '-----END PRIVATE KEY-----', 'y']);
});

t.test('takes no prose for a key', async (t) => {
  const prose = ['A file with -----BEGIN PRIVATE KEY----- in its first line is one.', 'look', '-----', '-----END PRIVATE KEY-----', 'look'];
  t.same(hidden(prose), prose);
});

t.test('is over after 200 lines, 16 KiB, or 8 lines in a row that are no key', async (t) => {
  const count = (lines: readonly string[]) => hidden(['-----BEGIN PRIVATE KEY-----', ...lines]).filter((line) => line === '****').length;
  t.equal(count(Array.from({ length: 300 }, () => BODY)), 200);
  t.equal(count(Array.from({ length: 300 }, () => 'x'.repeat(1023))), 16);
  t.equal(count(Array.from({ length: 300 }, () => 'Bob waves to you, and goes.')), 8);
  t.equal(new KeyBlocks(0).open, false);
});

t.test('costs no more than its length', async (t) => {
  const started = process.cpuUsage();
  for (const text of ['-----BEGIN '.repeat(6000), '-----BEGIN PRIVATE KEY-----'.repeat(2400), '\n'.repeat(65_536), '-'.repeat(65_536)]) {
    hidden([text, text]);
  }
  t.ok(process.cpuUsage(started).user < 2_000_000);
});
