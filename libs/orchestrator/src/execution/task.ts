import type { TaskStep } from '../cookbook/cookbook.js';
import type { Run } from '../engine/run.js';

/** A task at a run's pointer, as the engine asks for it. */
export interface Task {
  readonly run: Run;
  readonly step: TaskStep;
  readonly path: string;
}
