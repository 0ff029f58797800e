/**
 * An evening on a MUD, as its records: players log in (some fail first), walk, talk, fight in colours, tell each other things, idle, drop out and come
 * back. Receives a seed, players and a number of records; gives sealed lines of the journal, made by the real scribe, the same for the same seed. Nothing
 * is said here that anybody said.
 */
import type { MaskedData, MaskedName, MaskedUtterance, MaskHit } from '../../src/contract.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe, type SessionScribe } from '../../src/record/scribe.js';
import { Dice } from '../harness.js';

export interface Evening {
  readonly players?: number;
  readonly records?: number;
  readonly seed?: number;
  /** When it begins, milliseconds since 1970. */
  readonly start?: number;
  /** How long it lasts. */
  readonly hours?: number;
}

/** 2026-01-31 in UTC, so that an evening of six hours goes over midnight. */
const START = Date.UTC(2026, 0, 31, 19);
const HOUR_US = 3_600_000_000;
/** Lines given at a time. */
const CHUNK = 1_000;
const ROOMS = 120;

const SYLLABLES = [
  'ka',
  'ro',
  'mi',
  'tel',
  'dra',
  'sun',
  'vor',
  'ni',
  'shal',
  'ed',
  'gar',
  'ul',
  'fen',
  'is',
  'lo',
  'wyn',
  'bar',
  'oth',
  'qua',
  'zer',
];
const COMMON =
  `the a of and to in is you it that he was for on are with as his they at be this from have or by one had not but what all were when we there can
an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make
than first been its who now people my made over did down only way find use may water long little very after words called just where most know`.split(
    /\s+/,
  );

/** Letters of a word that is in no dictionary, but may be said. */
const coined = (dice: Dice): string => Array.from({ length: dice.between(2, 4) }, () => SYLLABLES[dice.between(0, SYLLABLES.length - 1)]).join('');

/** Words as they come in talk: a few most of the time, thousands now and then. */
class Tongue {
  readonly #dice: Dice;
  readonly #words: readonly string[];

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#words = [...COMMON, ...Array.from({ length: 4_000 }, () => coined(dice))];
  }

  say(least: number, most: number): string {
    const said: string[] = [];
    for (let left = this.#dice.between(least, most); left > 0; left--) {
      said.push(this.#words[Math.floor(this.#words.length * this.#dice.next() ** 3)] as string);
    }
    return said.join(' ');
  }
}

interface Player {
  readonly name: string;
  readonly ip: string;
  scribe: SessionScribe | undefined;
  exchange: number;
  room: number;
}

interface Room {
  readonly name: string;
  readonly looks: string;
}

/** What only mask/ makes elsewhere: here nothing is said that must be hidden. */
const masked = <T>(value: unknown): T => value as T;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The evening itself: one thing happens after another, until the records are full. */
class Night {
  readonly lines: string[] = [];
  #made = 0;
  readonly #dice: Dice;
  readonly #tongue: Tongue;
  readonly #players: readonly Player[];
  readonly #rooms: readonly Room[];
  readonly #ids: Ids;
  readonly #scribe: NodeScribe;
  #atUs: number;
  readonly #stepUs: number;

  constructor({ players = 300, records = 2_000_000, seed = 1, start = START, hours = 6 }: Evening) {
    const dice = new Dice(seed);
    this.#dice = dice;
    this.#tongue = new Tongue(dice);
    this.#atUs = start * 1_000;
    this.#stepUs = (hours * HOUR_US) / records;
    this.#players = Array.from({ length: players }, (_, index) => this.#player(index));
    this.#rooms = Array.from({ length: ROOMS }, () => ({ name: capital(this.#tongue.say(2, 4)), looks: this.#tongue.say(25, 50) }));
    const fill = (into: Uint8Array): void => into.set(dice.bytes(into.length));
    this.#ids = new Ids(fill);
    const origin = { hostname: 'north.example', application: 'wirescribe', version: '0.1.0', pid: 4711, node: 'north' };
    this.#scribe = new NodeScribe({ origin, ids: this.#ids, salts: new Salts(fill), append: (line) => this.#append(line) });
    this.#scribe.event('audit.start', this.#atUs);
  }

  get made(): number {
    return this.#made;
  }

  /** One thing happens to one player. */
  step(): void {
    const player = this.#players[this.#dice.between(0, this.#players.length - 1)] as Player;
    if (!player.scribe) this.#connect(player);
    else this.#act(player);
  }

  #player(index: number): Player {
    const ip = `203.0.${this.#dice.between(0, 113)}.${this.#dice.between(1, 254)}`;
    return { name: capital(coined(this.#dice)) + index, ip, scribe: undefined, exchange: 0, room: this.#dice.between(0, ROOMS - 1) };
  }

  #append(line: string): void {
    this.lines.push(line);
    this.#made++;
  }

  #connect(player: Player): void {
    const id = this.#ids.next(Math.floor(this.#atUs / 1_000));
    const open = {
      id,
      listener: this.#dice.next() < 0.8 ? 'game' : 'web',
      protocol: 'telnet',
      ip: player.ip,
      port: this.#dice.between(1_024, 65_535),
    };
    player.scribe = this.#scribe.session(open, false);
    player.exchange = 0;
    this.#event(player, 'session.start', { upstream: 'telnet://127.0.0.1:4001' });
    this.#hear(player, `Welcome!\n${this.#tongue.say(30, 60)}\nconnect <name> <password>`);
    while (this.#dice.next() < 0.15)
      this.#ask(player, `connect ${player.name} ********`, 'Either that player does not exist, or has a different password.', 8);
    this.#ask(player, `connect ${player.name} ********`, `You wake up.\n${this.#look(player)}`, 8);
    this.#names(player);
    this.#event(player, 'session.identity', { field: 'account', old: null, new: player.name, how: 'login' });
  }

  #names(player: Player): void {
    const names = { account: player.name, character: player.name, room: this.#rooms[player.room]?.name };
    player.scribe?.identify(masked<{ [field in keyof typeof names]: MaskedName }>(names));
  }

  #act(player: Player): void {
    const dice = this.#dice.next();
    if (dice < 0.3) this.#fight(player);
    else if (dice < 0.55) this.#talk(player);
    else if (dice < 0.75) this.#walk(player);
    else if (dice < 0.85) this.#tell(player);
    else if (dice < 0.998) this.#ask(player, 'look', this.#look(player));
    else this.#leave(player);
  }

  #fight(player: Player): void {
    const { name: foe } = this.#some();
    this.#ask(player, `kill ${foe}`, `\x1b[1;31mYou attack ${foe}!\x1b[0m`);
    for (let rounds = this.#dice.between(1, 4); rounds > 0; rounds--) {
      const [hits, mine] = [this.#dice.between(1, 30), this.#dice.between(1, 200)];
      this.#hear(player, `\x1b[31m${foe} hits you for ${hits}.\x1b[0m\nYou ${this.#tongue.say(1, 2)} \x1b[33m${foe}\x1b[0m. <${mine}hp>`);
    }
  }

  #talk(player: Player): void {
    const words = this.#tongue.say(3, 14);
    this.#ask(player, `say ${words}`, `You say, "${words}"`);
    for (const other of this.#here(player)) this.#hear(other, `\x1b[36m${player.name}\x1b[0m says, "${words}"`);
  }

  #here(player: Player): Player[] {
    return this.#players.filter((other) => other !== player && other.scribe !== undefined && other.room === player.room);
  }

  #walk(player: Player): void {
    player.room = (player.room + this.#dice.between(1, 3)) % ROOMS;
    this.#ask(player, ['north', 'south', 'east', 'west'][this.#dice.between(0, 3)] as string, this.#look(player));
    this.#names(player);
  }

  #tell(player: Player): void {
    const [other, words] = [this.#some(), this.#tongue.say(3, 20)];
    this.#ask(player, `tell ${other.name} ${words}`, `You tell ${other.name}, "${words}"`);
    if (other.scribe) this.#hear(other, `\x1b[35m${player.name} tells you, "${words}"\x1b[0m`);
  }

  #leave(player: Player): void {
    if (this.#dice.next() < 0.7) this.#ask(player, 'quit', 'Goodbye.');
    if (this.#dice.next() < 0.02)
      this.#event(player, 'audit.gap', { stage: 'decode', reason: 'overrun', direction: 'SND', from: null, to: null, records: 2, bytes: null });
    this.#event(player, 'session.end', { reason: 'closed', by: 'client', bytes_in: player.exchange * 20, bytes_out: player.exchange * 300 });
    player.scribe = undefined;
  }

  #some(): Player {
    return this.#players[this.#dice.between(0, this.#players.length - 1)] as Player;
  }

  #look(player: Player): string {
    const { name, looks } = this.#rooms[player.room] as Room;
    return `\x1b[1m${name}\x1b[0m\n${looks}\n\x1b[32mExits: north, south, east and west\x1b[0m`;
  }

  #event(player: Player, topic: Parameters<SessionScribe['event']>[0], data: object): void {
    player.scribe?.event(topic, this.#now(), masked<MaskedData>({ value: data }));
  }

  /** @param hidden how many characters at its end are a mask's stars */
  #ask(player: Player, text: string, answer: string, hidden = 0): void {
    player.exchange++;
    const hits = hidden > 0 ? [{ mask: 'connect', direction: 'RCV', start: text.length - hidden, end: text.length } as const] : [];
    this.#said(player, 'RCV', text, hits);
    this.#hear(player, answer, Math.round(this.#dice.next() * 900) / 10);
  }

  #hear(player: Player, raw: string, latencyMs?: number): void {
    this.#said(player, 'SND', raw, [], latencyMs);
  }

  #said(player: Player, direction: 'RCV' | 'SND', said: string, hits: readonly MaskHit[], latencyMs?: number): void {
    const text = said.replaceAll(/\x1b\[[\d;]*m/g, '');
    const raw = text === said ? {} : { raw: said.replaceAll('\n', '\r\n') };
    const at = this.#now();
    const shape = text === said ? 'same' : 'escapes';
    const bytes = Buffer.byteLength(said);
    const utterance = { direction, at, endAt: at, text, ...raw, shape, masked: hits, bytes, encoding: 'utf-8', timing: [] };
    player.scribe?.said(masked<MaskedUtterance>(utterance), { exchange: player.exchange, ...(latencyMs === undefined ? {} : { latencyMs }) });
  }

  #now(): number {
    this.#atUs += this.#dice.between(1, 2 * this.#stepUs);
    return Math.floor(this.#atUs);
  }
}

/** Lines with their line ends, some 1,000 at a time; as many as were asked for, or a few more. */
export function* evening(options: Evening = {}): Generator<readonly string[]> {
  const night = new Night(options);
  const { records = 2_000_000 } = options;
  while (night.made < records) {
    night.step();
    if (night.lines.length >= CHUNK) yield night.lines.splice(0);
  }
  if (night.lines.length > 0) yield night.lines;
}
