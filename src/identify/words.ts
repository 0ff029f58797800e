/**
 * What people and servers say around a login, by family: Evennia, MUSH/MUX/Penn, Diku and its kin, login(1) and what asks as it does. Receives a line or a
 * text, says what it is. These are our own patterns, over lines of bounded length or with bounded repetitions; an operator's never come here.
 */

/** Longest line that is looked at for a login. UTF-16 units. */
export const MAX_LOGIN_LINE = 1_024;
/** Longest line that can be a prompt. UTF-16 units. */
const MAX_PROMPT = 200;

/** `connect NAME PASSWORD`, `create NAME PASSWORD` (MUSH logs in what it creates; Evennia asks for a connect after it). */
const LOGIN = /^[@\s]*(?:co(?:n(?:n(?:e(?:c(?:t)?)?)?)?)?|cre?a?t?e?)[ \t]+(?:"([^"]{1,80})"|([^\s"=]{1,80}))[ \t]+\S/i;
/** What looks like one, but for the name: the name of a prompt it is not. */
const LOGIN_WORD = /^[@\s]*(?:co(?:n(?:n(?:e(?:c(?:t)?)?)?)?)?|cre?a?t?e?)\s/i;

/** The name in a login of one line. */
export function loginLine(text: string): string | undefined {
  if (text.length > MAX_LOGIN_LINE) return undefined;
  const match = LOGIN.exec(text);
  return match?.[1] ?? match?.[2];
}

/** The name as it is typed at a prompt: one word. More words may hold a password (`bob hunter2`), so they are nobody's name. */
export function typedName(text: string): string | undefined {
  const name = text.length > MAX_LOGIN_LINE || LOGIN_WORD.test(text) ? '' : text.trim();
  return /^\S{1,80}$/.test(name) ? name : undefined;
}

/** login(1), getty and network gear; `chatd login:` too. */
const UNIX_PROMPT = /^(?:[\w.@-]{1,64} )?(?:login|log in|login as|login name|user|username|user ?name|user ?id)\s*:\s*$/i;
/** The same with something behind it: who typed ahead finds both prompts on one line. */
const UNIX_PROMPT_AHEAD = /^(?:[\w.@-]{1,64} )?(?:login|username)\s*:[ \t]*(.{0,200})$/im;
/** Diku, Circle, Smaug, ROM, LPMud. */
const NAME_PROMPTS: readonly RegExp[] = [
  /^.{0,80}\bby what name\b.{0,80}$/i,
  /^.{0,40}\b(?:enter|type|give|tell|what is|what's)\b.{0,30}\bname\b.{0,60}[:?>]\s*$/i,
  /^(?:your |account |character |player |user )?name\s*[:?>]\s*$/i,
  /^(?:account|player|character)\s*:\s*$/i,
  /^.{0,40}\bwhat is it,? then\b.{0,10}$/i,
  /^who are you.{0,20}\?\s*$/i,
];

/** How a prompt for a name is known again: login(1)'s by its last word, others by their whole line. Undefined: it is none. */
export function namePrompt(line: string): string | undefined {
  if (line.length > MAX_PROMPT) return undefined;
  if (UNIX_PROMPT.test(line)) return 'login:';
  return NAME_PROMPTS.some((prompt) => prompt.test(line)) && !isPasswordPrompt(line) ? line.trim() : undefined;
}

/** What stands on the line behind login(1)'s prompt and below it; undefined where there is no such prompt. */
export function behindNamePrompt(text: string): string | undefined {
  const match = UNIX_PROMPT_AHEAD.exec(text);
  return match ? text.slice(match.index + match[0].length - (match[1] ?? '').length) : undefined;
}

const PASSWORD = '(?:pass ?(?:word|phrase|code|wd)|passwort|mot de passe|contraseña|senha|hasło|wachtwoord|пароль|密码|パスワード)';
/** It ends as a question does, or says little else: `Your password expires in 14 days` is none. */
const PASSWORD_PROMPT = new RegExp(`${PASSWORD}[^:?>：]{0,60}[:?>：]\\s*$|^\\W{0,5}(?:\\w{1,8} ){0,4}${PASSWORD}(?: now)?\\W{0,5}$`, 'i');

export const isPasswordPrompt = (line: string): boolean => line.length <= MAX_PROMPT && PASSWORD_PROMPT.test(line);

/** A question that is still open: what follows it is an answer, and nobody is let in yet. */
export const isQuestion = (line: string): boolean => /[:?]\s*$/.test(line.slice(-MAX_PROMPT));

/** A shell's prompt, or a router's. */
export const isShellPrompt = (line: string): boolean => line.length <= MAX_PROMPT && /\S?[$#%>]\s*$/.test(line);

/** Refusals of Evennia, TinyMUX, TinyMUSH, PennMUSH, and of servers like them; Evennia's `create` makes an account and logs nobody in. */
const REFUSED =
  /incorrect|invalid|wrong|denied|refused|fail(?:ed|ure)|does not exist|different password|not (?:a |)valid|unknown (?:user|account|player)|too many|no such|banned|not allowed|already (?:a player|taken|exists)|account .{0,80} was created/i;
/** Words with which Evennia and the MUSHes let somebody in. They count even beside a refusal: a MUSH tells of failed logins when one succeeds. */
const ACCEPTED = /^(?:Last connect was from|Connected\.|You become |Account \S.{0,80} \(you are Out-of-Character\))/im;
/** Words that mean it where nothing is refused. */
const WELCOMED = /^(?:Welcome to |.{0,80} has connected\.)/im;

/** What a text says of a login in one line. @param strict only the words that nobody else says count */
export function answerToLine(text: string, strict: boolean): 'accepted' | 'refused' | undefined {
  if (ACCEPTED.test(text)) return 'accepted';
  if (REFUSED.test(text)) return 'refused';
  return WELCOMED.test(text) && !strict ? 'accepted' : undefined;
}

/** Refusals at prompts, at the head of their line: a message of the day may say of anything that it is not allowed. */
const TURNED_AWAY =
  /^[^\n]{0,40}(?:\bincorrect|\binvalid|\bwrong pass|\bwrong\b[.!]|\bdenied|\brefused|authentication fail|\bfailed\b|bad pass|illegal name|\bbanned\b|no such (?:player|user|account|character)|unknown (?:player|user|account)|not welcome|unable to log|that name is|didn't match|don't match|do not match)/im;
/** Diku, Circle, Smaug, ROM once a player is in; login(1)'s own line. */
const LET_IN =
  /^[^\n]{0,20}(?:Reconnecting\b|\*\*\* ?PRESS RETURN|\[ ?(?:Hit|Press) (?:Return|Enter)\b|Press \[(?:ENTER|RETURN)\]|You take over your own body|You have reconnected|Last login:|Last connect was from)/im;
const GREETED = /^[^\n\w]{0,20}Welcome\b/im;

/** What a text says of a login at prompts: surely let in; greeted, which some do before they ask for the password; turned away. */
export function answerToPrompts(text: string): 'accepted' | 'greeted' | 'refused' | undefined {
  if (LET_IN.test(text)) return 'accepted';
  if (TURNED_AWAY.test(text)) return 'refused';
  return GREETED.test(text) ? 'greeted' : undefined;
}

/** True where a text says anything but line ends and the signs that stand for hidden letters. */
export const saysSomething = (text: string): boolean => text.split('\n').some((line) => !/^[\s*.X•]*$/.test(line.slice(0, MAX_PROMPT)));

/** The MUSHes' command back to their login screen, in capitals. Evennia has none; there it is followed by no login. */
export const LOGOUT = 'LOGOUT';
/** What their login screen tells: `"connect <name> <password>" connects you to an existing character.` */
export const isLoginScreen = (text: string): boolean => /^[^\n\w]{0,20}connect [<[{(]?\w{1,20}[^\n]{0,10} [<[{(]?pass/im.test(text);

/** Evennia's commands that change the character. */
export const isSwitch = (text: string): boolean => /^\s{0,8}[@&/+]?(?:ic|ooc|puppet|unpuppet|charcreate)(?:\s|$)/i.test(text);

/** Evennia's words for the character that the account now plays, and for going on without one. */
const BECOMES = /^You become (.{1,80}?)\.$/m;
const LEAVES_CHARACTER = /^You go OOC\./m;

/** What a text says of the character: a name, null where there is none any more, undefined where it says nothing. */
export function characterIn(text: string): string | null | undefined {
  if (!text.includes('You become ') && !text.includes('You go OOC.')) return undefined;
  return BECOMES.exec(text)?.[1] ?? (LEAVES_CHARACTER.test(text) ? null : undefined);
}
