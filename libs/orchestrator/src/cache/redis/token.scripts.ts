import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * The tokens of tags as they are at one moment, and the epoch they belong to.
 *
 * KEYS: tags, each once. ARGV: what makes new tokens unique; milliseconds for which a token is kept; which of the keys, from 0,
 * are to be kept for longer. Returns the epoch, why there is none, and the tokens.
 *
 * The epoch is read in here because a connection may outlive it: a server can become a replica, and a primary again, under the
 * very same connection.
 */
const READ = `
local epoch, why = '', ''
local info = redis.pcall('INFO', 'replication')
if type(info) == 'string' then
  local role = string.match(info, 'role:(%S+)')
  if role and role ~= 'master' then
    return redis.error_reply('READONLY Tokens are those of the primary, and this server is: ' .. role)
  end
  epoch = string.match(info, 'master_replid:(%S+)') or ''
  if epoch == '' then why = 'INFO names no master_replid' end
else
  why = info.err or 'INFO says nothing'
end
local answer = { epoch, why }
for first = 1, #KEYS, 1000 do
  for _, token in ipairs(redis.call('MGET', unpack(KEYS, first, math.min(first + 999, #KEYS)))) do
    answer[#answer + 1] = token
  end
end
local kept, now = tonumber(ARGV[2]), nil
for at, key in ipairs(KEYS) do
  if not answer[at + 2] then
    now = now or redis.call('TIME')
    answer[at + 2] = ARGV[1] .. ':' .. now[1] .. string.format('%06d', now[2])
    redis.call('SET', key, answer[at + 2], 'PX', kept)
  end
end
for due = 3, #ARGV do
  local key = KEYS[tonumber(ARGV[due]) + 1]
  if redis.call('PTTL', key) < kept * 3 / 4 then redis.call('PEXPIRE', key, kept) end
end
return answer
`;

/**
 * Gives every tag one fresh token. Where there is no memory left for it the tag is left without one: whoever reads it makes one.
 *
 * KEYS: tags. ARGV: what makes the token unique; milliseconds for which it is kept.
 */
const PURGE = `
local now = redis.call('TIME')
local token = ARGV[1] .. ':' .. now[1] .. string.format('%06d', now[2])
for _, key in ipairs(KEYS) do
  local set = redis.pcall('SET', key, token, 'PX', ARGV[2])
  if set.err then
    if not string.find(set.err, 'OOM', 1, true) then return set end
    redis.call('DEL', key)
  end
end
return redis.status_reply('OK')
`;

/** A script that a server runs as one step, by its digest where it knows it already. */
class Script {
  private readonly digest: string;

  constructor(private readonly text: string) {
    this.digest = createHash('sha1').update(text).digest('hex');
  }

  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const given = [keys.length, ...keys, ...args] as const;
    try {
      return await client.evalsha(this.digest, ...given);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(this.text, ...given);
    }
  }
}

const reading = new Script(READ);
const purging = new Script(PURGE);

/** What a script that makes tokens is told. */
export interface TokenTerms {
  /** Never used before. */
  readonly unique: string;
  /** Milliseconds for which tokens are kept. */
  readonly kept: number;
}

/** Tokens of one moment. */
export interface TokensRead {
  /** Names the history of writes that they belong to. `''`: nobody knows. */
  readonly epoch: string;
  /** Why nobody knows. */
  readonly why: string;
  readonly tokens: readonly string[];
}

/** @param renewed which of the keys are to be kept for longer */
export async function readTokens(
  client: Redis,
  keys: readonly string[],
  { unique, kept }: TokenTerms,
  renewed: readonly number[],
): Promise<TokensRead> {
  const [epoch = '', why = '', ...tokens] = (await reading.run(client, keys, [unique, kept, ...renewed])) as string[];
  if (tokens.length !== keys.length) throw new Error(`${keys.length} tokens were asked for, and ${tokens.length} came`);
  return { epoch, why, tokens };
}

/** Every one of these keys has another token once it resolves. */
export async function replaceTokens(
  client: Redis,
  keys: readonly string[],
  { unique, kept }: TokenTerms,
): Promise<void> {
  await purging.run(client, keys, [unique, kept]);
}
