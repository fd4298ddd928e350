import { Inject, Optional, type InjectionToken } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { HandlerModule } from './handler.js';

/**
 * Says which services a module sees: those whose token it can inject. Nest itself answers, so a direct import, a re-export
 * and `isGlobal` all count, and the order of imports does not. Ask from `onModuleInit` on, when every provider exists.
 *
 * @param tokens by service
 */
export function ownerProbe(
  tokens: ReadonlyMap<string, InjectionToken>,
): (module: HandlerModule) => Promise<readonly string[]> {
  class OwnerProbe {
    readonly visible: readonly unknown[];
    constructor(...candidates: unknown[]) {
      this.visible = candidates;
    }
  }
  [...tokens.values()].forEach((token, index) => {
    Inject(token)(OwnerProbe, undefined, index);
    Optional()(OwnerProbe, undefined, index);
  });

  return async (module) => {
    const moduleRef = module.getProviderByKey<ModuleRef>(ModuleRef).instance;
    const { visible } = await moduleRef.create(OwnerProbe);
    return [...tokens.keys()].filter((_, index) => visible[index] !== undefined);
  };
}
