/**
 * Law: whatever is killed while a spool is handed over, and whenever, no session ends but those of the process that died, every chain is whole and verifies,
 * and a session that was not cut off by a death has all that was said in it, once. Round after round the owner is asked to hand over, and after some answers
 * it, or the new process, is killed; where nobody owns the spool then, another is started. WIRESCRIBE_HANDOVER_ROUNDS sets how many rounds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatAddress } from '../../src/bridge/address.js';
import { askOwner } from '../../src/view/control.js';
import { isAlive, kill } from '../exec/harness.js';
import { Client, chainOf, goingIn, type Started, sound, start, type World, worldOf } from '../handover.js';
import { Dice, type Written } from '../harness.js';
import { until } from '../wait.js';

const ROUNDS = Number(process.env.WIRESCRIBE_HANDOVER_ROUNDS ?? 4);
const SEED = Number(process.env.WIRESCRIBE_HANDOVER_SEED ?? Date.now() % 1_000_000);
const CLIENTS = 4;
/** Answers before the kill: more than a handover takes, so that some deaths come behind it. */
const MOST_ANSWERS = 500;
/** Lines in a session, so that some are in each process. */
const MOST_LINES = 300;
/** A round on a machine that others load; alone it takes two seconds. */
const ROUND_MS = 60_000;

/** One connection: what was said in it and came back. */
interface Visit {
  readonly said: string[];
  left: boolean;
}

/** Clients that talk; one whose session ends comes again. */
class Crowd {
  readonly visits: Visit[] = [];
  answers = 0;
  #going = true;
  readonly #address: Parameters<typeof Client.at>[0];
  readonly #dice: Dice;
  readonly #ended: Promise<unknown>;

  constructor(address: Parameters<typeof Client.at>[0], dice: Dice) {
    this.#address = address;
    this.#dice = dice;
    this.#ended = Promise.all(Array.from({ length: CLIENTS }, () => this.#come()));
  }

  async #come(): Promise<void> {
    while (this.#going) await this.#visit();
  }

  async #visit(): Promise<void> {
    const visit: Visit = { said: [], left: false };
    const number = this.visits.push(visit);
    const client = await until(() => Client.at(this.#address).catch(() => undefined), 'somebody who listens', ROUND_MS);
    try {
      const most = this.#dice.between(1, MOST_LINES);
      while (this.#going && visit.said.length < most) {
        const line = `visit ${number} line ${visit.said.length}`;
        await client.say(line);
        visit.said.push(line);
        this.answers++;
      }
      await client.leave();
      visit.left = true;
    } catch {
      // Its process was killed.
      client.socket.destroy();
    }
  }

  async heard(count: number): Promise<void> {
    const from = this.answers;
    await until(() => this.answers >= from + count, `${count} answers`, ROUND_MS);
  }

  /** Everybody leaves. */
  async end(): Promise<void> {
    this.#going = false;
    await this.#ended;
  }
}

const ownerOf = async ({ folder }: World): Promise<number> => {
  const stats = await askOwner(join(folder, 'audit/spool'), { command: 'stats' }, () => undefined).catch(() => undefined);
  return (stats as { readonly pid: number } | undefined)?.pid ?? 0;
};

function childOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1));
  } catch {
    return 0;
  }
}

t.test('kill -9 in any moment of a handover', { timeout: ROUNDS * ROUND_MS + 120_000 }, async (t) => {
  t.comment(`seed ${SEED}`);
  const dice = new Dice(SEED);
  const first = await worldOf(t);
  const programs: Started[] = [await start(t, first)];
  const address = (programs[0] as Started).address;
  const world: World = { ...first, set: [...first.set, `LISTEN='${formatAddress(address)}'`] };
  const printed = (): string => programs.map((one) => one.printed).join('');
  const crowd = new Crowd(address, dice);
  const killed = new Set<number>();
  await crowd.heard(CLIENTS * 3);
  for (let round = 0; round < ROUNDS; round++) {
    const owner = await until(() => ownerOf(world), `an owner in round ${round}: ${printed()}`, ROUND_MS);
    kill(owner, 'SIGUSR2');
    const heir = await until(() => childOf(owner), 'the new process', ROUND_MS);
    await crowd.heard(dice.between(0, MOST_ANSWERS));
    const victim = dice.next() < 0.6 ? heir : owner;
    killed.add(victim);
    kill(victim, 'SIGKILL');
    // Whoever has handed over takes nothing back.
    const handed = (): boolean => !isAlive(owner) || printed().includes(`process ${heir} has taken over`);
    await until(async () => (await ownerOf(world)) > 0 || (!isAlive(heir) && handed()), `the end of round ${round}: ${printed()}`, ROUND_MS);
    if (!isAlive(heir) && handed()) programs.push(await start(t, world));
    await crowd.heard(CLIENTS);
  }
  await crowd.end();
  await until(() => goingIn(world).length === 0, `the end of all that went on: ${printed()}`, ROUND_MS);
  const last = await ownerOf(world);
  kill(last, 'SIGTERM');
  await until(() => !isAlive(last), 'the end of the last', ROUND_MS);
  const all = await sound(t, world);
  const sessions = new Map(all.filter(({ topic }) => topic === 'session.input').map(({ session = '', text = '' }) => [text, session]));
  let whole = 0;
  for (const { said, left } of crowd.visits) {
    const chain = chainOf(all, sessions.get(said[0] ?? '') ?? 'none') as (Written & { readonly pid?: number })[];
    const written = chain.filter(({ topic }) => topic === 'session.input').map(({ text }) => text);
    const isCutOff = chain.length === 0 || chain.some(({ topic, data }) => topic === 'audit.gap' && data?.reason === 'crash');
    if (isCutOff) {
      t.ok(chain.length === 0 || killed.has(chain[0]?.pid ?? 0), 'its process was killed');
      t.same(said.slice(0, written.length), written.slice(0, said.length), 'what is written was said');
    } else {
      t.ok(left, 'its process lived');
      t.same(written, said, 'all that was said, once');
      whole++;
    }
  }
  t.ok(whole >= CLIENTS);
});
