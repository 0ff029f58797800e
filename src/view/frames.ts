/**
 * What a terminal is sent when a session is played again, and when. Receives a session's events in order of time, gives texts with their time; pauses
 * longer than the limit are as long as that. What was typed is part of it only where it is asked for.
 */
import { printableText } from './printable.js';
import type { Happening } from './timeline.js';

export interface Frame {
  /** When it is played, in microseconds from the beginning on. */
  readonly at: number;
  /** When it was: microseconds since the session's first event. */
  readonly since: number;
  readonly text: string;
  /** How large the session's window is from here on. */
  readonly window?: { readonly columns: number; readonly rows: number };
}

export interface FrameOptions {
  /** Longest pause, in microseconds; Infinity: as long as it was. */
  readonly idleUs: number;
  /** Also what was typed, where the server did not send it back. */
  readonly input: boolean;
  /** Marks what was typed. */
  readonly typed: (text: string) => string;
}

/** The frames of events. Reads the events as slowly as the frames are taken. */
export async function* framesOf(events: AsyncIterable<Happening>, { idleUs, input, typed }: FrameOptions): AsyncGenerator<Frame> {
  let [first, last, at] = [-1, 0, 0];
  let endsLine = true;
  for await (const event of events) {
    if (first < 0) [first, last] = [event.at, event.at];
    const place = { at: at + Math.min(event.at - last, idleUs), since: event.at - first };
    if (event.type === 'output') yield { ...place, text: event.text };
    else if (event.type === 'resize') yield { ...place, text: '', window: { columns: event.columns, rows: event.rows } };
    else if (event.type === 'input' && !event.shownBack && (input || !endsLine)) {
      yield { ...place, text: `${input ? typed(printableText(event.text)).replaceAll('\n', '\r\n') : ''}\r\n` };
    } else if (event.type !== 'input') continue;
    if (event.type === 'output') endsLine = event.endsLine;
    else if (event.type === 'input') endsLine ||= !event.shownBack;
    [at, last] = [place.at, event.at];
  }
}
