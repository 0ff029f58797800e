/** What a WebSocket carries, frames and all, through all stages into records. */
import { constants, deflateRawSync } from 'node:zlib';
import t from 'tap';
import type { Direction } from '../../src/contract.js';
import { compileMasks } from '../../src/mask/masker.js';
import { frame, REQUEST, response } from '../decode/websocket/say.js';
import { pack } from '../mask/masks.js';
import { sound, Talk } from '../talk.js';

const MASKS = compileMasks(['evennia', 'login', 'tokens', 'oob'].flatMap(pack));
const CSESSID = '0n6xz7abcdefghijklmnopqrstuvwxyz';

/** A WebSocket that is open: `subprotocol` was agreed on. */
class Web extends Talk {
  constructor(subprotocol = '', more: ConstructorParameters<typeof Talk>[0] = {}) {
    super({ wire: 'websocket', masks: MASKS, ...more });
    this['>'](REQUEST.toString('latin1'));
    this['<'](response(subprotocol === '' ? '' : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`).toString('latin1'));
  }

  #frame(direction: Direction, opcode: number, payload: string | Uint8Array): this {
    return this[direction === 'RCV' ? '>' : '<'](frame(direction, opcode, payload).toString('latin1'));
  }

  /** Text messages of the client and of the server. */
  types = (text: string): this => this.#frame('RCV', 1, text);
  shows = (text: string): this => this.#frame('SND', 1, text);
  /** The same in binary messages. */
  typesBytes = (bytes: string): this => this.#frame('RCV', 2, Buffer.from(bytes, 'latin1'));
  showsBytes = (bytes: string): this => this.#frame('SND', 2, Buffer.from(bytes, 'latin1'));

  /** What went out of band but the opening, one string a message. */
  get aside(): string[] {
    return this.records.flatMap(({ topic, direction, data }) =>
      topic === 'session.oob' && data?.name !== 'open'
        ? `${direction === 'RCV' ? '>' : '<'} ${data?.protocol} ${data?.name} ${JSON.stringify(data?.value)}`
        : [],
    );
  }
}

const evennia = (name: string, args: readonly unknown[] = [], kwargs: object = {}): string => JSON.stringify([name, args, kwargs]);

t.test("Evennia's web client: what is typed, what is shown, what goes out of band", async (t) => {
  const web = new Web('v1.evennia.com')
    .shows(evennia('text', ['<span class="color-010">Welcome</span> to<br>the &lt;game&gt;&nbsp;&amp; more'], { type: 'look' }))
    .wait(150)
    .types(evennia('text', ['connect bob hunter2']))
    .shows(evennia('logged_in'))
    .shows(evennia('text', ['You become <strong>Bob</strong>.']))
    .shows(evennia('prompt', ['HP: 10&gt; ']))
    .types(evennia('text', ['say hello']))
    .shows(evennia('text', ['You say, "hello"']))
    .wait(150)
    .end();
  t.same(web.said, [
    '< Welcome to\nthe <game> & more',
    '> connect bob ********',
    '<(prompt) You become Bob.\nHP: 10> ',
    '> say hello',
    '< You say, "hello"',
  ]);
  const welcome = web.records.find(({ topic }) => topic === 'session.output');
  t.equal(welcome?.raw, '<span class="color-010">Welcome</span> to<br>the &lt;game&gt;&nbsp;&amp; more\n');
  t.same(web.aside, ['< evennia logged_in undefined']);
  t.match(
    web.records.filter(({ topic }) => topic === 'session.identity').map(({ data }) => `${data?.field} ${data?.new}`),
    ['account bob'],
  );
  sound(t, web);
});

t.test("Evennia's login is a secret of the session, wherever it stands", async (t) => {
  const web = new Web()
    .types(evennia('login', [], { name: 'bob', password: 'S3cretWord9' }))
    .shows(evennia('logged_in'))
    .types(evennia('login', ['alice', 'other-Secret-8']))
    .types(evennia('text', ['say my password is S3cretWord9']))
    .shows(evennia('text', ['You say, "my password is <b>S3cret</b>Word9"<a onclick="Evennia.msg(&quot;connect bob S3cretWord9&quot;)">again</a>']))
    .wait(150)
    .end();
  t.same(web.aside, [
    '> evennia login {"name":"bob","password":"***********"}',
    '< evennia logged_in undefined',
    '> evennia login "********************"',
  ]);
  t.same(web.said, ['> say my password is ***********', '< You say, "my password is ***********"again']);
  const shown = web.records.find(({ topic }) => topic === 'session.output');
  t.equal(shown?.raw, `You say, "my password is ${'*'.repeat('<b>S3cret</b>Word9'.length)}"<a>again</a>\n`);
  t.match(
    web.records.filter(({ topic }) => topic === 'session.identity').map(({ data }) => `${data?.field} ${data?.new}`),
    ['account bob'],
  );
  t.notMatch(web.lines.join(''), /S3cret|other-Secret/);
  sound(t, web);
});

t.test('a command of several lines is one input: its line ends are blanks to a mask, and stand in raw', async (t) => {
  const web = new Web()
    .types(evennia('text', ['connect bob\nhunter2']))
    .shows(evennia('text', ['That is wrong.']))
    .wait(150)
    .types(evennia('text', ['\x1b[0mconnect bob hunter3\n']))
    .shows(evennia('text', ['That is wrong.']))
    .wait(150)
    .types(evennia('text', ['con\x00nect bob hunter4']))
    .end();
  t.same(
    web.said.filter((line) => line.startsWith('>')),
    ['> connect bob ********', '> connect bob ********', '> connect bob ********'],
  );
  t.equal(web.records.find(({ topic }) => topic === 'session.input')?.raw, 'connect bob\n********');
  t.notMatch(web.lines.join(''), /hunter/);
  sound(t, web);
});

t.test('the answer to a prompt of the web client is hidden', async (t) => {
  const web = new Web()
    .shows(evennia('text', ['What is your <i>password</i>?']))
    .shows(evennia('prompt', ['Password: ']))
    .wait(150)
    .types(evennia('text', ['xyzzy-plugh']))
    .shows(evennia('text', ['Thank you.']))
    .wait(150)
    .end();
  t.same(web.said, ['<(prompt) What is your password?\nPassword: ', '> ***********', '< Thank you.']);
  sound(t, web);
});

t.test('JSON of other games is out of band, where fields are hidden by their names; a broken one is text', async (t) => {
  const web = new Web()
    .types('{"type":"login","name":"bob","password":"S3cretWord9"}')
    .types('42["chat",{"text":"connect bob hunter2","token":"abcdefgh-1"}]')
    .types('[1, 2 and more')
    .shows('{"event":"room","exits":["n","s"]}')
    .end();
  t.same(web.aside, [
    '> json login {"type":"login","name":"bob","password":"***********"}',
    '> json chat ["chat",{"text":"connect bob ********","token":"**********"}]',
    '< json room {"event":"room","exits":["n","s"]}',
  ]);
  t.same(web.said, ['> [1, 2 and more']);
  t.notMatch(web.lines.join(''), /S3cret|hunter2|abcdefgh/);
  sound(t, web);
});

t.test('text messages of other games are lines, whether they end them themselves or not', async (t) => {
  const whole = new Web().shows('Welcome!').wait(150).types('look').types('north').shows('A room.').shows('A door.').wait(150).end();
  t.same(whole.said, ['< Welcome!', '> look', '> ********', '< A room.\nA door.']);
  const ended = new Web().shows('Wel').shows('come!\r\n').shows('Name: ').types('bob\r\n').shows('Hello, ').shows('bob.\r\n').wait(150).end();
  t.same(ended.said, ['< Wel\ncome!\nName: ', '> bob', '< Hello, bob.']);
  const keys = new Web().shows('Name:\r\n');
  for (const key of 'boc\x7fb\r') keys.types(key);
  t.same(keys.end().said.slice(-1), ['> bob']);
});

t.test('a telnet stream in binary messages is read as telnet, by its subprotocol or by its commands', async (t) => {
  for (const subprotocol of ['telnet.mudstandards.org', 'binary', 'telnet', '']) {
    const web = new Web(subprotocol)
      .showsBytes('\xff\xfd\x18\xff\xfb\xc9Login: ')
      .typesBytes('bob\r\n')
      .showsBytes('\xff\xfb\x01Password: ')
      .typesBytes('hun')
      .typesBytes('ter2\r\n')
      .showsBytes('\xff\xfc\x01\r\n')
      .showsBytes('\xff\xfa\xc9Char.Name {"name": "Bob"}\xff')
      .showsBytes('\xf0Welcome.\r\n')
      .wait(150)
      .end();
    t.same(web.said, ['< Login: ', '> bob', '< Password: ', '> ********', '< \nWelcome.'], subprotocol);
    t.same(web.aside, ['< gmcp Char.Name {"name":"Bob"}']);
    sound(t, web);
  }
});

t.test('binary messages without a subprotocol are text where they are UTF-8, else only counted', async (t) => {
  const web = new Web().showsBytes('Gr\xc3\xbc\xc3').showsBytes('\x9fe\r\n').showsBytes('\x00\x93\xfe\xc1').wait(150).end();
  t.same(web.said, ['< Grüße', 'gap decode unreadable SND 4']);
  t.same(web.faults, ['decode websocket-binary 1']);
});

t.test('mudstandards.org: text in binary messages, GMCP and envelopes in text messages', async (t) => {
  const gmcp = new Web('gmcp.mudstandards.org')
    .showsBytes('You see a room.\r\n')
    .shows('Room.Info {"num": 7}')
    .types('Char.Login.Credentials {"account": "bob", "password": "S3cretWord9"}')
    .typesBytes('look')
    .wait(150)
    .end();
  t.same(gmcp.aside, ['< gmcp Room.Info {"num":7}', '> gmcp Char.Login.Credentials {"account":"bob","password":"***********"}']);
  t.same(gmcp.said, ['< You see a room.', '> look']);
  const json = new Web('json.mudstandards.org')
    .showsBytes('You see a room.\r\n')
    .types('{"proto":"text","data":"connect bob hunter2"}')
    .shows('{"proto":"gmcp","id":"Room.Info","data":"{\\"num\\": 7}"}')
    .wait(150)
    .end();
  t.same(json.said, ['< You see a room.', '> connect bob ********']);
  t.same(json.aside, ['< gmcp Room.Info {"num":7}']);
});

t.test('compressed messages are read; a message that is too long or broken is a gap, and what is typed behind it is hidden', async (t) => {
  const web = new Web('', {});
  const packed = deflateRawSync(evennia('text', ['A cave.']), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const open = new Talk({ wire: 'websocket', masks: MASKS })
    ['>'](REQUEST.toString('latin1'))
    ['<'](response('Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n').toString('latin1'))
    ['<'](frame('SND', 1, packed, { bits: 0x40 }).toString('latin1'))
    .wait(150)
    .end();
  t.same(open.said, ['< A cave.']);
  web
    .shows(evennia('text', ['hi']))
    .wait(150)
    .shows('x'.repeat(1_048_577))
    .types(evennia('text', ['xyzzy']))
    .wait(6_000)
    .end();
  t.match(web.said, ['< hi', '> ********', 'gap decode unreadable SND 1048577']);
});

t.test('behind a gap the session is blind: what is typed is recorded without text', async (t) => {
  const web = new Web()
    .shows(evennia('text', ['hi']))
    .wait(150)
    .gap('SND', 10)
    .types(evennia('text', ['xyzzy']))
    .end();
  t.same(web.said, ['< hi', 'gap capture full SND 10', '>(blind) ']);
  t.same(web.faults, ['decode websocket-lost 1']);
});

t.test('the audit begins anew in the middle of a session: no byte tells where a frame begins', async (t) => {
  const talk = new Talk({ wire: 'websocket', masks: MASKS });
  talk.pipeline.resume(talk.at);
  talk['>'](frame('RCV', 1, evennia('text', ['connect bob hunter2'])).toString('latin1')).end();
  t.same(talk.said, ['gap decode unreadable RCV 41']);
  t.notMatch(talk.lines.join(''), /hunter2/);
});

t.test('a connection that became no WebSocket: nothing of it is recorded', async (t) => {
  const talk = new Talk({ wire: 'websocket', masks: MASKS })
    ['>'](REQUEST.toString('latin1'))
    ['<']('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    ['>']('POST /login HTTP/1.1\r\n\r\npassword=hunter2')
    .end();
  t.same(talk.said, ['gap decode unreadable RCV 40', 'gap decode unreadable SND 5']);
  t.same(talk.faults, ['decode websocket-refused 1', 'decode websocket-refused 1']);
  t.notMatch(talk.lines.join(''), /hunter2|never-to-be-seen|dGhlIHNh/);
});

t.test('how it was closed stands at the end of the session, and the handshake nowhere', async (t) => {
  const web = new Web('v1.evennia.com')
    .types(evennia('text', ['quit']))
    ['<'](frame('SND', 8, Buffer.from('\x03\xe8Goodbye', 'latin1')).toString('latin1'))
    .end();
  t.same(web.aside, ['< websocket close {"code":1000,"reason":"Goodbye"}']);
  t.match(web.records.at(-1), { topic: 'session.end', data: { close_code: 1000 } });
  t.notMatch(web.lines.join(''), /never-to-be-seen|dGhlIHNh|s3pPLMB/);
  sound(t, web);
});

t.test("AUDIT_OUT_UNIT = 'line' makes one record a line of HTML", async (t) => {
  const web = new Web('', { outUnit: 'line' })
    .shows(evennia('text', ['one<br>two']))
    .shows(evennia('text', ['three']))
    .end();
  t.same(web.said, ['< one', '< two', '< three']);
});

t.test('HTML beyond 64 KiB is cut, and a secret across the cut is hidden', async (t) => {
  const web = new Web()
    .types(evennia('login', [], { name: 'bob', password: 'S3cretWord9' }))
    .shows(evennia('text', [`<b>${'x'.repeat(65_526)} S3cretWord9</b>`]))
    .wait(150)
    .end();
  t.ok(web.said.length > 1);
  t.notMatch(web.lines.join(''), /S3cretWord9|S3cretW|Word9/);
});

t.test(`the id of a session in a URL is hidden: ${CSESSID.length} letters and digits`, async (t) => {
  t.ok(REQUEST.includes(CSESSID));
  t.notMatch(new Web().end().lines.join(''), new RegExp(CSESSID));
});
