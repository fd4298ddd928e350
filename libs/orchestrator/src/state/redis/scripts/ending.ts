import { HELD, lua, OUTPUTS_KEPT } from './prelude.js';

/**
 * ARGV[6..]: status, summary, the summary with outputs or nothing, the channel of those who wait, what they are told.
 * Of an ended run the line of its last hop is kept, with its journal: that hop may come again to tell the end once more.
 */
export const END = lua`${HELD}
local line, name = held()
if not line then return 'fenced' end
if field('ending') then return 'ok' end
if field('cancelled') and ARGV[6] ~= 'cancelled' then return 'cancelled' end

drop(function(each)
  local kind = string.match(each, '^(%l+):')
  if kind == 'line' then return each ~= 'line:' .. name end
  return kind ~= nil and not (kind ~= 'part' and begins(each, kind .. ':' .. name .. '\n'))
end)
redis.call('HSET', run, 'ending', name .. '\n' .. text(line.seq) .. '\n' .. line.hop, 'summary', ARGV[7])
if ARGV[8] ~= '' then
  redis.call('SET', outputs, ARGV[8], 'PX', ${OUTPUTS_KEPT})
else
  redis.call('UNLINK', outputs)
end
redis.pcall('PUBLISH', ARGV[9], ARGV[10]) -- where that is not allowed, they look from time to time
return 'ok'
`;
