/**
 * What is typed at a program that asks for a password: the terminal itself says that nothing is sent back, so no prompt needs to be known and nothing be
 * guessed. The program itself (`wirescribe run`), and all that it wrote anywhere.
 */
import t, { type Test } from 'tap';
import { records, startProgram } from '../../harness.js';
import { dial, type LineClient } from '../../peers/clients.js';
import { leaksOf } from '../../peers/secrets.js';
import { dialAs, PUTTY } from '../../peers/telnet-client.js';
import { until } from '../../wait.js';

/** None is known to any mask, nor is what asks for them. */
const SECRETS = ['Zw1ebel-Suppe', 'kart0ffel-Brei', 'Gr1ess-Pudding', 'M0hn-Kuchen', 'L1nsen-Topf'];

const SCRIPT =
  'stty -echo; for n in 1 2 3 4 5; do printf "riddle $n? "; read line; echo; done; stty echo; printf "plainly: "; read line; echo "you said $line"';

async function started(t: Test, scheme: 'telnet' | 'tcp') {
  const listen = `${scheme}://127.0.0.1:0`;
  const upstream = `pty:sh -c '${SCRIPT}'`.replaceAll("'", "\\'");
  const program = await startProgram(t, { upstream, listen, set: ['AUDIT_IN=True', 'AUDIT_OUT=True'] });
  return { program, port: 'port' in program.address ? program.address.port : 0 };
}

/** Answers each riddle, and then something that may be read. */
async function talk(client: LineClient, end: string): Promise<void> {
  for (const [at, secret] of SECRETS.entries()) {
    await client.waitFor(new RegExp(`riddle ${at + 1}\\? `));
    client.write(`${secret}${end}`);
  }
  await client.waitFor(/plainly: /);
  client.write(`good morning${end}`);
  await client.waitFor(/you said good morning/);
  await client.waitForEnd();
  await client.end();
}

for (const [scheme, end, connect] of [
  ['telnet', '\r\0', (port: number) => dialAs(port, PUTTY)],
  ['tcp', '\n', (port: number) => dial(port)],
] as const) {
  t.test(`no line typed while the terminal does not echo is written, over ${scheme}; what is typed afterwards is`, async (t) => {
    const { program, port } = await started(t, scheme);
    await talk(await connect(port), end);
    const ended = await until(() => records(program.folder).find(({ topic }) => topic === 'session.end'), 'the end of the session');
    t.equal(ended.data?.exit, 0);
    const start = records(program.folder).find(({ topic }) => topic === 'session.start');
    t.match(start?.data?.process, { argv: ['sh', '-c', SCRIPT], pid: Number });
    const typed = records(program.folder).filter(({ direction, topic }) => direction === 'RCV' && topic === 'session.input');
    t.same(
      typed.map(({ text }) => text),
      [...SECRETS.map((secret) => '*'.repeat(secret.length)), 'good morning'],
    );
    await program.end('SIGTERM');
    t.same(leaksOf(program.folder, program.printed, SECRETS), []);
  });
}
