/** Journals made by hand, for tests of delivery: lines of the record's shape (DESIGN 4, 7) whose seals are not true, in segments on disk, with a board. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Board, boardMemory, type Position } from '../src/spool/board.js';
import { segmentPath } from '../src/spool/segments.js';

const HEX = '0'.repeat(64);
const SESSION = '01890a5d-ac96-774b-bcce-b302099a8057';

/** A line with its line end. `number` makes its id; a record has a text, or it has none. */
export function line(number: number, text?: string, topic = 'session.input'): string {
  const id = `01890a5d-ac96-774b-8000-${number.toString(16).padStart(12, '0')}`;
  const who = topic.startsWith('session.') ? ',"who_salt":"AAAAAAAAAAAAAAAAAAAAAA","ip":"192.0.2.7","port":5151,"account":"alice"' : '';
  const body = text === undefined ? '' : `,"salt":"AAAAAAAAAAAAAAAAAAAAAA","text":${JSON.stringify(text).replace(/[\u2028\u2029]/g, escaped)}`;
  const place = '"hostname":"host","application":"wirescribe","version":"0.1.0","pid":7,"node":"n1"';
  const said = topic.startsWith('session.') ? `,"listener":"main","direction":"RCV","protocol":"telnet","session":"${SESSION}"` : '';
  const head = `"v":"1.0","id":"${id}","topic":"${topic}","time":"2026-01-31T12:00:01.123456Z",${place}${said},"seq":${number},"prev":"${HEX}"`;
  return `{${head},"digest":["${HEX}","${HEX}"],"hash":"${HEX}"${who}${body}}\n`;
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16)}`;

/** `count` lines from number `from` on, with the texts `say 0`, `say 1` ... */
export const lines = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => line(from + index, `say ${from + index}`));

/** A journal in `folder`, its segments numbered from `first` on, all of it durable. */
export class HandMadeJournal {
  readonly memory: SharedArrayBuffer;
  readonly board: Board;
  readonly #folder: string;
  #segment: number;
  #bytes = 0;

  constructor(folder: string, { callbacks = 1, first = 1 } = {}) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#segment = first;
    this.memory = boardMemory(callbacks);
    this.board = new Board(this.memory);
    this.write([]);
  }

  get durable(): Position {
    return this.board.durable;
  }

  /** Appends lines and publishes them. */
  write(lines: readonly string[]): void {
    writeFileSync(segmentPath(this.#folder, this.#segment), lines.join(''), { flag: 'a' });
    this.#bytes += Buffer.byteLength(lines.join(''));
    this.board.publish({ segment: this.#segment, offset: this.#bytes });
  }

  /** Closes the segment and begins the next, which is not published before something stands in it. */
  nextSegment(): void {
    this.#segment++;
    this.#bytes = 0;
  }
}
