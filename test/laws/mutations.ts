/**
 * The protections of promise 1, each with one line of the compiled program that switches it off, and the dressings of the generator in which that must be
 * seen. Whoever changes such a line changes it here too: a text that does not stand exactly once in its file fails the test.
 */

/** One protection, switched off. */
export interface Mutation {
  /** What is switched off. */
  readonly name: string;
  /** Below dist/src. */
  readonly file: string;
  /** Stands exactly once in it. */
  readonly from: string;
  readonly to: string;
  /** Names of dressings that lean on it. */
  readonly seenIn: RegExp;
}

const off = (name: string, file: string, from: string, to: string, seenIn: RegExp): Mutation => ({ name, file, from, to, seenIn });

/** Makes a function give this at once. */
const gives = (name: string, file: string, head: string, value: string, seenIn: RegExp): Mutation =>
  off(name, file, head, `${head} return ${value};`, seenIn);

export const MUTATIONS: readonly Mutation[] = [
  // What nothing marks but the moment.
  off('hidden typing', 'mask/judge.js', 'typing.hides(back, utterance)', 'false', /^ECHO, at a prompt/),
  gives('hiding prompts', 'mask/prompts.js', 'find(line, unfinished) {', 'undefined', /^behind a prompt$/),
  off('lines typed ahead of a prompt', 'mask/queue.js', '.filter(which)', '.filter(() => false)', /^typed ahead with the name, at a prompt/),
  off('lines typed ahead of ECHO', 'mask/judge.js', 'this.#hideAhead(HIDDEN_TYPING, false);', 'void 0;', /^typed ahead with the name, at ECHO/),
  off('lines typed ahead of nothing', 'mask/judge.js', 'of run.slice(1))', 'of [])', /^typed ahead where nothing answers/),
  off('a prompt behind its line end', 'mask/asking.js', ', open || !loggedIn)', ', open)', /^behind a prompt that ends its line/),
  off('an echo that tells without telnet', 'mask/hidden-typing.js', 'if (!this.#observes || ', 'if (true || ', /^without telnet/),
  off('care behind gaps', 'audit/conversation.js', 'this.#judge.careful();', '', /^behind a gap in which/),
  off(
    'the line with the hole',
    'pipeline.js',
    'const whole = lane.skipped < 0 && lane.skippedTo === 0;',
    'const whole = true;',
    /^a gap in the middle of a command/,
  ),
  off('blind means careful', 'audit/conversation.js', 'this.#blind = true;', '', /^while the server cannot be read/),
  // The echo of what is typed.
  gives(
    'the echo of a line, in front of its end',
    'mask/echo.js',
    'export function spansBefore({ text, echo }, typed) {',
    '[]',
    /^behind a prompt, echoed/,
  ),
  gives(
    'the echo of a line, behind its end',
    'mask/echo.js',
    'export function spansBehind({ text }, typed, first, shown) {',
    '[]',
    /^typed ahead with the name, echoed/,
  ),
  off('the echo of a line that has not ended', 'mask/session-masks.js', 'return unfinished ?', 'return false ?', /with a rest in the middle/),
  // What is said again.
  gives('said back', 'mask/said.js', 'learn(secrets, at) {', 'undefined', /^typed: connect bob/),
  off('said back over lines', 'mask/said.js', 'if (isBlank(unit))', 'if (false)', /^typed: c/),
  off('said back over a cut', 'mask/said.js', 'if (begun && isUnfinished(utterance))', 'if (false)', /^typed: c/),
  off('said back in other case', 'mask/elsewhere.js', 'const lower = text.toLowerCase();', 'const lower = text;', /^typed: c/),
  off('the same secret elsewhere in its record', 'mask/mask-set.js', '...(finderOf(found.known)?.(text) ?? [])', '', /^printed twice/),
  // What a server reads of keys that edit.
  off('the line of a server without editing', 'mask/masker.js', 'utterance.unedited === undefined ?', 'true ?', /at a server that edits no line/),
  off('DEL erases what was typed', 'gather/line-editor.js', "127: 'erase',", '', /^a letter erased in it/),
  off('stars for what was erased', 'gather/utterance.js', 'starred(sent, edited.erased)', 'sent', /in the wrong place/),
  // Out of band.
  gives('secret fields', 'mask/fields.js', '#whole(value, mask, found) {', 'value', /^GMCP|^MSDP/),
  off('variables that nobody knows', 'mask/fields.js', 'SHOWN_VARIABLES.has(name.toUpperCase())', 'true', /^NEW-ENVIRON/),
  off('messages that do not parse', 'mask/fields.js', 'if (message.broken && ', 'if (false && ', /^GMCP of any name/),
  off('said back out of band', 'mask/data.js', 'coverAll(masks, text, [...(elsewhere?.(text) ?? []), ...(said?.(text) ?? [])])', 'text', /^typed: c/),
  gives('scrubbing of names', 'mask/data.js', 'export function scrubName(masks, name, said) {', 'name', /^typed: c/),
  // Keys over lines.
  off('private keys over lines', 'mask/session-masks.js', 'return masks.nameOf(mask) === PRIVATE_KEY ?', 'return false ?', /^a private key/),
  // What is no text.
  off('scrubbing of raw', 'mask/masker.js', 'result.raw = raw.covered.text;', 'result.raw = utterance.raw;', /^colours in front/),
  off(
    'no bytes where there is a secret',
    'mask/masker.js',
    'const base64 = spans.length === 0 && !covered?.spans.length ?',
    'const base64 = true ?',
    /^where no letter/,
  ),
  off("masks in a window's title", 'mask/masker.js', ', ...spansInStrings(masks, direction, raw)', '', /window's title/),
  off("said back in a window's title", 'mask/masker.js', '...finders.flatMap((finder) => finder(raw)), ', '', /^typed: c/),
  // A line as a person would see it.
  off(
    'removal of colours',
    'gather/plain-text.js',
    'result += text.slice(done, at);',
    "result += text.slice(done, at) + ' ';",
    /^printed with colours/,
  ),
  off(
    'backspaces of a server',
    'gather/plain-text.js',
    'function erase(units, walked) {',
    'function erase(units, walked) { return;',
    /^printed with backspaces/,
  ),
  gives('joining of a line over cuts', 'gather/utterance.js', 'export function openLine(before, text) {', "''", /^printed over/),
  off(
    'matching behind a cut',
    'mask/masker.js',
    'const rest = masks.find(direction, joined.slice(cut).toWellFormed());',
    'const rest = undefined;',
    /^printed behind a prompt mark/,
  ),
];
