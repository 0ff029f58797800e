/** What ADMIN_LISTEN says that is perhaps not meant. Reads a setting, opens nothing. */
import type { Settings } from './settings.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Remarks for `wirescribe check`. */
export function adminRemarks(listen: Settings['adminListen']): string[] {
  if (listen === null || 'path' in listen || LOOPBACK.test(listen.host)) return [];
  return [
    `ADMIN_LISTEN: ${listen.host} is not loopback, and no TLS is spoken there: tokens and records pass in the clear; put a TLS proxy in front of it`,
  ];
}
