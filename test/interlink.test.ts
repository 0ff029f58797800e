import t from 'tap';
import { sound, Talk } from './talk.js';

t.test('the id that another system gave a connection stands in each of its records, from the first', async (t) => {
  const talk = new Talk({ interlink: 'req-7f3a' })['<']('Welcome!\r\n')['>']('connect bob hunter2\r\n')['<']('Bob is here.\r\n').end();
  t.strictSame([...new Set(talk.records.map(({ interlink }) => interlink))], ['req-7f3a']);
  sound(t, talk);
  t.notOk('interlink' in (new Talk()['>']('look\r\n').end().records[0] ?? {}));
});

t.test('a secret in it is masked: one that a mask knows, and one that was typed before', async (t) => {
  const known = new Talk({ interlink: 'connect bob hunter2' })['>']('look\r\n').end();
  t.notMatch(known.lines.join(''), /hunter2/);
  t.match(known.records[0], { topic: 'session.start', interlink: 'connect bob ********' });
  const typed = new Talk({ interlink: 'id-of-hunter2' })['>']('connect bob hunter2\r\n')['<']('Hello.\r\n').wait(150)['>']('look\r\n').end();
  t.match(typed.records.at(-1), { interlink: /^id-of-\*{7,8}$/ });
});
