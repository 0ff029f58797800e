/**
 * Makes the second part of prose.txt: what players and a game say, put together from parts by a seeded generator, with the words that masks look for
 * (password, token, secret, key, community, connect, create) in innocent use. Gives the same lines at every run; the first part was written by hand.
 */

/** What a `{name}` in a line below may stand for; parts may hold others. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  who: ['Bob', 'Alice', 'Tom', 'Zoe', 'Old Marta', 'the gatekeeper', 'a hooded stranger', 'Reyes', 'Mirela', 'the baker', 'Ünal', 'Йван'],
  thing: [
    'the iron key',
    'a brass token',
    'the secret door',
    'a lamp',
    'the community chest',
    'a pass',
    'the passphrase',
    'a map of the pass',
    'his password',
    'the old bridge',
    'a rope',
    'the secret recipe',
    'the key of bone',
    'an access token of wood',
    'the key-string of the harp',
    'a bearer bond',
  ],
  place: ['the tavern', 'the community hall', 'the crypt', 'the market', 'the secret garden', 'the pass', 'the east gate', 'the harbour', 'room 12'],
  does: ['creates', 'connects', 'enables', 'unlocks', 'forgets', 'authorizes', 'drops', 'wants', 'sells', 'polishes', 'assigns', 'neighbors'],
  do: ['create', 'connect', 'enable', 'unlock', 'forget', 'authorize', 'drop', 'find', 'sell', 'set', 'share', 'username'],
  how: ['slowly', 'in secret', 'with a sigh', 'twice', 'without a word', 'for the community', 'by the book', 'at dawn', 'for 3 tokens', 'as usual'],
  say: ['says', 'asks', 'mutters', 'whispers', 'exclaims', 'growls', 'sings'],
  topic: ['password', 'passwords', 'tokens', 'secrets', 'keys', 'community', 'connect', 'create', 'enable', 'sessions', 'authorization'],
  talk: [
    '{do} {thing}, will you',
    'who can {do} {thing} {how}',
    'I {do} nothing before {place} is safe',
    'the {topic} are the least of it',
    'the {topic} = the whole of it',
    'the {topic}: all of it is in the book',
    'no {topic}, no entry',
    'my {topic}? I keep it to myself',
    '{thing} is the key to {place}',
    'to {do} or not to {do}',
    'you {do} it and I {do} {thing}',
    'meet me at {place}, the password is your smile',
  ],
  number: ['1', '2', '3', '5', '7', '12', '20', '42', '100', '250', '4000', '65000'],
  foe: ['a rat', 'the orc chieftain', 'a skeleton', 'the token golem', 'a secret agent', 'the key keeper', 'a wolf'],
  hit: ['hits', 'misses', 'mauls', 'scratches', 'DECIMATES', 'barely grazes', 'massacres'],
  channel: ['Public', 'OOC', 'Newbie', 'Trade', 'Guild', 'Community'],
  place2: ['north', 'south', 'east', 'west', 'up', 'down', 'in', 'out'],
};

const LINES: readonly string[] = [
  '{who} {say}, "{talk}."',
  "{who} {say} '{talk}'",
  'You say, "{talk}."',
  '{who} {does} {thing} {how}.',
  '{who} {does} {thing}.',
  '{who} {does} {thing} at {place}, {how}.',
  '[{channel}] {who}: {talk}',
  '({channel}) {who} {does} {thing} {how}',
  '{who} pages: {talk}',
  'From afar, {who} {does} {thing}.',
  'At {place} stands {who}, who {does} {thing} {how}.',
  'Here {thing} leads {place2}, and {place2} lies {place}.',
  '{thing} is here. {foe} guards it {how}.',
  'You {do} {thing}. {foe} {hit} you for {number} points!',
  '{foe} {hit} {who}!',
  '{who} {hit} {foe} {how}, and gets {number} coins.',
  'You need {number} tokens to {do} {thing}.',
  'Help on {topic}: type {do} to {do} {thing}.',
  'See also: help {topic}, help {topic}.',
  'Usage: {do} <{topic}> [<name>]',
  '  {do} - to {do} {thing} {how}',
  '{topic}: {thing} {how}',
  '{who}   {number}m   {number}s  {talk}',
  'Quest: {do} {thing} at {place} ({number} of {number})',
  'You have {number} {topic} left, {who}.',
  'The {topic} of {place} cost {number}$ each.',
  'Score: {number} of {number}. Next level in {number}. Key items: {number}.',
  'say {talk}',
  '"{talk}',
  ':{does} {thing} {how}.',
  'pose {does} {thing}.',
  'page {who}={talk}',
  'tell {who} {talk}',
  'whisper {who} = {talk}',
  'chat {talk}',
  'ooc {talk}',
  'give {thing} to {who}',
  'put {thing} in {place}',
  'look at {thing}',
  'ask {who} about {topic}',
  'read {topic}',
  'help {topic}',
  '@create {thing}',
  '@describe {thing}=Here {who} {does} it {how}.',
  '@mail {who}={topic}/{talk}',
  '@set {thing}=!dark',
  '+finger {who}',
  'go {place2}',
];

/** Reproducible numbers below 2^32 (Marsaglia's xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** `count` lines, no two of them alike. */
export function generate(count: number): string[] {
  const pick = numbers(20_261_121);
  const fill = (line: string): string =>
    line.replace(/\{(\w+)\}/g, (_, name: string) => {
      const parts = PARTS[name] ?? [];
      return fill(parts[pick(parts.length)] ?? '');
    });
  const lines = new Set<string>();
  for (let turn = 0; lines.size < count; turn++) lines.add(capital(fill(LINES[turn % LINES.length] ?? '')));
  return [...lines];
}

/** A sentence begins with a capital; a command does not. */
const capital = (line: string): string => (line.endsWith('.') || line.endsWith('!') ? line.charAt(0).toUpperCase() + line.slice(1) : line);
