/**
 * The id that another system gave a connection (`interlink` in the record): a text of a stranger, so it is bounded and printable before it goes on its
 * way to the masks.
 */

/** Characters; PROXY's unique id has 128 bytes at most, which are 256 characters as hex. */
export const MAX_INTERLINK = 256;

/**
 * The id as it may be recorded: printable ASCII as it is, any other bytes as lower-case hex; cut after 256 characters. Undefined where there is none.
 * @param id bytes (PROXY's unique id), or a text (the value of a header)
 */
export function interlinkOf(id: Uint8Array | string): string | undefined {
  const bytes = typeof id === 'string' ? Buffer.from(id) : Buffer.from(id.buffer, id.byteOffset, id.byteLength);
  const text = bytes.toString('latin1').trim();
  if (text === '') return undefined;
  return (/^[ -~]+$/.test(text) ? text : bytes.toString('hex')).slice(0, MAX_INTERLINK);
}
