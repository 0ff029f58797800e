/** What AUDIT_EXCLUDE leaves out: receives its patterns once, then what one side said after the masks; says whether that is no record. */
import type { Direction, LinePattern } from '../contract.js';
import { LineMatcher, LineMatchers } from './line-patterns.js';

/** True where every line that says anything is one of those meant: what stands beside such a line is not lost for it. */
export type Excludes = (direction: Direction, text: string) => boolean;

/** @throws AuditError AUDIT_MASK_PATTERN with the place of what is wrong */
export function compileExclusions(patterns: readonly LinePattern[]): Excludes {
  const all = new LineMatchers(patterns.map((pattern) => new LineMatcher(pattern, undefined)));
  return (direction, text) => {
    const candidates = all.candidates(direction, text.toWellFormed());
    if (candidates.length === 0) return false;
    const lines = text
      .toWellFormed()
      .split('\n')
      .filter((line) => line.trim() !== '');
    return lines.length > 0 && lines.every((line) => candidates.some(({ program }) => program.find(line, 1).length > 0));
  };
}
