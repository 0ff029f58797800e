/**
 * Makes evidence for tests: sealed lines as FORMAT.md describes them, by code of its own that shares nothing with src/record. So a fault in the
 * real writer cannot hide in the tests of `verify`, nor one of `verify` in those of the writer.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const HEAD =
  'v id topic time hostname application version pid node listener direction protocol session seq exchange latency_ms event event_type system also masked bytes encoding cut prev';
const WHO = 'who_salt ip port account character interlink';
const BODY = 'salt room text raw raw_b64 timing data custom';
const ZEROS = '0'.repeat(64);

type Members = { readonly [name: string]: unknown };

/** What a test says of a record; the sealer adds id, time, place, chain and salts. `head` overrides any member of the head. */
export interface Draft {
  readonly topic: string;
  readonly session?: string;
  readonly head?: Members;
  readonly who?: Members;
  readonly body?: Members;
  /** The body's `data` as text, made when the head is known: a checkpoint's signature is over both. Instead of `body`. */
  readonly data?: (head: string) => string;
}

/** First seq and hash, last seq and hash. */
type Moved = readonly [number, string, number, string];

/** An Ed25519 key pair for tests. */
export const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;
const derOf = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' });
export const publicPem = (key: KeyObject): string => createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString();
export const fingerprintOf = (key: KeyObject): string => sha256(derOf(key));

/** `key` and `signature` behind what is signed: HEAD as in the line, from its brace, and DATA so far. */
function signed(head: string, data: string, key?: KeyObject): string {
  if (!key) return `${data},"key":null,"signature":null}`;
  const whole = `${data},"key":"${fingerprintOf(key)}"`;
  return `${whole},"signature":"${sign(null, Buffer.from(`{${head}${whole}`), key).toString('base64')}"}`;
}

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Members in the order of `names`, without the braces, with what JSON.stringify leaves unescaped and FORMAT.md does not. */
function write(names: string, members: Members): string {
  const parts = names.split(' ').flatMap((name) => (members[name] === undefined ? [] : [`"${name}":${JSON.stringify(members[name])}`]));
  return parts.join(',').replace(/[\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** One line, without its line end. `who` and `body` are the parts as written, `''` where there is none. */
function sealParts(head: string, who: string, body: string): { line: string; hash: string } {
  const sealed = `{${head},"digest":["${who && sha256(who)}","${body && sha256(body)}"]`;
  const hash = sha256(sealed);
  return { line: `${[`${sealed},"hash":"${hash}"`, who, body].filter(Boolean).join(',')}}`, hash };
}

/** 16 bytes in base64url, the same for the same words. */
const saltOf = (words: string): string => createHash('md5').update(words).digest('base64url');

/** UUIDv7 of a millisecond, a counter, and words in place of chance. */
export function uuid7(ms: number, count: number, words: string): string {
  const time = ms.toString(16).padStart(12, '0');
  const rest = createHash('md5').update(`${words} ${count}`).digest('hex').slice(0, 15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, '0')}-8${rest.slice(0, 3)}-${rest.slice(3)}`;
}

/** Seals drafts in order, one node, as many sessions as are named; a millisecond passes between two. */
export class Sealer {
  readonly node: string;
  #ms: number;
  #count = 0;
  readonly #heads = new Map<string, { seq: number; hash: string }>();
  #moved = new Map<string, Moved>();
  #checkpoint = ZEROS;
  /** Milliseconds that the clock stands behind the ids. */
  behindMs = 0;

  constructor(node = 'north', startMs = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.node = node;
    this.#ms = startMs;
  }

  /** A new session's id. */
  session(): string {
    return uuid7(this.#ms++, this.#count++ % 4096, this.node);
  }

  /** The next line of the draft's chain, without its line end. */
  seal(draft: Draft): string {
    const { topic, session, who, body } = draft;
    const chain = this.#heads.get(session ?? '') ?? { seq: 0, hash: ZEROS };
    const id = uuid7(this.#ms, this.#count++ % 4096, this.node);
    const time = `${new Date(this.#ms++ - this.behindMs).toISOString().slice(0, 23)}${String(this.#count % 1000).padStart(3, '0')}Z`;
    const place = { hostname: 'north.example', application: 'wirescribe', version: '0.1.0', pid: 4711, node: this.node };
    const listener = session && { listener: 'game', protocol: 'telnet', session };
    const head = write(HEAD, { v: '1.0', id, topic, time, ...place, ...(listener || {}), seq: chain.seq, prev: chain.hash, ...draft.head });
    const { line, hash } = sealParts(
      head,
      who ? write(WHO, { who_salt: saltOf(`who ${session}`), ...who }) : '',
      draft.data ? `"salt":"${saltOf(id)}","data":${draft.data(head)}` : body ? write(BODY, { salt: saltOf(id), ...body }) : '',
    );
    this.#heads.set(session ?? '', { seq: chain.seq + 1, hash });
    const [firstSeq, firstHash] = this.#moved.get(session ?? '') ?? [chain.seq, hash];
    if (session) this.#moved.set(session, [firstSeq, firstHash, chain.seq, hash]);
    return line;
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.#ms += ms;
  }

  /** A checkpoint over all sessions that moved since the last one, so many to a part. @param key to sign with */
  checkpoint(key?: KeyObject, perPart = 200): string[] {
    const moved = [...this.#moved].map(([session, rest]) => [session, ...rest]);
    this.#moved = new Map();
    const parts = Math.max(1, Math.ceil(moved.length / perPart));
    return Array.from({ length: parts }, (_, i) => {
      const sessions = moved.slice(i * perPart, (i + 1) * perPart);
      const data = JSON.stringify({ reason: 'time', previous: this.#checkpoint, part: i + 1, more: i + 1 < parts, sessions }).slice(0, -1);
      const line = this.seal({ topic: 'audit.checkpoint', data: (head) => signed(head, data, key) });
      this.#checkpoint = partsOf(line).hash;
      return line;
    });
  }

  /** The record that names these lines as redacted. */
  redact(lines: readonly string[], part: 'who' | 'body' | 'both' = 'body'): string {
    const hashes = lines.map((line) => partsOf(line).hash);
    const data = { request: 'f81d4fae-7dec-41d0-8765-00a0c91e6bf6', part, hashes, by: 'root', why: 'asked for', done: false };
    return this.seal({ topic: 'access.redact', body: { data } });
  }

  /** The record that these lines are lost to one callback's copy: as a range, or each by its id. */
  gap(lines: readonly string[], named = false): string {
    const ids = lines.map(idOf);
    const where = { stage: named ? 'callback' : 'spool', reason: named ? 'refused' : 'given-up', direction: null, from: ids[0], to: ids.at(-1) };
    const data = { ...where, records: ids.length, bytes: null, sessions: null, callback: 'kafka', ...(named ? { ids } : {}) };
    return this.seal({ topic: 'audit.gap', body: { data } });
  }

  /** A whole session: start, one input for each of `says`, end (left out where `open`). */
  talk(says: readonly string[], open = false): string[] {
    const session = this.session();
    const who = { ip: '203.0.113.7', port: 50712 };
    const inputs = says.map((text, i) => ({
      topic: 'session.input',
      session,
      who,
      head: { direction: 'RCV', exchange: i + 1, bytes: Buffer.byteLength(text), encoding: 'utf-8' },
      body: { text },
    }));
    const start = { topic: 'session.start', session, who, body: { data: { upstream: 'telnet://127.0.0.1:4001' } } };
    const data = { reason: 'closed', by: 'client', bytes_in: 100, bytes_out: 0, excluded: 0, dropped: 0 };
    const end = open ? [] : [{ topic: 'session.end', session, who, body: { data } }];
    return [start, ...inputs, ...end].map((draft) => this.seal(draft));
  }
}

/** The line's parts as written. Reads what this file writes, not all that could be evidence. */
export function partsOf(line: string): { head: string; who: string; body: string; hash: string } {
  const [, head = '', hash = '', rest = ''] = /^\{(.*?),"digest":\["\w*","\w*"\],"hash":"(\w{64})"(.*)\}$/s.exec(line) ?? [];
  const at = rest.startsWith(',"who_salt"') ? rest.indexOf(',"salt":') : 0;
  const end = at < 0 ? rest.length : at;
  return { head, hash, who: rest.slice(1, end), body: rest.slice(end + 1) };
}

/** The forger's tool: the line with its parts changed and all its digests and its hash made anew. */
export function forge(
  line: string,
  change: (parts: { head: string; who: string; body: string }) => { head?: string; who?: string; body?: string },
): string {
  const parts = partsOf(line);
  const { head, who, body } = { ...parts, ...change(parts) };
  return sealParts(head, who, body).line;
}

export const idOf = (line: string): string => /"id":"([^"]+)"/.exec(line)?.[1] ?? '';
const chainOf = (line: string): string => /"session":"([^"]+)","seq":/.exec(partsOf(line).head)?.[1] ?? '';

/** The line without a part, its digest left. */
export function strip(line: string, part: 'who' | 'body' | 'both' = 'body'): string {
  const { who, body } = partsOf(line);
  const gone = [...(part === 'body' ? [] : [who]), ...(part === 'who' ? [] : [body])];
  return gone.reduce((left, one) => left.replace(`,${one}`, ''), line);
}

/**
 * The whole forger: changes lines and makes every digest, hash, link and checkpoint behind them anew, as one does who owns the machine and has all but the
 * key that signs. Lines that `change` gives as undefined go; what checkpoints say of their sessions goes too.
 * @param key the forger's own, to sign the checkpoints with; without it they keep the signatures that they had
 */
export function sealAgain(lines: readonly string[], change: (line: string, index: number) => string | undefined, key?: KeyObject): string[] {
  const anew = new Map<string, string>([[ZEROS, ZEROS]]);
  const ends = new Map<string, string>();
  const kept = lines.flatMap((line, index) => {
    const wanted = change(line, index);
    return wanted === undefined ? [] : [{ wanted, was: partsOf(line).hash, chain: chainOf(line) }];
  });
  const sessions = new Set(kept.map(({ chain }) => chain));
  return kept.map(({ wanted, was, chain }) => {
    const { head, who, body } = partsOf(wanted);
    const prev = ends.get(chain) ?? ZEROS;
    const linked = head.replace(/"prev":"\w+"$/, `"prev":"${prev}"`);
    const named = body.replace(/"[0-9a-f]{64}"/g, (hash) => `"${anew.get(hash.slice(1, -1)) ?? hash.slice(1, -1)}"`);
    const { line, hash } = sealParts(
      linked,
      who,
      wanted.includes('"topic":"audit.checkpoint"') ? checkpointAgain(linked, named, sessions, key) : named,
    );
    anew.set(was, hash);
    ends.set(chain, hash);
    return line;
  });
}

function checkpointAgain(head: string, body: string, left: ReadonlySet<string>, key: KeyObject | undefined): string {
  const [, salt = '', data = '', rest = ''] = /^(.*?),"data":(.*?)(,"key":.*)$/s.exec(body) ?? [];
  const said = JSON.parse(`${data}}`) as { sessions: [string][] };
  const text = JSON.stringify({ ...said, sessions: said.sessions.filter(([session]) => left.has(session)) }).slice(0, -1);
  return `${salt},"data":${key ? signed(head, text, key) : `${text}${rest}`}`;
}
