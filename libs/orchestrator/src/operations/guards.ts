import type { CanActivate } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { ApplicationConfig, NestContainer } from '@nestjs/core';
import { GuardsContextCreator } from '@nestjs/core/guards/index.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import { handlerName, type Handler } from './handler.js';

/** Resolves an operation's guards, and refuses to leave one out. */
export class OperationGuards extends GuardsContextCreator {
  constructor(
    container: NestContainer,
    config: ApplicationConfig,
    private readonly handler: Handler,
  ) {
    super(container, config);
  }

  /** @throws ConfigurationError when fewer guards would run than the application and the class declare */
  override create(...args: Parameters<GuardsContextCreator['create']>): CanActivate[] {
    const guards = super.create(...args);
    const [, , , contextId, inquirerId] = args;
    const declared = [this.handler.type, this.handler.method].flatMap(guardsOn);
    const expected = this.getGlobalMetadata(contextId, inquirerId).length + declared.length;
    if (guards.length >= expected) return guards;
    throw new ConfigurationError(
      `Of the ${expected} guards declared for ${handlerName(this.handler)} (global, class, method) Nest resolved ` +
        `${guards.length}: a step would pass unguarded. Either its method was replaced by a wrapper without its metadata (copy ` +
        'every Reflect metadata key of the method), or a guard has no canActivate().',
    );
  }
}

const guardsOn = (target: object): unknown[] =>
  (Reflect.getMetadata(GUARDS_METADATA, target) as unknown[] | undefined) ?? [];
