import t from 'tap';
import { Watch } from '../../src/bridge/watch.js';

class Session {
  bytesIn = 0;
  held = false;
  over = '';
}

const look = (watch: Watch<Session>, seconds: number, limits: { idleS: number | null; sessionS: number | null }) =>
  watch.look(limits, seconds * 1000, (session, why) => {
    session.over += why;
  });

t.test('who says nothing for so long is idle, and is named once', async (t) => {
  const watch = new Watch<Session>();
  const [silent, speaks] = [new Session(), new Session()];
  for (const session of [silent, speaks]) watch.add(session, 0);
  for (let second = 1; second <= 12; second++) {
    speaks.bytesIn += second % 5 === 0 ? 1 : 0;
    look(watch, second, { idleS: 10, sessionS: null });
    if (second === 9) t.equal(silent.over, '');
  }
  t.same([silent.over, speaks.over, watch.size], ['idle', '', 1]);
});

t.test('who is here for so long has been here too long, however much it says', async (t) => {
  const watch = new Watch<Session>();
  const session = new Session();
  watch.add(session, 5_000);
  for (let second = 6; second <= 20; second++) {
    session.bytesIn++;
    look(watch, second, { idleS: 3, sessionS: 10 });
    t.equal(session.over, second < 15 ? '' : 'too-long');
  }
});

t.test('while a session is held it is not idle: nobody listens to it', async (t) => {
  const watch = new Watch<Session>();
  const session = new Session();
  session.held = true;
  watch.add(session, 0);
  for (let second = 1; second <= 30; second++) look(watch, second, { idleS: 3, sessionS: null });
  t.equal(session.over, '');
  session.held = false;
  look(watch, 32.9, { idleS: 3, sessionS: null });
  t.equal(session.over, '');
  look(watch, 33, { idleS: 3, sessionS: null });
  t.equal(session.over, 'idle');
});

t.test('without limits nobody is looked at; limits that come later count from the beginning', async (t) => {
  const watch = new Watch<Session>();
  const [silent, spoke, gone] = [new Session(), new Session(), new Session()];
  for (const session of [silent, spoke, gone]) watch.add(session, 0);
  look(watch, 100, { idleS: null, sessionS: null });
  spoke.bytesIn = 4;
  watch.delete(gone);
  look(watch, 101, { idleS: 60, sessionS: null });
  t.same([silent.over, spoke.over, gone.over], ['idle', '', '']);
});
