import t from 'tap';
import { chooseSubprotocol, wireWith } from '../../../src/bridge/websocket/subprotocols.js';

const CHOICES: readonly [readonly string[], string | null, string | undefined][] = [
  [[], null, undefined],
  [['v1.example.org'], null, undefined],
  [['v1.example.org', 'ascii', 'telnet.mudstandards.org'], null, 'ascii'],
  [['ascii', 'telnet.mudstandards.org'], 'telnet.mudstandards.org', 'telnet.mudstandards.org'],
  [['ascii'], 'telnet.mudstandards.org', 'ascii'],
  [['v1.example.org'], 'v1.example.org', 'v1.example.org'],
  [['constructor', '__proto__'], null, undefined],
];

for (const [offered, preferred, chosen] of CHOICES) {
  t.test(`of [${offered}], where the operator says ${preferred}: ${chosen}`, async (t) => t.equal(chooseSubprotocol(offered, preferred), chosen));
}

t.test('a subprotocol that carries telnet says how the session is read; all others leave it to the other side', async (t) => {
  for (const name of ['telnet.mudstandards.org', 'telnet']) t.equal(wireWith(name, 'plain'), 'telnet');
  for (const name of ['', 'binary', 'ascii', 'terminal.mudstandards.org', 'toString']) t.equal(wireWith(name, 'plain'), 'plain');
});
