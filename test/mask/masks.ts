/** Masks and utterances for the tests of this room. */

import { readLiterals } from '../../src/config/literals.js';
import { readPacks } from '../../src/config/packs.js';
import type { AnyMask, Direction, MaskDefinition, PromptDefinition, Utterance } from '../../src/contract.js';

const PLACE = { file: 'server.conf', line: 3, column: 10 };

/** A mask by name and pattern; everything else as Evennia's short form has it, unless given. */
export function mask(pattern: string, more: Partial<MaskDefinition> = {}): MaskDefinition {
  const patternPlace = { ...PLACE, column: 30 };
  return { name: 'test', pattern, direction: 'both', where: 'start', hides: [], shows: [], place: PLACE, patternPlace, ...more };
}

/** A prompt whose answer is hidden, by its pattern; it counts as one at an unfinished line alone, unless given. */
export function prompt(pattern: string, more: Partial<PromptDefinition> = {}): PromptDefinition {
  const places = { place: PLACE, patternPlace: { ...PLACE, column: 30 } };
  // biome-ignore lint/suspicious/noThenProperty: DESIGN 5's name; a string, so no promise takes it for its own.
  return { name: 'test', pattern, where: 'prompt', then: 'hide-next-input', prompts: [], notPrompts: [], ...places, ...more };
}

/** The masks of a pack that ships with us. */
export function pack(name: string): AnyMask[] {
  const [assignment] = readLiterals(`AUDIT_MASK_PACKS = ['${name}']`, 'server.conf');
  const names = assignment?.value.kind === 'list' ? assignment.value.value.filter((one) => one.kind === 'string') : [];
  return [...readPacks(names, { name: 'AUDIT_MASK_PACKS', folder: '.', env: {} }, (path) => path).masks];
}

/** Those of them that scrub text. */
export const scrubbing = (masks: readonly AnyMask[]): MaskDefinition[] =>
  masks.filter((one): one is MaskDefinition => !('then' in one) && !('oob' in one));

/** A whole utterance that came at once; the raw text is the text unless given. Its shape follows from them. */
export function utterance(direction: Direction, text: string, more: Partial<Utterance> = {}): Utterance {
  const raw = more.raw ?? text;
  const shape = raw === text ? 'same' : more.offsets ? 'other' : 'ends';
  return { direction, at: 1_000_000, endAt: 1_000_000, text, raw, shape, encoding: 'utf-8', before: '', pieces: [[1_000_000, raw.length]], ...more };
}
