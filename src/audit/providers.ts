/**
 * The modules of AUDIT_PROVIDERS, loaded: receives their settings, gives what can be asked. Runs in the audit thread, so a module that never returns stops
 * that thread, which is then ended and started again (audit-side.ts). Of a module's own errors only names are shown.
 */
import { pathToFileURL } from 'node:url';
import type { BeforeRecord, Provide, ProviderSettings } from '../contract.js';
import { AuditError, nameOf } from '../errors.js';
import type { Module, ProviderFault } from './provider-round.js';

export class Modules {
  readonly #loaded: ReadonlyMap<string, Omit<Module, 'failed'>>;
  /** Told of every record that goes on without what a module would have done. */
  onFailed: (name: string, code: ProviderFault) => void = () => undefined;

  private constructor(loaded: ReadonlyMap<string, Omit<Module, 'failed'>>) {
    this.#loaded = loaded;
  }

  /** None at all. */
  static get none(): Modules {
    return new Modules(new Map());
  }

  /**
   * Imports all that listeners name, each once.
   * @throws AuditError AUDIT_PROVIDER, at the place that names it, where one does not load or exports nothing to call
   */
  static async load(listeners: readonly { readonly providers?: readonly ProviderSettings[] }[]): Promise<Modules> {
    const loaded = new Map<string, Omit<Module, 'failed'>>();
    for (const settings of listeners.flatMap(({ providers = [] }) => providers)) {
      const key = keyOf(settings);
      if (!loaded.has(key)) loaded.set(key, await loadOne(settings));
    }
    return new Modules(loaded);
  }

  /** Those of one listener, in their order. Throws AUDIT_INTERNAL where they were not loaded. */
  of(providers: readonly ProviderSettings[]): readonly Module[] {
    return providers.map((settings) => {
      const module = this.#loaded.get(keyOf(settings));
      if (!module) throw new AuditError('AUDIT_INTERNAL', `the provider ${settings.name} was not loaded`);
      return { ...module, failed: (code) => this.onFailed(settings.name, code) };
    });
  }
}

const keyOf = ({ name, module, options, timeoutMs }: ProviderSettings): string => JSON.stringify([name, module, options, timeoutMs]);

async function loadOne({ name, module, options, timeoutMs, place }: ProviderSettings): Promise<Omit<Module, 'failed'>> {
  const refuse = (why: string): never => {
    throw new AuditError('AUDIT_PROVIDER', `the provider '${name}' ${why}`, place);
  };
  const exported: { readonly default?: unknown; readonly beforeRecord?: unknown } = await import(pathToFileURL(module).href).catch((error: unknown) =>
    refuse(`does not load (${nameOf(error)}); \`node --check\` on it may say more`),
  );
  const { default: provide, beforeRecord } = exported;
  for (const one of [provide, beforeRecord]) if (one !== undefined && typeof one !== 'function') refuse('exports something else than a function');
  if (provide === undefined && beforeRecord === undefined) {
    refuse('exports nothing to call; write `export default (draft) => ...`, or `export function beforeRecord(draft) ...`');
  }
  return { name, options, timeoutMs, provide: provide as Provide | undefined, beforeRecord: beforeRecord as BeforeRecord | undefined };
}
