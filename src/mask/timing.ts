/**
 * When the characters of a record came. Receives the pieces of the raw text as they arrived, gives `timing` for the text that is written: after the
 * stars, each masked span within one entry, so that nobody can time how a secret was typed.
 */
import type { TimeUs } from '../contract.js';

/** Pieces nearer than this to the first of their entry are one entry. */
const JOINED_US = 1000;

type Pieces = readonly (readonly [TimeUs, number])[];

/**
 * [milliseconds after `at`, units], in order, their units together `length`; empty where all came at `at`.
 * @param place where a position of the raw text stands in what is written; asked in rising order
 */
export function timingOf(pieces: Pieces, at: TimeUs, length: number, place: (rawPosition: number) => number): [number, number][] {
  const entries: [number, number][] = [];
  let rawEnd = 0;
  let done = 0;
  let begun = 0;
  pieces.forEach(([time, units], index) => {
    rawEnd += units;
    const to = index === pieces.length - 1 ? length : Math.min(length, place(rawEnd));
    const last = entries.at(-1);
    if (to <= done) return;
    if (last && time - begun < JOINED_US) last[1] += to - done;
    else {
      entries.push([Math.max(0, Math.floor((time - at) / 1000)), to - done]);
      begun = time;
    }
    done = to;
  });
  return entries.length === 1 && entries[0]?.[0] === 0 ? [] : entries;
}

const LINE_END = /\r\n|\r\0|\n\r(?!\n)|\r|\n/g;

/** Positions of a raw text in the text that differs from it by its line ends alone. */
export function placeByLineEnds(raw: string): (rawPosition: number) => number {
  const ends = raw.matchAll(LINE_END);
  let dropped = 0;
  let end = ends.next().value;
  return (position) => {
    while (end && end.index + end[0].length <= position) {
      dropped += end[0].length - 1;
      end = ends.next().value;
    }
    return position - dropped - (end && end.index < position ? position - end.index - 1 : 0);
  };
}

/** Positions of a raw text in its plain text: how many units of that came before. */
export function placeByOffsets(offsets: readonly number[]): (rawPosition: number) => number {
  let count = 0;
  return (position) => {
    while (count < offsets.length && (offsets[count] ?? 0) < position) count++;
    return count;
  };
}

/** Whether `text` is `raw` but for its line ends, the last of which is dropped. */
export function sameButLineEnds(raw: string, text: string): boolean {
  if (raw === text) return true;
  if (raw.includes('\x1b')) return false;
  const ended = raw.replace(/(?:\r\n|\r\0|\n\r|\r|\n)$/, '');
  return ended.replace(LINE_END, '\n') === text;
}
