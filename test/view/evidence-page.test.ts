/** EVIDENCE.md: its commands run on what the program wrote, and its tables are those of the program. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { verifyFiles } from '../../src/view/verify.js';
import { Sealer } from '../evidence.js';
import { auditLines, folderOf, startProgram, startServer } from '../harness.js';

const ROOT = join(import.meta.dirname, '../../..');
const CLI = join(import.meta.dirname, '../../src/cli.js');
const VIEW = join(ROOT, 'src/view');
const page = readFileSync(join(VIEW, 'EVIDENCE.md'), 'utf8');
const sources = readdirSync(VIEW)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(VIEW, name), 'utf8'))
  .join('');

/** The one block of the page that has this in it. */
function block(text: string): string {
  const found = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, inner = '']) => inner).filter((inner) => inner.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks with ${text}`);
  return found[0] as string;
}

/** Rows of the table under a heading, without its head. */
function rows(heading: string): string[][] {
  const [, under = ''] = page.split(`## ${heading}\n`);
  const lines = (under.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codes = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

async function shell(command: string, cwd: string): Promise<string> {
  const script = command.replaceAll('npx wirescribe', `'${process.execPath}' '${CLI}'`);
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd, env: { PATH: process.env.PATH ?? '' } });
  return stdout;
}

/** A folder with what the program wrote over one session, signed by a key of keygen's. */
async function recorded(t: Test): Promise<string> {
  const folder = folderOf(t);
  await shell(block('keygen'), folder);
  const upstream = await startServer(t, (socket) => socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end()));
  const set = ['AUDIT_IN=True', "CHECKPOINT_KEY='checkpoint.key'", 'AUDIT_MASK_PACKS=[]', "AUDIT_CALLBACK=['file']"];
  const program = await startProgram(t, { upstream, set, folder });
  const client = await program.connect();
  client.write('say "hello", \\ naïve\r\n');
  await once(client, 'data');
  client.end();
  await once(client, 'close');
  t.equal(await program.end(), 0, program.printed);
  return folder;
}

t.setTimeout(120_000);

t.test('its commands find what the program wrote good, with wirescribe and with sha256sum and openssl alone', async (t) => {
  const folder = await recorded(t);
  t.match(await shell(block('verify --key'), folder), /^good: .*\nproven up to /);

  const records = auditLines(folder).map((line) => JSON.parse(line));
  const [checkpoint] = records.filter(({ topic }) => topic === 'audit.checkpoint').slice(-1);
  const byHand = await shell(block('pkeyutl'), folder);
  t.strictSame(byHand.match(/\b[0-9a-f]{64}\b/g), [checkpoint.hash, checkpoint.data.key]);
  t.match(byHand, 'Signature Verified Successfully');

  const session = records.filter((record) => record.session);
  t.equal(await shell(block('while IFS= read'), folder), session.map(({ hash }) => `good ${hash}\n`).join(''));
  const { digest } = records.find(({ topic }) => topic === 'session.input');
  t.strictSame((await shell(block('session.input'), folder)).match(/\b[0-9a-f]{64}\b/g), digest);
});

t.test('by hand a forged record is found as well', async (t) => {
  const folder = await recorded(t);
  const [, digest] = JSON.parse(auditLines(folder).find((line) => line.includes('session.input')) ?? '').digest;
  await shell(`sed -i 's/naïve/naive/; s/"reason":"stop"/"reason":"noon"/' audit/audit.*.log\ncat audit/audit.*.log > all.jsonl`, folder);
  t.notMatch(await shell(block('session.input'), folder), digest);
  t.match(await shell(`${block('pkeyutl').trimEnd()} || true`, folder), 'Signature Verification Failure');
});

t.test('its codes of damage and its members are those of the program', async (t) => {
  const [, union = ''] = /export type DamageCode =(.*?);/s.exec(sources) ?? [];
  t.strictSame(
    rows('Damage').flatMap(([code]) => codes(code)),
    [...union.matchAll(/'([a-z]+)'/g)].map(([, code]) => code),
  );
  const folder = t.testdir({ 'a.log': `${new Sealer().seal({ topic: 'audit.start' })}\n` });
  const members = rows('The report for machines').flatMap(([names]) => codes(names));
  t.strictSame(members.toSorted(), Object.keys(await verifyFiles([join(folder, 'a.log')])).toSorted());
  for (const [name] of rows('What is counted and is no damage')) t.ok(members.includes(codes(name)[0] ?? ''), String(name));
});

t.test('its bounds are the constants that it names, and its links lead somewhere', async (t) => {
  const bounds = rows('Bounds');
  t.equal(bounds.length, 5);
  for (const [what, most = ''] of bounds) {
    const [, name = '', number = ''] = /^`(\w+)` = ([\d,]+)$/.exec(most) ?? [];
    t.match(sources, `const ${name} = ${number.replaceAll(',', '_')};`, String(what));
  }
  for (const [, target = ''] of page.matchAll(/\]\(([^)]+)\)/g)) t.ok(existsSync(join(VIEW, target)), target);
});
