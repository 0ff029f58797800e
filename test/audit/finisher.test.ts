/** What is done between mask and record, through a whole session: what is left out, what records are called (AUDIT_EXCLUDE, AUDIT_EVENTS). */
import t from 'tap';
import { finishingOf } from '../../src/audit/keepings.js';
import { Modules } from '../../src/audit/providers.js';
import { loadSettings } from '../../src/config/settings.js';
import { Events } from '../../src/mask/events.js';
import { compileMasks } from '../../src/mask/masker.js';
import { messageOf } from '../../src/view/message.js';
import { sound, Talk } from '../talk.js';

const GOLD = String.raw`AUDIT_EVENTS=[{'code': 'gold', 'type': 'trade', 'pattern': r'(?P<who>\w+) pays (?P<coins>\S+)', 'system': True, 'topic': 'economy', 'message': '{who} of {account} pays {coins}'}]`;

const MASKS = compileMasks(loadSettings({ file: null, cwd: '/', env: {} }).audit.masks);

/** A session of the listener main under these keys, in our own masks. */
function talkOf(...set: string[]): Talk {
  const short = ["LISTEN='tcp://127.0.0.1:1'", "UPSTREAM='tcp://127.0.0.1:2'"];
  const [main] = loadSettings({ file: null, cwd: '/', env: {}, set: [...short, ...set] }).listeners;
  if (!main) throw new Error('no listener');
  return new Talk({ masks: MASKS, finishing: finishingOf(main.audit, Modules.none) });
}

const shown = (talk: Talk): string[] =>
  talk.records.map(({ topic, event, event_type: type, system, also, text }) =>
    [topic, text, event, type, system, also].filter((one) => one !== undefined).join(' | '),
  );

t.test('a record that is an event says so in its head, behind the seal', async (t) => {
  const talk = talkOf(GOLD);
  talk['>']('pays\r\n')['<']('Al pays 5.\r\n').wait(200)['>']('Bob pays 7\r\n')['<']('Ok.\r\n').end();
  t.strictSame(shown(talk), [
    'session.start',
    'session.input | pays',
    'session.output | Al pays 5. | gold | trade | true | economy',
    'session.input | Bob pays 7 | gold | trade | true | economy',
    'session.output | Ok.',
    'session.end',
  ]);
  sound(t, talk);
});

t.test('an event is looked for behind the masks, so that it can tell no secret', async (t) => {
  const talk = talkOf(
    GOLD,
    'AUDIT_EVENTS=[' +
      String.raw`{'code': 'leak', 'pattern': 'hunter2', 'where': 'anywhere'}, {'code': 'in', 'pattern': r'connect (?P<who>\w+) (?P<with>\S+)', 'message': '{who} with {with}'}]`,
  );
  talk['>']('connect bob hunter2\r\n')['<']('There is no bob with hunter2.\r\n').end();
  t.strictSame(shown(talk).slice(1, 3), ['session.input | connect bob ******** | in', 'session.output | There is no bob with ********.']);
  const { audit } = loadSettings({
    file: null,
    cwd: '/',
    env: {},
    set: [String.raw`AUDIT_EVENTS=[{'code': 'in', 'pattern': r'connect (?P<who>\w+) (?P<with>\S+)', 'message': '{who} with {with}'}]`],
  });
  t.equal(messageOf(talk.records[1] ?? {}, new Events(audit.events)), 'bob with ********');
});

t.test('who is logged in, and no longer, has the event of that', async (t) => {
  const talk = talkOf();
  talk['>']('connect bob hunter2\r\n')
    ['<']('You become Bob.\r\n')
    .wait(200)
    ['>']('@ban al\r\n')
    ['<']('Username and/or password is incorrect.\r\n')
    .end();
  t.strictSame(
    talk.records.flatMap(({ topic, event, event_type: type }) => (event === undefined ? [] : [`${topic} ${event} ${type}`])),
    ['session.identity login authentication', 'session.input command.privileged privilege', 'session.output login.failed authentication'],
  );
  sound(t, talk);
});

t.test('what is excluded is no record and is counted, and its exchange, prompts and secrets count all the same', async (t) => {
  const talk = talkOf(
    "AUDIT_EXCLUDE={'main': [{'pattern': 'whisper'}, {'pattern': r'.*password: ?', 'direction': 'out'}], '': [{'pattern': 'connect'}]}",
  );
  talk['<']('Your password: ').wait(200)['>']('swordfish\r\n')['<']('Ok.\r\n').wait(200)['>']('whisper swordfish\r\n')['<']('You whisper.\r\n');
  talk.wait(200)['>']('connect bob hunter2\r\n')['<']('No bob with hunter2.\r\n').end();
  t.strictSame(shown(talk), [
    'session.start',
    'session.input | *********',
    'session.output | Ok.',
    'session.output | You whisper.',
    'session.output | No bob with ********.',
    'session.end',
  ]);
  t.strictSame(
    talk.records.map(({ exchange }) => exchange),
    [undefined, 1, 1, 2, 3, undefined],
  );
  t.equal(talk.records.at(-1)?.data?.excluded, 3);
  sound(t, talk);
});

t.test('of clients of an excluded network nothing is recorded but who they are, when they come, and when they go', async (t) => {
  const talk = talkOf("AUDIT_EXCLUDE=[{'network': '192.0.2.0/24'}]");
  talk['>']('connect bob hunter2\r\n')['<']('You become Bob.\r\n\xff\xfa\xc9Core.Ping 1\xff\xf0').wait(200).end();
  t.strictSame(
    talk.records.map(({ topic }) => topic),
    ['session.start', 'session.identity', 'session.identity', 'session.end'],
  );
  t.equal(talk.records.at(-1)?.data?.excluded, 3);
  t.notOk(talk.lines.join('').includes('hunter2'));
  sound(t, talk);
});

t.test('with the configuration read again other things are left out, and counted on', async (t) => {
  const talk = talkOf("AUDIT_EXCLUDE=[{'pattern': 'a'}]");
  const { audit } = loadSettings({ file: null, cwd: '/', env: {}, set: ["AUDIT_EXCLUDE=[{'pattern': 'b'}]"] });
  talk['>']('a\r\n')['<']('Ok.\r\n').wait(6_000);
  talk.pipeline.adopt({ in: true, out: true, masks: MASKS, finishing: finishingOf(audit, Modules.none) });
  talk['>']('a\r\n')['<']('Ok.\r\n').wait(200)['>']('b\r\n')['<']('Ok.\r\n').wait(200).end();
  t.strictSame(shown(talk), [
    'session.start',
    'session.output | Ok.',
    'session.input | a',
    'session.output | Ok.',
    'session.output | Ok.',
    'session.end',
  ]);
  t.equal(talk.records.at(-1)?.data?.excluded, 2);
});
