import { describe, expect, it } from '@jest/globals';
import { UnroutableError } from '../../../libs/orchestrator/src/errors/unroutable.error.js';

describe('a destination that nobody takes', () => {
  it('is told as the service that a person wrote, with the nearest and those there are', () => {
    const { message, destination, code } = new UnroutableError('aa.workflow', ['a.workflow', 'b.workflow']);
    expect(message).toBe('Service "aa" is not in this application. Services here: a, b.');
    expect([destination, code]).toEqual(['aa.workflow', 'UNROUTABLE']);
    expect(new UnroutableError('invocing.workflow', ['invoicing.workflow']).message).toContain(
      'Did you mean "invoicing"?',
    );
  });

  it('says what can be done where the transport does not know who is there', () => {
    expect(new UnroutableError('aa.workflow').message).toBe(
      'Service "aa" takes no messages. Correct the service in the cookbook, or deploy that service.',
    );
  });
});
