/**
 * Makes cases for the law that no secret is ever written: secrets x dressings x answers x settings x splits, the same for the same seed. Pure. What
 * DESIGN 5 does not promise to hide is in none of them.
 */
import { Dice } from '../harness.js';
import { ANSWERS, type Answer } from './answers.js';
import { COMMANDS } from './dressings-commands.js';
import { PROMPTED } from './dressings-prompts.js';
import { WIRED } from './dressings-wire.js';
import { type Dressing, pick, type Step } from './scene.js';
import { KEY, SECRETS, type Secret } from './secrets.js';

/** What is in force in a case. */
export interface Settings {
  readonly in: boolean;
  readonly out: boolean;
  readonly outUnit: 'message' | 'line';
  readonly style: 'length' | 'fixed' | 'tag';
  readonly wire: 'telnet' | 'plain';
  readonly charset?: NonNullable<Secret['charset']>;
  readonly packs: readonly string[];
}

/** A transcript, and the secret of which nothing may be found in what is written of it. */
export interface Case {
  /** Seed, secret, dressing, answer and split: enough to make it again. */
  readonly name: string;
  readonly secret: Secret;
  readonly dressing: string;
  readonly settings: Settings;
  readonly steps: readonly Step[];
}

/** How the bytes of the steps are split; `at` of 'cut' counts over all bytes in which the secret may be. */
type Split = 'whole' | 'every byte' | 'dice' | 'dice with rests' | number;

/**
 * Dressings and answers in which a leak is known and not yet mended, by name. Whoever mends one takes its name out; the list is to be empty.
 */
export const EXCLUDED: readonly string[] = [
  // A secret whose UTF-8 was read as latin-1, for a byte of another charset stood on its line, has lost its control characters: it is not known as UTF-8.
  'among letters of another charset',
];

export const DRESSINGS: readonly Dressing[] = [...COMMANDS, ...PROMPTED, ...WIRED].filter(({ name }) => !EXCLUDED.includes(name));
const SAID_BACK = ANSWERS.filter(({ name }) => !EXCLUDED.includes(name));

const PACKS = ['evennia', 'login', 'tokens', 'oob'] as const;
const KEPT = [
  [true, true],
  [true, true],
  [true, true],
  [true, false],
  [false, true],
  [false, false],
] as const;

/** A longer case is whole, cut in a few places, and thrown; byte by byte it takes too long. Bytes. */
const LONG = 4_096;
/** How many places each telling is cut in. */
const CUTS = 3;

/** Longest part that dice split off, and longest rest between two, which ends no line and no message. */
const MOST_BYTES = 9;
const MOST_REST_MS = 70;

const fits = (dressing: Dressing, secret: Secret): boolean =>
  (secret === KEY) === /private key/.test(dressing.name) && (dressing.fits ?? (() => true))(secret) && !(dressing.charset && secret.charset);

const knows = ({ knows = ({ known }) => known }: Dressing, secret: Secret): boolean => secret.known && knows(secret);

const withTelnet = (settings: Settings): boolean => settings.wire === 'telnet';

/** All cases of a seed. @param only the dressings that are told; all of them, unless given */
export function* cases(seed: number, only: (dressing: Dressing) => boolean = () => true): Generator<Case> {
  const dice = new Dice(seed);
  let count = 0;
  for (const dressing of DRESSINGS) {
    if (!only(dressing)) continue;
    for (const secret of [...SECRETS, KEY]) {
      if (!fits(dressing, secret)) continue;
      const plain = dressing.plain === true || (dressing.telnet !== true && dice.between(0, 3) === 0);
      for (const split of splits(dice)) {
        const settings = settingsOf(dice, dressing, secret, plain);
        const answer = knows(dressing, secret) ? answerOf(dice, dressing, secret, settings) : undefined;
        const steps = stepsOf(dice, dressing, secret, answer, settings);
        const name = `${seed}/${count++}: ${secret.name}, ${dressing.name}${answer ? `, said back ${answer.name}` : ''}, ${split}`;
        yield { name, secret, dressing: dressing.name, settings, steps: splitUp(dice, steps, split) };
      }
    }
  }
}

const splits = (dice: Dice): Split[] => ['whole', 'every byte', 'dice', 'dice with rests', ...Array.from({ length: CUTS }, () => dice.next())];

function settingsOf(dice: Dice, dressing: Dressing, secret: Secret, plain: boolean): Settings {
  const [keepIn, keepOut] = pick(dice, KEPT);
  const charset = dressing.charset ?? secret.charset;
  return {
    in: keepIn,
    out: keepOut,
    outUnit: pick(dice, ['message', 'line']),
    style: pick(dice, ['length', 'length', 'fixed', 'tag']),
    wire: plain ? 'plain' : 'telnet',
    ...(charset ? { charset } : undefined),
    packs: [...PACKS, ...(dressing.packs ?? [])],
  };
}

function answerOf(dice: Dice, { soon }: Dressing, secret: Secret, settings: Settings): Answer {
  const able = ({ telnet, late, fits = () => true }: Answer): boolean => (!telnet || withTelnet(settings)) && !(soon && late) && fits(secret);
  return pick(dice, SAID_BACK.filter(able));
}

function stepsOf(dice: Dice, dressing: Dressing, secret: Secret, answer: Answer | undefined, settings: Settings): readonly Step[] {
  const sent = withTelnet(settings) ? secret.bytes.replaceAll('\xff', '\xff\xff') : secret.bytes;
  const scene = { secret, sent, dice };
  return [...dressing.says(scene), ...(answer?.says(scene) ?? [])];
}

const isData = (step: Step): step is readonly ['>' | '<', string] => step[0] === '>' || step[0] === '<';

function splitUp(dice: Dice, steps: readonly Step[], split: Split): readonly Step[] {
  const length = steps.reduce((sum, step) => sum + (isData(step) ? step[1].length : 0), 0);
  if (split === 'whole' || (length > LONG && split === 'every byte')) return steps;
  if (typeof split === 'number') return cutAt(steps, 1 + Math.floor(split * (length - 1)));
  const most = split === 'every byte' ? 1 : MOST_BYTES;
  return steps.flatMap((step) => (isData(step) ? throwUp(dice, step, length > LONG ? LONG : most, split === 'dice with rests') : [step]));
}

/** One cut in front of the byte at this place, counted over all of the data. */
function cutAt(steps: readonly Step[], place: number): readonly Step[] {
  let at = 0;
  return steps.flatMap((step): Step[] => {
    if (!isData(step)) return [step];
    const [who, bytes] = step;
    const here = place - at;
    at += bytes.length;
    return here > 0 && here < bytes.length
      ? [
          [who, bytes.slice(0, here)],
          [who, bytes.slice(here)],
        ]
      : [step];
  });
}

function throwUp(dice: Dice, [who, bytes]: readonly ['>' | '<', string], most: number, rests: boolean): Step[] {
  const parts: Step[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + dice.between(1, most);
    parts.push([who, bytes.slice(at, end)]);
    at = end;
    if (rests && at < bytes.length && dice.between(0, 3) === 0) parts.push(['wait', dice.between(1, MOST_REST_MS)]);
  }
  return parts;
}
