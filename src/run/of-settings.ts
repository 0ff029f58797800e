/**
 * What each room is given of the settings: listeners for the bridge, plain data for the audit thread, the ground that erasing works on, where a store may be
 * read from. Receives settings, gives values; starts nothing.
 */
import { hostname } from 'node:os';
import type { AuditChange, AuditorData } from '../audit/auditor-data.js';
import type { BridgeListener } from '../bridge/bridge.js';
import { makeListener } from '../bridge/listener.js';
import type { Settings } from '../config/settings.js';
import type { Ground } from '../redact/redact.js';
import type { Keeper } from '../spool/evidence.js';
import { readSigningKey } from '../spool/signing-key.js';
import { tagKeyOf } from '../spool/tag-key.js';
import { eventSetsOf } from '../threads/event-messages.js';
import type { Adopted } from '../threads/view-thread.js';
import { EXEC_LISTENER } from '../view/intake/intake.js';
import { openTls } from './listener-tls.js';
import type { RunOptions } from './running.js';

/**
 * The bridge's listeners, with the files of their certificates as they are now.
 * @param opened those that are listened on
 * @param fault told by its code what a peer did wrong
 * @throws AuditError AUDIT_CONFIG_FILE
 */
export function listenersOf({ trustedProxies: trusted }: Settings, opened: Settings['listeners'], fault: (code: string) => void): BridgeListener[] {
  const open = openTls(opened);
  return opened.map(({ name, listen, upstream, onDown, handshakeS, audit, limits, ...wire }) => {
    const { onFailure: policy, active } = audit;
    const { servername, verify, acceptProxy, sendProxy, tellGame, subprotocol, origins, user } = wire;
    const tls = open.get(name);
    const ways = { ...(tls ? { tls } : {}), servername, verify, acceptProxy, sendProxy, tellGame, subprotocol, origins, user, fault };
    return makeListener({ name, listen, upstream, onDown, handshakeMs: handshakeS * 1000, policy, active, limits, trusted, ...ways });
  });
}

/** All that the audit side needs but what changes between two starts of it. Throws AUDIT_CONFIG_... where the key of checkpoints cannot be read. */
export function auditorDataOf(
  settings: Settings,
  { version, segmentBytes, checkpointMs }: RunOptions,
  { callbacks, board, alive }: Pick<AuditorData, 'callbacks' | 'board' | 'alive'>,
): AuditorData {
  const { node, application, spool, checkpointKey, checkpointKeyPlace } = settings;
  return {
    ...auditChangeOf(settings, callbacks),
    origin: { hostname: hostname(), application, version, pid: process.pid, node },
    spool: { folder: spool.dir, maxBytes: spool.maxBytes, fsync: spool.fsync, ...(segmentBytes ? { segmentBytes } : {}) },
    ...(checkpointKey === undefined ? {} : { signingKey: readSigningKey(checkpointKey, checkpointKeyPlace) }),
    ...(checkpointMs === undefined ? {} : { checkpointMs }),
    board,
    alive,
  };
}

/** What of the audit side's data a reload changes. */
export function auditChangeOf({ listeners, spool, audit }: Settings, callbacks: AuditChange['callbacks']): AuditChange {
  const exec = { name: EXEC_LISTENER, charset: null, audit };
  const all = listeners.some(({ name }) => name === EXEC_LISTENER) ? listeners : [...listeners, exec];
  return {
    listeners: all.map(({ name, charset, audit: { active, onFailure, ...kept } }) => ({ name, ...(charset ? { charset } : {}), ...kept })),
    ...(all.some(({ audit }) => audit.active && audit.maskStyle === 'tag') ? { tagKey: tagKeyOf(spool.dir) } : {}),
    callbacks,
  };
}

/** Callbacks as those who look for files of theirs know them. */
export const keepersOf = ({ callbacks }: Settings): Keeper[] => callbacks.map(({ name, module, options }) => ({ name, module, options }));

/** What a redaction works on, until `signal` says that it is enough. */
export const groundOf = (settings: Settings, signal: AbortSignal): Ground => {
  return { folder: settings.spool.dir, keepers: keepersOf(settings), configFolder: settings.folder, archive: settings.archive, signal };
};

/** What the API shows: where a store may be read from, and what events say. */
export const viewedOf = (settings: Settings): Adopted => ({
  store: { fillers: keepersOf(settings), folder: settings.folder },
  events: eventSetsOf(settings),
});
