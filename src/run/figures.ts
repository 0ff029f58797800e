import type { Bridge } from '../bridge/bridge.js';
import type { Door } from '../capture/door.js';
import type { Settings } from '../config/settings.js';
import type { RunningCallback } from '../spool/delivery/running.js';
import { maskStats, spoolStats } from '../spool/stats.js';
import type { DeliverySide } from './delivery-side.js';
import type { Metrics, NodeFigures } from './metrics.js';
import type { Owner } from './owner.js';
import type { Teller } from './teller.js';

/** How long a metric may wait for the audit thread; without an answer its figures are left out. */
const FIGURES_MS = 1_000;
/** An audit thread that has been silent for so long does not answer: it is asked every 5 s. */
const SILENT_MS = 15_000;

export interface FiguresParts {
  readonly version: string;
  /** Those in force. */
  readonly settings: () => Settings;
  readonly bridge: Bridge;
  readonly door: Door;
  readonly delivery: DeliverySide;
  readonly owner: Owner;
  readonly teller: Teller;
}

export class Figures {
  readonly #parts: FiguresParts;
  #metrics: Metrics | undefined;

  constructor(parts: FiguresParts) {
    this.#parts = parts;
  }

  /** What `wirescribe stats` prints of a proxy that runs. */
  async stats(): Promise<object> {
    const { version, settings, bridge, delivery, owner } = this.#parts;
    const { node, spool } = settings();
    return {
      running: true,
      node,
      version,
      pid: process.pid,
      uptimeS: Math.round(process.uptime()),
      sessions: bridge.sessions,
      spool: { ...spoolStats(spool.dir), maxBytes: spool.maxBytes },
      callbacks: [...delivery.running.map(statsOf), ...delivery.paused.map((callback) => ({ ...statsOf(callback), state: 'paused' }))],
      redaction: owner.erasing.progress,
      chores: owner.choreFigures,
      oldSides: owner.guests?.oldSides ?? [],
      masks: maskStats(spool.dir),
    };
  }

  /** The same as Prometheus' text. Its library is loaded when first asked for: nobody else needs it. */
  async metrics(): Promise<{ readonly text: string; readonly type: string }> {
    if (!this.#metrics) {
      const { Metrics } = await import('./metrics.js');
      this.#metrics ??= new Metrics();
    }
    const text = await this.#metrics.text(await this.#figures());
    return { text, type: this.#metrics.type };
  }

  async #figures(): Promise<NodeFigures> {
    const { version, settings, bridge, delivery, owner } = this.#parts;
    const { node, spool } = settings();
    const { side } = owner;
    return {
      version,
      node,
      listeners: bridge.figures(),
      audit: await side?.figures(FIGURES_MS),
      silentMs: side?.silentMs ?? 0,
      spool: side ? { ...spoolStats(spool.dir), maxBytes: spool.maxBytes } : undefined,
      callbacks: delivery.running.map(statsOf),
      chores: owner.choreFigures,
    };
  }

  /** The process lives and its audit thread answers. */
  get healthy(): boolean {
    const { side } = this.#parts.owner;
    return side === undefined || side.silentMs < SILENT_MS;
  }

  /** Why no session can be taken and kept just now, by names. */
  unready({ starting, stopping }: { readonly starting: boolean; readonly stopping: boolean }): string[] {
    const { door, teller } = this.#parts;
    const reasons = { starting, stopping, 'audit-thread': !this.healthy, 'spool-full': door.full, 'spool-write': teller.isTroubled };
    return Object.entries(reasons).flatMap(([reason, holds]) => (holds ? reason : []));
  }

  close(): void {
    this.#metrics?.close();
  }
}

const statsOf = (callback: RunningCallback) => ({ name: callback.name, ...callback.stats() });
