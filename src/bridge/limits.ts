/** What a listener allows, why it turns somebody away, and what they are told. Shapes and texts alone. */
/** As config/ reads them. null: no limit. */
export interface Limits {
  /** Sessions of this listener at a time; in all, of one address, of one network (/24, in IPv6 /64). */
  readonly maxSessions: number | null;
  readonly maxPerIp: number | null;
  readonly maxPerNetwork: number | null;
  /** Connections a second of one address (in IPv6 of a /64) in the long run. */
  readonly connectsPerS: number | null;
  /** Seconds without a byte from the client. */
  readonly idleS: number | null;
  /** Seconds that a session may last. */
  readonly sessionS: number | null;
  /** Bytes from the client without a line end. */
  readonly lineBytes: number | null;
  /** Networks; where `allow` is not empty nobody else comes in; `deny` counts first. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export const NO_LIMITS: Limits = {
  maxSessions: null,
  maxPerIp: null,
  maxPerNetwork: null,
  connectsPerS: null,
  idleS: null,
  sessionS: null,
  lineBytes: null,
  allow: [],
  deny: [],
};

/** Why there is no session: the record's `reason`. 'handshake-timeout': the client did not get through the steps of its way in. */
export type Refusal = 'denied' | 'refused-rate' | 'refused-busy' | 'refused-address' | 'refused-network' | 'handshake-timeout';

/** Why a session was ended: the record's `reason`. */
export type Dismissal = 'idle' | 'too-long' | 'line-too-long';

export interface Words {
  /** One line, without its line end. */
  readonly line: string;
  /** Of a WebSocket's close frame: RFC 6455 7.4.1, and the registry behind it (1013: try again later). */
  readonly closeCode: number;
}

/** What clients are told. Who is denied is told nothing: a scanner need not know what is here. */
export const WORDS: Readonly<Record<Exclude<Refusal, 'denied' | 'handshake-timeout'> | Dismissal, Words>> = {
  'refused-rate': { line: 'You connect too often. Please wait a moment.', closeCode: 1013 },
  'refused-busy': { line: 'There is no room for more just now. Please try again in a moment.', closeCode: 1013 },
  'refused-address': { line: 'There are too many connections from your address.', closeCode: 1013 },
  'refused-network': { line: 'There are too many connections from your network.', closeCode: 1013 },
  idle: { line: 'You have said nothing for too long. Goodbye.', closeCode: 1008 },
  'too-long': { line: 'Your session has lasted as long as a session may. Goodbye.', closeCode: 1008 },
  'line-too-long': { line: 'That line is too long. Goodbye.', closeCode: 1009 },
};
