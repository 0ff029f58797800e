import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import open, { check, openStore } from '../../callbacks/store.js';
import type { CallbackOptions } from '../../src/contract.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { pagesOf, type StoreUnderTest, SUITE_INDEXES, storeSuite } from '../store.suite.js';

const quiet = { info: () => undefined, warn: () => undefined };

/** The callback on a folder. */
export function openCallback(folder: string, options: CallbackOptions = {}) {
  const abort = new AbortController();
  const context = { name: 'store', node: 'n1', folder, log: quiet, signal: abort.signal };
  return { opened: open(options, context), abort: () => abort.abort() };
}

async function makeCallback(t: Test): Promise<CallbackUnderTest> {
  const folder = t.testdir();
  const { opened, abort } = openCallback(folder);
  const store = join(folder, 'audit/store');
  /** A file stands where its folder stood. */
  const fail = () => {
    renameSync(store, `${store}.away`);
    writeFileSync(store, '');
    return () => {
      rmSync(store);
      renameSync(`${store}.away`, store);
    };
  };
  return { callback: await opened, readBack: () => pagesOf(openStore({}, folder), {}), abort, fail };
}

callbackSuite(t, 'store', makeCallback);

async function makeStore(t: Test): Promise<StoreUnderTest> {
  const options = { path: join(t.testdir(), 'store'), indexes: SUITE_INDEXES };
  const callback = await openCallback('/', options).opened;
  return { write: (records) => callback.write(records), open: () => openStore(options, '/'), close: () => callback.close() };
}

storeSuite(t, 'store', makeStore);

t.test('refuses options that it cannot follow, and says how to mend them', async (t) => {
  t.throws(() => check({ path: 7 }, '/'), { name: 'OptionError', message: 'path: a folder' });
  t.throws(() => check({ indexes: ['text'] }, '/'), { name: 'OptionError', message: /^indexes: / });
  t.throws(() => check({ indexes: [['data.a', 'data.b', 'data.c', 'data.d']] }, '/'), { name: 'OptionError' });
  t.equal(check({ path: 'here', indexes: ['data.reason', ['custom.a.b', 'data.new']] }, '/'), undefined);
});
