import t from 'tap';
import { loadSettings } from '../../src/config/settings.js';
import type { AuditRecord } from '../../src/contract.js';
import { eventSetsOf, messagesOf } from '../../src/threads/event-messages.js';

const settings = loadSettings({
  file: null,
  cwd: '/',
  env: {},
  set: [
    "LISTENERS=[{'name': 'game', 'listen': 'tcp://127.0.0.1:1', 'upstream': 'tcp://127.0.0.1:2', 'AUDIT_EVENTS': [{'code': 'gold', 'pattern': r'(?P<who>\\w+) pays', 'message': '{who} pays in {listener}'}]}]",
    "AUDIT_EVENTS=[{'code': 'gold', 'pattern': 'pays', 'message': 'somebody pays'}]",
  ],
});
const record = (members: object) => ({ line: '', ...members }) as unknown as AuditRecord;

t.test('a message is that of the listener that the record is of', async (t) => {
  const message = messagesOf(structuredClone(eventSetsOf(settings)));
  const said = { topic: 'session.output', direction: 'SND', event: 'gold', text: 'Al pays 5.' };
  t.equal(message(record({ ...said, listener: 'game' })), 'Al pays in game');
  t.equal(message(record({ ...said, listener: 'gone' })), 'somebody pays');
});

t.test('a record without an event, or of one that says nothing, has none', async (t) => {
  const message = messagesOf(eventSetsOf(settings));
  t.equal(message(record({ topic: 'session.input', listener: 'game', text: 'look' })), undefined);
  t.equal(message(record({ topic: 'session.input', listener: 'game', event: 'other', text: 'look' })), undefined);
});

t.test('packs bring messages for logins', async (t) => {
  const message = messagesOf(eventSetsOf(loadSettings({ file: null, cwd: '/', env: {} })));
  const data = { field: 'account', old: null, new: 'bob', how: 'login' };
  t.equal(message(record({ topic: 'session.identity', event: 'login', ip: '192.0.2.7', data })), 'bob logs in from 192.0.2.7');
});
