/** Options of the `store` callback. Receives what the operator wrote, gives settings, or refuses it with an OptionError. Opens nothing. */
import { resolve } from 'node:path';
import { type CallbackOptions, OptionError } from '../../src/contract.js';

export interface Settings {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** STORE_INDEXES: each a list of paths. */
  readonly indexes: readonly (readonly string[])[];
}

/** Paths of one joint index, at most. */
export const MOST_JOINT = 3;
const MOST_INDEXES = 16;
const PATH = /^(data|custom)(\.[^.]{1,100}){1,8}$/;

/** Throws OptionError. @param folder where a relative path starts */
export function readOptions({ path = 'audit/store', indexes = [] }: CallbackOptions, folder: string): Settings {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw new OptionError('path: a folder');
  return { folder: resolve(folder, path), indexes: readIndexes(indexes) };
}

/**
 * STORE_INDEXES as plain values: a list of paths, and of tuples of paths. Throws OptionError.
 */
export function readIndexes(given: unknown): readonly (readonly string[])[] {
  const refuse = (): never => {
    throw new OptionError(
      `indexes: at most ${MOST_INDEXES} paths below data or custom, 'custom.geo.country', or tuples of at most ${MOST_JOINT} of them`,
    );
  };
  if (!Array.isArray(given) || given.length > MOST_INDEXES) return refuse();
  return given.map((one: unknown) => {
    const joint: readonly unknown[] = Array.isArray(one) ? one : [one];
    const good = joint.length >= 1 && joint.length <= MOST_JOINT && joint.every((path) => typeof path === 'string' && PATH.test(path));
    return good ? (joint as readonly string[]) : refuse();
  });
}
