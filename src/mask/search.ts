/** A pattern of an operator's to look for in what was recorded (searches, `redact --pattern`): masks' syntax and engine, any place of a line. Scrubs nothing. */
import { Program } from './program.js';

/**
 * Whether a text holds a hit in one of its lines.
 * @param pattern Python's syntax; case does not count
 * @param from where it was asked for, for errors
 * @throws AuditError AUDIT_MASK_PATTERN where it is refused
 */
export function compileSearch(pattern: string, from = '--pattern'): (text: string) => boolean {
  const program = new Program(pattern, { file: from, line: 1, column: 1 }, false);
  for (const line of ['a', 'é']) program.find(line, 1);
  return (text) => text.split('\n').some((line) => program.find(line.toWellFormed(), 1).length > 0);
}
