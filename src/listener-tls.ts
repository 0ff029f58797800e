/**
 * TLS of the listeners in force: config/ reads the files, bridge/ makes contexts of them. Receives settings, gives what bridge/ needs to open a listener;
 * reads all files anew on a reload, where a bad one changes nothing.
 */
import { Tls } from './bridge/tls.js';
import type { ListenerSettings } from './config/settings.js';
import { readTls, usesTls } from './config/tls.js';
import { AuditError, nameOf } from './errors.js';

/** By the listener's name, those that have TLS on one of their two sides. */
export type ListenersTls = ReadonlyMap<string, Tls>;

/** Reads the files of all listeners. Throws AUDIT_CONFIG_FILE at the place. */
export const openTls = (listeners: readonly ListenerSettings[]): ListenersTls =>
  new Map(listeners.filter(usesTls).map((listener) => [listener.name, made(listener, () => new Tls(readTls(listener).material))]));

/**
 * Reads the files of these listeners anew, those of other listeners stay as they are. New connections get what is there now; old sessions go on. Throws as
 * `openTls`; then nothing has changed.
 */
export function reloadCertificates(open: ListenersTls, listeners: readonly ListenerSettings[]): void {
  const read = listeners.filter((one) => usesTls(one) && open.has(one.name)).map((listener) => ({ listener, material: readTls(listener).material }));
  for (const { listener, material } of read) made(listener, () => new Tls(material));
  for (const { listener, material } of read) open.get(listener.name)?.replace(material);
}

/** What `check` says of the files of all listeners. Throws as `openTls`. */
export function checkTls(listeners: readonly ListenerSettings[]): string[] {
  openTls(listeners);
  return listeners.filter(usesTls).flatMap((listener) => readTls(listener).remarks);
}

/** OpenSSL refuses some files that can be read (a key that is too small). */
function made(listener: ListenerSettings, make: () => Tls): Tls {
  try {
    return make();
  } catch (error) {
    if (error instanceof AuditError) throw error;
    const why = `the certificates of listener '${listener.name}' cannot be used (${nameOf(error)}); take a key of at least 2048 bits, or an elliptic one`;
    throw new AuditError('AUDIT_CONFIG_FILE', why, listener.tlsPlaces.certs[0] ?? listener.tlsPlaces.ca);
  }
}
