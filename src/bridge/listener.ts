/**
 * Makes a bridge's listener of its settings: the steps of a client's way in, in their order, and how its server is reached. Receives plain data (files
 * were read by config/), opens nothing.
 */

import { type Address, isSecure, isWebSocket, type SocketAddress, wireOf } from './address.js';
import { type Facts, type Step, tellingOf } from './arrive.js';
import type { BridgeListener } from './bridge.js';
import { dial, type ServerStep } from './dial.js';
import type { Limits } from './limits.js';
import { networksOf } from './networks.js';
import { noteTarget, proxyIn, proxyOut } from './proxy.js';
import type { ProxyVersion } from './proxy-write.js';
import { makeSpawn } from './pty/pty.js';
import { askTerminal } from './pty/terminal.js';
import type { Policy } from './relay.js';
import { dressSplice, spliceStep } from './splice.js';
import { tellGame } from './tell-game.js';
import type { Tls } from './tls.js';
import { webSocketServerSteps, webSocketSteps } from './websocket/plan.js';

/** A listener as configured. */
export interface ListenerPlan {
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: Address;
  readonly onDown: string;
  readonly handshakeMs: number;
  readonly policy: Policy;
  readonly active: boolean;
  readonly limits?: Limits;
  /** Networks of proxies that say who their clients are. */
  readonly trusted?: readonly string[];
  /** There where TLS is spoken on one of the two sides. */
  readonly tls?: Tls;
  /** TLS to the server: the name in its certificate, where it is not the host; false: any certificate will do. */
  readonly servername?: string | null;
  readonly verify?: boolean;
  /** A PROXY header is awaited of the proxies in `trusted`. */
  readonly acceptProxy?: boolean;
  readonly sendProxy?: ProxyVersion | null;
  /** The client's address is put into what it says to the game. */
  readonly tellGame?: boolean;
  /** WebSocket: what is spoken where a client offers it, or what the server is offered; pages that may connect, [] is any. */
  readonly subprotocol?: string | null;
  readonly origins?: readonly string[];
  /** pty: name or number of the user that programs run as. */
  readonly user?: string | null;
  /** Told of what belongs in an `audit.fault`, with a code, as often as it happens. */
  readonly fault?: (code: string) => void;
}

/** PROXY header, then TLS, then the upgrade of a WebSocket. */
function arrivalOf(plan: ListenerPlan): readonly Step[] {
  const { fault = () => undefined, handshakeMs, origins = [] } = plan;
  const trusted = networksOf(plan.trusted ?? []);
  return [
    ...(plan.sendProxy ? [noteTarget] : []),
    ...(plan.acceptProxy ? [proxyIn({ trusted, fault, handshakeMs })] : []),
    ...(isSecure(plan.listen) ? [tellingOf(tlsOf(plan).accept, () => fault('tls-handshake'))] : []),
    ...webSocketSteps(plan),
    ...(isSplice(plan) ? [spliceStep({ origins, isTrusted: trusted, fault })] : []),
    ...(plan.upstream.scheme === 'pty' ? [askTerminal(wireOf(plan.listen, plan.upstream))] : []),
  ];
}

/** Both sides speak WebSocket: its frames pass as they come. */
const isSplice = ({ listen, upstream }: ListenerPlan): boolean => isWebSocket(listen) && isWebSocket(upstream);

/** PROXY header, then TLS, then the upgrade of a WebSocket. */
function serverStepsOf(plan: ListenerPlan): (client: Facts, session: string) => readonly ServerStep[] {
  const { upstream, sendProxy, servername, verify = true } = plan;
  const host = 'host' in upstream ? upstream.host : '';
  const secure: readonly ServerStep[] = isSecure(upstream) ? [tlsOf(plan).connect({ host, servername: servername ?? undefined, verify })] : [];
  const later = [...secure, ...webSocketServerSteps(plan)];
  return sendProxy ? (client, session) => [proxyOut(sendProxy, client, session), ...later] : () => later;
}

function tlsOf({ name, tls }: ListenerPlan): Tls {
  if (tls) return tls;
  throw new Error(`no certificates of listener ${name}`);
}

function reachOf(plan: ListenerPlan): BridgeListener['reach'] {
  const { upstream, name, listen, user } = plan;
  if (upstream.scheme === 'pty') return { spawn: makeSpawn({ name, listen, upstream, user: user ?? undefined }) };
  const stepsFor = serverStepsOf(plan);
  return (client, session, { timeoutMs, done }) => dial(upstream, { timeoutMs, done, steps: stepsFor(client, session) });
}

export const makeListener = (plan: ListenerPlan): BridgeListener => ({
  ...plan,
  arrival: arrivalOf(plan),
  ...(isSplice(plan) ? { dress: dressSplice } : plan.tellGame ? { dress: tellGame } : {}),
  reach: reachOf(plan),
});
