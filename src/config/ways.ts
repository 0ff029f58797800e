/**
 * What `check` says of listeners' ways in and out, beside TLS (tls.ts): options that have no effect there, and what is allowed and perhaps not meant. Receives
 * settings and what is known of this machine, gives remarks, one a line.
 */
import { type Address, isWebSocket, type SocketAddress } from '../bridge/address.js';

/** What of a listener's settings counts here (listeners.ts). */
export interface WayInAndOut {
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: Address;
  readonly subprotocol: string | null;
  readonly origins: readonly string[];
  readonly user: string | null;
}

export interface Machine {
  readonly isRoot: boolean;
  /** Whether there is a user of this name or number. */
  readonly hasUser: (user: string) => boolean;
}

const LOOPBACK = /^(?:localhost|127\.[\d.]+|::1)$/i;

export function remarksOnWays(listeners: readonly WayInAndOut[], machine: Machine): string[] {
  const open = listeners.filter(isOpenToPages).map(({ name }) => name);
  return [
    ...listeners.flatMap((listener) => [...withoutEffect(listener), ...onPrograms(listener, machine)].map((what) => `${listener.name}: ${what}`)),
    ...(open.length > 0 ? [`${open.join(', ')}: origins is []: any web page may connect`] : []),
  ];
}

function withoutEffect({ listen, upstream, subprotocol, origins, user }: WayInAndOut): string[] {
  const sides = [listen, upstream].filter(isWebSocket).length;
  return [
    ...(subprotocol !== null && sides === 2 ? ['subprotocol has no effect where both sides are WebSocket: they agree on one themselves'] : []),
    ...(subprotocol !== null && sides === 0 ? ['subprotocol has no effect where no side is WebSocket'] : []),
    ...(origins.length > 0 && !isWebSocket(listen) ? ['origins has no effect where clients come in by no WebSocket'] : []),
    ...(user !== null && upstream.scheme !== 'pty' ? ['user has no effect where upstream is no program (pty:)'] : []),
  ];
}

function onPrograms({ upstream, user }: WayInAndOut, { isRoot, hasUser }: Machine): string[] {
  if (upstream.scheme !== 'pty') return [];
  if (user !== null && !hasUser(user)) return ['user is nobody on this machine: run refuses to start here'];
  return user === null && isRoot ? ['programs run as root; user names somebody else'] : [];
}

const isOpenToPages = ({ listen, origins }: WayInAndOut): boolean =>
  isWebSocket(listen) && origins.length === 0 && 'host' in listen && !LOOPBACK.test(listen.host);
