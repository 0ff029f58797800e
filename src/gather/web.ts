/**
 * Gathers what a game says and hears in whole messages of its web client: HTML into utterances as a person reads them, and a line that was sent as one.
 * Receives strings and, for a session that mixes them, the bytes of a stream, which another gatherer takes; gives utterances in order. Holds what that
 * one holds, and HTML up to 64 KiB.
 */
import type { Cut, Peeked, TimeUs, Utterance } from '../contract.js';
import type { Charset } from './charset.js';
import type { Gatherer, Give } from './gatherer.js';
import { readHtml, withoutAttributes } from './html.js';
import { openLine } from './utterance.js';

/** Most that is held, in UTF-16 units; an utterance that reaches it is cut by size. */
const MAX_HELD = 65_536;
/** How far in front of a cut by size the end of a line, or at least of a tag, is looked for. */
const LOOK_BACK = 4_096;

/** A server's output that may come as HTML. */
export class WebGatherer implements Gatherer {
  readonly #inner: Gatherer;
  readonly #idleUs: number;
  readonly #byLine: boolean;
  #html = '';
  #pieces: [TimeUs, number][] = [];
  #lastAt: TimeUs = 0;
  #before = '';

  /** @param inner gathers the bytes of a stream @param unit 'line': each line is an utterance @param idleMs silence that ends a message */
  constructor(inner: Gatherer, { unit, idleMs }: { readonly unit: 'message' | 'line'; readonly idleMs: number }) {
    this.#inner = inner;
    this.#idleUs = idleMs * 1000;
    this.#byLine = unit === 'line';
  }

  /** Takes a message of HTML; it is a line, or more, of its own. @param open its last line is not ended by its end */
  say(html: string, open: boolean, at: TimeUs, give: Give): void {
    this.#inner.flush(undefined, give);
    if (this.#html !== '' && at - this.#lastAt >= this.#idleUs) this.#flush(undefined, give);
    const sent = withoutAttributes(html.toWellFormed().replace(/\r\n?/g, '\n'));
    this.#hold(open || sent.endsWith('\n') ? sent : `${sent}\n`, at, give);
    if (this.#byLine && !open) this.#flush(undefined, give);
  }

  #hold(html: string, at: TimeUs, give: Give): void {
    for (let rest = html; rest !== ''; ) {
      const fits = rest.length <= MAX_HELD - this.#html.length ? rest.length : cutOf(rest, MAX_HELD - this.#html.length);
      this.#html += rest.slice(0, fits);
      if (fits > 0) this.#pieces.push([at, fits]);
      this.#lastAt = at;
      rest = rest.slice(fits);
      if (rest !== '') this.#flush('size', give);
    }
  }

  #flush(cut: Cut | undefined, give: Give): void {
    if (this.#html === '') return;
    const raw = this.#html;
    const pieces = this.#pieces;
    this.#html = '';
    this.#pieces = [];
    if (!this.#byLine || pieces.length > 1) return this.#give(raw, pieces, cut, give);
    const at = (pieces[0] as [TimeUs, number])[0];
    const lines = raw.split(/(?<=\n|<br>)/i);
    for (const [index, line] of lines.entries()) this.#give(line, [[at, line.length]], index === lines.length - 1 ? cut : undefined, give);
  }

  #give(raw: string, pieces: readonly (readonly [TimeUs, number])[], cut: Cut | undefined, give: Give): void {
    const { text, offsets } = readHtml(raw);
    const ended = text.endsWith('\n');
    const shown = ended ? text.slice(0, -1) : text;
    const before = this.#before;
    this.#before = ended ? '' : openLine(before, shown);
    give({
      direction: 'SND',
      at: (pieces[0] as readonly [TimeUs, number])[0],
      endAt: (pieces.at(-1) as readonly [TimeUs, number])[0],
      text: shown,
      raw,
      ...shapeOf(raw, shown, offsets.slice(0, shown.length)),
      encoding: 'utf-8',
      before,
      pieces,
      ...(cut ? { cut } : {}),
      ...(ended ? {} : { open: true }),
    });
    if (cut === 'prompt') this.#before = '';
  }

  push(bytes: Uint8Array, at: TimeUs, give: Give): void {
    this.#flush(undefined, give);
    this.#inner.push(bytes, at, give);
  }

  flush(cut: Cut | undefined, give: Give): void {
    this.#flush(cut, give);
    this.#inner.flush(cut, give);
  }

  tick(at: TimeUs, give: Give): void {
    if (this.#html !== '' && at - this.#lastAt >= this.#idleUs) this.#flush(undefined, give);
    this.#inner.tick(at, give);
  }

  drop(): number {
    const dropped = Buffer.byteLength(this.#html);
    this.#html = '';
    this.#pieces = [];
    this.#before = '';
    return dropped + this.#inner.drop();
  }

  get length(): number {
    return this.#html.length + this.#inner.length;
  }

  peek(): Peeked | undefined {
    return this.#html === '' ? this.#inner.peek() : { before: this.#before, text: readHtml(this.#html).text };
  }

  mark(): void {
    this.#inner.mark();
  }

  unmark(shows = false): void {
    this.#inner.unmark(shows);
  }

  resize(columns: number): void {
    this.#inner.resize(columns);
  }

  get alternate(): boolean {
    return this.#inner.alternate;
  }

  setCharset(charset: Charset | undefined, give: Give): void {
    this.#inner.setCharset(charset, give);
  }
}

/** Where a cut falls: behind a line end; else where no tag and no entity is torn, nor a letter of two units. */
function cutOf(html: string, most: number): number {
  const from = Math.max(0, most - LOOK_BACK);
  const near = html.slice(from, most);
  const line = near.search(/(?:\n|<br>)(?!.*(?:\n|<br>))/is);
  if (line >= 0) return from + line + (near[line] === '\n' ? 1 : '<br>'.length);
  const torn = near.search(/[<&\x1b\ud800-\udbff][^>;]*$/);
  return torn > 0 ? from + torn : most;
}

const CONTROLS = /\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * A command that a client sends as one message. It is one line however it is written: to the server its line ends part words like any blank, so blanks
 * stand for them in `text`.
 */
export function typedMessage(message: string, at: TimeUs): Utterance {
  const raw = message.toWellFormed().replace(/\r\n?/g, '\n').replace(/\n+$/, '');
  const { text, offsets } = withoutControls(raw);
  const unedited = raw.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '').replaceAll('\n', ' ');
  return {
    direction: 'RCV',
    at,
    endAt: at,
    text,
    raw,
    ...shapeOf(raw, text, offsets),
    encoding: 'utf-8',
    before: '',
    pieces: [[at, raw.length]],
    ...(unedited === text ? {} : { unedited }),
  };
}

function withoutControls(raw: string): { readonly text: string; readonly offsets: readonly number[] } {
  const offsets: number[] = [];
  let text = '';
  let at = 0;
  const copy = (to: number): void => {
    text += raw.slice(at, to).replaceAll('\n', ' ');
    for (; at < to; at++) offsets.push(at);
  };
  for (const { 0: whole, index } of raw.matchAll(CONTROLS)) {
    copy(index);
    at += whole.length;
  }
  copy(raw.length);
  return { text, offsets };
}

/** As of an utterance: its line end alone does not make `raw` another. */
function shapeOf(raw: string, text: string, offsets: readonly number[]): Pick<Utterance, 'shape' | 'offsets'> {
  if (raw === text) return { shape: 'same' };
  if (raw === `${text}\n`) return { shape: 'ends' };
  return { shape: 'other', offsets: () => offsets };
}
