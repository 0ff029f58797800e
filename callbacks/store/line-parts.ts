/** The parts of a line that `redact` may have erased (FORMAT.md): receives lines, says which is left of two forms of one record. Parses no JSON. */

interface Parts {
  /** Up to behind the hash. */
  readonly sealed: string;
  /** With the comma before them; '': there is none, or no more. */
  readonly who: string;
  readonly body: string;
}

/** An unescaped quote cannot stand inside of a string, so the first of these is the member itself. */
const SEAL = /,"digest":\["(?:[0-9a-f]{64}|)","(?:[0-9a-f]{64}|)"\],"hash":"[0-9a-f]{64}"/;

function partsOf(line: string): Parts | undefined {
  const seal = SEAL.exec(line);
  if (!seal || !line.endsWith('}')) return undefined;
  const end = seal.index + seal[0].length;
  const salt = line.indexOf(',"salt":"', end);
  const bodyAt = salt < 0 ? line.length - 1 : salt;
  return { sealed: line.slice(0, end), who: line.slice(end, bodyAt), body: line.slice(bodyAt, -1) };
}

/**
 * What is to stand of a record that is here as `stored` and comes again as `come`: what was erased in either is gone. Of lines that differ in anything
 * else the stored one stays.
 */
export function leftOf(stored: string, come: string): string {
  if (stored === come) return stored;
  const [old, now] = [partsOf(stored), partsOf(come)];
  if (!old || !now || old.sealed !== now.sealed) return stored;
  const who = now.who === '' ? '' : old.who;
  const body = now.body === '' ? '' : old.body;
  return `${old.sealed}${who}${body}}`;
}
