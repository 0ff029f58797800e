/**
 * Who may come in at one listener: networks, how often, and how many at a time. Receives addresses, gives a reason to refuse or none, and counts who is
 * in. Its limits can be replaced while it runs; those that are in already stay.
 */
import { isIPv6 } from 'node:net';
import { type Limits, NO_LIMITS, type Refusal } from './limits.js';
import { networksOf } from './networks.js';
import { Rate } from './rate.js';

/** Clients of one address that are on their way in at a time; no more than `maxPerIp`. Proxies that are trusted bring as many as they like. */
const MAX_ARRIVING_EACH = 250;

export interface GateOptions {
  readonly limits?: Limits;
  /** A unix socket: its clients have no address, and permissions say who may come. */
  readonly unix?: boolean;
  /** Networks of proxies that say who their clients are. */
  readonly trusted?: readonly string[];
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

export class Gate {
  readonly #unix: boolean;
  readonly #now: () => number;
  readonly #addresses = new Tally();
  readonly #networks = new Tally();
  readonly #arriving = new Tally();
  readonly #rate = new Rate();
  #sessions = 0;
  #limits: Limits;
  #isTrusted: (ip: string) => boolean = () => false;
  #isAllowed: ((ip: string) => boolean) | undefined;
  #isDenied: ((ip: string) => boolean) | undefined;

  constructor({ limits = NO_LIMITS, unix = false, trusted = [], now = () => performance.now() }: GateOptions = {}) {
    this.#unix = unix;
    this.#now = now;
    this.#limits = limits;
    this.update(limits, trusted);
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** Sessions that were let in and have not ended. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Addresses and networks that are counted just now. */
  get size(): number {
    return this.#addresses.size + this.#networks.size + this.#arriving.size;
  }

  /** From now on these limits are asked. Sessions go on, even where there are too many of them. @param trusted as GateOptions; absent: as before */
  update(limits: Limits, trusted?: readonly string[]): void {
    this.#limits = limits;
    if (trusted) this.#isTrusted = trusted.length > 0 ? networksOf(trusted) : () => false;
    this.#isAllowed = limits.allow.length > 0 ? networksOf(limits.allow) : undefined;
    this.#isDenied = limits.deny.length > 0 ? networksOf(limits.deny) : undefined;
  }

  /** Whether the address is a proxy's that speaks for others: it is not judged, they are. */
  trusts(ip: string | undefined): boolean {
    return ip !== undefined && this.#isTrusted(ip);
  }

  /** Whether an address may connect at all, and now. Asked once for each connection: it counts as one of `connectsPerS`. */
  judge(ip: string | undefined): 'denied' | 'refused-rate' | undefined {
    const { connectsPerS } = this.#limits;
    // Who is gone before the kernel was asked for its address cannot be told from somebody who is denied.
    if (ip === undefined) return !this.#unix && (this.#isAllowed || this.#isDenied) ? 'denied' : undefined;
    if (this.#isDenied?.(ip) || this.#isAllowed?.(ip) === false) return 'denied';
    if (connectsPerS === null) return undefined;
    return this.#rate.take(isIPv6(ip) ? networkOf(ip) : ip, connectsPerS, this.#now()) ? undefined : 'refused-rate';
  }

  /** A client begins its way in. Where it may, it is counted until `arrived`. */
  arrive(ip: string | undefined): 'refused-address' | undefined {
    if (ip === undefined) return undefined;
    const most = Math.min(this.#limits.maxPerIp ?? MAX_ARRIVING_EACH, MAX_ARRIVING_EACH);
    const key = addressOf(ip);
    if (this.#arriving.of(key) >= most && !this.#isTrusted(ip)) return 'refused-address';
    this.#arriving.add(key);
    return undefined;
  }

  /** Its way in is over, however it ended. */
  arrived(ip: string | undefined): void {
    if (ip !== undefined) this.#arriving.drop(addressOf(ip));
  }

  /** Lets a session in where there is room. Where there was, `leave` is to be called once with the same address. */
  enter(ip: string | undefined): Refusal | undefined {
    const { maxSessions, maxPerIp, maxPerNetwork } = this.#limits;
    if (maxSessions !== null && this.#sessions >= maxSessions) return 'refused-busy';
    if (ip !== undefined) {
      const [address, network] = [addressOf(ip), networkOf(ip)];
      if (maxPerIp !== null && this.#addresses.of(address) >= maxPerIp) return 'refused-address';
      if (maxPerNetwork !== null && this.#networks.of(network) >= maxPerNetwork) return 'refused-network';
      this.#addresses.add(address);
      this.#networks.add(network);
    }
    this.#sessions++;
    return undefined;
  }

  leave(ip: string | undefined): void {
    this.#sessions--;
    if (ip === undefined) return;
    this.#addresses.drop(addressOf(ip));
    this.#networks.drop(networkOf(ip));
  }
}

/** How many there are of each key; none is kept of which there are none. */
class Tally {
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  drop(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

/** One spelling for each address: IPv6 has many, and a proxy may write any. */
const addressOf = (ip: string): string => (ip.includes(':') ? groupsOf(ip).join(':') : ip);

/** The network of an address: its /24, in IPv6 its /64 (what a house is given). */
export const networkOf = (ip: string): string => (ip.includes(':') ? groupsOf(ip).slice(0, 4).join(':') : ip.slice(0, ip.lastIndexOf('.')));

/** The groups of an IPv6 address in lower case, without zeros in front (RFC 4291 2.2); an IPv4 address at its end stays one piece. */
function groupsOf(ip: string): string[] {
  const plain = ip.replace(/%.*$/, '').toLowerCase();
  const [head = [], tail] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const most = plain.includes('.') ? 7 : 8;
  const zeros = tail ? new Array<string>(Math.max(0, most - head.length - tail.length)).fill('0') : [];
  return [...head, ...zeros, ...(tail ?? [])].map((group) => group.replace(/^0+(?=[^.])/, ''));
}
