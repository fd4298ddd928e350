import type { TaskStep } from '../cookbook/cookbook.js';
import type { Failure } from '../errors/failure.js';
import type { PartResult } from './frame.js';
import type { Run } from './run.js';

/** The next move of a run. `engine/` decides it, the hop makes it. */
export type Transition = { readonly run: Run } & Move;

type Move =
  /** Run this task: here if it belongs here, else send the run to `service`. */
  | { readonly kind: 'execute'; readonly step: TaskStep; readonly path: string; readonly service: string }
  /** Control flow pinned to another service. */
  | { readonly kind: 'forward'; readonly service: string }
  /** Continue later: `ms` from now, to be jittered, and not before `after` ms (a back-off); or at `until` (a wait). */
  | { readonly kind: 'delay'; readonly ms: number; readonly after?: number }
  | { readonly kind: 'delay'; readonly until: number }
  /** The same run, to be resumed: so much control flow was interpreted that others must have their turn. */
  | { readonly kind: 'pause' }
  /** The innermost frame is to be split; `join` is its path. */
  | { readonly kind: 'fork'; readonly join: string }
  /** A part has ended and is to meet its sisters. */
  | {
      readonly kind: 'arrive';
      readonly join: string;
      readonly part: string;
      readonly of: readonly string[];
      readonly result: PartResult;
    }
  /** Somebody outside is to deliver `output`, and to send the run back with how that went. */
  | { readonly kind: 'hand_over'; readonly output: unknown }
  | { readonly kind: 'complete'; readonly output: unknown }
  | { readonly kind: 'fail'; readonly failure: Failure };
