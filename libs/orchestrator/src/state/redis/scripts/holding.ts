import { HELD, lua } from './prelude.js';

/** ARGV[6..]: `fork`, `hand_over` or nothing; how many lines that makes, and each; then path, outcome, path, outcome… */
export const RECORD = lua`${HELD}
local line, name = held()
if not line then return 'fenced' end

local departure, lines = ARGV[6], tonumber(ARGV[7])
local first = 8 + lines
for i = first, #ARGV, 2 do redis.call('HSET', run, 'done:' .. name .. '\n' .. ARGV[i], ARGV[i + 1]) end
local cancelled = to_be_cancelled()
local left = departure == 'fork' or (departure ~= '' and not cancelled)
if left or (first < #ARGV and not line.journal) then
  if left then line.departure = departure end
  line.journal = line.journal or first < #ARGV
  write_line(name, line)
end
if departure ~= 'fork' then return cancelled and 'cancelled' or 'ok' end
local expected = as_text(expected_line())
for i = 8, first - 1 do redis.call('HSETNX', run, 'line:' .. ARGV[i], expected) end
return 'ok'
`;

/** ARGV[6..]: milliseconds of the lease, whether a handler is overdue. */
export const EXTEND = lua`${HELD}
local line, name = held()
if not line then return 'fenced' end
line.leased, line.overdue = now + tonumber(ARGV[6]), ARGV[7] == '1'
write_line(name, line)
return to_be_cancelled() and 'cancelled' or 'ok'
`;

/** ARGV[6..]: line and seq of the fork, join, part, what it came to, and all parts. Answers what all came to, in that order; or one word. */
export const ARRIVE = lua`${HELD}
if not held() then return 'fenced' end
local parent = read_line(ARGV[6])
if parent and parent.seq > tonumber(ARGV[7]) then return 'over' end
local prefix = 'part:' .. ARGV[8] .. '\n'
redis.call('HSETNX', run, prefix .. ARGV[9], ARGV[10])
local results = {}
for i = 11, #ARGV do
  local result = field(prefix .. ARGV[i])
  if not result then return 'waiting' end
  results[#results + 1] = result
end
return results
`;
