import t from 'tap';
import { eventsOf } from '../../src/config/events.js';
import { readLiterals } from '../../src/config/literals.js';
import { readPacks } from '../../src/config/packs.js';
import type { EventDefinition } from '../../src/contract.js';
import { Events } from '../../src/mask/events.js';

function read(source: string): EventDefinition[] {
  const [assignment] = readLiterals(`AUDIT_EVENTS = ${source}`, 'server.conf');
  const entries = assignment?.value.kind === 'list' ? assignment.value.value.filter((one) => one.kind === 'dict') : [];
  return eventsOf(entries, { name: 'AUDIT_EVENTS', folder: '.', env: {} });
}

const GOLD = String.raw`[
  {'code': 'gold.given', 'type': 'trade', 'pattern': r'You give (?P<coins>\d+) gold to (?P<whom>\w+)', 'direction': 'out',
   'message': '{character} gives {coins} gold to {whom}', 'is': ['You give 5 gold to Bob.'], 'is_not': ['Al says, "You give 5 gold to Bob."']},
  {'code': 'gold', 'pattern': 'gold', 'where': 'anywhere', 'system': True, 'topic': 'economy.gold'},
  {'code': 'in', 'type': 'authentication', 'on': 'login', 'message': '{account} logs in from {ip}'}]`;

t.test('the first event that a line is gives the record its name, in its direction alone', async (t) => {
  const events = new Events(read(GOLD));
  t.strictSame(events.find('SND', 'The square.\nyou give 12 gold to Zoë.'), { event: 'gold.given', type: 'trade' });
  t.strictSame(events.find('RCV', 'You give 12 gold to Zoë.'), { event: 'gold', system: true, also: 'economy.gold' });
  t.strictSame(events.find('SND', 'A pile of gold.'), { event: 'gold', system: true, also: 'economy.gold' });
  t.equal(events.find('SND', 'A pile of silver.'), undefined);
  t.equal(events.find('SND', ''), undefined);
});

t.test('a login has an event by being one', async (t) => {
  const events = new Events(read(GOLD));
  t.strictSame(events.on('login'), { event: 'in', type: 'authentication' });
  t.equal(events.on('logout'), undefined);
});

t.test('the message of a record is that of the event whose pattern its text matches, with what its groups took', async (t) => {
  const events = new Events(read(GOLD));
  t.strictSame(events.message('gold.given', 'SND', 'Hm.\nYou give 12 gold to Zoë.'), {
    template: '{character} gives {coins} gold to {whom}',
    groups: { coins: '12', whom: 'Zoë' },
  });
  t.strictSame(events.message('gold.given', 'SND', ''), { template: '{character} gives {coins} gold to {whom}', groups: {} });
  t.equal(events.message('gold', 'SND', 'gold'), undefined);
  t.equal(events.message('silver', 'SND', 'gold'), undefined);
});

const REFUSED: readonly [string, string][] = [
  ["[{'pattern': 'x'}]", "AUDIT_CONFIG_KEY: server.conf:1:17: an entry of AUDIT_EVENTS wants a 'code', such as 'login.failed'"],
  ["[{'code': 'x'}]", "AUDIT_CONFIG_KEY: server.conf:1:17: an entry of AUDIT_EVENTS wants a 'pattern', or 'on': 'login' or 'logout'"],
  [
    "[{'code': 'x', 'on': 'login', 'pattern': 'x'}]",
    "AUDIT_CONFIG_KEY: server.conf:1:46: an entry of AUDIT_EVENTS with 'on': 'login' has no option 'pattern'",
  ],
  [
    "[{'code': 'Login', 'pattern': 'x'}]",
    "AUDIT_CONFIG_TYPE: server.conf:1:26: 'code' of an entry of AUDIT_EVENTS wants words of a-z, 0-9, '_' and '-' with dots between",
  ],
  [
    "[{'code': 'x', 'pattern': 'x', 'topic': 'audit.mine'}]",
    "AUDIT_CONFIG_TYPE: server.conf:1:56: 'topic' of an entry of AUDIT_EVENTS wants a topic of your own; what begins with session, audit or access is taken",
  ],
  ["[{'code': 'x', 'pattern': 'a(b'}]", 'AUDIT_MASK_PATTERN: server.conf:1:44: '],
  [
    "[{'code': 'x', 'pattern': '(?P<who>x)', 'message': 'see {who} at {place}'}]",
    "AUDIT_EVENT: server.conf:1:81: event 'x': its message names what its pattern has no group for; there are 'who', time, session, listener",
  ],
  ["[{'code': 'x', 'pattern': 'x', 'is': ['y']}]", "AUDIT_EVENT: server.conf:1:17: event 'x': its example 1 of `is` is none to it"],
  ["[{'code': 'x', 'pattern': 'x', 'is_not': ['a', 'a\\nx']}]", "AUDIT_EVENT: server.conf:1:17: event 'x': its example 2 of `is_not` is one to it"],
];

for (const [source, error] of REFUSED) {
  t.test(`${source} is refused with its place`, async (t) => {
    try {
      new Events(read(source));
      t.fail('not refused');
    } catch (thrown) {
      t.equal(String(thrown).slice(0, error.length), error);
    }
  });
}

t.test('the packs that ship bring events, and each proves itself by examples of both kinds', async (t) => {
  const [packs] = readLiterals("X = ['evennia', 'login', 'mush']", 'test');
  const names = packs?.value.kind === 'list' ? packs.value.value.filter((one) => one.kind === 'string') : [];
  const { events } = readPacks(names, { name: 'AUDIT_MASK_PACKS', folder: '.', env: {} }, (path) => path);
  const compiled = new Events(events);
  for (const { label, on, is, isNot } of events.filter((one) => one.on === 'said')) {
    t.ok(is.length > 1 && isNot.length > 1, `${label.event} ${on}`);
  }
  t.strictSame([...new Set(events.map(({ label }) => label.event))].toSorted(), ['command.privileged', 'login', 'login.failed', 'logout']);
  t.strictSame([...new Set(events.map(({ label }) => label.type))].toSorted(), ['authentication', 'privilege']);
  t.strictSame(compiled.find('SND', 'Password: \nLogin incorrect\n\nnorth login: ')?.event, 'login.failed');
  t.strictSame(compiled.find('RCV', '@py self.msg(1)')?.event, 'command.privileged');
});
