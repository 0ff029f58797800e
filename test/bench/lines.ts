/** Lines as the real scribe writes them: a session's talk goes through the pipeline with the default masks, and what it seals is kept. Made before any clock runs. */
import { randomFillSync } from 'node:crypto';
import { loadSettings } from '../../src/config/settings.js';
import { compileMasks } from '../../src/mask/masker.js';
import { SessionPipeline } from '../../src/pipeline.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';

/** A sealed line with its line end, and the id of its record. */
export interface Sealed {
  readonly line: string;
  readonly id: string;
}

const SESSIONS = 100;
/** What is said takes so long each, in microseconds. */
const STEP_US = 50;

/** So many records of a hundred sessions that talk in turn: a short line in, two lines out. */
export function sealedLines(count: number): Sealed[] {
  const lines: Sealed[] = [];
  const { audit } = loadSettings({ file: null, cwd: process.cwd(), env: {} });
  const origin = { hostname: 'bench', application: 'wirescribe', version: '0.0.0', pid: 1, node: 'bench' };
  const append = (line: string, id: string) => void lines.push({ line, id });
  const ids = new Ids(randomFillSync);
  const scribe = new NodeScribe({ origin, ids, salts: new Salts(randomFillSync), append });
  const keeping = { in: true, out: true, outUnit: 'message', outIdleMs: 100, masks: compileMasks(audit.masks) } as const;
  let clock = Date.now() * 1000;
  const next = (): number => {
    clock += STEP_US;
    return clock;
  };
  const sessions = Array.from({ length: SESSIONS }, () => {
    const place = {
      listener: 'main',
      wire: 'telnet',
      protocol: 'telnet',
      upstream: 'telnet://127.0.0.1:4000',
      ip: '127.0.0.1',
      port: 50_000,
    } as const;
    const open = { id: ids.next(next()), ...place };
    return new SessionPipeline(open, keeping, scribe.session(open, false), () => undefined);
  });
  for (let turn = 0; lines.length < count; turn++) {
    const session = sessions[turn % SESSIONS] as SessionPipeline;
    session.data('RCV', Buffer.from(`say hello friend number ${turn} of 100\r\n`), next());
    session.data('SND', Buffer.from('Rain falls on the cobbles of the old square.\r\nYou say: hello friend.\r\n> '), next());
  }
  return lines.slice(0, count);
}
