/**
 * Who is speaking: account, character, room, and how we know. Receives utterances and messages out of band in the order of the wire, before they are masked;
 * gives what they taught. A name that somebody types is only proposed; the server's words accept or refuse it. Takes nothing from an input that is hidden,
 * so never what is typed at a password prompt. Names may still hold what a mask hides: the caller scrubs them.
 */
import type { Identity, IdentityPath, NameMatcher, NamesFound, OobMessage, Utterance } from '../contract.js';
import { type Heard, heard } from './heard.js';
import { claimIn, cleanName, type Named, namesIn, RANK, verdictIn } from './oob.js';
import { Proposal, type Proposed, type Verdict } from './proposal.js';
import { behindNamePrompt, characterIn, isLoginScreen, isSwitch, LOGOUT, loginLine, MAX_LOGIN_LINE, namePrompt, typedName } from './words.js';

/** A change of one of the names, and how it is known: login, output, environ, pattern, or the message (`gmcp Char.Name`). */
export interface Learned {
  readonly field: keyof Identity;
  readonly old: string | undefined;
  readonly new: string | undefined;
  readonly how: string;
}

/** What the operator added to what is built in (AUDIT_IDENTITY); it comes first. */
export interface Sources {
  readonly matchers: readonly NameMatcher[];
  readonly paths: readonly IdentityPath[];
}

/** After a command that changes the character, or a login: how many lines of output, and inputs, may pass until "You become X." is no answer to it. */
const SWITCH = { lines: 60, inputs: 3 } as const;
/** How many outputs, and inputs, a name that was typed before anything was said waits for its prompt. */
const AHEAD_OUTPUTS = 4;
const AHEAD_INPUTS = 4;
type Names = { -readonly [field in keyof Identity]?: string };

const FIELDS = ['account', 'character', 'room'] as const;

interface Known {
  readonly name: string;
  readonly rank: number;
}

export class Identifier {
  readonly #sources: Sources;
  readonly #known: { -readonly [field in keyof Identity]?: Known } = {};
  #proposal: Proposal | undefined;
  /** The prompt for a name that waits for its answer. */
  #asked: string | undefined;
  /** The prompt at which the account's name was typed; once it stands there again, that account has left. */
  #prompt: string | undefined;
  /** Said LOGOUT: another may log in. Until one has, or the login screen is seen, the name stays. */
  #left = false;
  /** While both are above 0, the server's word for the character is the answer to something. */
  #switch = { lines: 0, inputs: 0 };
  /** What was typed before the server said anything: the first line as a name, how many inputs came after it, and how many outputs since. */
  #ahead: { readonly name: string | undefined; inputs: number; outputs: number } | undefined;
  #silent = true;

  /** The last utterance was an input. */
  #answers = false;

  constructor(sources: Sources = { matchers: [], paths: [] }) {
    this.#sources = sources;
  }

  /**
   * Looks at one utterance; gives what it taught, most often nothing. What an input teaches was proven by the output before it.
   * @param hidden an input that a prompt, hidden typing or blindness hides as a whole: that it came counts, nothing of it is looked at
   */
  hear(utterance: Utterance, hidden: boolean): readonly Learned[] {
    const answers = this.#answers;
    this.#answers = utterance.direction === 'RCV';
    return this.#answers ? this.#input(utterance, hidden) : this.#output(heard(utterance, answers));
  }

  /** The same for a message out of band. */
  hearOob(message: OobMessage): readonly Learned[] {
    const verdict = verdictIn(message);
    const learned = verdict ? this.#decide(verdict) : [];
    const claim = claimIn(message);
    if (claim) this.#claim(claim);
    for (const named of namesIn(message, this.#sources.paths)) learned.push(...this.#take(named));
    return learned;
  }

  /** What a client says out of band it is; where somebody is known, the protocol's own answer alone makes it true. */
  #claim({ name, how, way }: NonNullable<ReturnType<typeof claimIn>>): void {
    if (way === 'environ' && (this.#known.account || this.#proposal)) return;
    this.#propose({ names: { account: name }, how, way, strict: this.#known.account !== undefined });
  }

  #propose(proposed: Proposed): Proposal {
    this.#proposal = new Proposal(proposed);
    return this.#proposal;
  }

  #input({ text, before, asks }: Utterance, hidden: boolean): Learned[] {
    const asked = this.#asked;
    this.#asked = undefined;
    const learned = this.#decide(this.#proposal?.input(hidden));
    this.#switch.inputs--;
    const readable = !hidden && !asks && before === '' && text.length <= MAX_LOGIN_LINE;
    if (this.#silent || this.#ahead) this.#typeAhead(readable ? typedName(text) : undefined);
    if (!readable) return learned;
    if (isSwitch(text) || (this.#known.account && !this.#known.character)) this.#switch = { ...SWITCH };
    if (text === LOGOUT && this.#known.account) this.#left = true;
    const proposed = this.#ownProposal(text) ?? this.#builtProposal(text, asked);
    if (proposed) this.#propose(proposed);
    return learned;
  }

  #typeAhead(name: string | undefined): void {
    if (this.#ahead) this.#ahead.inputs++;
    else this.#ahead = { name, inputs: 0, outputs: 0 };
    if (this.#ahead.inputs > AHEAD_INPUTS) this.#ahead = undefined;
    this.#silent = false;
  }

  /** A name that an operator's pattern finds in an input. */
  #ownProposal(text: string): Proposed | undefined {
    const names: Names = {};
    for (const matcher of this.#sources.matchers) if (matcher.direction === 'in') Object.assign(names, { ...namesOf(matcher.match(text)), ...names });
    if (Object.keys(names).length === 0) return undefined;
    return { names, how: 'pattern', way: 'line', strict: names.account !== undefined && this.#known.account !== undefined };
  }

  #builtProposal(text: string, asked: string | undefined): Proposed | undefined {
    if (this.#known.account && !this.#left) return undefined;
    const line = loginLine(text);
    if (line) return { names: { account: cleanName(line) }, how: 'login', way: 'line', strict: this.#left };
    const typed = asked === undefined ? undefined : typedName(text);
    return typed && asked ? { names: { account: cleanName(typed) }, how: 'login', way: 'prompt', strict: false, prompt: asked } : undefined;
  }

  #output(said: Heard): Learned[] {
    if (said.text === '') return [];
    if (said.text.trim() !== '') this.#silent = false;
    const learned = [...this.#ownNames(said.text), ...this.#leaving(said)];
    const answer = this.#meetAhead(said) ?? said;
    learned.push(...this.#decide(this.#proposal?.output(answer)), ...this.#character(said.text));
    this.#ask(said);
    return learned;
  }

  /** What the operator's patterns find in the lines of an output. */
  #ownNames(text: string): Learned[] {
    const matchers = this.#sources.matchers.filter(({ direction }) => direction === 'out');
    if (matchers.length === 0) return [];
    const lines = text.split('\n').filter((line) => line !== '' && line.length <= MAX_LOGIN_LINE);
    return lines.flatMap((line) => matchers.flatMap((matcher) => this.#found(matcher.match(line))));
  }

  #found(found: NamesFound | undefined): Learned[] {
    if (!found) return [];
    const verdict = found.refused !== undefined ? 'refused' : found.accepted !== undefined ? 'accepted' : undefined;
    const names = Object.entries(namesOf(found)) as [keyof Identity, string][];
    return [...this.#decide(verdict), ...names.flatMap(([field, name]) => this.#take({ field, name, how: 'pattern', rank: RANK.operator }))];
  }

  /** The prompt that the account came by, or the login screen after LOGOUT: nobody is logged in any more. */
  #leaving({ text, last, open }: Heard): Learned[] {
    if (!this.#known.account) return [];
    const atPrompt = this.#prompt !== undefined && open && namePrompt(last) === this.#prompt;
    if (!atPrompt && !(this.#left && isLoginScreen(text))) return [];
    this.#left = false;
    this.#prompt = undefined;
    this.#proposal = undefined;
    return FIELDS.flatMap((field) => this.#set(field, undefined, 'output', 0));
  }

  /** Name and password were typed before the prompts: both stand on one line now, with the answer behind them, which this gives. */
  #meetAhead(said: Heard): Heard | undefined {
    const ahead = this.#ahead;
    if (!ahead) return undefined;
    const behind = behindNamePrompt(said.text);
    if (behind === undefined || behind.trim() === '') {
      if (++ahead.outputs >= AHEAD_OUTPUTS) this.#ahead = undefined;
      return undefined;
    }
    this.#ahead = undefined;
    if (!ahead.name || this.#proposal || this.#known.account) return undefined;
    const names = { account: cleanName(ahead.name) };
    const proposal = this.#propose({ names, how: 'login', way: 'prompt', strict: false, prompt: 'login:' });
    // Whatever follows a name is no word of the game.
    for (let count = 0; count < ahead.inputs; count++) proposal.input(true);
    return { ...said, text: behind };
  }

  /** Evennia's word for the character: believed as an answer alone, for anybody might find a way to say it at the start of a line. */
  #character(text: string): Learned[] {
    const { lines, inputs } = this.#switch;
    if (lines <= 0 || inputs <= 0) return [];
    this.#switch.lines -= text.split('\n').length;
    const character = this.#known.account ? characterIn(text) : undefined;
    if (character === undefined) return [];
    this.#switch.lines = 0;
    return this.#take({ field: 'character', name: character ?? '', how: 'output', rank: RANK.built });
  }

  #ask({ last, open }: Heard): void {
    const prompt = open || !this.#known.account ? namePrompt(last) : undefined;
    if (prompt !== undefined || (open && last !== '')) this.#asked = prompt;
  }

  #decide(verdict: Verdict): Learned[] {
    const proposal = this.#proposal;
    if (!verdict || !proposal) return [];
    this.#proposal = undefined;
    if (verdict === 'refused') return [];
    const { names, how, prompt } = proposal.proposed;
    const rank = how === 'pattern' ? RANK.operator : RANK.built;
    const gone =
      this.#left && names.account !== undefined ? (['character', 'room'] as const).flatMap((field) => this.#set(field, undefined, how, 0)) : [];
    if (names.account !== undefined) {
      this.#left = false;
      this.#prompt = prompt ?? (how === 'environ' ? 'login:' : undefined);
      this.#switch = { ...SWITCH };
    }
    return [...gone, ...FIELDS.flatMap((field) => (names[field] === undefined ? [] : this.#set(field, names[field] || undefined, how, rank)))];
  }

  /** A name that needs no acceptance. One by a source that knows less than the last does not count. */
  #take({ field, name, how, rank }: Named): Learned[] {
    return rank < (this.#known[field]?.rank ?? 0) ? [] : this.#set(field, name || undefined, how, rank);
  }

  #set(field: keyof Identity, name: string | undefined, how: string, rank: number): Learned[] {
    const old = this.#known[field]?.name;
    if (name === undefined) delete this.#known[field];
    else this.#known[field] = { name, rank };
    if (old?.toLowerCase() !== name?.toLowerCase()) return [{ field, old, new: name, how }];
    if (old !== undefined) this.#known[field] = { name: old, rank };
    return [];
  }
}

/** The names among what a pattern found, cleaned. */
function namesOf(found: NamesFound | undefined): Names {
  const names: Names = {};
  for (const field of FIELDS) {
    const name = found?.[field];
    if (name !== undefined) names[field] = cleanName(name);
  }
  return names;
}
