/** All that is fuzzed, by name. */
import type { Target } from './input.js';
import { conf } from './targets/conf.js';
import { decode } from './targets/decode.js';
import { frames } from './targets/frames.js';
import { gather } from './targets/gather.js';
import { mask } from './targets/mask.js';
import { pipeline } from './targets/pipeline.js';
import { proxy } from './targets/proxy.js';
import { websocket } from './targets/websocket.js';

export const TARGETS: readonly Target[] = [decode, gather, mask, pipeline, websocket, proxy, conf, frames];
