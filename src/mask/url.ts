/**
 * Hides secrets in the path and query that a client asked for: bearer tokens, and ids of sessions. Receives it as sent, gives it with stars, and the texts
 * of the secrets, which the session should learn. What is left passes the text masks like any other string.
 */
import type { Known } from './elsewhere.js';
import { SECRET_NAME } from './fields.js';
import { type MaskSet, SECRET_FIELD } from './mask-set.js';

/** Parameters of URLs that carry a secret, beside those whose names say so anywhere (csessid, token, password, ...). */
const SECRET_PARAMETER = /^(?:key|code|jwt|sid|sess|session|session[_-]?id|phpsessid|ticket|sig|signature|credential|access|refresh|id_token)$/i;
/** A parameter without a name, from this length on: Evennia's web client asks for `/?CSESSID&PAGE&BROWSER`, its id being 32 letters and digits. */
const NAMELESS = /^[\w.~%+/=-]{16,}$/;
/** A part of the path that looks made by a machine: 24 and more letters, digits and their like, with a digit among them. */
const TOKEN_SEGMENT = /^(?=[^/]*\d)[\w.~%+=-]{24,}$/;

export interface HiddenUrl {
  readonly text: string;
  readonly secrets: readonly Known[];
}

/** @param url path and query, perhaps with scheme and host in front */
export function hideUrl(masks: MaskSet, url: string): HiddenUrl {
  const secrets: Known[] = [];
  const mask = masks.indexOf(SECRET_FIELD);
  const hide = (secret: string): string => {
    const sent = secret.toWellFormed();
    for (const text of new Set([sent, decoded(sent)])) secrets.push({ text, mask });
    return masks.write(sent, mask, { start: 0, end: sent.length, mask });
  };
  const [path = '', ...rest] = url.split('?');
  const shown = path.split('/').map((part) => (TOKEN_SEGMENT.test(part) ? hide(part) : part));
  const query = rest.join('?');
  const parameters = query.split(/([&;#])/).map((one, index) => (index % 2 === 1 ? one : parameter(one, hide)));
  return { text: rest.length === 0 ? shown.join('/') : `${shown.join('/')}?${parameters.join('')}`, secrets };
}

function parameter(one: string, hide: (secret: string) => string): string {
  const equals = one.indexOf('=');
  const name = decoded(one.slice(0, Math.max(0, equals)));
  if (equals > 0 && equals < one.length - 1 && (SECRET_NAME.test(name) || SECRET_PARAMETER.test(name)))
    return one.slice(0, equals + 1) + hide(one.slice(equals + 1));
  const bare = equals === one.length - 1 || equals < 0 || /^=+$/.test(one.slice(equals));
  return bare && NAMELESS.test(one) ? hide(one) : one;
}

/** Without its percent signs (RFC 3986 2.1); as it is where they make no sense. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
