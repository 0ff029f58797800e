/** How a server, or the one who said it, says a secret again that the session knows: in whatever case, wrapped, coloured, cut, out of band. */
import { client, GA, halvesOf, NOP, type Scene, type Step, server, sub, wait } from './scene.js';
import type { Secret } from './secrets.js';

/** A way to say it back. */
export interface Answer {
  readonly name: string;
  readonly telnet?: true;
  /** Minutes pass. */
  readonly late?: true;
  readonly fits?: (secret: Secret) => boolean;
  readonly says: (scene: Scene) => readonly Step[];
}

const isAscii = ({ bytes }: Secret): boolean => /^[\x00-\x7f]*$/.test(bytes);
const prompted = (...steps: readonly Step[]): Step[] => [...steps, server('\r\n> '), wait(200)];
const swapped = (text: string): string => text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));

export const ANSWERS: readonly Answer[] = [
  { name: 'in a sentence', says: ({ sent }) => prompted(server(`Huh? There is no "${sent}" here.`)) },
  { name: 'in capitals', fits: isAscii, says: ({ sent }) => prompted(server(`WHAT IS ${sent.toUpperCase()}?`)) },
  { name: 'in the other case', fits: isAscii, says: ({ sent }) => prompted(server(`You say, "${swapped(sent)}"`)) },
  { name: 'wrapped over lines', says: (scene) => prompted(server(`There is no ${halvesOf(scene).join('\r\n   ')} here.`)) },
  { name: 'with colours in it', says: (scene) => prompted(server(`There is no \x1b[1m${halvesOf(scene).join('\x1b[32m')}\x1b[0m here.`)) },
  { name: 'with a backspace in it', says: (scene) => prompted(server(`There is no ${halvesOf(scene).join('x\b')} here.`)) },
  { name: 'with a telnet command in it', telnet: true, says: (scene) => prompted(server(`There is no ${halvesOf(scene).join(NOP)} here.`)) },
  { name: 'over a prompt mark', telnet: true, says: (scene) => prompted(server(`There is no ${halvesOf(scene).join(GA)} here.`)) },
  {
    name: 'over lines that come one after the other',
    says: (scene) => {
      const [head, tail] = halvesOf(scene);
      return prompted(server(`There is no ${head}\r\n`), wait(60), server(`  ${tail} here.`));
    },
  },
  {
    name: 'over a silence of two seconds',
    says: (scene) => {
      const [head, tail] = halvesOf(scene);
      return prompted(server(`There is no ${head}`), wait(2_300), server(`${tail} here.`));
    },
  },
  { name: "in a window's title", says: ({ sent }) => prompted(server(`\x1b]0;${sent}\x07Ok.`)) },
  { name: 'on a line with a byte of another charset', fits: isAscii, says: ({ sent }) => prompted(server(`Caf\xe9 ${sent}`)) },
  {
    name: 'among letters of another charset',
    fits: ({ bytes, text, charset }) => charset === undefined && bytes === Buffer.from(text).toString('latin1') && !/^[\x00-\x7f]*$/.test(bytes),
    says: ({ sent }) => prompted(server(`Caf\xe9 ${sent}`)),
  },
  {
    name: 'out of band',
    telnet: true,
    says: ({ sent }) => prompted(server(sub(201, `Comm.Channel.Text {"channel": "ooc", "text": ${JSON.stringify(`so ${sent} it is`)}}`))),
  },
  {
    name: 'as a name',
    telnet: true,
    says: ({ sent }) => prompted(server(sub(201, `Char.Name {"name": ${JSON.stringify(sent)}}`)), server('Hello.'), client('look\r\n')),
  },
  { name: 'by whoever said it', says: ({ sent }) => prompted(client(`say ${sent} was it not\r\n`), server('You say so.')) },
  {
    name: 'by whoever said it, after fourteen minutes',
    late: true,
    says: ({ sent }) => prompted(wait(14 * 60_000), client(`say my ${sent}\r\n`), server('You say so.')),
  },
  {
    name: 'as a login by that name',
    fits: isAscii,
    says: ({ sent }) => prompted(client(`connect ${sent} ${sent}\r\n`), server(`You become ${sent}.\r\n`), wait(200), client('look\r\n')),
  },
];
