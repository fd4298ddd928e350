import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { coherenceContract } from 'nest-orchestrator/testing';
import { Tokens } from '../support/redis/tokens.js';

let tokens: Tokens;
beforeEach(() => {
  tokens = new Tokens(process.env['REDIS_URL'] ?? '');
});
afterEach(() => tokens.close());

describe('the tokens in Redis', () => {
  it.each(coherenceContract)('$name', async ({ run }) => run(await tokens.fixture()));
});
