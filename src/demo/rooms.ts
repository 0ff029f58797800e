/** The places of the demo's world: a table, and nothing else. */

export type Direction = 'north' | 'south' | 'east' | 'west';

export interface Room {
  readonly name: string;
  readonly look: string;
  readonly exits: Partial<Record<Direction, string>>;
  /** What may happen here when nobody does anything. */
  readonly ambience: readonly string[];
}

/** Where everybody comes in. */
export const START = 'square';

export const ROOMS: Readonly<Record<string, Room>> = {
  square: {
    name: 'The Old Square',
    look: 'Cobbles, worn round by carts. A dry fountain stands in the middle, and somebody has left a lamp on its rim.',
    exits: { north: 'tavern', east: 'bridge', south: 'garden' },
    ambience: ['A pigeon lands on the fountain, looks about, and leaves.', 'The town clock strikes, a little late.'],
  },
  tavern: {
    name: 'The Copper Lantern',
    look: 'A low room with a fire. The landlord writes every debt on the wall, and has crossed out a good many.',
    exits: { south: 'square' },
    ambience: ['The fire spits.', 'Someone in the corner drops a mug and blames the mug.'],
  },
  bridge: {
    name: 'The Narrow Bridge',
    look: 'Two can pass here if both want to. The river below is high and brown.',
    exits: { west: 'square', east: 'tower' },
    ambience: ['A barge goes under the bridge, its bargeman asleep.', 'The wind smells of rain.'],
  },
  tower: {
    name: 'The Watch Tower',
    look: 'Ninety steps up. From here one sees the whole town, and everyone in it sees the tower.',
    exits: { west: 'bridge' },
    ambience: ['Far off, a dog barks twice.'],
  },
  garden: {
    name: 'The Walled Garden',
    look: 'Herbs in rows, each with a slate that says what it is. One slate says only: “café”.',
    exits: { north: 'square' },
    ambience: ['A bee works its way along the thyme.', 'A slate falls over.'],
  },
};

export const DIRECTIONS: readonly Direction[] = ['north', 'south', 'east', 'west'];
