/**
 * The demo's world: who there is, where they stand, and what their words do. Receives lines, gives lines; knows no socket and no clock. Names and
 * passwords live in memory and end with it.
 */
import { DIRECTIONS, type Direction, ROOMS, type Room, START } from './rooms.js';

/** How the world reaches a visitor. */
export interface Ears {
  /** Text without a last line end; lines are parted by `\n`. */
  hear(text: string): void;
  /** Lets the visitor go, after what was said so far. */
  leave(): void;
}

/** Enough for a demo on loopback. */
const MAX_ACCOUNTS = 1_000;
const NAME = /^[A-Za-z]{2,16}$/;

const GREETING = `\x1b[1;36mLanternford\x1b[0m, a small town that is being written down.

  create NAME PASSWORD    makes a new townsman
  connect NAME PASSWORD   takes you back to one
  who, quit`;

const HELP = `look, north south east west (n s e w, go), say TEXT ("TEXT), emote TEXT (:TEXT), who, quit`;

/** One connection: nobody until it has logged in. */
export class Visitor {
  readonly #world: World;
  readonly #ears: Ears;
  name: string | undefined;
  place = START;

  constructor(world: World, ears: Ears) {
    this.#world = world;
    this.#ears = ears;
    ears.hear(GREETING);
  }

  hear(text: string): void {
    this.#ears.hear(text);
  }

  /** Does what a line says, and says what came of it. */
  obey(line: string): void {
    const [, verb = '', rest = ''] = /^\s*(["':]|\S*)\s*(.*?)\s*$/.exec(line) ?? [];
    const word = verb.toLowerCase();
    if (word === 'quit') this.quit();
    else if (word)
      this.hear(word === 'who' ? this.#world.who() : this.name === undefined ? this.#login(word, rest) : this.#act(word, rest, this.name));
  }

  /** Goes, with a word to those around. */
  quit(): void {
    this.hear('The lamp is put out behind you. Goodbye.');
    this.gone();
    this.#ears.leave();
  }

  /** The connection is gone. */
  gone(): void {
    if (this.name !== undefined) this.#world.remove(this, `${this.name} has left.`);
    this.name = undefined;
  }

  /** Makes room for a newer connection of the same name. */
  giveWay(): void {
    this.hear('You are here a second time; this connection ends.');
    this.gone();
    this.#ears.leave();
  }

  #login(word: string, rest: string): string {
    const [, name = '', password = ''] = /^(\S+)\s+(\S+)$/.exec(rest) ?? [];
    if (word !== 'connect' && word !== 'create') return 'Say `connect NAME PASSWORD` or `create NAME PASSWORD` first.';
    if (!password) return `Say \`${word} NAME PASSWORD\`.`;
    const refusal = word === 'create' ? this.#world.create(name, password) : this.#world.check(name, password);
    if (refusal) return refusal;
    this.name = this.#world.add(this, name);
    return `You become \x1b[1;37m${this.name}\x1b[0m.\n${this.#world.look(this)}`;
  }

  #act(word: string, rest: string, name: string): string {
    const direction = DIRECTIONS.find((one) => one.startsWith(word === 'go' ? rest.toLowerCase() || '?' : word));
    if (direction) return this.#walk(direction, name);
    if (['say', '"', "'"].includes(word)) return this.#say(rest, name);
    if (['emote', ':'].includes(word)) return this.#emote(rest, name);
    if (['look', 'l'].includes(word)) return this.#world.look(this);
    return word === 'help' ? HELP : 'Nobody here knows how to do that. Try `help`.';
  }

  #say(text: string, name: string): string {
    if (!text) return 'Say what?';
    this.#world.tell(this.place, `${name} says, "${text}"`, this);
    return `You say, "${text}"`;
  }

  #emote(text: string, name: string): string {
    if (!text) return 'Do what?';
    this.#world.tell(this.place, `${name} ${text}`, this);
    return `${name} ${text}`;
  }

  #walk(direction: Direction, name: string): string {
    const next = ROOMS[this.place]?.exits[direction];
    if (!next) return 'There is no way there.';
    this.#world.tell(this.place, `${name} goes ${direction}.`, this);
    this.place = next;
    this.#world.tell(this.place, `${name} comes in.`, this);
    return this.#world.look(this);
  }
}

export class World {
  /** Passwords by name in lower case. */
  readonly #passwords = new Map<string, string>();
  /** Who is logged in, by name in lower case. */
  readonly #present = new Map<string, Visitor>();

  /** Why this name cannot be made, or nothing: then it is made. */
  create(name: string, password: string): string | undefined {
    if (!NAME.test(name)) return 'That is not a valid name: two to sixteen letters.';
    if (this.#passwords.has(name.toLowerCase())) return 'That name is already taken.';
    if (this.#passwords.size >= MAX_ACCOUNTS) return 'The town is full; creating is not allowed.';
    this.#passwords.set(name.toLowerCase(), password);
    return undefined;
  }

  /** Why this login is refused, or nothing. */
  check(name: string, password: string): string | undefined {
    return this.#passwords.get(name.toLowerCase()) === password ? undefined : 'Wrong name or password. (`create NAME PASSWORD` makes a new one.)';
  }

  /** Lets a visitor in under a name, and gives the name as the town writes it. */
  add(visitor: Visitor, name: string): string {
    const key = name.toLowerCase();
    this.#present.get(key)?.giveWay();
    this.#present.set(key, visitor);
    const written = key.charAt(0).toUpperCase() + key.slice(1);
    this.tell(visitor.place, `${written} has arrived.`, visitor);
    return written;
  }

  remove(visitor: Visitor, farewell: string): void {
    if (visitor.name !== undefined) this.#present.delete(visitor.name.toLowerCase());
    this.tell(visitor.place, farewell, visitor);
  }

  /** Says a line to everybody in a room, but for one. */
  tell(place: string, text: string, but?: Visitor): void {
    for (const visitor of this.#present.values()) if (visitor.place === place && visitor !== but) visitor.hear(text);
  }

  who(): string {
    const names = [...this.#present.values()].flatMap(({ name }) => name ?? []);
    return names.length ? `In town: ${names.sort().join(', ')}.` : 'Nobody is in town.';
  }

  look(visitor: Visitor): string {
    const room: Room | undefined = ROOMS[visitor.place];
    if (!room) return 'There is nothing here.';
    const others = [...this.#present.values()].flatMap((one) => (one !== visitor && one.place === visitor.place && one.name ? one.name : []));
    const exits = `\x1b[32mExits:\x1b[0m ${Object.keys(room.exits).join(', ')}`;
    return [`\x1b[1;33m${room.name}\x1b[0m`, room.look, exits, ...(others.length ? [`Here: ${others.join(', ')}`] : [])].join('\n');
  }

  /** Something small happens where somebody is. `pick` is a number from 0 to below 1. */
  stir(pick: number): void {
    const places = [...new Set([...this.#present.values()].map(({ place }) => place))];
    const events = places.flatMap((place) => (ROOMS[place]?.ambience ?? []).map((text) => ({ place, text })));
    const event = events[Math.floor(pick * events.length)];
    if (event) this.tell(event.place, event.text);
  }
}
