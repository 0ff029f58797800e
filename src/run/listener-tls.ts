/**
 * TLS of the listeners: config/ reads the files, bridge/ makes contexts of them. Receives settings, gives what bridge/ needs to open a listener; at the start
 * and at each reload anew, so that one bad file changes nothing.
 */
import { Tls } from '../bridge/tls.js';
import type { ListenerSettings } from '../config/settings.js';
import { readTls, usesTls } from '../config/tls.js';
import { AuditError, nameOf } from '../errors.js';

/** Reads the files of all listeners that have TLS on one of their two sides; gives it by their names. Throws AUDIT_CONFIG_FILE at the place. */
export const openTls = (listeners: readonly ListenerSettings[]): ReadonlyMap<string, Tls> =>
  new Map(listeners.filter(usesTls).map((listener) => [listener.name, tlsOf(listener)]));

/** What `check` says of the files of all listeners. Throws as `openTls`. */
export function checkTls(listeners: readonly ListenerSettings[]): string[] {
  openTls(listeners);
  return listeners.filter(usesTls).flatMap((listener) => readTls(listener).remarks);
}

/** OpenSSL refuses some files that can be read (a key that is too small). */
function tlsOf(listener: ListenerSettings): Tls {
  const { material } = readTls(listener);
  try {
    return new Tls(material);
  } catch (error) {
    const why = `the certificates of listener '${listener.name}' cannot be used (${nameOf(error)}); take a key of at least 2048 bits, or an elliptic one`;
    throw new AuditError('AUDIT_CONFIG_FILE', why, listener.tlsPlaces.certs[0] ?? listener.tlsPlaces.ca);
  }
}
