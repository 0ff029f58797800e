/** What a program under attack may hold in memory, and how that is looked at. */
import type { Test } from 'tap';
import type { Program } from '../harness.js';
import { until } from '../wait.js';

export const MIB = 1024 ** 2;

/**
 * What the rooms may hold, whatever peers do: the door (1,024 slabs of 64 KiB), the journal (32 MiB that wait for the disk, one slab of records, in
 * buffers that double), heaps of the threads with what is not collected yet.
 */
export const BOUND = (64 + 192 + 192) * MIB;

/** What a session may hold: of each direction an open line of 64 KiB in buffers that double, and its sockets and objects. */
export const PER_SESSION = 2 * 128 * 1024 + 64 * 1024;

/** The most that a program's memory has grown by since this was made. */
export class Growth {
  readonly #program: Program;
  readonly #before: number;
  most = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#before = program.residentBytes;
  }

  look(): void {
    this.most = Math.max(this.most, this.#program.residentBytes - this.#before);
  }

  /** Looks until a condition holds. */
  async until(holds: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
    const looks = (): boolean => {
      this.look();
      return holds();
    };
    await until(looks, what, timeoutMs);
  }

  /** Looks for so many milliseconds. */
  async during(ms: number): Promise<void> {
    const end = performance.now() + ms;
    await this.until(() => performance.now() >= end, 'the time');
  }

  within(t: Test, bytes: number): void {
    t.ok(this.most <= bytes, `grew by ${(this.most / MIB).toFixed(1)} MiB; the bound is ${(bytes / MIB).toFixed(1)} MiB`);
  }
}
