/** What a listener does where one of its two sides speaks WebSocket and the other does not. Where both do, frames pass as they are: nothing of this room. */
import type { Wire } from '../../contract.js';
import { type Address, isWebSocket, type NetworkAddress, type SocketAddress, wireOf } from '../address.js';
import type { Step } from '../arrive.js';
import type { ServerStep } from '../dial.js';
import { networksOf } from '../networks.js';
import { webSocketServerStep } from './reach.js';
import { upgradeStep } from './upgrade.js';

/** A listener's settings, as far as they matter here; absent: none. */
export interface WebSocketPlan {
  readonly listen: SocketAddress;
  readonly upstream: Address;
  readonly trusted?: readonly string[];
  readonly subprotocol?: string | null;
  readonly origins?: readonly string[];
  /** Told of what belongs in an `audit.fault`. */
  readonly fault?: (code: string) => void;
}

const isWeb = (address: Address): address is NetworkAddress => isWebSocket(address);

/** Behind TLS, where there is TLS. */
export function webSocketSteps({ listen, upstream, ...plan }: WebSocketPlan): readonly Step[] {
  if (!isWeb(listen) || isWeb(upstream)) return [];
  const { trusted = [], subprotocol = null, origins = [], fault = () => undefined } = plan;
  return [upgradeStep({ subprotocol, origins, isTrusted: networksOf(trusted), wire: wireBehind(listen, upstream), fault })];
}

/** Behind TLS, where there is TLS. */
export function webSocketServerSteps({ listen, upstream, subprotocol = null }: WebSocketPlan): readonly ServerStep[] {
  return isWeb(listen) || !isWeb(upstream) ? [] : [webSocketServerStep({ upstream, subprotocol, wire: wireOf(listen, upstream) })];
}

/** A program is given what the messages carry: it speaks telnet only where the client does. */
const wireBehind = (listen: SocketAddress, upstream: Address): Wire => (upstream.scheme === 'pty' ? 'plain' : wireOf(listen, upstream));
