/** The nearest known name to a misspelt one, for errors. */

/** Edits (insert, delete, replace, swap of neighbours) between two names; optimal string alignment. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Names longer than this are no misspelling, and are not worth the work. */
const LONGEST = 64;

/** The known name that `name` was most likely meant to be, case aside; undefined where none is near (more than a third of it differs). */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const ranked = known.map((one) => ({ one, edits: distance(name.toLowerCase(), one.toLowerCase()) })).sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best && best.edits <= Math.max(1, Math.floor(Math.max(name.length, best.one.length) / 3)) ? best.one : undefined;
}

/** `; did you mean 'X'?`, or else the list of what is known. */
export function didYouMean(name: string, known: readonly string[]): string {
  const best = nearest(name, known);
  return best ? `did you mean '${best}'?` : `known are ${known.join(', ')}`;
}
