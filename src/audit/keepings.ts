/**
 * What is kept of each listener's sessions, and its masks, compiled: those in force, and after a reload for a while those before too. Receives the
 * listeners' settings and times; gives what a session is to keep. What was said before a reload may still wait to be written (an input for the server's
 * say, a message for its silence), so what a mask of then has hidden stays hidden, though the mask is gone. Reads no clock.
 */
import { networksOf } from '../bridge/networks.js';
import type { AnyMask, EventDefinition, IdentitySettings, LinePattern, ProviderSettings, TimeUs } from '../contract.js';
import { AuditError } from '../errors.js';
import type { Charset } from '../gather/charset.js';
import type { Sources } from '../identify/login.js';
import { Events } from '../mask/events.js';
import { compileExclusions } from '../mask/exclusions.js';
import { compileMasks, type MaskSet, type Style } from '../mask/masker.js';
import { compileNamed } from '../mask/named-groups.js';
import type { Keeping } from '../pipeline.js';
import type { Finishing } from './finisher.js';
import { Modules } from './providers.js';

/** A listener's part of the settings, as plain data. */
export interface ListenerAudit {
  readonly name: string;
  readonly in: boolean;
  readonly out: boolean;
  readonly allowSparse: boolean;
  readonly outUnit: 'message' | 'line';
  readonly outIdleMs: number;
  readonly charset?: Charset;
  readonly masks: readonly AnyMask[];
  readonly maskStyle: Style['name'];
  readonly identity: IdentitySettings;
  readonly watch: readonly string[];
  readonly watchExclude: readonly string[];
  readonly events?: readonly EventDefinition[];
  readonly providers?: readonly ProviderSettings[];
  readonly exclude?: { readonly patterns: readonly LinePattern[]; readonly networks: readonly string[] };
}

/** All listeners'. */
export interface KeepingSettings {
  readonly listeners: readonly ListenerAudit[];
  /** The key of masks' tags (spool/tag-key.ts), where any listener writes them. */
  readonly tagKey?: Uint8Array;
}

export interface Kept extends Keeping {
  readonly allowSparse: boolean;
}

/** Longer than anything waits: the longest silence that ends a message (AUDIT_OUT_IDLE_MS, 60 s), and some. Microseconds. */
const WAITS_US = 65_000_000;

/** One listener's. */
interface One {
  readonly kept: Kept;
  /** For what was said before the last reload: the masks of then too. The same as `kept` where none has gone. */
  readonly mixed: Kept;
  /** Definitions of the two. */
  readonly own: readonly AnyMask[];
  readonly all: readonly AnyMask[];
}

export class Keepings {
  #listeners: ReadonlyMap<string, One>;
  /** When the last reload was, while what was said before it may wait; undefined: nothing of it does. */
  #since: TimeUs | undefined;

  /**
   * @param modules those of AUDIT_PROVIDERS, loaded
   * @throws AuditError AUDIT_MASK_..., AUDIT_EVENT where something does not compile
   */
  constructor(data: KeepingSettings, modules = Modules.none) {
    const compile = compileOnce();
    const loaded = { ...data, modules };
    this.#listeners = new Map(data.listeners.map((listener) => [listener.name, made(listener, loaded, compile)]));
  }

  /** The masks in force, each set once. */
  get sets(): MaskSet[] {
    const sets = [...this.#listeners.values()].flatMap(({ kept, mixed }) => (this.#since === undefined ? [kept.masks] : [kept.masks, mixed.masks]));
    return [...new Set(sets)];
  }

  /** What is kept of a session of this listener that begins at this time. */
  of(listener: string, at: TimeUs): Kept | undefined {
    const one = this.#listeners.get(listener);
    return this.#since !== undefined && at <= this.#since ? one?.mixed : one?.kept;
  }

  /** What a session under way keeps from now on. */
  now(listener: string): Kept | undefined {
    const one = this.#listeners.get(listener);
    return this.#since === undefined ? one?.kept : one?.mixed;
  }

  /** Other settings from this time on; sessions under way are to be given `now` anew. Throws as the constructor; then nothing has changed. */
  change(settings: KeepingSettings, at: TimeUs, modules = Modules.none): void {
    const data = { ...settings, modules };
    const waits = this.#since !== undefined;
    const before = this.#listeners;
    const compile = compileOnce();
    const next = (listener: ListenerAudit): One => follows(listener, { data, before: before.get(listener.name), waits, compile });
    this.#listeners = new Map(data.listeners.map((listener) => [listener.name, next(listener)]));
    this.#since = at;
  }

  /** True once what was said before the last reload waits no more: sessions under way are to be given `now` anew. */
  settles(at: TimeUs): boolean {
    if (this.#since === undefined || at < this.#since + WAITS_US) return false;
    this.#since = undefined;
    return true;
  }
}

/** With the modules of AUDIT_PROVIDERS. */
type Loaded = KeepingSettings & { readonly modules: Modules };

type Compile = typeof compileMasks;

/** Compiles equal masks once: listeners whose masks do not differ share them. */
function compileOnce(): Compile {
  const known = new Map<MaskSet | undefined, Map<string, MaskSet>>();
  return (masks, style, before) => {
    const followers = known.get(before) ?? new Map<string, MaskSet>();
    known.set(before, followers);
    const key = [style?.name, ...masks.map(essence)].join('\n');
    const set = followers.get(key) ?? compileMasks(masks, style, before);
    followers.set(key, set);
    return set;
  };
}

function made(listener: ListenerAudit, data: Loaded, compile: Compile): One {
  const kept = keptOf(listener, data, compile(listener.masks, styleOf(listener, data)));
  return { kept, mixed: kept, own: listener.masks, all: listener.masks };
}

interface Follows {
  readonly data: Loaded;
  readonly before: One | undefined;
  /** What was said before the reload before this one may wait still. */
  readonly waits: boolean;
  readonly compile: Compile;
}

function follows(listener: ListenerAudit, { data, before, waits, compile }: Follows): One {
  if (!before) return made(listener, data, compile);
  const style = styleOf(listener, data);
  const essences = new Set(listener.masks.map(essence));
  const gone = (waits ? before.all : before.own).filter((mask) => !essences.has(essence(mask)));
  const mixed = compile([...listener.masks, ...gone], style, before.kept.masks);
  const masks = gone.length === 0 ? mixed : compile(listener.masks, style, mixed);
  return { kept: keptOf(listener, data, masks), mixed: keptOf(listener, data, mixed), own: listener.masks, all: [...listener.masks, ...gone] };
}

/** What a mask does, without its place. */
const essence = (mask: AnyMask): string => JSON.stringify({ ...mask, place: undefined, patternPlace: undefined });

const keptOf = (listener: ListenerAudit, { modules }: Loaded, masks: MaskSet): Kept => ({
  ...listener,
  masks,
  names: sourcesOf(listener),
  finishing: finishingOf(listener, modules),
});

/**
 * What is done with what is masked; undefined where that is nothing.
 * @throws AuditError AUDIT_MASK_PATTERN, AUDIT_EVENT, with the place
 */
export function finishingOf(
  { events = [], exclude = { patterns: [], networks: [] }, providers = [] }: Pick<ListenerAudit, 'events' | 'exclude' | 'providers'>,
  modules: Modules,
): Finishing | undefined {
  if (events.length + exclude.patterns.length + exclude.networks.length + providers.length === 0) return undefined;
  const excludes = compileExclusions(exclude.patterns);
  return { events: new Events(events), excludes, excludesAddress: networksOf(exclude.networks), modules: modules.of(providers) };
}

const sourcesOf = ({ identity }: ListenerAudit): Sources => ({ matchers: compileNamed(identity.patterns), paths: identity.paths });

function styleOf({ maskStyle }: ListenerAudit, { tagKey }: KeepingSettings): Style {
  if (maskStyle !== 'tag') return { name: maskStyle };
  if (!tagKey) throw new AuditError('AUDIT_INTERNAL', 'tags without a key');
  return { name: maskStyle, key: tagKey };
}
