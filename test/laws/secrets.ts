/**
 * The secrets of the generated cases: what people and programs use for one, and what trips who looks for it. Gives each as text and as the bytes that are
 * sent. Its letters stand nowhere else in the cases, so that whatever is found of it was leaked.
 */

/** A secret of a case. */
export interface Secret {
  readonly name: string;
  /** As a person reads it. */
  readonly text: string;
  /** As it is sent, each byte one character; telnet's doubling of FF is not in it. */
  readonly bytes: string;
  /** The listener's, where its bytes can be read by that alone. */
  readonly charset?: 'utf-8' | 'latin-1' | 'koi8-r' | 'cp1251' | 'gbk';
  /** A blank is in it. */
  readonly blanks: boolean;
  /** Long enough to be known when it is said again: six characters, or four with a digit or a sign (DESIGN 5, said back). */
  readonly known: boolean;
  /** Letters, digits and signs that stand in tokens, addresses and configurations without quotes. */
  readonly token: boolean;
}

/** Looks a secret's letters up by what Node decodes. */
function encode(text: string, charset: 'koi8-r' | 'windows-1251'): string {
  const decoder = new TextDecoder(charset);
  const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), String.fromCharCode(byte)]));
  return [...text].map((char) => bytes.get(char) ?? '?').join('');
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

function secret(name: string, text: string, bytes = utf8(text), charset?: Secret['charset']): Secret {
  const characters = [...text].length;
  const signed = /[^\p{L}\p{M}\s]/u.test(text);
  return {
    name,
    text,
    bytes,
    ...(charset ? { charset } : undefined),
    blanks: /\s/.test(text),
    known: characters >= 6 || (characters >= 4 && signed),
    token: /^[\w$][\w$+/.-]{2,}=*$/.test(text),
  };
}

const LONG = Array.from({ length: 40 }, (_, index) => `Kq${(index * 7919) % 997}z`).join('');

/** Those that stand on one line. */
export const SECRETS: readonly Secret[] = [
  secret('a word', 'Zqvmhxwk'),
  secret('letters and digits', 'Zqv7hxWk'),
  secret('a dollar, twice', 'pq$$w0rdj'),
  secret('an open bracket', 'p(sqx'),
  secret('four letters with a digit', 'zQ7k'),
  secret('five letters', 'zqvwk'),
  secret('three letters', 'Qjz'),
  secret('one letter', 'q'),
  secret('one sign', '~'),
  secret('one letter beyond ASCII', 'ж'),
  secret('signs of a pattern', 'Hn*+?[vQj^$'),
  secret('backslashes', 'wxYq\\d+\\Kjf'),
  secret('a replacement string', "$&$1Zqv$'kx"),
  secret('an apostrophe', "it'zQvx"),
  secret('in double quotes, with a blank', '"Qv0ted zecryt"'),
  secret('three words', 'Tvq wqrdz hxre'),
  secret('a full stop at its end', 'Zqvhxwkj.'),
  secret('an equals sign', 'zQv=7hxwk'),
  secret('markup', '<zqV>&amp;7'),
  secret('base64', 'WnF2N2h4V2s/K3F6+w=='),
  secret('hexadecimal', 'c0ffee7dfacade9dbeef5'),
  secret('long', LONG),
  secret('Polish', 'zażółćGęślą'),
  secret('Cyrillic', 'Жбщюшкэя'),
  secret('Cyrillic in KOI8-R', 'щЪыЭюЯ7', encode('щЪыЭюЯ7', 'koi8-r'), 'koi8-r'),
  secret('Cyrillic in CP1251', 'Щъыэюя7', encode('Щъыэюя7', 'windows-1251'), 'cp1251'),
  secret('Cyrillic in KOI8-R that nobody named', 'щЪыЭюЯ7', encode('щЪыЭюЯ7', 'koi8-r')),
  secret('latin-1, with the letter that is FF', 'zñqüÿvÿ9', 'z\xf1q\xfc\xffv\xff9', 'latin-1'),
  secret('latin-1 that nobody named', 'zñqüÿv9', 'z\xf1q\xfc\xffv9'),
  secret('Chinese', '密码密碼秘匙'),
  secret('Chinese in GBK', '密码锁kZ9w', '\xc3\xdc\xc2\xeb\xcb\xf8kZ9w', 'gbk'),
  secret('beyond the first plane', '🐉драконQz🐉'),
  secret('a letter and its accent apart', 'qe\u0301zvo\u0308kx'),
  secret('a JSON Web Token', 'eyJhbGciOiJub25lIn0.eyJxIjoiWnF2N2h4V2sifQ.dozjgNryP4J3jVmNHl0w5N'),
];

/** A private key as OpenSSL writes one; made up, no key. */
export const KEY_LINES: readonly string[] = [
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDZqvhxwk7Jr3Qz',
  'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJ',
  'Zx9VbN3mQw7ErT5yUi8Op0aSdF2gHj4kLzXcVbNm1qWeRtYuIoPaSdFgHjKlZxCv',
  'Kq7zJx2w==',
];

/** Looked for line by line. */
export const KEY: Secret = secret('a private key', KEY_LINES.join('\r\n'));

/** The parts of a secret that may stand nowhere: all of it, and each half that has four characters or more. */
export function partsOf(text: string): string[] {
  if (text.includes('\r\n')) return text.split('\r\n').flatMap(partsOf);
  const characters = [...text];
  const middle = Math.floor(characters.length / 2);
  const halves = [characters.slice(0, middle), characters.slice(middle)].filter((half) => half.length >= 4);
  return [text, ...halves.map((half) => half.join(''))];
}
