/**
 * Proves a configuration without running it: what `wirescribe check` does, and a new version before the old one hands over to it. Receives settings, gives
 * remarks; listens nowhere and writes nothing.
 */

import { finishingOf } from '../audit/keepings.js';
import { Modules } from '../audit/providers.js';
import { findUser } from '../bridge/pty/libc.js';
import { adminRemarks } from '../config/admin.js';
import { checkCallback } from '../config/callbacks.js';
import type { Settings } from '../config/settings.js';
import { remarksOn } from '../config/tls.js';
import { remarksOnWays } from '../config/ways.js';
import { compileMasks } from '../mask/masker.js';
import { compileNamed } from '../mask/named-groups.js';
import { checkTls } from '../run/listener-tls.js';
import { readSigningKey } from '../spool/signing-key.js';

/**
 * Compiles masks and events, reads keys and certificates, loads callbacks and providers. Gives what is allowed and perhaps not meant, a line each.
 * Throws AUDIT_MASK_..., AUDIT_EVENT, AUDIT_PROVIDER, AUDIT_CONFIG_FILE, AUDIT_CALLBACK_LOAD.
 */
export async function proveSettings(settings: Settings): Promise<readonly string[]> {
  for (const { masks, identity, ...more } of [settings.audit, ...settings.listeners.map(({ audit }) => audit)]) {
    compileMasks(masks);
    compileNamed(identity.patterns);
    finishingOf(more, await Modules.load([more]));
  }
  if (settings.checkpointKey !== undefined) readSigningKey(settings.checkpointKey, settings.checkpointKeyPlace);
  const machine = { isRoot: process.geteuid?.() === 0, hasUser: (user: string) => findUser(user) !== undefined };
  const { listeners, trustedProxies } = settings;
  const remarked: string[] = [
    ...remarksOn(listeners, trustedProxies),
    ...remarksOnWays(listeners, machine),
    ...checkTls(listeners),
    ...adminRemarks(settings.adminListen),
  ];
  for (const callback of settings.callbacks) {
    const remarks = await checkCallback(callback, settings.folder);
    remarked.push(...remarks.map((remark) => `${callback.name}: ${remark}`));
  }
  return remarked;
}
