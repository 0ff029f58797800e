/**
 * `wirescribe verify`: receives files of evidence or a spool, gives a report of what was changed, deleted, reordered or cut off. Reads as a stream:
 * memory grows with the number of chains, not with the records. Never writes, never takes the spool's lock, never shows the text of a session.
 */
import { AuditError } from '../errors.js';
import { Chains, chainOf, type Damage, type DamageCode, type LinePlace, type LooseEnd } from './verify-chain.js';
import { closeAll, inOrder, LINE_LIMIT, type Ordered, openSource, openSpool, readLines, type Segment, type Source } from './verify-files.js';
import { type LineFault, readLine } from './verify-line.js';

export interface Report {
  /** No damage. Doubles, parts and an unfinished line are none. */
  readonly ok: boolean;
  readonly files: number;
  /** Records that are new: without doubles. */
  readonly records: number;
  readonly sessions: number;
  /** Records that came again, byte for byte. */
  readonly doubles: number;
  /** Sessions that begin or end outside the files, and nodes that begin outside. */
  readonly parts: number;
  /** Last lines that were being written. */
  readonly unfinished: number;
  /** All damages; `damage` holds the first 100. */
  readonly damaged: number;
  readonly damage: readonly Damage[];
  /** Earliest and latest `time` of a record. */
  readonly firstTime: string | null;
  readonly lastTime: string | null;
}

export interface VerifyOptions {
  /** Told now and then how far the work is, in bytes of the files. */
  readonly progress?: (doneBytes: number, allBytes: number) => void;
}

const DAMAGE_SHOWN = 100;

const FAULTS: Record<LineFault, readonly [DamageCode, string]> = {
  grammar: ['grammar', 'not a sealed record of version 1.0'],
  head: ['changed', 'its head was changed: the hash is another'],
  who: ['changed', 'its who was changed: the digest is another'],
  body: ['changed', 'its body was changed: the digest is another'],
  'no-who': ['erased', 'its who is missing, and no record says that it was erased'],
  'no-body': ['erased', 'its body is missing, and no record says that it was erased'],
};

/** One run over one set of files. */
class Verification {
  readonly #files: readonly Ordered[];
  readonly #progress: NonNullable<VerifyOptions['progress']>;
  readonly #allBytes: number;
  readonly #chains = new Chains((place, code, what) => this.#tell(place, code, what));
  readonly #damage: Damage[] = [];
  #damaged = 0;
  #sealed = 0;
  #unfinished = 0;
  #doneBytes = 0;
  #firstTime = '';
  #lastTime = '';

  constructor(files: readonly Ordered[], { progress }: VerifyOptions) {
    this.#files = files;
    this.#progress = progress ?? (() => undefined);
    this.#allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async run(): Promise<Report> {
    for (const file of this.#files) await this.#file(file);
    if (!this.#sealed)
      throw new AuditError('AUDIT_VERIFY_INPUT', 'not evidence: no line is a sealed record (only callbacks with all topics and fields write them)');
    const ends = this.#chains.looseEnds();
    if (ends.length) await this.#compare(ends);
    return this.#report();
  }

  /** A segment that should stand between two others. */
  missing(file: string): void {
    this.#tell({ file, line: 1 }, 'deleted', 'this segment of the spool is not there, though older and newer ones are');
  }

  async #file(file: Ordered): Promise<void> {
    const ending = await this.#lines(file, (line, number) => this.#line(line, { file: file.path, line: number }));
    const place = { file: file.path, line: ending.lines + 1 };
    if (ending.broken) this.#tell(place, 'cut', `cannot be unpacked further (${ending.broken})`);
    if (ending.torn) this.#torn(ending.torn, place, file.isNewest);
  }

  /** The last piece of a file, without a line end: a whole record, a record being written, or the rest of one. */
  #torn(line: Buffer, place: LinePlace, isNewest: boolean): void {
    const { head, faults } = readLine(line);
    if (head && !faults.length) this.#line(line, place);
    else if (isNewest) this.#unfinished += 1;
    else this.#tell(place, 'cut', 'the file ends inside this line, and later files go on');
  }

  #lines(file: Source, take: (line: Buffer | undefined, number: number) => void) {
    return readLines(
      file,
      (line, number) => {
        take(line, number);
        return true;
      },
      (bytes) => {
        this.#doneBytes += bytes;
        this.#progress(this.#doneBytes, this.#allBytes);
      },
    );
  }

  #line(line: Buffer | undefined, place: LinePlace): void {
    if (!line) {
      this.#tell(place, 'grammar', `longer than ${LINE_LIMIT} bytes, as no record is`);
      return;
    }
    const { head, faults } = readLine(line);
    for (const fault of faults) this.#tell(place, ...FAULTS[fault]);
    if (!head) return;
    this.#sealed += 1;
    if (!this.#firstTime || head.time < this.#firstTime) this.#firstTime = head.time;
    if (head.time > this.#lastTime) this.#lastTime = head.time;
    this.#chains.follow(head, place, !faults.includes('head'));
  }

  /** Reads all files again for the ends of broken runs of doubles: whatever stands at such a seq must have the same hash. */
  async #compare(ends: readonly LooseEnd[]): Promise<void> {
    this.#doneBytes = 0;
    const wanted = new Map<string, LooseEnd[]>();
    for (const end of ends) wanted.set(end.chain, [...(wanted.get(end.chain) ?? []), end]);
    const unlike = new Set<LooseEnd>();
    for (const file of this.#files) {
      await this.#lines(file, (line) => {
        const head = line && readLine(line).head;
        for (const end of (head && wanted.get(chainOf(head))) ?? []) if (end.seq === head?.seq && end.hash !== head.hash) unlike.add(end);
      });
    }
    for (const end of unlike)
      this.#tell(end.place, 'double', `this record, or one that comes again before it in its chain, came before with other bytes`);
  }

  #tell({ file, line }: LinePlace, code: DamageCode, what: string): Damage {
    const damage = { place: `${file}:${line}`, code, what };
    this.#damaged += 1;
    if (this.#damage.length < DAMAGE_SHOWN) this.#damage.push(damage);
    return damage;
  }

  #report(): Report {
    const { doubles } = this.#chains;
    return {
      ok: this.#damaged === 0,
      files: this.#files.length,
      records: this.#sealed - doubles,
      ...this.#chains.count(),
      doubles,
      unfinished: this.#unfinished,
      damaged: this.#damaged,
      damage: this.#damage,
      firstTime: this.#firstTime || null,
      lastTime: this.#lastTime || null,
    };
  }
}

/**
 * Verifies files of evidence (.jsonl, .log, .gz), given in any order.
 * Throws AUDIT_VERIFY_INPUT where a file cannot be read or no line is a sealed record.
 */
export async function verifyFiles(paths: readonly string[], options: VerifyOptions = {}): Promise<Report> {
  const sources: Source[] = [];
  try {
    for (const path of paths) sources.push(await openSource(path));
    return await new Verification(await inOrder(sources), options).run();
  } finally {
    await closeAll(sources);
  }
}

/** Verifies the segments of a spool, which may be in use. Throws AUDIT_VERIFY_INPUT where there are none, or the folder cannot be read. */
export async function verifySpool(folder: string, options: VerifyOptions = {}): Promise<Report> {
  const segments = await openSpool(folder);
  try {
    const verification = new Verification(segments, options);
    for (const hole of holesOf(segments)) verification.missing(`${folder}/${String(hole).padStart(4, '0')}.jsonl`);
    return await verification.run();
  } finally {
    await closeAll(segments);
  }
}

/** Numbers between those of the segments: the first missing one of each hole. */
function holesOf(segments: readonly Segment[]): number[] {
  return segments.flatMap(({ number }, i) => (i && segments[i - 1]?.number !== number - 1 ? [(segments[i - 1]?.number ?? 0) + 1] : []));
}
