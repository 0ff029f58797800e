import t from 'tap';
import { type EventMessages, messageOf } from '../../src/view/message.js';

const EVENTS: EventMessages = {
  message: (event, direction, text) =>
    event === 'gold'
      ? { template: '{character} gives {coins} gold,\nin {room}', groups: direction === 'SND' && text !== '' ? { coins: '5' } : {} }
      : event === 'login'
        ? { template: '{account} logs in from {ip}', groups: {} }
        : undefined,
};

t.test('a message says in one line what groups and members say', async (t) => {
  const record = { topic: 'session.output', event: 'gold', direction: 'SND', character: 'Al', room: 'Hall', text: 'You give 5 gold.' };
  t.equal(messageOf(record, EVENTS), 'Al gives 5 gold, in Hall');
});

t.test('what was erased, or is not known, is a question mark', async (t) => {
  t.equal(messageOf({ topic: 'session.output', event: 'gold', direction: 'SND', room: '' }, EVENTS), '? gives ? gold, in ?');
});

t.test('a login is told by the name that it is about', async (t) => {
  const data = { field: 'account', old: null, new: 'alice', how: 'login' };
  t.equal(messageOf({ topic: 'session.identity', event: 'login', ip: '192.0.2.7', data }, EVENTS), 'alice logs in from 192.0.2.7');
  t.equal(messageOf({ topic: 'session.oob', event: 'login', ip: '192.0.2.7', data }, EVENTS), '? logs in from 192.0.2.7');
});

t.test('a record without an event, or of one without a message, has none', async (t) => {
  t.equal(messageOf({ topic: 'session.input', text: 'look' }, EVENTS), undefined);
  t.equal(messageOf({ topic: 'session.input', event: 'other' }, EVENTS), undefined);
});
