/** The suite over modules of an operator's own, loaded by path as a configuration names them. */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Callback, CallbackContext } from '../../src/contract.js';
import { loadCallback } from '../../src/spool/delivery/load.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { fixture, settingsFor } from '../delivery-bench.js';

const log = { info() {}, warn() {} };

async function load(module: string, out: string, options: { [name: string]: unknown }): Promise<CallbackUnderTest> {
  const signal = new AbortController();
  const context: CallbackContext = { name: 'mine', node: 'n1', folder: '.', log, signal: signal.signal };
  const loaded = await loadCallback(settingsFor(fixture(module), { options }), context);
  const callback: Callback =
    loaded.form === 'full'
      ? loaded.callback
      : {
          async write(records) {
            for (const record of records) await loaded.take(record);
          },
          async close() {},
        };
  return {
    callback,
    readBack: async () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []),
    abort: () => signal.abort(),
  };
}

callbackSuite(t, 'a simple module', async (t: Test) => {
  const out = join(t.testdir(), 'out');
  process.env.COLLECT_OUT = out;
  return load('simple', out, {});
});

callbackSuite(t, 'a full module', async (t: Test) => {
  const place = join(t.testdir(), 'place');
  mkdirSync(place);
  const out = join(place, 'out');
  const fail = () => {
    renameSync(place, `${place}.away`);
    return () => renameSync(`${place}.away`, place);
  };
  return { ...(await load('collect', out, { out })), fail };
});

callbackSuite(t, 'a module that refuses records', async (t: Test) => {
  const out = join(t.testdir(), 'out');
  return { ...(await load('picky', out, { out, at: 'bad' })), refuse: 'bad' };
});
