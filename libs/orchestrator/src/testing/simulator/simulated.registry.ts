import type { Bracket } from '../../operations/handler-call.js';
import type { OperationContext } from '../../operations/operation.js';
import { type BoundOperation, OperationRegistry } from '../../operations/operation.registry.js';
import type { Execution } from './history.js';
import type { Stage } from './stage.js';

/** The application's operations, whose handlers act on a stage: each execution is noted at the moment it acts. */
export class SimulatedOperationRegistry extends OperationRegistry {
  constructor(private readonly stage: Stage) {
    super();
  }

  override find(...asked: Parameters<OperationRegistry['find']>): BoundOperation {
    const operation = super.find(...asked);
    const { stage } = this;
    return {
      ...operation,
      invoke: (input: unknown, context: OperationContext, by?: Bracket) => {
        const { current: delivery } = stage.context;
        if (delivery === undefined) return operation.invoke(input, context, by);
        const { path, attempt } = context;
        return stage.call({
          port: 'handle',
          paths: [path],
          about: () => `${context.service}.${operation.name} ${path}#${attempt}`,
          act: async () => {
            const execution: Execution = {
              service: context.service,
              operation: operation.name,
              path,
              attempt,
              epoch: delivery.hop?.epoch ?? 0,
              idempotencyKey: context.idempotencyKey,
              input,
              mutates: operation.mutates,
              delivery,
              output: undefined,
              running: true,
              recorded: false,
              carried: false,
              excuse: undefined,
            };
            stage.history.noteExecution(execution);
            const output = await operation.invoke(input, context, by);
            execution.output = JSON.stringify(output);
            return output;
          },
        });
      },
    };
  }
}
