/**
 * Hides secrets of messages out of band by their fields (DESIGN 5, `oob`). Receives messages as the wire had them, gives them with those fields hidden,
 * and the secrets' texts. Fields are those of the packs, and what says by its own name that it is a secret. What is left passes the text masks.
 */
import type { MaskedData, OobMessage } from '../contract.js';
import { DEEPEST, type HiddenMessage, scrubMessage, WITHHELD, Written } from './data.js';
import type { Finder, Known } from './elsewhere.js';
import { ENVIRON_VALUE, type MaskSet, SECRET_FIELD } from './mask-set.js';

/** A member, variable or package that says of itself that it is secret, in the languages whose servers were met. */
export const SECRET_NAME =
  /passw(?:or[dt]|d)|pass[_-]?(?:phrase|code)|kennwort|contrase|mot_?de_?passe|пароль|(?:secret|token|credentials?|api[_-]?key)$|(?:^|[^a-z])(?:pass|pwd|pw|otp|auth|cookie|csessid|authorization)$/i;
/** A command or package by whose name somebody logs in. */
const LOGIN_NAME = /^(?:auth|authenticate|authentication|authorize|log[io]n|sign_?in)$/i;
const LOGIN_WITH_NAME = /^(?:log[io]n|sign_?in)$/i;
/** In `{"name": "password", "value": ...}` it is the name's value that names what `value` holds. */
const NAME_MEMBER = /^(?:name|key|variable|field)$/i;
/** In text that does not parse nobody can tell what is secret: with one of these words in it, none of it is shown. */
const SUSPECT = /pass|pwd|secret|token|auth|log[io]n|credential|cookie|kennwort|contrase|пароль/i;
/** Members that stay to be read in a package by whose name somebody logs in, unless a mask names them. */
const OPEN_MEMBERS = new Set(['account', 'name', 'user', 'username', 'character', 'type', 'method', 'client', 'version']);
/**
 * Variables of NEW-ENVIRON whose values are shown: those of RFC 1572 and of common use, and MNES's (tintin.mudhalla.net/protocols/mnes). Others carry
 * whatever an operator of a client put there, keys too.
 */
const SHOWN_VARIABLES = new Set(
  'USER ACCT JOB PRINTER SYSTEMTYPE DISPLAY TERM LANG LINES COLUMNS CHARSET CLIENT_NAME CLIENT_VERSION IPADDRESS MTTS TERMINAL_TYPE'.split(' '),
);

/** The way to a secret: `parts` are still to go; `after[n]` is the way behind n + 1 of them. */
interface Path {
  readonly parts: readonly string[];
  readonly after: readonly Path[];
  readonly mask: number;
}

interface Rule {
  readonly oob: string;
  readonly begins: boolean;
  readonly protocol: string | undefined;
  readonly path: Path;
}

/** A message with its fields hidden, and what was hidden that its session must know from now on. */
export interface Hidden extends HiddenMessage {
  /** For `Said.learn`. */
  readonly secrets: readonly Known[];
}

/** What was found in one message: `known` is looked for in it, `secrets` in its session. */
interface Found {
  readonly known: Known[];
  readonly secrets: Known[];
}

const NOTHING: Found = { known: [], secrets: [] };

/** The fields of a MaskSet, ready to be asked. */
export class FieldMasks {
  readonly #masks: MaskSet;
  readonly #rules: readonly Rule[];
  readonly #secretField: number;
  readonly #environValue: number;

  constructor(masks: MaskSet) {
    this.#masks = masks;
    this.#secretField = masks.indexOf(SECRET_FIELD);
    this.#environValue = masks.indexOf(ENVIRON_VALUE);
    this.#rules = masks.fields.map(({ name, oob, path, protocol }) => ({
      oob: fold(oob.endsWith('*') ? oob.slice(0, -1) : oob),
      begins: oob.endsWith('*'),
      protocol: protocol && fold(protocol),
      path: pathOf(path === '' ? [] : fold(path).split('.'), masks.indexOf(name)),
    }));
  }

  /**
   * Hides the fields of a message, and names its secrets, which its session should learn at once. A message that does not parse is withheld whole where a
   * mask names it, or where it looks like a login. Never throws: a message that cannot be read is withheld.
   */
  hide(message: OobMessage): Hidden {
    const { protocol, name } = message;
    const found: Found = { known: [], secrets: [] };
    try {
      if (message.broken && this.#isWithheld(message)) return { protocol, name, value: WITHHELD, ...NOTHING };
      return { protocol, name, value: this.#value(protocol, name, message.value, found), ...found };
    } catch {
      return { protocol, name, value: WITHHELD, ...found };
    }
  }

  /** What may be written of a message: the text masks, and what the session knows, over all that is left of it. Never throws. */
  scrub(hidden: HiddenMessage, said?: Finder): MaskedData {
    return scrubMessage(this.#masks, hidden, said);
  }

  #isWithheld({ protocol, name, value }: OobMessage): boolean {
    return typeof value !== 'string' || this.#pathsOf(protocol, name).length > 0 || isLogin(name) || SUSPECT.test(name) || SUSPECT.test(value);
  }

  #pathsOf(protocol: string, name: string): Path[] {
    const folded = fold(name);
    const named = ({ oob, begins, protocol: own }: Rule) =>
      (own === undefined || own === protocol) && (begins ? folded.startsWith(oob) : folded === oob);
    return this.#rules.filter(named).map(({ path }) => path);
  }

  #value(protocol: string, name: string, value: unknown, found: Found): unknown {
    const paths = this.#pathsOf(protocol, name);
    const whole = paths.find((path) => path.parts.length === 0 || isOtherwise(value, path));
    if (whole) return this.#whole(value, whole.mask, found);
    const login = isLogin(name);
    if (protocol === 'environ' && !login) return SHOWN_VARIABLES.has(name.toUpperCase()) ? value : this.#unknown(value, found);
    if (login && !isObject(value)) return this.#whole(LOGIN_WITH_NAME.test(lastPart(name)) ? withoutName(value) : value, this.#secretField, found);
    if (protocol === 'atcp' && typeof value === 'string') return this.#lines(value, found);
    return this.#inside(value, { paths: new Set(paths), closed: login, depth: 0 }, found);
  }

  /** A client of ATCP says several commands in one message, a line each; the first line is the value of the message's own. */
  #lines(text: string, found: Found): string {
    const [first = '', ...lines] = text.split('\n');
    const hidden = lines.map((line) => {
      const [, command = '', blank = '', rest = ''] = /^(\S+)([ \t]+)(.*)$/s.exec(line) ?? [];
      const value = command === '' ? undefined : this.#value('atcp', command, rest, found);
      return value instanceof Written ? command + blank + value.text : line;
    });
    return [first, ...hidden].join('\n');
  }

  /** `closed`: members are hidden unless they may stay. */
  #inside(value: unknown, way: { readonly paths: ReadonlySet<Path>; readonly closed: boolean; readonly depth: number }, found: Found): unknown {
    const { paths, closed, depth } = way;
    if (depth > DEEPEST) throw new RangeError('too deep');
    if (typeof value !== 'object' || value === null) return value;
    const member = (name: string, one: unknown, list: boolean): unknown => {
      const next = step(paths, name);
      const named = [...next].find(({ parts }) => parts.length === 0);
      if (named) return this.#whole(one, named.mask, found);
      const secret = !list && ((closed && !OPEN_MEMBERS.has(fold(name))) || SECRET_NAME.test(name));
      if (secret && typeof one !== 'boolean') return this.#whole(one, this.#secretField, found);
      return this.#inside(one, { paths: list ? new Set([...paths, ...next]) : next, closed: false, depth: depth + 1 }, found);
    };
    if (Array.isArray(value)) return value.map((one, index) => member(String(index), one, true));
    if (![Object.prototype, null].includes(Object.getPrototypeOf(value))) throw new TypeError('no plain data');
    const entries = Object.entries(value);
    const isPair = entries.some(([name, one]) => NAME_MEMBER.test(name) && typeof one === 'string' && SECRET_NAME.test(one));
    return Object.fromEntries(
      entries.map(([name, one]) => [name, isPair && fold(name) === 'value' ? this.#whole(one, this.#secretField, found) : member(name, one, false)]),
    );
  }

  #whole(value: unknown, mask: number, found: Found): unknown {
    if (value === null || value === undefined) return value;
    const texts: string[] = [];
    const open: string[] = [];
    leaves(value, { texts, open, isOpen: false, depth: 0 });
    const secrets = texts.map((text) => ({ text: text.toWellFormed(), mask }));
    found.known.push(...secrets);
    found.secrets.push(...secrets);
    return this.#write([...open, ...texts].join(' '), mask);
  }

  /** A variable that nobody knows is hidden where it stands; most are no secrets, so its session goes on showing what they say. */
  #unknown(value: unknown, found: Found): unknown {
    if (typeof value !== 'string') return value;
    found.known.push({ text: value.toWellFormed(), mask: this.#environValue });
    return this.#write(value, this.#environValue);
  }

  #write(secret: string, mask: number): Written {
    return new Written(this.#masks.write(secret, mask, { start: 0, end: secret.length, mask }));
  }
}

const fold = (name: string): string => name.toLowerCase();

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const lastPart = (name: string): string => name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf(':')) + 1);

const isLogin = (name: string): boolean =>
  SECRET_NAME.test(lastPart(name)) || LOGIN_NAME.test(lastPart(name)) || name.split('.').some((part) => fold(part) === 'auth');

/** A way of several parts, none of which this value has: it is the secret in another form (`Char.Login.Credentials "hunter2"`). */
function isOtherwise(value: unknown, { parts: [first = ''] }: Path): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'object') return true;
  return Array.isArray(value) && !/^(?:\d+|\*)$/.test(first) && value.every((one) => typeof one !== 'object');
}

/** The paths from each part of a way on. */
function pathOf(parts: readonly string[], mask: number): Path {
  const after = parts.length === 0 ? [] : [pathOf(parts.slice(1), mask)];
  return { parts, after: after.flatMap((next) => [next, ...next.after]), mask };
}

/** What is left of `paths` behind a member of this name; a member's name can have dots in it. */
function step(paths: ReadonlySet<Path>, name: string): Set<Path> {
  const left = new Set<Path>();
  const folded = fold(name);
  const most = folded.split('.').length;
  for (const { parts, after } of paths) {
    for (const [index, behind] of after.slice(0, most).entries()) {
      if ((index === 0 && parts[0] === '*') || folded === parts.slice(0, index + 1).join('.')) left.add(behind);
    }
  }
  return left;
}

/** Of `NAME SECRET` the secret: names of accounts are no secrets, and would be hidden ever after. */
function withoutName(value: unknown): unknown {
  if (Array.isArray(value) && value.length > 1) return value.slice(1);
  return typeof value === 'string' ? value.replace(/^\S+[ \t]+(?=\S)/, '') : value;
}

/** The strings and numbers of a value; those of open members, and true and false, apart: they are no secrets elsewhere. Throws where it is too deep. */
function leaves(value: unknown, into: { texts: string[]; open: string[]; isOpen: boolean; depth: number }): void {
  if (into.depth > DEEPEST) throw new RangeError('too deep');
  if (typeof value !== 'object') (into.isOpen || typeof value === 'boolean' ? into.open : into.texts).push(String(value));
  else if (value !== null) {
    const isList = Array.isArray(value);
    for (const [name, one] of Object.entries(value)) leaves(one, { ...into, isOpen: !isList && OPEN_MEMBERS.has(fold(name)), depth: into.depth + 1 });
  }
}
