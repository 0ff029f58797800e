/**
 * The subprotocols that we know: what each is called, how it carries speech, and what stands at the session's other side. Receives names and the kind of
 * the other side, gives the two ends of a translation.
 */
import type { Wire } from '../../contract.js';
import { asciiDialect, bytesDialect, gmcpDialect, jsonDialect, plainDialect, terminalDialect } from './dialects.js';
import { type Dialect, GMCP, type Pass, type Peer, rawStream, type Send, type Stream } from './speech.js';
import { TelnetEnd, type TelnetOptions } from './telnet-end.js';

const ECHO = 1;
const SGA = 3;
const NAWS = 31;
const MSDP = 69;
const MSSP = 70;

interface Subprotocol {
  readonly dialect: (send: Send, peer: Peer) => Dialect;
  /** Its messages carry telnet, whatever the other side is. */
  readonly isTelnet?: true;
  /** It carries text without telnet: what we agree to as the telnet client of a server, and as the telnet server of a client. */
  readonly telnet?: { readonly client: TelnetOptions; readonly server: TelnetOptions };
}

/** A terminal does not echo what is typed; the server does, character by character. */
const TERMINAL = { client: { ours: [SGA], theirs: [ECHO, SGA] }, server: { ours: [SGA], theirs: [] } };
const WITH_GMCP = {
  client: { ours: [SGA], theirs: [ECHO, SGA, GMCP] },
  server: { ours: [SGA, GMCP], theirs: [], offered: [GMCP] },
};
const WITH_MORE = {
  client: { ours: [SGA, NAWS], theirs: [ECHO, SGA, GMCP, MSDP, MSSP] },
  server: { ours: [SGA, GMCP], theirs: [NAWS], offered: [GMCP, NAWS] },
};

const SUBPROTOCOLS: { readonly [name: string]: Subprotocol } = {
  'telnet.mudstandards.org': { dialect: bytesDialect, isTelnet: true },
  'gmcp.mudstandards.org': { dialect: gmcpDialect, telnet: WITH_GMCP },
  'json.mudstandards.org': { dialect: jsonDialect, telnet: WITH_MORE },
  'terminal.mudstandards.org': { dialect: terminalDialect, telnet: TERMINAL },
  // FluffOS's; `binary` is websockify's too, in front of whatever there is.
  telnet: { dialect: bytesDialect, isTelnet: true },
  binary: { dialect: bytesDialect },
  ascii: { dialect: asciiDialect, telnet: TERMINAL },
};

/** No subprotocol, or one that we do not know and the operator named. */
const NONE: Subprotocol = { dialect: plainDialect };

const subprotocolOf = (name: string): Subprotocol => (Object.hasOwn(SUBPROTOCOLS, name) ? (SUBPROTOCOLS[name] as Subprotocol) : NONE);

/**
 * What is agreed on with a client: the operator's choice where it is offered, else the first of the client's that we know, else none (RFC 6455 4.2.2: then
 * no header is sent).
 */
export function chooseSubprotocol(offered: Iterable<string>, preferred: string | null): string | undefined {
  const names = [...offered];
  if (preferred !== null && names.includes(preferred)) return preferred;
  return names.find((name) => Object.hasOwn(SUBPROTOCOLS, name));
}

/** How a session is read whose WebSocket agreed on this. @param otherwise how the other side alone would be */
export const wireWith = (name: string, otherwise: Wire): Wire => (subprotocolOf(name).isTelnet ? 'telnet' : otherwise);

/** The two ends of a session that a WebSocket takes part in. */
export interface Translation {
  readonly dialect: (send: Send) => Dialect;
  readonly stream: (pass: Pass) => Stream;
}

/**
 * @param name the subprotocol; '': none
 * @param peer who sits at the WebSocket's other end: a client, then the session's other side is a server, and the other way round
 * @param wire how the other side is read
 */
export function translate(name: string, peer: Peer, wire: Wire): Translation {
  const { dialect, telnet } = subprotocolOf(name);
  const as = peer === 'client' ? 'client' : 'server';
  return {
    dialect: (send) => dialect(send, peer),
    stream: (pass) => (telnet && wire === 'telnet' ? new TelnetEnd(pass, as, telnet[as]) : rawStream(pass)),
  };
}
