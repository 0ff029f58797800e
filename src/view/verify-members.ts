/**
 * JSON objects as their bytes stand: receives the text of an object, gives the text of each member, in order. For the few records whose `data` verify
 * must understand, and for heads of newer minor versions. Gives undefined for whatever is no plain JSON; parses nothing into values that are compared.
 */

/** A string, a bracket, a comma or colon, or anything between them. Strings are unrolled: V8's stack would not hold an alternation over a long one. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^"{}[\],:]+/gs;

/** Parses JSON; undefined where it is none. The error of JSON.parse quotes its input, so it goes no further. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Members of an object by name, each as its value's text, in the order of the text.
 * @param text an object with its braces
 * @returns undefined where it is no object, or says a member twice
 */
export function membersOf(text: string): Map<string, string> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}') || parseJson(text) === undefined) return undefined;
  const members = new Map<string, string>();
  let depth = 0;
  let from = 1;
  let name: string | undefined;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++;
    else if (token === ':' && depth === 1 && name === undefined) {
      name = JSON.parse(text.slice(from, index)) as string;
      from = index + 1;
    } else if (depth === 1 && name !== undefined && (token === ',' || token === '}')) {
      if (members.has(name)) return undefined;
      members.set(name, text.slice(from, index));
      from = index + 1;
      name = undefined;
    }
    if (token === '}' || token === ']') depth--;
  }
  return members;
}
