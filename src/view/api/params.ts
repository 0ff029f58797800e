/** Parameters of the API as openrpc.json allows them, read further. */

export type Params = { readonly [name: string]: unknown };

/** One text, or a list of texts. */
export const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : [String(value)]);

/** A bound as it was given, for the record of a look. */
export const textOf = (value: unknown): string | null => (value === undefined ? null : String(value).slice(0, 64));
