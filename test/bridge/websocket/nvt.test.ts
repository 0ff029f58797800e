import t from 'tap';
import { NvtWriter } from '../../../src/bridge/websocket/nvt.js';

const CASES: readonly ['client' | 'server', string, string, string][] = [
  ['client', 'text goes as it is', 'look', 'look'],
  ['client', 'a byte 255 is doubled', 'a\xffb', 'a\xff\xffb'],
  ['client', 'Enter of a terminal is a line end', 'look\rwest\r', 'look\r\nwest\r\n'],
  ['client', 'LF is a line end', 'look\nwest\n', 'look\r\nwest\r\n'],
  ['client', 'CR LF is one line end', 'look\r\nwest\r\n', 'look\r\nwest\r\n'],
  ['client', 'CR NUL is one line end', 'look\r\0west', 'look\r\nwest'],
  ['client', 'two Enters are two', '\r\r\n\n', '\r\n\r\n\r\n'],
  ['server', 'text goes as it is', 'A maze.', 'A maze.'],
  ['server', 'a byte 255 is doubled', '\xff\xff', '\xff\xff\xff\xff'],
  ['server', 'LF is a line end', 'a\nb\n', 'a\r\nb\r\n'],
  ['server', 'CR LF stays', 'a\r\nb', 'a\r\nb'],
  ['server', 'a CR alone draws a line again', '10%\r20%', '10%\r\x0020%'],
  ['server', 'CR NUL stays', '10%\r\x0020%', '10%\r\x0020%'],
];

for (const [by, title, text, expected] of CASES) {
  t.test(`what a ${by} says: ${title}, in any splitting`, async (t) => {
    t.equal(new NvtWriter(by).write(Buffer.from(text, 'latin1')).toString('latin1'), expected);
    const writer = new NvtWriter(by);
    t.equal([...text].map((sign) => writer.write(Buffer.from(sign, 'latin1')).toString('latin1')).join(''), expected);
  });
}
