/**
 * Lets a mask or a prompt prove itself by its own examples, before it is trusted with anybody's secret. Receives it compiled; throws where an example
 * does not come out as it says. Quotes no example: they look like secrets.
 */
import type { PromptDefinition } from '../contract.js';
import { AuditError, type Place } from '../errors.js';
import type { SingleMask } from './single.js';
import { join, type Span } from './spans.js';

/**
 * `hides`: at least one secret is hidden in each, and also when the line is cut at any character of a secret, its first half alone shows none of it.
 * (The second half is matched together with the first, as the whole line is, so what the whole hides is hidden there.)
 * `shows`: nothing is hidden.
 *
 * @throws AuditError AUDIT_MASK_PROOF at the mask's place
 */
export function prove(mask: SingleMask): void {
  const { hides, shows } = mask.definition;
  hides.forEach((example, index) => {
    const lines = example.toWellFormed().split('\n');
    const hidden = lines.map((line) => proveCuts(mask, line, index));
    if (!hidden.includes(true))
      refuse(mask.definition, `nothing is hidden in its example ${index + 1} of \`hides\`; widen the pattern or mend the example`);
  });
  shows.forEach((example, index) => {
    const hit = example
      .toWellFormed()
      .split('\n')
      .some((line) => mask.find(line).length > 0);
    if (hit) refuse(mask.definition, `something is hidden in its example ${index + 1} of \`shows\`; narrow the pattern or mend the example`);
  });
  mask.hits = 0;
}

/** Whether the line has a secret; none of it may show in any first half. */
function proveCuts(mask: SingleMask, line: string, index: number): boolean {
  const secrets = join(mask.find(line));
  for (const { start, end } of secrets) {
    for (let cut = start + 1; cut <= end; cut++) {
      if (covers(join(mask.find(line.slice(0, cut).toWellFormed())), start, cut)) continue;
      refuse(
        mask.definition,
        `its example ${index + 1} of \`hides\`, cut at character ${cut - start} of its secret, shows a part of it; let the pattern match an unfinished line too`,
      );
    }
  }
  return secrets.length > 0;
}

/**
 * `prompts`: each must be met, in its last line, as a prompt that is open. `not_prompts`: nothing may be met in any line.
 *
 * @param matches whether the pattern is met in a line
 * @throws AuditError AUDIT_MASK_PROOF at the mask's place
 */
export function provePrompt(definition: PromptDefinition, matches: (line: string) => boolean): void {
  const lines = (example: string) => example.toWellFormed().split('\n');
  definition.prompts.forEach((example, index) => {
    if (!matches(lines(example).at(-1) ?? ''))
      refuse(definition, `its example ${index + 1} of \`prompts\` is no prompt to it; widen the pattern or mend the example`);
  });
  definition.notPrompts.forEach((example, index) => {
    if (lines(example).some(matches))
      refuse(definition, `its example ${index + 1} of \`not_prompts\` is a prompt to it; narrow the pattern or mend the example`);
  });
}

const covers = (spans: readonly Span[], start: number, end: number) => spans.some((span) => span.start <= start && span.end >= end);

function refuse({ name, place }: { readonly name: string; readonly place: Place }, what: string): never {
  throw new AuditError('AUDIT_MASK_PROOF', `mask '${name}': ${what}`, place);
}
