/**
 * What a pattern cannot match without: strings of which at least one must stand in the text. Receives a pattern's tree, gives lower-case ASCII strings,
 * or nothing where none can be named. Looking for a string takes a tenth of asking RE2, and most of what is said has none of them. Holds for ASCII text
 * alone: beyond it a letter has more forms than two (`ſ` is an `s`).
 */
import type { CharSet, Node } from './pattern-tree.js';

/** A shorter string stands in too much to be worth looking for. */
const SHORTEST = 4;
/** More strings than this cost more than they save. */
const MOST = 8;

/** `whole`: all that the node can be, where that is few strings. `needs`: of these it must hold one. */
interface Known {
  readonly whole?: readonly string[];
  readonly needs?: readonly string[];
}

/** Of these strings every ASCII text that `root` matches holds at least one, once in lower case; undefined: nothing is known. */
export function needlesOf(root: Node): readonly string[] | undefined {
  const { whole, needs } = known(root);
  return better(whole, needs);
}

function known(node: Node): Known {
  switch (node.kind) {
    case 'set': {
      const char = onlyChar(node);
      return char === undefined ? {} : { whole: [char] };
    }
    case 'at':
      return { whole: [''] };
    case 'group':
      return known(node.item);
    case 'repeat': {
      if (node.min === 0) return {};
      const item = known(node.item);
      if (node.max === 1) return item;
      const needs = better(item.whole, item.needs);
      return needs ? { needs } : {};
    }
    case 'either':
      return oneOf(node.items.map(known));
    case 'all':
      return inTurn(node.items.map(known));
  }
}

/** The one ASCII letter, in lower case, that a class comes down to in ASCII text. */
function onlyChar({ ranges, categories, negated }: CharSet): string | undefined {
  if (negated || categories.length > 0) return undefined;
  let only: string | undefined;
  for (const [from, to] of ranges) {
    if (from > 0x7f) continue;
    if (to - from > 1 || from < 0x20) return undefined;
    for (let code = from; code <= Math.min(to, 0x7f); code++) {
      const char = String.fromCharCode(code).toLowerCase();
      if (only !== undefined && only !== char) return undefined;
      only = char;
    }
  }
  return only;
}

function oneOf(items: readonly Known[]): Known {
  const wholes = items.map(({ whole }) => whole);
  if (wholes.every((whole) => whole !== undefined)) return few(wholes.flat());
  const needs: string[] = [];
  for (const { whole, needs: own } of items) {
    const best = better(whole, own);
    if (!best) return {};
    needs.push(...best);
  }
  return needs.length > MOST ? {} : { needs };
}

function few(strings: readonly string[]): Known {
  if (strings.length <= MOST) return { whole: strings };
  return {};
}

/** One behind the other: neighbours that are known whole make longer strings. */
function inTurn(items: readonly Known[]): Known {
  let run: readonly string[] = [''];
  let best: readonly string[] | undefined;
  let broken = false;
  for (const { whole, needs } of items) {
    const longer = whole && run.length * whole.length <= MOST ? run.flatMap((head) => whole.map((tail) => head + tail)) : undefined;
    if (longer) {
      run = longer;
      continue;
    }
    best = better(run, better(needs, best));
    broken = true;
    run = whole ?? [''];
  }
  if (!broken) return { whole: run };
  const needs = better(run, best);
  return needs ? { needs } : {};
}

const shortest = (strings: readonly string[]): number => Math.min(...strings.map(({ length }) => length));

/** The list whose shortest string is longer, if that is long enough. */
function better(one: readonly string[] | undefined, other: readonly string[] | undefined): readonly string[] | undefined {
  const good = [one, other].filter((list) => list !== undefined && list.length > 0 && list.length <= MOST && shortest(list) >= SHORTEST);
  return good.sort((a, b) => shortest(b ?? []) - shortest(a ?? []))[0];
}
