import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Subscription } from 'rxjs';
import { ON_WORKFLOW_EVENT_METADATA } from './on-workflow-event.decorator.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import { describeError, stackOf } from '../utils/describe-error.js';
import type { WorkflowEvents } from './workflow-events.js';
import type { WorkflowEvent, WorkflowEventType } from './workflow.event.js';

type Listener = (event: WorkflowEvent) => unknown;

/** Calls the methods that are marked with `@OnWorkflowEvent`. What they throw is logged: it disturbs no run. */
export class EventListeners implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EventListeners.name);
  private readonly scanner = new MetadataScanner();
  private subscription: Subscription | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly events: WorkflowEvents,
  ) {}

  onApplicationBootstrap(): void {
    const listeners = this.find();
    if (listeners.size === 0) return;
    this.subscription = this.events.events$.subscribe((event) => {
      for (const listener of listeners.get(event.type) ?? []) void this.call(listener, event);
    });
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  private find(): Map<WorkflowEventType, Listener[]> {
    const listeners = new Map<WorkflowEventType, Listener[]>();
    for (const host of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = host.instance;
      if (typeof instance !== 'object' || instance === null) continue;
      const owner = instance as Record<string, Listener>;
      for (const name of this.scanner.getAllMethodNames(Object.getPrototypeOf(owner) as object | null)) {
        const types = Reflect.getMetadata(ON_WORKFLOW_EVENT_METADATA, owner[name] ?? {}) as
          WorkflowEventType[] | undefined;
        if (types !== undefined && !host.isDependencyTreeStatic()) throw scoped(`${String(host.name)}.${name}`);
        for (const type of types ?? []) {
          listeners.set(type, [...(listeners.get(type) ?? []), (event) => owner[name]?.(event)]);
        }
      }
    }
    return listeners;
  }

  private async call(listener: Listener, event: WorkflowEvent): Promise<void> {
    try {
      await listener(event);
    } catch (error) {
      this.logger.error(`A listener of "${event.type}" failed.`, stackOf(error) ?? describeError(error));
    }
  }
}

function scoped(listener: string): ConfigurationError {
  return new ConfigurationError(
    `@OnWorkflowEvent on ${listener}: its class is made anew for every request, and an event belongs to none. Put the method ` +
      'on a class of the default scope.',
  );
}
