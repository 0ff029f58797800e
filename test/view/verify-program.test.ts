/** `verify --key` over what the program itself writes: signed checkpoints, over a clean end, a kill and a restart; in the spool and in the files. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Report, verifyFiles, verifySpool } from '../../src/view/verify.js';
import { readKeys } from '../../src/view/verify-keys.js';
import { exitOf } from '../../src/view/verify-report.js';
import { newKey, publicPem } from '../evidence.js';
import { auditFiles, auditLines, folderOf, type Program, recordThat, settingsOf, startProgram, startServer } from '../harness.js';

t.setTimeout(120_000);

const CLI = join(import.meta.dirname, '../../src/cli.js');

/** One session that says these lines and hears each back. */
async function talk(program: Program, lines: readonly string[]): Promise<void> {
  const client = await program.connect();
  for (const line of lines) {
    client.write(`${line}\r\n`);
    await once(client, 'data');
  }
  client.end();
  await once(client, 'close');
}

t.test('what the program writes is proven to its last record, also after a kill', async (t) => {
  const folder = folderOf(t);
  const key = newKey();
  writeFileSync(join(folder, 'checkpoint.key'), key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  writeFileSync(join(folder, 'checkpoint.key.pub'), publicPem(key));
  const upstream = await startServer(t, (socket) => socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end()));
  const set = ['AUDIT_IN=True', "CHECKPOINT_KEY='checkpoint.key'", 'AUDIT_MASK_PACKS=[]', "AUDIT_CALLBACK=['file']"];
  const keys = readKeys([join(folder, 'checkpoint.key.pub')]);
  const both = async (): Promise<Report[]> => [
    await verifyFiles(auditFiles(folder), { keys }),
    await verifySpool(join(folder, 'audit/spool'), { keys }),
  ];

  const first = await startProgram(t, { upstream, set, folder });
  await talk(first, ['look', 'say hello']);
  await recordThat(folder, ({ topic }) => topic === 'session.end', 'the end of the session');
  t.equal(await first.end('SIGKILL'), null);
  const second = await startProgram(t, { upstream, set, folder });
  await talk(second, ['north', 'quit']);
  t.equal(await second.end(), 0, second.printed);

  for (const report of await both()) {
    t.same(report.damage, []);
    t.equal(report.unproven, 0);
    t.ok(report.checkpoints >= 2);
    t.equal(report.keys[0]?.checkpoints, report.checkpoints);
  }
  // Killed between its write and its cursor's, the callback wrote these again.
  t.equal(exitOf({ ...((await both())[0] as Report), doubles: 0 }, { strict: true }), 0);

  const lines = [...new Set(auditLines(folder))];
  const gone = lines.filter((line) => !/"text":"look"/.test(line));
  writeFileSync(join(folder, 'gone.log'), gone.map((line) => `${line}\n`).join(''));
  t.equal(lines.length - gone.length, 1);
  t.match((await verifyFiles([join(folder, 'gone.log')], { keys })).damage[0], { code: 'deleted' });

  const session = /"session":"([^"]+)"/.exec(readFileSync(join(folder, 'gone.log'), 'latin1'))?.[1] ?? '';
  const own = lines.filter((line) => line.includes(session));
  writeFileSync(join(folder, 'export.log'), own.map((line) => `${line}\n`).join(''));
  const exported = await verifyFiles([join(folder, 'export.log')], { keys, session });
  t.same([exported.damage, exported.sessions, exported.unproven], [[], 1, 0]);

  const given = settingsOf({ upstream, set }).flatMap((one) => ['--set', one]);
  const redact = ['redact', '--session', session, '--why', 'asked for', '--yes', ...given];
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...redact], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.notOk(auditLines(folder).some((line) => /"text":"look"/.test(line)));
  t.match((await verifyFiles(auditFiles(folder), { keys })).damage[0], { code: 'erased' }, 'the record of it is not delivered yet');
  const third = await startProgram(t, { upstream, set, folder });
  t.equal(await third.end(), 0, third.printed);
  const [files, spool] = (await both()) as [Report, Report];
  t.same([files.damage, spool.damage, files.unproven], [[], [], 0]);
  t.ok(files.redacted >= 4);
  t.same((await verifyFiles([...auditFiles(folder), join(folder, 'export.log')], { keys })).damage, [], 'whole in a copy and redacted here');
});
