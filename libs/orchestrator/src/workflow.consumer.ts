import { randomUUID } from 'node:crypto';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { MessageHandler, Server } from '@nestjs/microservices';
import type { Brackets } from './cache/brackets.js';
import type { TaskRunner } from './execution/task.runner.js';
import type { Hop } from './hop.js';
import { textOf } from './message/payload.js';
import type { StateStore } from './state/state.store.js';
import { deadOf, workflowOf } from './transports/destinations.js';
import { Intake } from './transports/intake.js';
import type { Publisher } from './transports/publisher.js';
import type { HopResult } from './transports/router.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';
import { describeError } from './utils/describe-error.js';

/** Milliseconds that hops have to put their messages back once their handlers were told to stop. */
const PUT_BACK_WITHIN = 1_000;

/**
 * MESSAGE IN: hands workflow messages to the hop, from the moment the application is up until it shuts down. They come from
 * our own transport, from every server that the application connected, and by hand.
 */
export class WorkflowConsumer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(WorkflowConsumer.name);
  private readonly destination: string;
  private readonly intake: Intake;

  constructor(
    private readonly settings: { readonly service: string; readonly shutdownGrace: number },
    private readonly transport: WorkflowTransport,
    private readonly hop: Hop,
    private readonly tasks: TaskRunner,
    private readonly publisher: Publisher,
    private readonly state: StateStore,
    private readonly brackets: Brackets,
    modules: ModulesContainer,
    clock: Clock,
  ) {
    this.destination = workflowOf(settings.service);
    this.intake = new Intake(settings.service, clock);
    // Tells of servers connected so far and later, each before Nest binds the handlers of the application to it.
    modules.getRpcTargetRegistry<Partial<Server>>().subscribe((server) => {
      this.subscribeTo(server);
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.transport.consume(this.destination, (message) => this.hop.handle(message));
    await this.transport.consume(deadOf(this.settings.service), (message) => this.hop.bury(message));
    this.intake.open();
  }

  /** Waits for the steps at work; those that outlast the grace are told to stop, and their messages are put back. */
  async onModuleDestroy(): Promise<void> {
    await this.stop(this.settings.shutdownGrace);
    this.tasks.abort();
    await this.stop(PUT_BACK_WITHIN);
    this.publisher.close();
    await this.transport.close();
    await this.state.close();
    await this.brackets.close();
  }

  /**
   * Handles a message that our own transport did not bring, once the application is up. Resolves when it may be
   * acknowledged; rejects when it must come again.
   * @throws TransportClosedError once the application closes
   */
  handle(body: string): Promise<HopResult> {
    return this.intake.admit(() => this.hop.handle({ body, messageId: randomUUID(), deliveries: 1 }));
  }

  private async stop(graceMs: number): Promise<void> {
    await Promise.all([this.transport.stop(graceMs), this.intake.stop(graceMs)]);
  }

  /**
   * Straight to the server, not as an `@EventPattern`: guards, pipes and interceptors of the application stand before its own
   * handlers, not before our event. A strategy that takes no handlers brings no messages either.
   */
  private subscribeTo(server: Partial<Server>): void {
    // A function of its own for each server: a server chains the handlers of one event on the function itself.
    const handler: MessageHandler<unknown, unknown, unknown> = async (payload, context) => {
      // The first of a chain calls the others: what acknowledges by hand must not when the message is to come again.
      return (await this.receive(payload)) ? handler.next?.(payload, context) : undefined;
    };
    server.addHandler?.(this.destination, handler, true);
  }

  /**
   * Whether the message is done with. Never rejects: what a server makes of that is its own affair, down to ending the
   * process. Nothing is acknowledged here.
   */
  private async receive(payload: unknown): Promise<boolean> {
    try {
      await this.handle(textOf(payload));
      return true;
    } catch (error) {
      // The body is the run's, and stays out of the log.
      this.logger.error(`A message to "${this.destination}" was not handled: ${describeError(error)}`);
      return false;
    }
  }
}
