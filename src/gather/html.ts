/**
 * What a person reads of a line of HTML that a game sends its web client: tags taken out, line breaks made of those that break a line, entities written
 * as what they stand for. Receives a string, gives text and where each of its units stands in that string. It is no HTML parser: what it does not know
 * stays as it is. Pure; its time grows with the length alone.
 */

export interface Html {
  readonly text: string;
  /** For each UTF-16 unit of `text`, where it stands in what was sent. */
  readonly offsets: readonly number[];
}

/**
 * A tag or a declaration, an entity, a control sequence (ECMA-48 5.4), any other control character. A tag ends at its first `>`, though a quote stands
 * open: what is left of it is then text, which masks see. No match reaches over a `<`, so the time grows with the length alone.
 */
const SPECIAL =
  /<\/?([a-z][a-z0-9]{0,15})(?:[\s/][^<>]{0,4096})?>|<![^<>]{0,4096}>|&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});|\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/gi;

/** Tags at which a line ends. */
const BREAKS = new Set(['br', 'p', 'div', 'hr', 'li', 'tr', 'pre', 'table', 'ul', 'ol', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
/** The entities that servers write (HTML 4, 24.4, and what Python's html.escape and JavaScript's libraries give). */
const ENTITIES: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** @param sent one message or more, lines parted by LF */
export function readHtml(sent: string): Html {
  const units: string[] = [];
  const offsets: number[] = [];
  const put = (unit: string, at: number): void => {
    units.push(unit);
    offsets.push(at);
  };
  let at = 0;
  const copy = (to: number): void => {
    for (; at < to; at++) put(sent[at] as string, at);
  };
  for (const { 0: whole, 1: tag, 2: entity, index } of sent.matchAll(SPECIAL)) {
    copy(index);
    at += whole.length;
    if (tag !== undefined) breakLine(whole, tag.toLowerCase(), units, () => put('\n', index));
    else if (entity !== undefined) for (const unit of textOf(entity) ?? whole) put(unit, index);
  }
  copy(sent.length);
  return { text: units.join(''), offsets };
}

/** `<br>` always breaks the line; a block does where something stands on it. */
function breakLine(whole: string, tag: string, units: readonly string[], put: () => void): void {
  if (!BREAKS.has(tag)) return;
  if (tag === 'br' ? !whole.startsWith('</') : units.length > 0 && units.at(-1) !== '\n') put();
}

/** The UTF-16 units that an entity stands for; undefined where we know none. A control character is none, but for a tab and a line end. */
function textOf(entity: string): string[] | undefined {
  if (!entity.startsWith('#')) return ENTITIES[entity.toLowerCase()]?.split('');
  const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  if (code === 0xa0) return [' '];
  const control = (code < 0x20 && code !== 9 && code !== 10) || (code >= 0x7f && code < 0xa0);
  return control ? [] : String.fromCodePoint(code).split('');
}

/**
 * The same HTML with nothing in its tags but their names and classes, and no comments: a link's or an image's attributes may say a secret where no mask
 * looks.
 */
export const withoutAttributes = (sent: string): string =>
  sent.replace(SPECIAL, (whole, tag: string | undefined) => (tag === undefined ? (whole.startsWith('<') ? '' : whole) : bareTag(whole, tag)));

function bareTag(whole: string, tag: string): string {
  if (whole.startsWith('</')) return `</${tag}>`;
  const [, name] = /\sclass\s*=\s*["']([\w -]{1,128})["']/i.exec(whole) ?? [];
  return name === undefined ? `<${tag}>` : `<${tag} class="${name}">`;
}
