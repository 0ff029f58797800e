/** Addresses as server.conf writes them: `telnet://HOST:PORT`, `telnets: tcp: tls:`, `ws://HOST:PORT/path`, `wss:`, `unix:PATH`, upstream `pty:COMMAND`. */
import type { Wire } from '../contract.js';
import { AuditError } from '../errors.js';
import { splitWords } from './pty/words.js';

/** Where somebody can connect. */
export type SocketAddress = NetworkAddress | { readonly scheme: 'unix'; readonly path: string };

export type Address = SocketAddress | { readonly scheme: 'pty'; readonly command: string };

export interface NetworkAddress {
  readonly scheme: 'telnet' | 'telnets' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
  /** Of ws and wss: path and query. '/' where none is written. */
  readonly path?: string;
}

const NETWORK = /^(telnets?|tcp|tls|wss?):\/\/(\[[0-9a-f:.]+\]|[^\s[\]/:@?#]+):(\d{1,5})(\/[^\s#]*)?$/i;

/** Reads one address. Throws AUDIT_CONFIG_TYPE, without a place: config/ knows it. */
export function parseAddress(url: string): Address {
  if (url.startsWith('unix:') && url.length > 'unix:'.length) return { scheme: 'unix', path: url.slice('unix:'.length) };
  if (url.startsWith('pty:')) {
    const command = url.slice('pty:'.length).trim();
    splitWords(command);
    return { scheme: 'pty', command };
  }
  const [, given = '', host = '', port = '', path = ''] = NETWORK.exec(url) ?? [];
  const scheme = given.toLowerCase() as NetworkAddress['scheme'];
  const isWeb = scheme === 'ws' || scheme === 'wss';
  if (!given || Number(port) > 65_535 || (!isWeb && path !== '' && path !== '/')) {
    throw new AuditError(
      'AUDIT_CONFIG_TYPE',
      'not an address; write telnet://127.0.0.1:4000, telnets://, tcp://[::1]:4000, tls://, ws://HOST:PORT/path, wss://, unix:/run/game.sock or pty:COMMAND (upstream)',
    );
  }
  const at = { scheme, host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  return isWeb ? { ...at, path: path || '/' } : at;
}

/** Longest path of a unix socket in bytes, its closing NUL apart: sun_path has 108 on Linux, 104 elsewhere. Node cuts a longer one without a word. */
export const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** An address as people write it. */
export function formatAddress(address: Address): string {
  if (address.scheme === 'unix') return `unix:${address.path}`;
  if (address.scheme === 'pty') return `pty:${address.command}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.scheme}://${host}:${address.port}${address.path === undefined || address.path === '/' ? '' : address.path}`;
}

/** Where the kernel finds an address, for `listen` and `connect`. A pty is at no such place: its command is started, not connected to. */
export function placeOf(address: SocketAddress): { readonly path: string } | { readonly host: string; readonly port: number } {
  return address.scheme === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
}

/** Whether TLS is spoken at an address. */
export const isSecure = ({ scheme }: Address): boolean => scheme === 'telnets' || scheme === 'tls' || scheme === 'wss';

export const isWebSocket = ({ scheme }: Address): boolean => scheme === 'ws' || scheme === 'wss';

/** The record's `protocol` of a client that comes in at an address. */
export function protocolOf({ scheme }: Address): string {
  const names = {
    telnet: 'telnet',
    telnets: 'telnet/ssl',
    tcp: 'tcp',
    tls: 'tcp/ssl',
    ws: 'websocket',
    wss: 'websocket/ssl',
    unix: 'unix',
    pty: 'pty',
  };
  return names[scheme];
}

/**
 * How a session over these two ends is read, where no handshake says more: the client's side says, a unix socket asks the other; a program in a pty talks
 * plainly to all but telnet. A WebSocket's own side is read as what its messages carry.
 */
export function wireOf(listen: Address, upstream: Address): Wire {
  const { scheme } = listen.scheme === 'unix' || isWebSocket(listen) ? upstream : listen;
  return scheme === 'tcp' || scheme === 'tls' || scheme === 'pty' ? 'plain' : 'telnet';
}
