/** Ids of records, and the days that they belong to. Receives UUIDv7 as text, gives bytes that compare as the text does, and days of UTC. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const DAY_MS = 86_400_000;

/** Whether a text is an id as records have it. */
export const isId = (text: unknown): text is string => typeof text === 'string' && UUID.test(text);

/** 16 bytes; of what is no id, as many as are understood. */
export const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

export function idText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** When an id was made, in milliseconds since 1970. */
export const msOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** Days since 1970, in UTC. */
export const dayOf = (id: string): number => Math.floor(msOf(id) / DAY_MS);

function idAt(ms: number, rest: string): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest}`;
}

/** Below, and above, every id of a day. */
export const firstOf = (day: number): string => idAt(day * DAY_MS, '0000-0000-000000000000');
export const lastOf = (day: number): string => idAt((day + 1) * DAY_MS - 1, 'ffff-ffff-ffffffffffff');

/** The file of a day: `2026-01-31.db`; those behind the year 9999 have the form that ISO 8601 gives them. */
export const fileOf = (day: number): string => `${new Date(day * DAY_MS).toISOString().split('T')[0]}.db`;

const FILE = /^([+-]?\d{4,6}-\d{2}-\d{2})\.db$/;

/** The day of a file's name; undefined: it is no day's. */
export function dayOfFile(name: string): number | undefined {
  const date = FILE.exec(name)?.[1];
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) ? undefined : ms / DAY_MS;
}
