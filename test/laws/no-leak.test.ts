/**
 * Law: no secret is ever written. After a scripted evening in front of a server that repeats what it does not understand, in all four settings of
 * AUDIT_IN and AUDIT_OUT, no secret and no half of one stands in any file below the proxy's folder or in what it printed: not after a clean stop,
 * not after kill -9, not after the start that follows.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { type Program, records, startProgram, startServer } from '../harness.js';
import { until } from '../wait.js';

/** Each is made of letters that stand nowhere else. */
const SECRETS = [
  'Zq$$w0rdVx7',
  'k(ssWzqJ',
  'Hn*+?[vQj^$',
  'wxYq\\d+Kjf',
  'zażółćGęślą',
  'паролюшкаЖ',
  '🐉драконQz🐉',
  'Tvvo wordz hxre',
  '"Qvoted secryt"',
  "iv's a Pkssword",
  '密码密碼秘匙',
].map((secret) => Buffer.from(secret));

/** Bytes: strings as latin-1. */
const bytes = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));

/** What is sent for a secret, and how: in one piece and then on, byte by byte, or the session ends right there. */
interface Way {
  readonly says: (secret: Buffer) => Buffer;
  readonly how?: 'byte by byte' | 'then close' | 'until reset';
  /** With so many of the secrets only. */
  readonly most?: number;
}

const FULL = 65_536;

const WAYS: { readonly [name: string]: Way } = {
  'in one packet': { says: (s) => bytes('connect bob ', s, '\r\n') },
  'byte by byte': { says: (s) => bytes('connect bob ', s, '\r\n'), how: 'byte by byte' },
  'with colours in front and in it': { says: (s) => bytes('\x1b[0mcon\x1b[1mnect bob ', s.subarray(0, 4), '\x1b[31m', s.subarray(4), '\x1b[0m\r\n') },
  'among other lines': { says: (s) => bytes('look\r\nconnect bob ', s, '\r\nup\nconnect "bob the 2nd" ', s, '\rcreate bob ', s, '\r\0down\r\n') },
  misspelt: { says: (s) => bytes('concnct bob ', s, '\r\nCONMECT\tBob\t', s, '\r\n@passwrod ', s, ' = ', s, '\r\n') },
  'changed, his own and of others': { says: (s) => bytes('@password ', s, ' = ', s, '\r\n@userpassword bob = ', s, '\r\n@password ', s, '=\r\n') },
  'with telnet commands in it': {
    says: (s) => bytes('connect bob ', s.subarray(0, 4), '\xff\xf1', s.subarray(4), '\xff\xfa\x1f\0P\0\x18\xff\xf0\r\n'),
  },
  'erased and typed again': {
    says: (s) => bytes('connect bob ', s, '\x08'.repeat([...s.toString()].length), s, '\r\nlok\x7f\x7f\x7fconnect bob ', s, '\r\n'),
  },
  'on a line with a byte of another charset': { says: (s) => bytes('connect b\xe9b ', s, '\r\nsay \xff\xff hello\r\n') },
  'the connection ends in the middle of it': { says: (s) => bytes('connect bob ', s.subarray(0, -1)), how: 'then close' },
  'the server resets in the middle of it': { says: (s) => bytes('connect reset ', s), how: 'until reset' },
  'where a line of 64 KiB is cut': { says: (s) => bytes('connect bob ', 'y'.repeat(FULL - 16), s, '\r\n'), most: 3 },
  'where 64 KiB of colours are cut': { says: (s) => bytes('\x1b[0m'.repeat(FULL / 4 - 4), 'connect bob ', s, '\r\n'), most: 3 },
};

/** Repeats each line as Evennia does what it does not know; every third time half of it, a prompt mark, and the rest. */
function repeatLines(socket: Socket): void {
  let open = Buffer.alloc(0);
  let count = 0;
  socket.write('Welcome.\r\nType connect NAME PASSWORD\r\n> ');
  socket.on('data', (chunk: Buffer) => {
    open = Buffer.concat([open, chunk]);
    for (let end = lineEnd(open); end >= 0; end = lineEnd(open)) {
      const line = open.subarray(0, end);
      open = open.subarray(end + 1);
      if (line.length > 1) socket.write(answerTo(line, count++ % 3 === 2));
    }
    if (open.subarray(0, 14).toString() === 'connect reset ' && open.length > 18) socket.resetAndDestroy();
  });
  socket.on('end', () => socket.end());
}

const lineEnd = (open: Buffer): number => open.findIndex((byte) => byte === 10 || byte === 13);

/** Who has logged in need not wait long for what the server has to say, and is hidden by masks alone. */
const LOGIN = 'connect guest open-word1';

function answerTo(line: Buffer, inTwo: boolean): Buffer {
  if (line.toString() === LOGIN) return bytes('You become Guest.\r\n');
  const answer = bytes("Command '", line, '\' is not available. Type "help" for help.\r\n');
  const half = answer.length >> 1;
  return inTwo ? bytes(answer.subarray(0, half), '\xff\xf9', answer.subarray(half)) : answer;
}

/** The last line of a session: its answer tells that all before it has come and gone. */
const LAST_LINE = 'the last line';

/** Resolves when the client has been sent these words, or is closed. */
function heard(client: Socket, words: string): Promise<void> {
  let tail = '';
  return new Promise((resolve) => {
    const look = (chunk: Buffer): void => {
      tail = (tail + chunk.toString('latin1')).slice(-4096);
      if (tail.replace('\xff\xf9', '').includes(words)) done();
    };
    const done = (): void => {
      client.off('data', look);
      client.resume();
      resolve();
    };
    client.on('data', look);
    client.once('close', done);
  });
}

/** One session that says a secret in this way. @param stays true: it is left open when all was answered */
async function say(program: Program, { says, how }: Way, secret: Buffer, stays = false): Promise<void> {
  const client = await program.connect();
  await heard(client, '> ');
  client.write(`${LOGIN}\r\n`);
  await heard(client, 'You become Guest.');
  const words = says(secret);
  if (how === 'byte by byte') {
    for (const byte of words) {
      client.write(Uint8Array.of(byte));
      await turn();
    }
  } else client.write(words);
  if (how === 'then close') client.end();
  if (how === undefined || how === 'byte by byte') {
    client.write(`${LAST_LINE}\r\n`);
    await heard(client, `Command '${LAST_LINE}`);
    if (stays) return;
    client.end();
  }
  client.on('end', () => client.end());
  client.resume();
  await new Promise((resolve) => client.once('close', resolve));
}

/** The whole evening: every way with its secrets. Resolves with the number of sessions. */
async function evening(program: Program): Promise<number> {
  let sessions = 0;
  for (const way of Object.values(WAYS)) {
    const secrets = SECRETS.slice(0, way.most);
    await Promise.all(secrets.map((secret) => say(program, way, secret)));
    sessions += secrets.length;
  }
  return sessions;
}

/** What may stand nowhere: the secret, and each half of it that has four letters or more. */
function partsOf(secret: Buffer): string[] {
  const letters = [...secret.toString()];
  const middle = Math.floor(letters.length / 2);
  return [letters, letters.slice(0, middle), letters.slice(middle)].filter((part) => part.length >= 4).map((part) => part.join(''));
}

/** The forms in which it could have got into a file: as it is or read as latin-1, bare or as JSON writes it. */
function formsOf(part: string): Buffer[] {
  const forms = [part, Buffer.from(part).toString('latin1')];
  return [...new Set(forms.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]))].map((form) => Buffer.from(form));
}

/** A file's bytes, uncompressed, with what stands in it in base64 behind them. */
function contentOf(path: string): Buffer {
  const stored = readFileSync(path);
  const content = path.endsWith('.gz') ? gunzipSync(stored) : stored;
  const packed = content.toString('latin1').matchAll(/"raw_b64":"([^"]*)"/g);
  return Buffer.concat([content, ...Array.from(packed, ([, base64 = '']) => Buffer.from(base64, 'base64'))]);
}

/** Looks for every secret in all that is below the folder and all that was printed. */
function searchAll(t: Test, folder: string, printed: string, when: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(folder, name)).isFile());
  const places = [...names.map((name) => [name, contentOf(join(folder, name))] as const), ['what it printed', Buffer.from(printed)] as const];
  t.ok(names.some((name) => name.endsWith('.jsonl')) && names.some((name) => name.includes('audit.')), `${when}: ${places.length} places to look at`);
  const found = SECRETS.flatMap((secret) =>
    partsOf(secret).flatMap((part) =>
      places.filter(([, content]) => formsOf(part).some((form) => content.includes(form))).map(([name]) => `${part} in ${name}`),
    ),
  );
  t.strictSame(found, [], `${when}: no secret, and no half of one`);
}

const settings = (input: boolean, output: boolean, unit: 'message' | 'line', format: 'json' | 'pretty'): string[] => [
  `AUDIT_IN=${input ? 'True' : 'False'}`,
  `AUDIT_OUT=${output ? 'True' : 'False'}`,
  `AUDIT_OUT_UNIT='${unit}'`,
  `AUDIT_CALLBACK=[{'use': 'file', 'size': '200k'}, 'store', {'use': 'console', 'format': '${format}'}]`,
];

const SETTINGS = [
  [true, true, 'message', 'json'],
  [true, false, 'line', 'pretty'],
  [false, true, 'line', 'json'],
  [false, false, 'message', 'pretty'],
] as const;

for (const [input, output, unit, format] of SETTINGS) {
  t.test(`AUDIT_IN = ${input}, AUDIT_OUT = ${output}, by ${unit}: an evening of secrets leaves none behind`, async (t) => {
    const upstream = await startServer(t, repeatLines);
    const program = await startProgram(t, { upstream, set: settings(input, output, unit, format) });
    const sessions = await evening(program);
    t.equal(await program.end(), 0);
    searchAll(t, program.folder, program.printed, 'after a clean stop');
    const written = records(program.folder);
    const starred = (direction: string) => written.filter((record) => record.direction === direction && record.text?.includes('********')).length;
    t.equal(written.filter(({ topic }) => topic === 'session.end').length, sessions, 'every session is in the audit');
    t.equal(starred('RCV') > sessions, input, 'inputs are there with stars, if they are kept');
    t.equal(starred('SND') > sessions / 2, output, 'so are outputs');
    t.equal(
      written.some(({ text }) => text === LAST_LINE),
      input,
    );
    t.notOk(
      written.some(({ data }) => data?.code === 'mask-failed'),
      'masking never failed',
    );
  });
}

t.test('kill -9 with secrets said and half typed leaves none behind, nor does the next start', async (t) => {
  const upstream = await startServer(t, repeatLines);
  const set = settings(true, true, 'message', 'json');
  const program = await startProgram(t, { upstream, set });
  let said = 0;
  for (const way of Object.values(WAYS)) {
    if (way.how !== undefined) continue;
    await Promise.all(SECRETS.slice(0, 3).map((secret) => say(program, way, secret, true)));
    said += 3;
  }
  const halfTyped = await program.connect();
  await heard(halfTyped, '> ');
  halfTyped.write(`${LOGIN}\r\n`);
  await heard(halfTyped, 'You become Guest.');
  halfTyped.write(bytes(`${LAST_LINE}\r\nconnect bob `, ...SECRETS));
  await heard(halfTyped, `Command '${LAST_LINE}`);
  const answered = (): number => records(program.folder).filter(({ text }) => text === LAST_LINE).length;
  await until(() => answered() === said + 1, 'the records of what was answered');
  await program.end('SIGKILL');
  searchAll(t, program.folder, program.printed, 'after kill -9');
  const again = await startProgram(t, { upstream, set, folder: program.folder });
  t.equal(await again.end(), 0);
  searchAll(t, again.folder, again.printed, 'after the next start');
  t.ok(
    records(again.folder).some(({ text }) => text?.includes('********')),
    'there is something to look at',
  );
});
