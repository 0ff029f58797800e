/** A wire without a protocol: every byte is text. Receives chunks, gives them as `text` events, never anything else. */
import type { Decoder } from '../contract.js';

export const plainDecoder = (): Decoder => ({ push: (bytes, emit) => emit({ type: 'text', bytes }), lose: () => {}, end: () => {} });
