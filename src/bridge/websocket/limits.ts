/**
 * How much a peer may make `ws` hold. No compression: a text game's messages are small, and every session's two zlib windows would cost it more memory than
 * all the rest of it, and its text a thread's hop; so there are no compressed bombs either. (Where both sides are WebSockets it passes as agreed there.)
 */
import type { ClientOptions, ServerOptions } from 'ws';

/** Bytes of one message. A client pastes some hundred KiB at most; a server may say more at once. Beyond: close code 1009. */
const FROM_CLIENT = 1_048_576;
const FROM_SERVER = 4_194_304;

/** Parts that one message may come in, and reads that its bytes may take: what each costs is more than its bytes. Beyond: close code 1008. */
const PARTS = { maxFragments: 1_024, maxBufferedChunks: 4_096 };

/** How long a peer may take to answer our close frame, in milliseconds (LINGER_MS of other sockets). `ws` knows it, its types do not yet. */
const CLOSING = { closeTimeout: 5_000 };

export const FOR_CLIENTS: ServerOptions = { perMessageDeflate: false, maxPayload: FROM_CLIENT, ...PARTS, ...CLOSING };
export const FOR_SERVERS: ClientOptions = { perMessageDeflate: false, maxPayload: FROM_SERVER, ...PARTS, ...CLOSING };
