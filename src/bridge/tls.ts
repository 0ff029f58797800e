/**
 * TLS of a listener: towards clients (with certificates chosen by the name that a client asks for) and towards the server. Receives PEM texts that config/
 * has read, gives steps that make a TLS socket of a connected one. Version 1.2 at least, no renegotiation. A
 * reload makes another one of it for the connections that begin from then on; those that are there go on as they are.
 */
import { constants, X509Certificate } from 'node:crypto';
import { isIP, Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { TlsFacts } from '../contract.js';
import type { Step } from './arrive.js';
import { DialError, type ServerStep } from './dial.js';
import type { Conduit } from './end.js';

/** PEM texts: a certificate with its chain, its own first, and its private key. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** What TLS of one listener is made of. */
export interface TlsMaterial {
  /** Towards clients; the first serves who asks for no name, or for one that none has. */
  readonly certificates: readonly CertificatePair[];
  /** Who vouches for certificates of clients; absent: none is asked for. */
  readonly clientCa?: string;
  /** Who vouches for the server; absent: whom the system trusts (Node's own list). */
  readonly ca?: string;
}

/** How a server is reached by TLS. */
export interface ServerName {
  /** Host of the upstream. */
  readonly host: string;
  /** The name in its certificate, where that is another. */
  readonly servername?: string | undefined;
  /** False: any certificate will do. */
  readonly verify: boolean;
}

/** Of TLS 1.2 no client may ask for a new handshake within a session: each costs us more than it costs the client (CVE-2011-1473). */
const COMMON: SecureContextOptions = { minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };

interface Named {
  readonly certificate: X509Certificate;
  readonly context: SecureContext;
}

interface Made {
  readonly named: readonly Named[];
  readonly asksClients: boolean;
  readonly toServer: SecureContext;
}

export class Tls {
  readonly #made: Made;

  /** Throws what OpenSSL has against the texts (a key that is too small). */
  constructor(material: TlsMaterial) {
    this.#made = make(material);
  }

  /** The step of a client's way in. Rejects where there is no TLS, or not as we ask. Bytes that came before stand in front of the handshake. */
  readonly accept: Step = async ({ socket, facts }) => {
    const { named, asksClients } = this.#made;
    const [first] = named;
    if (!first) throw new Error('no certificate');
    const tls = new TLSSocket(plainOf(socket), {
      isServer: true,
      secureContext: first.context,
      requestCert: asksClients,
      // Who shows none, or one that nobody vouches for, is let in: the record names only who was verified.
      rejectUnauthorized: false,
      SNICallback: (name, done) => done(null, (named.find(({ certificate }) => certificate.checkHost(name) !== undefined) ?? first).context),
    });
    await secured(tls, 'secure');
    return { socket: carryReset(tls, socket), facts: { ...facts, tls: factsOf(tls, asksClients) } };
  };

  /** The step of the way to the server. Rejects with a DialError 'upstream-untrusted' where the server's certificate is not good, or not its own. */
  connect({ host, servername = host, verify }: ServerName): ServerStep {
    const name = servername.replace(/\.$/, '');
    // RFC 6066, section 3: an address is no name to ask for. Its certificate is compared with it all the same.
    const asked = isIP(name) === 0 ? { servername: name } : { host: name };
    return async (socket) => {
      const tls = connect({ socket, secureContext: this.#made.toServer, rejectUnauthorized: verify, ...asked });
      await secured(tls, 'secureConnect').catch((error: unknown) => {
        throw tls.authorizationError ? new DialError('upstream-untrusted') : error;
      });
      return carryReset(tls, socket);
    };
  }
}

/** The id keeps clients with certificates from going on with a session of another program's. */
const SESSION_ID_CONTEXT = 'wirescribe';

function make({ certificates, clientCa, ca }: TlsMaterial): Made {
  const named = certificates.map(({ cert, key }) => ({
    certificate: new X509Certificate(cert),
    context: createSecureContext({ ...COMMON, cert, key, sessionIdContext: SESSION_ID_CONTEXT, ...(clientCa === undefined ? {} : { ca: clientCa }) }),
  }));
  const toServer = createSecureContext({ ...COMMON, ...(ca === undefined ? {} : { ca }) });
  return { named, asksClients: clientCa !== undefined, toServer };
}

function plainOf(socket: Conduit): Socket {
  if (socket instanceof Socket) return socket;
  throw new Error('TLS wants a socket');
}

/** Waits for the end of the handshake. Whatever breaks it closes the socket, with an error or without; a peer that ends its side will not finish it. */
function secured(tls: TLSSocket, event: 'secure' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      tls.off(event, onSecure).off('close', onClose).off('end', onClose);
      settled();
    };
    const onSecure = (): void => settle(resolve);
    const onClose = (): void => settle(() => reject(new Error('no TLS')));
    tls.once(event, onSecure).once('close', onClose).once('end', onClose);
    // Stays, until the session has one of its own: an error without a listener would end the process.
    tls.on('error', (error: Error) => settle(() => reject(error)));
  });
}

/** A reset goes on as one: it is that of the connection below. */
function carryReset(tls: TLSSocket, below: Conduit): Conduit {
  return Object.assign(tls, {
    resetAndDestroy: () => {
      below.resetAndDestroy?.();
      return tls.destroy();
    },
  });
}

function factsOf(tls: TLSSocket, asksClients: boolean): TlsFacts {
  const { servername } = tls as { servername?: unknown };
  const client = asksClients ? verifiedClient(tls) : undefined;
  return {
    version: tls.getProtocol() ?? 'unknown',
    cipher: tls.getCipher().name,
    ...(typeof servername === 'string' && servername !== '' ? { servername } : {}),
    ...(client ? { client } : {}),
  };
}

/** Of Node's sockets only those that a tls.Server made say whether they are authorized; the handle below knows (the same in Node 20 to 24). */
type Verifying = { readonly _handle?: { verifyError?(): Error | null } | null };

function verifiedClient(tls: TLSSocket): TlsFacts['client'] {
  const { _handle } = tls as unknown as Verifying;
  const certificate = tls.getPeerX509Certificate();
  if (!certificate || !_handle?.verifyError || _handle.verifyError()) return undefined;
  const subject = certificate.subject.replaceAll('\n', ', ');
  // With its colons: 64 hex digits in a row are a token to the masks.
  return { subject, fingerprint: certificate.fingerprint256 };
}
