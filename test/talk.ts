/** A session whose bytes and times a test gives by hand, through all stages from decode to record, and what was written of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import type { Test } from 'tap';
import type { Direction, SessionOpen } from '../src/contract.js';
import { compileMasks } from '../src/mask/masker.js';
import { type Keeping, SessionPipeline } from '../src/pipeline.js';
import { Ids, Salts } from '../src/record/id.js';
import { NodeScribe } from '../src/record/scribe.js';
import { partsOf, sha256 } from './evidence.js';
import { pack } from './mask/masks.js';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../src/record/record.schema.json'), 'utf8'));
const validate = new Ajv2020.default({ allErrors: true }).compile(schema);

export const START_US = 1_767_323_045_000_000;
export const MASKS = compileMasks(pack('evennia'));
/** The door's (src/capture/door.ts). */
const BEAT_MS = 50;
const ORIGIN = { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'north' };

export type Rec = Record<string, unknown> & { topic: string; data?: Record<string, unknown> };

/** A session whose bytes a test gives by hand, `>` from the client and `<` from the server; a millisecond passes before each call. */
export class Talk {
  readonly lines: string[] = [];
  readonly faults: string[] = [];
  readonly pipeline: SessionPipeline;
  at = START_US;
  /** Appending throws while it is set. */
  broken = false;

  constructor(more: Partial<Keeping> & { allowSparse?: boolean; wire?: SessionOpen['wire']; interlink?: string } = {}) {
    const keeping = { in: true, out: true, outUnit: 'message', outIdleMs: 100, masks: MASKS, ...more } as const;
    const node = new NodeScribe({
      origin: ORIGIN,
      ids: new Ids((into) => into.fill(7)),
      salts: new Salts((into) => into.fill(9)),
      append: (line) => this.#append(line),
    });
    const id = '019b7cc5-9d88-7000-8000-000000000001';
    const open: SessionOpen = {
      id,
      listener: 'main',
      wire: more.wire ?? 'telnet',
      protocol: 'telnet',
      upstream: 'telnet://u:1',
      ip: '192.0.2.7',
      port: 7,
      ...(more.interlink === undefined ? {} : { interlink: more.interlink }),
    };
    this.pipeline = new SessionPipeline(
      open,
      keeping,
      node.session(open, more.allowSparse ?? false),
      ({ code, stage, count }) => void this.faults.push(`${stage} ${code} ${count}`),
    );
    this.pipeline.begin(this.at);
  }

  #append(line: string): void {
    if (this.broken) throw new Error('no room for hunter2');
    this.lines.push(line);
  }

  #data(direction: Direction, bytes: string): this {
    this.at += 1_000;
    this.pipeline.data(direction, Buffer.from(bytes, 'latin1'), this.at);
    return this;
  }

  '>'(bytes: string): this {
    return this.#data('RCV', bytes);
  }

  '<'(bytes: string): this {
    return this.#data('SND', bytes);
  }

  /** So many milliseconds pass, with the beats of the clock in them. */
  wait(ms: number): this {
    for (let left = ms; left > 0; left -= BEAT_MS) {
      this.at += Math.min(left, BEAT_MS) * 1_000;
      this.pipeline.tick(this.at);
    }
    return this;
  }

  gap(direction: Direction, bytes: number | null): this {
    this.at += 1_000;
    this.pipeline.gap({ reason: 'full', direction, from: this.at - 500, to: this.at, bytes, sessions: null }, this.at);
    return this;
  }

  end(): this {
    this.at += 1_000;
    this.pipeline.end({ reason: 'closed', by: 'client', bytesIn: 1, bytesOut: 2 }, this.at);
    return this;
  }

  get records(): Rec[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  /** What was said, one string an utterance: `>` in, `<` out; gaps as `gap STAGE DIRECTION BYTES`. */
  get said(): string[] {
    return this.records.flatMap(({ topic, data, text, cut }) => {
      if (topic === 'audit.gap') return `gap ${data?.stage} ${data?.reason} ${data?.direction} ${data?.bytes}`;
      const mark = topic === 'session.input' ? '>' : topic === 'session.output' ? '<' : undefined;
      return mark ? `${mark}${cut ? `(${cut})` : ''} ${text ?? ''}` : [];
    });
  }
}

/** Every record of a talk is one to the schema, its seal is right, and the chain has no hole. */
export function sound(t: Test, talk: Talk): void {
  let prev = '0'.repeat(64);
  for (const line of talk.lines) {
    const { head, who, body, hash } = partsOf(line.slice(0, -1));
    t.equal(hash, sha256(`{${head},"digest":["${who && sha256(who)}","${body && sha256(body)}"]`));
  }
  for (const [seq, record] of talk.records.entries()) {
    t.ok(validate(record), JSON.stringify(validate.errors));
    t.match(record, { seq, prev });
    prev = String(record.hash);
  }
}
