/**
 * The way to a server that speaks WebSocket (RFC 6455 4.1): receives a connected socket, TLS done, gives the conduit. Follows no redirect, sends no Origin
 * and nothing of the client's request.
 */
import { WebSocket } from 'ws';
import type { Wire } from '../../contract.js';
import { formatAddress, type NetworkAddress } from '../address.js';
import { DialError, type ServerStep } from '../dial.js';
import { conduitOf } from './conduit.js';
import { FOR_SERVERS } from './limits.js';
import { translate } from './subprotocols.js';

export interface ReachOptions {
  readonly upstream: NetworkAddress;
  /** What is offered; the server must agree to it. null: nothing. */
  readonly subprotocol: string | null;
  /** How the client's side is read. */
  readonly wire: Wire;
}

/** Throws DialError 'upstream-refused' where the server answers that it will not; any other error where its answer is none, or lacks the subprotocol. */
export function webSocketServerStep({ upstream, subprotocol, wire }: ReachOptions): ServerStep {
  const url = formatAddress({ ...upstream, scheme: 'ws' });
  const headers = { Host: hostOf(upstream) };
  const offered = subprotocol === null ? [] : [subprotocol];
  return (socket) =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(url, offered, { ...FOR_SERVERS, headers, followRedirects: false, createConnection: () => socket });
      // What it answered instead of an upgrade is not read on.
      ws.once('unexpected-response', () => {
        reject(new DialError('upstream-refused'));
        ws.terminate();
      });
      ws.on('error', reject);
      ws.once('open', () => {
        ws.off('error', reject);
        resolve(conduitOf(ws, socket, translate(ws.protocol, 'server', wire)));
      });
      socket.resume();
    });
}

/** RFC 9110 7.2: without the port where it is the scheme's own. */
function hostOf({ scheme, host, port }: NetworkAddress): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (scheme === 'wss' ? 443 : 80) ? name : `${name}:${port}`;
}
