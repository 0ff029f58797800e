import t from 'tap';
import { TelnetServer } from '../../../src/bridge/pty/telnet-server.js';

/** What a server made of a client's bytes, in order; texts that stand side by side are joined. */
function heard(hex: string, split = hex.length): string[] {
  const said: string[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') said.push(`text ${JSON.stringify(text)}`);
    text = '';
  };
  const say = (what: string): void => {
    flush();
    said.push(what);
  };
  const server = new TelnetServer({
    text: (bytes) => {
      text += Buffer.from(bytes).toString('latin1');
    },
    key: (name) => say(`key ${name}`),
    window: (columns, rows) => say(`window ${columns}x${rows}`),
    answer: (bytes) => say(`answer ${bytes.toString('hex')}`),
  });
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  for (let at = 0; at < bytes.length; at += split) server.read(bytes.subarray(at, at + split));
  flush();
  return said;
}

const READ: readonly (readonly [string, string, readonly string[]])[] = [
  ['CR NUL, CR LF and a CR alone are each one CR', '61 0d00 62 0d0a 63 0d 64', ['text "a\\rb\\rc\\rd"']],
  ['an LF alone is an LF', '61 0a 62 0a', ['text "a\\nb\\n"']],
  ['a CR behind a CR is another', '0d 0d 0a', ['text "\\r\\r"']],
  ['a doubled FF is one', '61 ffff 62', ['text "a\xffb"']],
  [
    'commands are keys, in their place',
    '61 fff4 62 fff3 ffed fff7 fff8 ffec ffee',
    ['text "a"', 'key intr', 'text "b"', 'key quit', 'key susp', 'key erase', 'key kill', 'key eof', 'key quit'],
  ],
  ['AYT is answered', 'fff6', ['answer 0d0a5b5965735d0d0a']],
  ['other commands mean nothing', '61 fff1 fff2 fff5 fff9 ffef ff00 62', ['text "ab"']],
  ['a window is taken over', 'fffb1f fffa1f00780028fff0', ['window 120x40']],
  ['FF in a window is doubled', 'fffa1f 00ffff 0018 fff0', ['window 255x24']],
  ['a window of nothing, or too short, is none', 'fffa1f00000018fff0 fffa1f0050fff0 fffa1f005000180000fff0', []],
  ['what was asked for is not answered again', 'fffd01 fffd03 fffb18 fffb1f', []],
  ['what is offered and wanted is agreed to once', 'fffb03 fffb03', ['answer fffd03']],
  [
    'all else is refused',
    'fffd22 fffb22 fffb00 fffd06 fffd56',
    ['answer fffc22', 'answer fffe22', 'answer fffe00', 'answer fffc06', 'answer fffc56'],
  ],
  ['a refusal of what is off is not answered', 'fffe22 fffc22 fffe01 fffe01', []],
  ['what goes off is agreed to once', 'fffd01 fffe01 fffe01 fffd01', ['answer fffc01', 'answer fffb01']],
  ['LINEMODE is refused, and what is said in it passes by', 'fffb22 fffa22 03 01 02 ffff fff0 61', ['answer fffe22', 'text "a"']],
  ['a subnegotiation without its end is ended by the next command', 'fffa1f0050 fffb22 61', ['answer fffe22', 'text "a"']],
];

for (const [title, hex, said] of READ) {
  t.test(title, async (t) => {
    t.same(heard(hex), said);
    t.same(heard(hex, 1), said, 'byte by byte');
  });
}

t.test('an endless subnegotiation holds nothing and is left at its end', async (t) => {
  t.same(heard(`fffa1f${'00'.repeat(100_000)}fff061`), ['text "a"']);
});

const nobody = { text: () => undefined, key: () => undefined, window: () => undefined, answer: () => undefined };

const WRITTEN: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['text passes as it is', ['hello\r\nworld\n'], ['hello\r\nworld\n']],
  ['FF is doubled', ['a\xffb\xff'], ['a\xff\xffb\xff\xff']],
  ['a CR that no LF follows gets a NUL', ['50%\r60%\r\r\n'], ['50%\r\x0060%\r\0\r\n']],
  ['a CR at the end waits for what follows', ['a\r', '\nb\r', 'c\r', '', '\r'], ['a\r', '\nb\r', '\0c\r', '', '\0\r']],
];

for (const [title, said, sent] of WRITTEN) {
  t.test(title, async (t) => {
    const server = new TelnetServer(nobody);
    t.same(
      said.map((one) => server.write(Buffer.from(one, 'latin1')).toString('latin1')),
      sent,
    );
  });
}

t.test('what needs nothing is not copied', async (t) => {
  const bytes = Buffer.from('hello\r\n');
  t.equal(new TelnetServer(nobody).write(bytes), bytes);
});
