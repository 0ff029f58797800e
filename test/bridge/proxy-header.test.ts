import t from 'tap';
import { crc32c } from '../../src/bridge/crc32c.js';
import { bytesOfIp, ipOfBytes } from '../../src/bridge/ip-bytes.js';
import { type ProxyHeader, readProxyHeader } from '../../src/bridge/proxy-header.js';
import { type ProxyClient, writeProxyHeader } from '../../src/bridge/proxy-write.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V6 = '20010db8000000000000000000000001';

/** A header of version 2, in hex: command, family, and what follows. */
const v2 = (command: string, family: string, rest: string): Buffer =>
  Buffer.from(`${SIGNATURE}${command}${family}${(rest.length / 2).toString(16).padStart(4, '0')}${rest}`, 'hex');

const ADDRESSES = 'cb007107c0000201c35e0fa0'; // 203.0.113.7:50014 to 192.0.2.1:4000
const CLIENT = { kind: 'client', from: { ip: '203.0.113.7', port: 50014 }, to: { ip: '192.0.2.1', port: 4000 } } as const;

const HEADERS: readonly [title: string, bytes: string | Buffer, header: Omit<ProxyHeader, 'length'>][] = [
  ['TCP4', 'PROXY TCP4 203.0.113.7 192.0.2.1 50014 4000\r\n', CLIENT],
  ['TCP6', 'PROXY TCP6 2001:db8::1 ::1 50014 4000\r\n', { kind: 'client', from: { ip: '2001:db8::1', port: 50014 }, to: { ip: '::1', port: 4000 } }],
  ['IPv4 that is mapped into IPv6', 'PROXY TCP6 ::ffff:203.0.113.7 ::FFFF:192.0.2.1 50014 4000\r\n', CLIENT],
  ['UNKNOWN', 'PROXY UNKNOWN\r\n', { kind: 'unknown' }],
  [
    'UNKNOWN with addresses, which do not count',
    `PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
    { kind: 'unknown' },
  ],
  ['version 2, IPv4', v2('21', '11', ADDRESSES), CLIENT],
  [
    'version 2, IPv6',
    v2('21', '21', `${V6}${V6.replace(/1$/, '2')}c35e0fa0`),
    { kind: 'client', from: { ip: '2001:db8::1', port: 50014 }, to: { ip: '2001:db8::2', port: 4000 } },
  ],
  ['version 2, a unix socket', v2('21', '31', '00'.repeat(216)), { kind: 'client' }],
  ['version 2, nobody said', v2('21', '00', ''), { kind: 'unknown' }],
  ['version 2, datagrams', v2('21', '12', ADDRESSES), { kind: 'unknown' }],
  ['version 2, a family of tomorrow', v2('21', '51', 'ffff'), { kind: 'unknown' }],
  ["HAProxy's check: LOCAL without an address", v2('20', '00', ''), { kind: 'local' }],
  ['LOCAL with addresses, which do not count', v2('20', '11', `${ADDRESSES}ff`), { kind: 'local' }],
  ['a unique id', v2('21', '11', `${ADDRESSES}0500026162`), { ...CLIENT, interlink: 'ab' }],
  ['a unique id of any bytes', v2('21', '11', `${ADDRESSES}05000300ff61`), { ...CLIENT, interlink: '00ff61' }],
  ['a field that says nothing, and one of tomorrow', v2('21', '11', `${ADDRESSES}0400020000ee000101`), CLIENT],
  [
    "the server's name alone",
    v2('21', '11', `${ADDRESSES}020004${Buffer.from('mud\u0007').toString('hex')}`),
    { ...CLIENT, tls: { version: 'unknown', cipher: 'unknown', servername: 'mud' } },
  ],
  [
    'TLS, with a certificate that was verified',
    v2('21', '11', `${ADDRESSES}20001f0300000000210007${hex('TLSv1.3')}230003${hex('AES')}220003${hex('bob')}99000100`),
    { ...CLIENT, tls: { version: 'TLSv1.3', cipher: 'AES', client: { subject: 'CN=bob' } } },
  ],
  [
    'TLS, with a certificate that was not',
    v2('21', '11', `${ADDRESSES}2000150300000001210007${hex('TLSv1.3')}220003${hex('bob')}`),
    { ...CLIENT, tls: { version: 'TLSv1.3', cipher: 'unknown' } },
  ],
  ['no TLS', v2('21', '11', `${ADDRESSES}2000050000000001`), CLIENT],
  ['all that HAProxy says with its checksum', Buffer.from(`${SIGNATURE}21110013${ADDRESSES}03000400000000`, 'hex'), CLIENT],
];

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

/** With the right sum in a checksum of four zeros at its end. */
function summed(bytes: Buffer): Buffer {
  if (bytes.toString('hex').endsWith('03000400000000')) bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4);
  return bytes;
}

for (const [title, given, header] of HEADERS) {
  t.test(`reads ${title}, however it is split, and nothing behind it`, async (t) => {
    const bytes = summed(Buffer.from(given));
    t.strictSame(readProxyHeader(bytes), { length: bytes.length, ...header });
    t.strictSame(readProxyHeader(Buffer.concat([bytes, Buffer.from('connect bob\r\n')])), { length: bytes.length, ...header });
    for (let length = 0; length < bytes.length; length++) t.equal(readProxyHeader(bytes.subarray(0, length)), undefined);
  });
}

const MALFORMED: readonly [string, string | Buffer][] = [
  ['what a person types', 'connect bob hunter2\r\n'],
  ['a telnet negotiation', Buffer.from('fffd18', 'hex')],
  ['TCP4 with an address of IPv6', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['TCP6 with an address of IPv4', 'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['an address that is none', 'PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n'],
  ['a port that is too large', 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'],
  ['a port with a zero in front', 'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'],
  ['two blanks', 'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n'],
  ['a line feed alone', `PROXY UNKNOWN\n${' '.repeat(100)}`],
  ['a line without an end', `PROXY UNKNOWN ${'x'.repeat(93)}`],
  ['a word that is no family', 'PROXY UNKNOWNS\r\n'],
  ['version 3', v2('31', '11', ADDRESSES)],
  ['a command of tomorrow', v2('22', '11', ADDRESSES)],
  ['addresses beyond the end', v2('21', '11', 'cb007107')],
  ['a field beyond the end', v2('21', '11', `${ADDRESSES}0500056162`)],
  ['half a field', v2('21', '11', `${ADDRESSES}0500`)],
  ['a field of SSL beyond its end', v2('21', '11', `${ADDRESSES}2000080100000000210001`)],
  ['a short SSL field', v2('21', '11', `${ADDRESSES}20000101`)],
  ['a wrong checksum', v2('21', '11', `${ADDRESSES}03000400000001`)],
  ['a checksum of three bytes', v2('21', '11', `${ADDRESSES}030003000000`)],
  ['more than 4 KiB', Buffer.from(`${SIGNATURE}21110ff1`, 'hex')],
];

for (const [title, bytes] of MALFORMED) {
  t.test(`refuses ${title}`, async (t) => {
    t.throws(() => readProxyHeader(Buffer.from(bytes)), { name: 'MalformedHeader' });
  });
}

t.test('the checksum is that of RFC 3720, appendix B.4', async (t) => {
  t.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  t.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
});

t.test('addresses as bytes, and back in their short form', async (t) => {
  for (const [ip, hexed] of [
    ['192.0.2.1', 'c0000201'],
    ['::', '00'.repeat(16)],
    ['::1', `${'00'.repeat(15)}01`],
    ['2001:db8::1', V6],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['fe80::a:0:0:b', 'fe80000000000000000a00000000000b'],
    ['1::', `0001${'00'.repeat(14)}`],
  ] as const) {
    t.equal(bytesOfIp(ip)?.toString('hex'), hexed, ip);
    t.equal(bytesOfIp(ipOfBytes(Buffer.from(hexed, 'hex')))?.toString('hex'), hexed, `${ip} again`);
  }
  t.equal(bytesOfIp('::ffff:192.0.2.1')?.toString('hex'), `${'00'.repeat(10)}ffffc0000201`);
  t.equal(bytesOfIp('64:ff9b::192.0.2.1')?.toString('hex'), '0064ff9b0000000000000000c0000201');
  t.equal(bytesOfIp('fe80::1%eth0')?.toString('hex'), `fe80${'00'.repeat(13)}01`);
  t.equal(bytesOfIp('nowhere'), undefined);
  t.equal(ipOfBytes(Buffer.from(V6, 'hex')), '2001:db8::1');
});

const WRITTEN: readonly [string, ProxyClient, v1: string, header: Omit<ProxyHeader, 'length'>][] = [
  [
    'IPv4',
    { ip: '203.0.113.7', port: 50014, to: { ip: '192.0.2.1', port: 4000 } },
    'PROXY TCP4 203.0.113.7 192.0.2.1 50014 4000\r\n',
    { ...CLIENT, interlink: 'id-1' },
  ],
  [
    'IPv6',
    { ip: 'fe80::1%eth0', port: 50014, to: { ip: '2001:db8::1', port: 4000 } },
    'PROXY TCP6 fe80:0:0:0:0:0:0:1 2001:db8:0:0:0:0:0:1 50014 4000\r\n',
    { kind: 'client', from: { ip: 'fe80::1', port: 50014 }, to: { ip: '2001:db8::1', port: 4000 }, interlink: 'id-1' },
  ],
  [
    'a client of IPv6 that a proxy took in by IPv4',
    { ip: '2001:db8::1', port: 50014, to: { ip: '192.0.2.1', port: 4000 } },
    'PROXY TCP6 2001:db8:0:0:0:0:0:1 0:0:0:0:0:ffff:c000:201 50014 4000\r\n',
    { kind: 'client', from: { ip: '2001:db8::1', port: 50014 }, to: { ip: '192.0.2.1', port: 4000 }, interlink: 'id-1' },
  ],
  ['a client without an address', {}, 'PROXY UNKNOWN\r\n', { kind: 'unknown', interlink: 'id-1' }],
  [
    'a client by TLS',
    {
      ip: '203.0.113.7',
      port: 50014,
      to: { ip: '192.0.2.1', port: 4000 },
      tls: { version: 'TLSv1.3', cipher: 'AES', servername: 'mud.example', client: { subject: 'O=Test, CN=bob', fingerprint: 'ab' } },
    },
    'PROXY TCP4 203.0.113.7 192.0.2.1 50014 4000\r\n',
    {
      ...CLIENT,
      interlink: 'id-1',
      tls: { version: 'TLSv1.3', cipher: 'AES', client: { subject: 'CN=bob' }, servername: 'mud.example' },
    },
  ],
];

for (const [title, client, line, header] of WRITTEN) {
  t.test(`writes for ${title} what is read again`, async (t) => {
    t.equal(writeProxyHeader('v1', client, 'id-1').toString(), line);
    t.ok(readProxyHeader(Buffer.from(line)));
    const bytes = writeProxyHeader('v2', client, 'id-1');
    t.strictSame(readProxyHeader(bytes), { length: bytes.length, ...header });
  });
}
