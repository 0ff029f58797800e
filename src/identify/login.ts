/**
 * Who is speaking, first form: the account from login lines of Evennia and MUSH, the character from Evennia's "You become". Receives utterances in
 * order, before they are masked; gives names. A login line only proposes a name; the server's words accept or refuse it. Never sees a password:
 * it takes the name's group alone.
 */
import type { Identity, Utterance } from '../contract.js';

/** `connect NAME PASSWORD`, `create NAME PASSWORD` (MUSH logs in what it creates; Evennia asks for a connect after it). */
const LOGIN = /^[@\s]*(?:co(?:n(?:n(?:e(?:c(?:t)?)?)?)?)?|cre?a?t?e?)[ \t]+(?:"([^"]{1,80})"|([^\s"=]{1,80}))[ \t]+\S/i;
/** Longest line that is looked at for a login. */
const MAX_LOGIN_LINE = 1_024;

/** Refusals of Evennia, TinyMUX, TinyMUSH, PennMUSH, and of servers like them; Evennia's `create` makes an account and logs nobody in. */
const REFUSED =
  /incorrect|invalid|wrong|denied|refused|fail(?:ed|ure)|does not exist|different password|not (?:a |)valid|unknown (?:user|account|player)|too many|no such|banned|not allowed|already (?:a player|taken|exists)|account .{0,80} was created/i;
/** Words with which Evennia and the MUSHes let somebody in. They count even beside a refusal: a MUSH tells of failed logins when one succeeds. */
const ACCEPTED = /^(?:Last connect was from|Connected\.|You become |Account \S.{0,80} \(you are Out-of-Character\))/im;
/** Words that mean it where nothing is refused. */
const WELCOMED = /^(?:Welcome to |.{0,80} has connected\.)/im;
/** Evennia's word for the character that the account now plays. */
const BECOMES = /^You become (.{1,80}?)\.$/m;
/** Evennia's answer to `ooc`: the account goes on without a character. */
const LEAVES_CHARACTER = /^You go OOC\./m;

/** The MUSHes' command back to their login screen, in capitals. Evennia has none; there it is followed by no login. */
const LOGOUT = 'LOGOUT';

const isAccepted = (text: string): boolean => ACCEPTED.test(text) || (WELCOMED.test(text) && !REFUSED.test(text));

/** Quickly, for every output of a session that is logged in: whether it could say anything of the character. */
const tells = (text: string): boolean => text.includes('You become ') || text.includes('You go OOC.');

/** How many outputs a proposed name waits for the server's word. */
const PATIENCE = 3;

/** A change of one of the names, and how it is known. */
export interface Learned {
  readonly field: keyof Identity;
  readonly old: string | undefined;
  readonly new: string | undefined;
  readonly how: string;
}

export class Identifier {
  #known: { account?: string; character?: string } = {};
  #proposed: string | undefined;
  #patience = 0;
  /** Said LOGOUT: another may log in. Until one has, the name stays. */
  #left = false;

  /** Looks at one utterance; gives what it taught, most often nothing. */
  hear(utterance: Utterance): readonly Learned[] {
    if (utterance.direction === 'SND') return this.#proposed || (this.#known.account && tells(utterance.text)) ? this.#answer(utterance.text) : [];
    this.#propose(utterance.text);
    return [];
  }

  #propose(text: string): void {
    if (text === LOGOUT) this.#left = true;
    if ((this.#known.account && !this.#left) || text.length > MAX_LOGIN_LINE) return;
    const match = LOGIN.exec(text);
    if (!match) return;
    this.#proposed = match[1] ?? match[2];
    this.#patience = PATIENCE;
  }

  #answer(text: string): Learned[] {
    const learned: Learned[] = [];
    if (this.#proposed && (this.#left ? ACCEPTED.test(text) : isAccepted(text))) {
      this.#left = false;
      learned.push(...this.#set('account', this.#proposed, 'login'));
      this.#proposed = undefined;
    } else if (this.#proposed && (REFUSED.test(text) || --this.#patience === 0)) this.#proposed = undefined;
    const character = BECOMES.exec(text)?.[1];
    if (character && this.#known.account) learned.push(...this.#set('character', character, 'output'));
    if (LEAVES_CHARACTER.test(text)) learned.push(...this.#set('character', undefined, 'output'));
    return learned;
  }

  #set(field: 'account' | 'character', name: string | undefined, how: string): Learned[] {
    const old = this.#known[field];
    if (old === name) return [];
    if (name === undefined) delete this.#known[field];
    else this.#known[field] = name;
    return [{ field, old, new: name, how }];
  }
}
