/** An option's state as both sides make it: `>` came from the client, `<` from the server, then what changed. */
import t from 'tap';
import { Agreement } from '../../src/decode/agreement.js';

type Verb = Parameters<Agreement['hear']>[1];

/** What each word changed: on, off, or nothing. */
function changes(script: string): string {
  const agreement = new Agreement();
  const words = script.split(' ').map((word) => {
    const changed = agreement.hear(word.startsWith('>') ? 'RCV' : 'SND', word.slice(1) as Verb);
    return changed === undefined ? '-' : changed ? 'on' : 'off';
  });
  return words.join(' ');
}

const CASES: readonly [title: string, script: string, changed: string][] = [
  ['offered by the server and wanted by the client', '<WILL >DO', '- on'],
  ['wanted by the client and granted', '>DO <WILL', '- on'],
  ['asked of the client and granted', '<DO >WILL', '- on'],
  ['offered and refused', '<WILL >DONT >DO', '- - -'],
  ['two offers are no agreement', '<WILL >WILL', '- -'],
  ['said again, nothing changes', '<WILL >DO <WILL >DO', '- on - -'],
  ['ended by who performs it', '<WILL >DO <WONT >DONT', '- on off -'],
  ['ended by who wanted it', '<WILL >DO >DONT <WONT', '- on off -'],
  ['offered anew it must be wanted anew', '<WILL >DO <WONT <WILL >DO', '- on off - on'],
  ['wanted, refused, offered later', '>DO <WONT <WILL >DO', '- - - on'],
];

for (const [title, script, changed] of CASES) t.test(title, async (t) => t.equal(changes(script), changed));
