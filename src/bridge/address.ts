/** Addresses as server.conf writes them: `telnet://HOST:PORT`, `tcp://HOST:PORT`, `unix:PATH`. */
import type { Wire } from '../contract.js';
import { AuditError } from '../errors.js';

export type Address =
  | { readonly scheme: 'telnet' | 'tcp'; readonly host: string; readonly port: number }
  | { readonly scheme: 'unix'; readonly path: string };

const LATER = /^(telnets|tls|ws|wss|pty):/;
const NETWORK = /^(telnet|tcp):\/\/(\[[0-9a-f:.]+\]|[^\s[\]/:@]+):(\d{1,5})\/?$/i;

/** Reads one address. Throws AUDIT_CONFIG_LATER or AUDIT_CONFIG_TYPE, without a place: config/ knows it. */
export function parseAddress(url: string): Address {
  const later = LATER.exec(url)?.[1];
  if (later) throw new AuditError('AUDIT_CONFIG_LATER', `${later}: is not built yet; telnet://, tcp:// and unix: are`);
  if (url.startsWith('unix:') && url.length > 'unix:'.length) return { scheme: 'unix', path: url.slice('unix:'.length) };
  const [, scheme = '', host = '', port = ''] = NETWORK.exec(url) ?? [];
  if (!scheme || Number(port) > 65_535) {
    throw new AuditError('AUDIT_CONFIG_TYPE', 'not an address; write telnet://127.0.0.1:4000, tcp://[::1]:4000 or unix:/run/game.sock');
  }
  return { scheme: scheme.toLowerCase() as 'telnet' | 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Longest path of a unix socket in bytes, its closing NUL apart: sun_path has 108 on Linux, 104 elsewhere. Node cuts a longer one without a word. */
export const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** An address as people write it. */
export function formatAddress(address: Address): string {
  if (address.scheme === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.scheme}://${host}:${address.port}`;
}

/** How a session over these two ends is read: the client's side says, a unix socket asks the other. */
export function wireOf(listen: Address, upstream: Address): Wire {
  const scheme = listen.scheme === 'unix' ? upstream.scheme : listen.scheme;
  return scheme === 'tcp' ? 'plain' : 'telnet';
}
