import t from 'tap';
import type { Direction } from '../../src/contract.js';
import { compileMasks, scrub } from '../../src/mask/masker.js';
import { pack, utterance } from './masks.js';

const masks = compileMasks(pack('network-gear'));
const scrubbed = (direction: Direction, text: string, before = ''): string => {
  const result = scrub(masks, utterance(direction, text, { before }));
  if (result.failed) throw new Error('masking failed');
  return result.utterance.text ?? '';
};

/** Each line as a person types it, and as it is printed: bare, indented, behind prompts, in a difference. */
const everywhere = (line: string): (readonly [Direction, string])[] => [
  ['RCV', line],
  ['RCV', `  ${line}`],
  ['RCV', `do ${line}`],
  ['SND', line],
  ['SND', ` ${line}`],
  ['SND', `        ${line}`],
  ['SND', `router(config)# ${line}`],
  ['SND', `router(config-if)#${line}`],
  ['SND', `bob@mx960> ${line}`],
  ['SND', `[edit] ${line}`],
  ['SND', `[~Router-aaa]${line}`],
  ['SND', `<Router>${line}`],
  ['SND', `no ${line}`],
  ['SND', `+ ${line}`],
  ['SND', `-${line}`],
  ['SND', ` --More-- ${line}`],
  ['SND', `Nov 21 12:00:00.000: %PARSER-5-CFGLOG_LOGGEDCMD: User:bob  logged command:${line}`],
];

const HIDDEN: readonly (readonly [string, string])[] = [
  ['enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0', 'enable secret 5 ******************************'],
  ['enable secret hunter2', 'enable secret ********'],
  ['enable password 7 0822455D0A16', 'enable password 7 ************'],
  ['enable password level 5 hunter2', 'enable password level 5 ********'],
  ['super password level 3 cipher hunter2', 'super password level 3 cipher ********'],
  ['username bob password hunter2', 'username bob password ********'],
  ['username bob secret 9 $9$abc$def', 'username bob secret 9 **********'],
  ['username bob privilege 15 secret p(ss', 'username bob privilege 15 secret ********'],
  ['local-user bob password cipher %^%#abc', 'local-user bob password cipher ********'],
  ['password 7 0822455D0A16', 'password 7 ************'],
  ['passwd 2KFQnbNIdI.2KYOU encrypted', 'passwd **************** encrypted'],
  ['password manager user-name "bob" plaintext hunter2', 'password manager user-name "bob" plaintext ********'],
  ['snmp-server community s3cr3t ro', 'snmp-server community ******** ro'],
  ['snmp-server community 7 094F471A1A0A RW 10', 'snmp-server community 7 ************ RW 10'],
  ['snmp-agent community write cipher hunter2', 'snmp-agent community write cipher ********'],
  ['set snmp community s3cr3t authorization read-only', 'set snmp community ******** authorization read-only'],
  ['snmp-server host 10.1.1.1 version 2c s3cr3t', 'snmp-server host 10.1.1.1 version 2c ********'],
  ['snmp-server user bob ops v3 auth sha hunter2 priv aes 128 hunter3', 'snmp-server user bob ops v3 auth sha ******** priv aes 128 ********'],
  ['snmp-server user bob ops v3 auth sha hunter2 priv aes hunter3', 'snmp-server user bob ops v3 auth sha ******** priv aes ********'],
  ['tacacs-server key hunter2', 'tacacs-server key ********'],
  ['tacacs-server host 10.0.0.1 key 7 0822455D0A16', 'tacacs-server host 10.0.0.1 key 7 ************'],
  ['radius-server key 7 0822455D0A16', 'radius-server key 7 ************'],
  ['radius-server host 10.0.0.1 auth-port 1812 acct-port 1813 key hunter2', 'radius-server host 10.0.0.1 auth-port 1812 acct-port 1813 key ********'],
  ['set system radius-server 10.0.0.1 secret "$9$abc.def"', 'set system radius-server 10.0.0.1 secret ************'],
  ['key 7 0822455D0A16', 'key 7 ************'],
  ['key-string my key', 'key-string ********'],
  ['ppp chap password hunter2', 'ppp chap password ********'],
  ['ppp chap password 7 0822455D0A16', 'ppp chap password 7 ************'],
  ['ppp pap sent-username bob password hunter2', 'ppp pap sent-username bob password ********'],
  ['neighbor 10.0.0.1 password hunter2', 'neighbor 10.0.0.1 password ********'],
  ['neighbor 10.0.0.1 password 7 0822455D0A16', 'neighbor 10.0.0.1 password 7 ************'],
  ['peer 10.0.0.1 password cipher hunter2', 'peer 10.0.0.1 password cipher ********'],
  ['ip ospf authentication-key hunter2', 'ip ospf authentication-key ********'],
  ['ip ospf message-digest-key 1 md5 hunter2', 'ip ospf message-digest-key 1 md5 ********'],
  ['ip ospf message-digest-key 1 md5 7 0822455D0A16', 'ip ospf message-digest-key 1 md5 7 ************'],
  ['crypto isakmp key hunter2 address 10.0.0.1', 'crypto isakmp key ******** address 10.0.0.1'],
  ['pre-shared-key hunter2', 'pre-shared-key ********'],
  ['pre-shared-key local 0 hunter2', 'pre-shared-key local 0 ********'],
  ['set security ike policy p pre-shared-key ascii-text "my key"', 'set security ike policy p pre-shared-key ascii-text ********'],
  ['set protocols bgp group ext authentication-key "my key"', 'set protocols bgp group ext authentication-key ********'],
  ['set system root-authentication encrypted-password "$6$ab$cd"', 'set system root-authentication encrypted-password **********'],
  ['wpa-psk ascii 0 hunter2hunter2', 'wpa-psk ascii 0 **************'],
  ['standby 1 authentication md5 key-string hunter2', 'standby 1 authentication md5 key-string ********'],
  ['standby 1 authentication hunter2', 'standby 1 authentication ********'],
  ['ntp authentication-key 1 md5 hunter2', 'ntp authentication-key 1 md5 ********'],
  ['ntp authentication-key 1 md5 0822455D0A16 7', 'ntp authentication-key 1 md5 **************'],
  ['vtp password hunter2', 'vtp password ********'],
];

t.test('hides the secret of every command, typed and printed, behind any prompt', async (t) => {
  for (const [line, hidden] of HIDDEN) {
    const lines = everywhere(line).map(([direction, text]) => [text.replace(line, () => hidden), scrubbed(direction, text)]);
    for (const [expected, found] of lines) t.equal(found, expected);
  }
});

t.test('hides what only a typed line, or only a printed one, can be taken for', async (t) => {
  t.equal(scrubbed('RCV', 'password hunter2'), 'password ********');
  t.equal(scrubbed('SND', 'password hunter2'), 'password hunter2');
  t.equal(scrubbed('RCV', 'key hunter2'), 'key ********');
  t.equal(scrubbed('SND', ' key hunter2'), ' key ********');
  t.equal(scrubbed('SND', 'key hunter2'), 'key hunter2');
});

t.test("hides the secrets of a printed configuration, line by line, in Cisco's form", async (t) => {
  const printed = [
    'hostname router',
    'enable secret 9 $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM',
    'username bob privilege 15 password 7 0822455D0A16',
    'interface Serial0/0',
    ' ip ospf message-digest-key 1 md5 7 13061E010803',
    ' ppp chap password 7 094F471A1A0A',
    'router bgp 65000',
    ' neighbor 10.0.0.1 remote-as 65001',
    ' neighbor 10.0.0.1 password 7 060506324F41',
    'radius server ONE',
    ' address ipv4 10.0.0.2 auth-port 1812 acct-port 1813',
    ' key 7 05080F1C2243',
    'snmp-server community s3cr3t RO',
    'line vty 0 4',
    ' password 7 14141B180F0B',
    ' login',
  ].join('\n');
  const hidden = [
    'hostname router',
    `enable secret 9 ${'*'.repeat(61)}`,
    'username bob privilege 15 password 7 ************',
    'interface Serial0/0',
    ' ip ospf message-digest-key 1 md5 7 ************',
    ' ppp chap password 7 ************',
    'router bgp 65000',
    ' neighbor 10.0.0.1 remote-as 65001',
    ' neighbor 10.0.0.1 password 7 ************',
    'radius server ONE',
    ' address ipv4 10.0.0.2 auth-port 1812 acct-port 1813',
    ' key 7 ************',
    'snmp-server community ******** RO',
    'line vty 0 4',
    ' password 7 ************',
    ' login',
  ].join('\n');
  t.equal(scrubbed('SND', printed), hidden);
});

t.test("hides the secrets of a printed configuration, line by line, in Juniper's form", async (t) => {
  const printed = [
    'system {',
    '    root-authentication {',
    '        encrypted-password "$6$abc$def"; ## SECRET-DATA',
    '    }',
    '    radius-server {',
    '        10.0.0.1 secret "$9$abcdef"; ## SECRET-DATA',
    '    }',
    'snmp {',
    '    community s3cr3t {',
    '        authorization read-only;',
    'protocols {',
    '            authentication-key "$9$ghijkl"; ## SECRET-DATA',
  ].join('\n');
  const hidden = [
    'system {',
    '    root-authentication {',
    '        encrypted-password ************* ## SECRET-DATA',
    '    }',
    '    radius-server {',
    '        10.0.0.1 secret "$9$********"; ## SECRET-DATA',
    '    }',
    'snmp {',
    '    community ******** {',
    '        authorization read-only;',
    'protocols {',
    `            authentication-key ${'*'.repeat(27)}`,
  ].join('\n');
  t.equal(scrubbed('SND', printed), hidden);
});

t.test('shows the commands that carry no secret', async (t) => {
  const lines = [
    'enable',
    'enable secret',
    'show running-config | include username',
    'username bob privilege 15',
    'snmp-server location Berlin',
    'tacacs-server host 10.0.0.1',
    'radius-server retransmit 3',
    'key chain OSPF',
    'key 1',
    'ppp authentication chap',
    'neighbor 10.0.0.1 remote-as 65001',
    'ip ospf authentication message-digest',
    'crypto isakmp policy 10',
    'set system root-authentication plain-text-password',
    'standby 1 preempt',
    'ntp trusted-key 1',
    'service password-encryption',
    'aaa authentication login default group tacacs+ local',
  ];
  for (const line of lines) for (const [direction, text] of everywhere(line)) t.equal(scrubbed(direction, text), text);
});

t.test('matches what stands behind a cut together with what stood before it', async (t) => {
  t.equal(scrubbed('SND', '5D0A16\n!', 'enable password 7 08224'), '********\n!');
  t.equal(scrubbed('SND', 'cr3t ro', 'router(config)# snmp-server community s3'), '******** ro');
});

t.test('loads quickly', async (t) => {
  const begun = performance.now();
  compileMasks(pack('network-gear'));
  t.comment(`${Math.round(performance.now() - begun)} ms`);
  t.ok(performance.now() - begun < 600, 'far above what it takes, for slow machines');
});
