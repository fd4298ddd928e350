import { describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { callerOf } from '../../../src/caller.js';

function contextOf(type: string, ...args: unknown[]): ExecutionContextHost {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return context;
}

describe('for whom a call acts', () => {
  it('is said by the headers of a request', () => {
    const headers = { 'x-tenant': 'harbour-home', 'x-person': 'ada' };
    expect(callerOf(contextOf('http', { headers }))).toEqual({ tenantId: 'harbour-home', personId: 'ada' });
  });

  it.each([[{}], [{ 'x-tenant': '', 'x-person': '' }]])('is nobody where the headers are %j', (headers) => {
    expect(callerOf(contextOf('http', { headers }))).toEqual({ tenantId: undefined, personId: undefined });
  });

  it('is said by the run of a step, whatever its input says', () => {
    const caller = { tenantId: 'harbour-home' };
    expect(callerOf(contextOf('orchestrator', { headers: { 'x-tenant': 'other' } }, { caller }))).toBe(caller);
  });

  it('is not known elsewhere', () => {
    expect(callerOf(contextOf('rpc', {}, {}))).toBeUndefined();
  });
});
