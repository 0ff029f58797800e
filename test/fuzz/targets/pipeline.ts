/**
 * All stages, from bytes to sealed lines, over telnet, plain text and WebSocket, with the masks that ship: every record is one to the schema, every seal is
 * right, nothing of ours failed, and the same lines come out of every splitting.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import type { Wire } from '../../../src/contract.js';
import { compileMasks } from '../../../src/mask/masker.js';
import { partsOf, sha256 } from '../../evidence.js';
import { pack } from '../../mask/masks.js';
import { Talk } from '../../talk.js';
import { type Input, isData, type Part, type Target } from '../input.js';
import { replayed, session, webSession, wire } from '../words.js';

const SCHEMA = join(import.meta.dirname, '../../../../src/record/record.schema.json');
const validate = new Ajv2020.default().compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));
const MASKS = compileMasks(['evennia', 'login', 'tokens', 'oob'].flatMap(pack));

/** How an input is read: its first wait says so. Lines or messages; what kind of wire. */
const WAYS: readonly (readonly ['message' | 'line', Wire])[] = [
  ['message', 'telnet'],
  ['line', 'telnet'],
  ['message', 'plain'],
  ['message', 'websocket'],
  ['line', 'websocket'],
];

/** Plays parts over a talk: bytes at the time that it is, waits with the clock's beats. */
export function playOver(talk: Talk, input: Input): void {
  for (const part of input) {
    if (isData(part)) talk.pipeline.data(part[0], part[1], talk.at);
    else talk.wait(part[1]);
  }
  talk.end();
}

/** Throws where a line is not as FORMAT.md says, or a stage of ours failed. */
export function checkSound({ lines, faults }: Talk): void {
  const failed = faults.find((fault) => fault.startsWith('mask ') || fault.includes('internal'));
  if (failed) throw new Error(`a stage failed: ${failed}`);
  let prev = '0'.repeat(64);
  for (const [seq, line] of lines.entries()) {
    const record = JSON.parse(line) as { readonly seq: number; readonly prev: string; readonly hash: string };
    const { head, who, body, hash } = partsOf(line.slice(0, -1));
    if (!validate(record)) throw new Error(`no record: ${JSON.stringify(validate.errors)}`);
    if (record.seq !== seq || record.prev !== prev) throw new Error('the chain is broken');
    if (hash !== sha256(`{${head},"digest":["${who && sha256(who)}","${body && sha256(body)}"]`)) throw new Error('the seal is wrong');
    prev = hash;
  }
}

function say(input: Input): readonly string[] {
  const [first] = input;
  const [outUnit, wire] = WAYS[first?.[0] === 'wait' ? first[1] % WAYS.length : 0] as (typeof WAYS)[number];
  const talk = new Talk({ outUnit, wire, masks: MASKS });
  playOver(talk, input);
  checkSound(talk);
  return talk.lines;
}

export const pipeline: Target = {
  name: 'pipeline',
  splits: true,
  make: (dice): Input => {
    const way = dice.between(0, WAYS.length - 1);
    const first: Part = ['wait', way];
    if (WAYS[way]?.[1] === 'websocket') return [first, ...webSession(dice)];
    return [first, ...(dice.between(1, 4) === 1 ? replayed(dice) : session(dice, wire))];
  },
  say,
};
