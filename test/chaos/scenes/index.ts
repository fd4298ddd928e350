import type { Case } from '../case.js';
import { BROKER } from './broker.js';
import { CACHE } from './cache.js';
import { FULL } from './full.js';
import { NETWORK } from './network.js';
import { SMOKE } from './smoke.js';

export { SMOKE };
export const ALL: readonly Case[] = [...SMOKE, ...FULL, ...NETWORK, ...BROKER, ...CACHE];
