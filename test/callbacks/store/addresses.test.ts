import t from 'tap';
import { addressBytes, rangeOf } from '../../../callbacks/store/addresses.js';

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
const range = (network: string) => rangeOf(network)?.map(hex);

t.test('addresses are 16 bytes, IPv4 where IPv6 maps it', async (t) => {
  t.equal(hex(addressBytes('203.0.113.7')), '00000000000000000000ffffcb007107');
  t.equal(hex(addressBytes('::ffff:203.0.113.7')), '00000000000000000000ffffcb007107');
  t.equal(hex(addressBytes('2001:db8::7')), '20010db8000000000000000000000007');
  t.equal(hex(addressBytes('::')), '0'.repeat(32));
  t.equal(hex(addressBytes('::1')), '1'.padStart(32, '0'));
  t.equal(hex(addressBytes('fe80::')), 'fe80'.padEnd(32, '0'));
  t.equal(hex(addressBytes('fe80::1%eth0')), 'fe800000000000000000000000000001');
  t.equal(hex(addressBytes('1:2:3:4:5:6:7:8')), '00010002000300040005000600070008');
  for (const none of ['', 'localhost', '203.0.113', '203.0.113.256', ':::', '1::2::3', '%eth0']) t.equal(addressBytes(none), undefined, none);
});

t.test('networks are ranges of them', async (t) => {
  t.same(range('203.0.113.77/24'), ['00000000000000000000ffffcb007100', '00000000000000000000ffffcb0071ff']);
  t.same(range('203.0.113.77/27'), ['00000000000000000000ffffcb007140', '00000000000000000000ffffcb00715f']);
  t.same(range('10.0.0.1'), ['00000000000000000000ffff0a000001', '00000000000000000000ffff0a000001']);
  t.same(range('0.0.0.0/0'), ['00000000000000000000ffff00000000', '00000000000000000000ffffffffffff']);
  t.same(range('2001:db8::/33'), ['20010db8000000000000000000000000', `20010db87fff${'f'.repeat(20)}`]);
  t.same(range('::/0'), ['0'.repeat(32), 'f'.repeat(32)]);
  for (const none of ['', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '::/129', 'a/8', '10.0.0.0/1e1'])
    t.equal(range(none), undefined, none);
});
