/**
 * Makes a bridge's listener of its settings: the steps of a client's way in, in their order, and how its server is reached. Receives plain data (files
 * were read by config/), opens nothing.
 */

import type { Address, SocketAddress } from './address.js';
import type { Step } from './arrive.js';
import type { BridgeListener, Reach } from './bridge.js';
import { dial, type ServerStep } from './dial.js';
import type { Limits } from './limits.js';
import type { Policy } from './relay.js';

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
}

/** PROXY header, then TLS, then the upgrade of a WebSocket. */
const arrivalOf = (_plan: ListenerPlan): readonly Step[] => [];

/** PROXY header, then TLS, then the upgrade of a WebSocket. */
const serverStepsOf = (_plan: ListenerPlan): readonly ServerStep[] => [];

function reachOf(plan: ListenerPlan): Reach {
  const { upstream } = plan;
  if (upstream.scheme === 'pty') throw new Error('no pty yet');
  return (_client, _session, { timeoutMs, done }) => dial(upstream, { timeoutMs, done, steps: serverStepsOf(plan) });
}

export const makeListener = (plan: ListenerPlan): BridgeListener => ({ ...plan, arrival: arrivalOf(plan), reach: reachOf(plan) });
