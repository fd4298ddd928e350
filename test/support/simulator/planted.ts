import type { Planted } from './plant.js';
import { IN_THE_HOP } from './planted-hop.js';
import { IN_THE_STORE } from './planted-store.js';

/** Every fault that the simulator must find. */
export const PLANTED: readonly Planted[] = [...IN_THE_STORE, ...IN_THE_HOP];
