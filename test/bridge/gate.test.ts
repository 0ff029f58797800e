import t from 'tap';
import { Gate, networkOf } from '../../src/bridge/gate.js';
import { type Limits, NO_LIMITS } from '../../src/bridge/limits.js';
import { Dice } from '../harness.js';

const gate = (limits: Partial<Limits>, more: object = {}) => new Gate({ limits: { ...NO_LIMITS, ...limits }, now: () => 0, ...more });

t.test('the network of an address is its /24, in IPv6 its /64, however that is written', async (t) => {
  t.equal(networkOf('192.0.2.77'), '192.0.2');
  t.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  t.equal(networkOf('2001:DB8:0001:0002::'), '2001:db8:1:2');
  t.equal(networkOf('2001:db8::1'), '2001:db8:0:0');
  t.equal(networkOf('::1'), '0:0:0:0');
  t.equal(networkOf('::'), '0:0:0:0');
  t.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
  t.equal(networkOf('64:ff9b::192.0.2.1'), '64:ff9b:0:0');
  t.equal(networkOf('1:2:3:4:5::'), '1:2:3:4');
});

t.test('so many sessions come in as there may be, and another when one has left', async (t) => {
  const door = gate({ maxSessions: 2 });
  t.same(
    ['10.0.0.1', undefined, '10.0.0.3'].map((ip) => door.enter(ip)),
    [undefined, undefined, 'refused-busy'],
  );
  door.leave(undefined);
  t.equal(door.enter('10.0.0.3'), undefined);
  t.equal(door.sessions, 2);
});

t.test('so many of an address, and of a network', async (t) => {
  const door = gate({ maxPerIp: 2, maxPerNetwork: 3 });
  t.same(
    ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.3', undefined].map((ip) => door.enter(ip)),
    [undefined, undefined, 'refused-address', undefined, 'refused-network', undefined, undefined],
  );
  t.equal(door.sessions, 5, 'who was refused is not counted');
});

t.test('one IPv6 address in two spellings is one address', async (t) => {
  const door = gate({ maxPerIp: 1 });
  t.same(
    ['2001:db8::1', '2001:DB8:0:0::0001', '2001:db8::2'].map((ip) => door.enter(ip)),
    [undefined, 'refused-address', undefined],
  );
});

t.test('deny counts before allow; where there is allow nobody else comes in', async (t) => {
  const door = gate({ allow: ['10.0.0.0/8', '::1'], deny: ['10.6.0.0/16'] });
  t.same(
    ['10.1.2.3', '10.6.0.1', '192.0.2.1', '::1', '::ffff:10.1.2.3', undefined].map((ip) => door.judge(ip)),
    [undefined, 'denied', 'denied', undefined, undefined, 'denied'],
  );
  t.equal(gate({ deny: ['10.6.0.0/16'] }).judge('192.0.2.1'), undefined);
  t.equal(gate({ deny: ['0.0.0.0/0'] }, { unix: true }).judge(undefined), undefined, 'clients of a unix socket have no address');
  t.equal(gate({}).judge(undefined), undefined);
});

t.test('connections a second count by address, in IPv6 by /64', async (t) => {
  const door = gate({ connectsPerS: 0.1 });
  t.same(
    ['10.0.0.1', '10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map((ip) => door.judge(ip)),
    [undefined, 'refused-rate', undefined, undefined, 'refused-rate', undefined],
  );
});

t.test('an address has 250 connections on their way in at most, or what it may have of sessions; a trusted proxy any number', async (t) => {
  const arrivals = (door: Gate, ip: string, count: number) =>
    Array.from({ length: count }, () => door.arrive(ip)).filter((one) => one === undefined).length;
  const door = gate({}, { trusted: ['10.0.0.0/8'] });
  t.equal(arrivals(door, '192.0.2.1', 300), 250);
  t.equal(arrivals(door, '10.0.0.1', 300), 300);
  door.arrived('192.0.2.1');
  t.equal(door.arrive('192.0.2.1'), undefined);
  t.equal(arrivals(gate({ maxPerIp: 3 }), '192.0.2.1', 10), 3);
});

t.test('limits that change count at once, with those who are in already', async (t) => {
  const door = gate({});
  for (let at = 0; at < 5; at++) door.enter('10.0.0.1');
  door.update({ ...NO_LIMITS, maxPerIp: 5, deny: ['10.0.0.2'] });
  t.same([door.enter('10.0.0.1'), door.enter('10.0.0.2'), door.judge('10.0.0.2')], ['refused-address', undefined, 'denied']);
  door.leave('10.0.0.1');
  t.equal(door.enter('10.0.0.1'), undefined);
  door.update(NO_LIMITS);
  t.same([door.enter('10.0.0.1'), door.judge('10.0.0.2'), door.sessions], [undefined, undefined, 7]);
});

t.test('a proxy that is trusted from now on may bring any number, and no count is left over', async (t) => {
  const door = gate({ maxPerIp: 1 });
  t.same([door.arrive('10.0.0.1'), door.arrive('10.0.0.1')], [undefined, 'refused-address']);
  door.update({ ...NO_LIMITS, maxPerIp: 1 }, ['10.0.0.0/8']);
  t.same([door.arrive('10.0.0.1'), door.trusts('10.0.0.1')], [undefined, true]);
  door.update(NO_LIMITS);
  t.ok(door.trusts('10.0.0.1'));
  for (let at = 0; at < 2; at++) door.arrived('10.0.0.1');
  t.equal(door.size, 0);
});

t.test('whoever comes and goes in whatever order, nothing is left when all are gone', async (t) => {
  const dice = new Dice(6);
  const door = gate({ maxSessions: 40, maxPerIp: 3, maxPerNetwork: 12 });
  const inside: (string | undefined)[] = [];
  const most = { sessions: 0, ofOne: 0 };
  for (let turn = 0; turn < 20_000; turn++) {
    if (inside.length > 0 && dice.next() < 0.48) door.leave(inside.splice(dice.between(0, inside.length - 1), 1)[0]);
    else {
      const ip = [`10.0.${dice.between(0, 3)}.${dice.between(0, 9)}`, `2001:db8::${dice.between(0, 3)}:${dice.between(0, 9)}`, undefined][
        dice.between(0, 2)
      ];
      if (door.enter(ip) === undefined) inside.push(ip);
    }
    most.sessions = Math.max(most.sessions, door.sessions);
    if (door.sessions !== inside.length) t.fail(`counts ${door.sessions}, are ${inside.length}`);
  }
  t.equal(most.sessions, 40);
  for (const ip of inside) door.leave(ip);
  t.same([door.sessions, door.size], [0, 0]);
});
