/**
 * `wirescribe verify`: receives files of evidence or a spool, gives a report of what was changed, deleted, reordered or cut off, and of what signed
 * checkpoints prove. Reads as a stream: memory grows with the number of chains, not with the records; what else is kept is bounded where it is kept (holes,
 * gaps, redacted parts). Never writes, never takes the spool's lock, never shows the text of a session. EVIDENCE.md says the same to an auditor.
 */
import { AuditError } from '../errors.js';
import { Chains, chainOf, type LooseEnd, msOf, type Step } from './verify-chain.js';
import { Cover } from './verify-cover.js';
import { Erased } from './verify-erased.js';
import {
  closeAll,
  type Ending,
  inOrder,
  LINE_LIMIT,
  type Line,
  type Ordered,
  openSource,
  openSpool,
  readLines,
  type Segment,
  type Source,
} from './verify-files.js';
import { type Damage, type DamageCode, Findings, type LinePlace } from './verify-findings.js';
import type { TrustedKey } from './verify-keys.js';
import { dataOf, type Head, type LineFault, readLine } from './verify-line.js';
import { Losses } from './verify-losses.js';
import { readMerged } from './verify-merge.js';

export interface UseOfKey {
  readonly checkpoints: number;
  readonly from: string | null;
  readonly until: string | null;
}

/** What `verify --json` prints; EVIDENCE.md has these members. */
export interface Report {
  /** No damage. What is only counted is none. */
  readonly ok: boolean;
  readonly files: number;
  /** Records that are new: without doubles. With --session, those of that session. */
  readonly records: number;
  readonly sessions: number;
  /** Records that came again, byte for byte, or whole and redacted. */
  readonly doubles: number;
  /** Sessions that begin or end outside the files, and nodes that begin outside. */
  readonly parts: number;
  /** Last lines that were being written. */
  readonly unfinished: number;
  /** Parts (a who or a body) that are missing and named by an `access.redact`. */
  readonly redacted: number;
  /** Records that are missing and that an `audit.gap` declares lost to this copy. */
  readonly declared: number;
  /** Records that no checkpoint with a good signature covers; without keys, all. */
  readonly unproven: number;
  /** `audit.checkpoint` records. */
  readonly checkpoints: number;
  /** For each node the time of its last checkpoint (with keys: of the last with a good signature); null without one. */
  readonly lastCheckpoints: readonly { readonly node: string; readonly time: string | null }[];
  /** The keys given, how many checkpoints each has signed, and the times of the first and the last of them. */
  readonly keys: readonly ({ readonly path: string; readonly fingerprint: string } & UseOfKey)[];
  /** How often a node's clock was found set back, and by how many milliseconds at most. */
  readonly clockSetBack: number;
  readonly clockSetBackMostMs: number;
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
  /** Keys that checkpoints must be signed with. None: nothing is proven. */
  readonly keys?: readonly TrustedKey[];
  /** The id of the one session to look at: of the others, and of the node, the files may hold anything or nothing. */
  readonly session?: string | undefined;
  /** The callback that kept the files: only what it did not get is a declared loss of theirs. */
  readonly callback?: string | undefined;
}

const FAULTS: Record<Exclude<LineFault, 'no-who' | 'no-body'>, readonly [DamageCode, string]> = {
  grammar: ['grammar', 'not a sealed record of version 1'],
  version: ['version', 'of a newer major version of the format: only a newer wirescribe can verify it'],
  head: ['changed', 'its head was changed: the hash is another'],
  who: ['changed', 'its who was changed: the digest is another'],
  body: ['changed', 'its body was changed: the digest is another'],
};

const UNUSED: UseOfKey = { checkpoints: 0, from: null, until: null };

/** One run over one set of files. */
class Verification {
  readonly #files: readonly Ordered[];
  readonly #progress: NonNullable<VerifyOptions['progress']>;
  readonly #keys: readonly TrustedKey[];
  readonly #only: string | undefined;
  readonly #allBytes: number;
  readonly #findings = new Findings();
  readonly #losses: Losses;
  readonly #erased = new Erased(this.#findings);
  readonly #chains: Chains;
  readonly #cover: Cover;
  #sealed = 0;
  #newer = 0;
  #unfinished = 0;
  #doneBytes = 0;
  #firstTime = '';
  #lastTime = '';

  constructor(files: readonly Ordered[], { progress, keys = [], session, callback }: VerifyOptions) {
    this.#losses = new Losses(this.#findings, callback);
    this.#files = files;
    this.#progress = progress ?? (() => undefined);
    this.#keys = keys;
    this.#only = session;
    this.#allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#chains = new Chains(this.#findings, this.#losses, session);
    this.#cover = new Cover(this.#chains, { findings: this.#findings, losses: this.#losses, keys, only: session });
  }

  /** @param runs files that are read side by side; one run after the other */
  async run(runs: readonly (readonly Ordered[])[]): Promise<Report> {
    let from = 0;
    for (const files of runs) {
      await readMerged(files, { line: this.#line, ended: this.#ended, onBytes: this.#onBytes }, from);
      from += files.length;
    }
    if (!this.#sealed) throw this.#noEvidence();
    await this.#again([...this.#chains.looseEnds(), ...this.#cover.later]);
    this.#cover.finish();
    const isProven = ({ node, seq }: { node: string; seq: number }) => !this.#keys.length || this.#cover.isProven(node, seq);
    this.#losses.settle(isProven);
    this.#erased.settle(isProven);
    return this.#report();
  }

  /** A segment that should stand between two others. @param index of the next one that is there */
  missing(file: string, index: number): void {
    this.#findings.tell({ file, line: 1, index: index - 0.5 }, 'deleted', 'this segment of the spool is not there, though older and newer ones are');
  }

  #noEvidence(): AuditError {
    if (this.#newer)
      return new AuditError('AUDIT_VERIFY_INPUT', 'these records are of a newer major version of the format; take a newer wirescribe to verify them');
    if (this.#only !== undefined) return new AuditError('AUDIT_VERIFY_INPUT', 'not evidence: no line is a record of that session');
    return new AuditError('AUDIT_VERIFY_INPUT', 'not evidence: no line is a sealed record (only callbacks with all topics and fields write them)');
  }

  #onBytes = (bytes: number): void => {
    this.#doneBytes += bytes;
    this.#progress(this.#doneBytes, this.#allBytes);
  };

  #ended = (file: Ordered, index: number, { lines, broken, torn }: Ending): void => {
    const place = { file: file.path, line: lines + 1, index };
    if (broken) this.#findings.tell(place, 'cut', `cannot be unpacked further (${broken})`);
    if (torn) this.#torn(torn, place, file.isNewest);
  };

  /** The last piece of a file, without a line end: a whole record, a record being written, or the rest of one. */
  #torn(line: Buffer, place: LinePlace, isNewest: boolean): void {
    const { head, faults } = readLine(line);
    if (head && !faults.length) this.#line(line, place);
    else if (isNewest) this.#unfinished += 1;
    else this.#findings.tell(place, 'cut', 'the file ends inside this line, and later files go on');
  }

  #line = (line: Line, place: LinePlace): void => {
    if (!line) {
      this.#findings.tell(place, 'grammar', `longer than ${LINE_LIMIT} bytes, as no record is`);
      return;
    }
    const { head, faults } = readLine(line);
    if (head?.session && this.#only !== undefined && head.session !== this.#only) return;
    if (faults.length) this.#faulty(head, faults, place);
    if (!head) return;
    if (head.session || this.#only === undefined) this.#count(head);
    const trusted = !faults.includes('head');
    const step = this.#chains.follow(head, place, trusted);
    if (trusted && step !== 'double' && msOf(head.id) < msOfTime(head.time))
      this.#findings.tell(place, 'clock', 'its time is later than its id, which no record is made with');
    if (!head.session) this.#ofNode(head, place, faults.length ? undefined : line, step);
  };

  #faulty(head: Head | undefined, faults: readonly LineFault[], place: LinePlace): void {
    for (const fault of faults) {
      if (fault === 'no-who' || fault === 'no-body') this.#erased.missing(head?.hash ?? '', fault === 'no-who' ? 'who' : 'body', place);
      else this.#findings.tell(place, ...FAULTS[fault]);
      if (fault === 'version') this.#newer += 1;
    }
  }

  #count({ time }: Head): void {
    this.#sealed += 1;
    if (!this.#firstTime || time < this.#firstTime) this.#firstTime = time;
    if (time > this.#lastTime) this.#lastTime = time;
  }

  /** What the node's own records say of others. @param line undefined where its seal does not hold */
  #ofNode(head: Head, place: LinePlace, line: Buffer | undefined, step: Step): void {
    if (step === 'double' || step === 'off') return;
    const chain = this.#chains.get(chainOf(head));
    if (head.topic === 'audit.checkpoint' && chain && (step === 'new' || this.#only !== undefined)) this.#cover.take(head, place, line, chain);
    const members = line && (head.topic === 'audit.gap' || head.topic === 'access.redact') ? dataOf(line)?.members : undefined;
    if (!members || !chain) return;
    const where = { node: chain.node.name, seq: head.seq };
    if (head.topic === 'audit.gap') this.#losses.gap(where, members);
    else this.#erased.named(where, members);
  }

  /** Reads all files once more: whatever stands at such an end must have the same hash, and a gap of which a record is there is of another copy. */
  async #again(ends: readonly LooseEnd[]): Promise<void> {
    const wantsAll = this.#losses.wantsAll;
    if (!ends.length && !wantsAll) return;
    this.#doneBytes = 0;
    const wanted = endsByPlace(ends);
    const unlike = new Set<LooseEnd>();
    const take = (line: Line): boolean => {
      const head = line && readLine(line).head;
      if (!head) return true;
      if (wantsAll) this.#losses.saw(head.node, head.id);
      for (const end of wanted.get(chainOf(head))?.get(head.seq) ?? []) if (end.hash !== head.hash) unlike.add(end);
      return true;
    };
    for (const file of this.#files) await readLines(file, take, this.#onBytes);
    for (const { place, isClaim, seq } of unlike)
      if (isClaim) this.#findings.tell(place, 'checkpoint', `seq ${seq} of a session that it names is not the record that this checkpoint covers`);
      else this.#findings.tell(place, 'double', `this record, or one that comes again before it in its chain, came before with other bytes`);
  }

  #report(): Report {
    const { doubles } = this.#chains;
    const { used, checkpoints, clock } = this.#cover;
    const records = this.#sealed - doubles;
    return {
      ok: this.#findings.count === 0,
      files: this.#files.length,
      records,
      ...this.#chains.count(),
      doubles,
      unfinished: this.#unfinished,
      redacted: this.#erased.redacted,
      declared: this.#losses.declared,
      unproven: this.#keys.length ? this.#cover.openRecords() : records,
      checkpoints,
      lastCheckpoints: [...this.#chains.nodes].map((node) => ({ node: nameOf(node.name), time: this.#cover.lastOf(node)?.time ?? null })),
      keys: this.#keys.map(({ path, fingerprint }) => ({ path, fingerprint, ...(used.get(fingerprint) ?? UNUSED) })),
      clockSetBack: clock.setBack,
      clockSetBackMostMs: clock.mostMs,
      damaged: this.#findings.count,
      damage: this.#findings.list(),
      firstTime: this.#firstTime || null,
      lastTime: this.#lastTime || null,
    };
  }
}

/** The name of a node, out of the JSON string of its line. */
const nameOf = (escaped: string): string => JSON.parse(Buffer.from(escaped, 'latin1').toString()) as string;

let second = '';
let secondMs = 0;

/** Milliseconds of a record's `time`. Records come many to a second. */
function msOfTime(time: string): number {
  const whole = time.slice(0, 19);
  if (whole !== second) {
    second = whole;
    secondMs = Date.parse(`${whole}Z`);
  }
  return secondMs + Number(time.slice(20, 23));
}

function endsByPlace(ends: readonly LooseEnd[]): Map<string, Map<number, LooseEnd[]>> {
  const wanted = new Map<string, Map<number, LooseEnd[]>>();
  for (const end of ends) {
    const chain = wanted.get(end.chain) ?? new Map<number, LooseEnd[]>();
    wanted.set(end.chain, chain);
    const list = chain.get(end.seq) ?? [];
    chain.set(end.seq, list);
    list.push(end);
  }
  return wanted;
}

/**
 * Verifies files of evidence (.jsonl, .log, .gz), given in any order.
 * Throws AUDIT_VERIFY_INPUT where a file cannot be read or no line is a sealed record.
 */
export async function verifyFiles(paths: readonly string[], options: VerifyOptions = {}): Promise<Report> {
  const sources: Source[] = [];
  try {
    for (const path of paths) sources.push(await openSource(path));
    const files = await inOrder(sources);
    return await new Verification(files, options).run([files]);
  } finally {
    await closeAll(sources);
  }
}

/** Verifies the segments of a spool, which may be in use. Throws AUDIT_VERIFY_INPUT where there are none, or the folder cannot be read. */
export async function verifySpool(folder: string, options: VerifyOptions = {}): Promise<Report> {
  const segments = await openSpool(folder);
  try {
    const verification = new Verification(segments, options);
    for (const { number, index } of holesOf(segments)) verification.missing(`${folder}/${String(number).padStart(4, '0')}.jsonl`, index);
    return await verification.run(segments.map((segment) => [segment]));
  } finally {
    await closeAll(segments);
  }
}

/** Numbers between those of the segments: the first missing one of each hole, and which segment stands behind it. */
function holesOf(segments: readonly Segment[]): { number: number; index: number }[] {
  return segments.flatMap(({ number }, index) => {
    const before = segments[index - 1]?.number;
    return before === undefined || before === number - 1 ? [] : [{ number: before + 1, index }];
  });
}
