import type { ApplicationConfig } from '@nestjs/core';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import type { HandlerId } from '../operations/handler.js';

/**
 * The interceptor of `@nestjs/cache-manager`, or one that extends it, in front of a handler: it answers from a cache that no
 * change purges. `undefined`: there is none.
 * @returns the name of its class
 */
export function foreignCacheOf({ type, methodName }: HandlerId, config: ApplicationConfig): string | undefined {
  const { [methodName]: method } = type.prototype as Record<string, object>;
  const interceptors = [method, type].flatMap((target) => (target && (Reflect.getMetadata(INTERCEPTORS_METADATA, target) as unknown[] | undefined)) ?? []); // prettier-ignore
  const everywhere = [
    ...config.getGlobalInterceptors(),
    ...config.getGlobalRequestInterceptors().map(({ metatype }) => metatype),
  ];
  return [...interceptors, ...everywhere].map(namesOf).find((names) => names.includes('CacheInterceptor'))?.[0];
}

/** The names of an interceptor's class, and of those that it extends. By name: the package need not be there. */
function namesOf(interceptor: unknown): string[] {
  const names: string[] = [];
  const type: unknown = typeof interceptor === 'function' ? interceptor : (Object(interceptor) as object).constructor;
  for (let at = type; typeof at === 'function' && at.name !== ''; at = Object.getPrototypeOf(at)) names.push(at.name);
  return names;
}
