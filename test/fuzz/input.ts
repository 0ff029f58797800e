/** What a target is given: parts in the order of a session, each bytes of one direction or time that passes. Written as text, so that a failure can be told. */
import type { Direction } from '../../src/contract.js';
import type { Dice } from '../harness.js';

/** Bytes that are sent, or milliseconds that pass. */
export type Part = readonly [Direction, Buffer] | readonly ['wait', number];
export type Input = readonly Part[];

/** A part of the house that is fuzzed. */
export interface Target {
  readonly name: string;
  /** Makes an input. The same dice make the same one. */
  make(dice: Dice): Input;
  /** Plays it, and tells what came out. Throws where something of it is wrong. */
  say(input: Input): readonly string[];
  /** What comes out is the same however the bytes are split. */
  readonly splits: boolean;
}

export const isData = (part: Part): part is readonly [Direction, Buffer] => part[0] !== 'wait';

export const sizeOf = (input: Input): number => input.reduce((sum, part) => sum + (isData(part) ? part[1].length : 0), 0);

/** `RCV:6c6f6f6b0d0a wait:100 SND:...` */
export const show = (input: Input): string => input.map((part) => `${part[0]}:${isData(part) ? part[1].toString('hex') : part[1]}`).join(' ');

/** Reads what `show` wrote. */
export const parse = (text: string): Input =>
  text.split(' ').map((part): Part => {
    const [way = '', what = ''] = part.split(':');
    return way === 'wait' ? [way, Number(what)] : [way as Direction, Buffer.from(what, 'hex')];
  });

/** The same bytes at the same times, in other pieces. */
export const splitBy = (input: Input, split: (bytes: Buffer) => readonly Buffer[]): Input =>
  input.flatMap((part): Part[] => (isData(part) ? split(part[1]).map((piece) => [part[0], piece]) : [part]));

export const everyByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

/** Pieces of any length up to one that is thrown too, some of them empty. */
export const byDice = (dice: Dice) => (bytes: Buffer) => {
  const pieces: Buffer[] = [];
  const most = dice.between(1, 1 + (bytes.length >> dice.between(0, 6)));
  for (let at = 0; at < bytes.length; ) {
    const end = at + dice.between(at === 0 ? 1 : 0, most);
    pieces.push(bytes.subarray(at, end));
    at = Math.min(end, bytes.length);
  }
  return pieces;
};
