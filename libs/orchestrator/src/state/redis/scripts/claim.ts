import { lua, PRELUDE } from './prelude.js';

/**
 * ARGV: epoch, line, seq or nothing, hop, a random id, milliseconds of the lease, `at`, milliseconds for which the record is kept.
 * Answers `stale`, `ended`, `busy` and for how long; or the kind of grant, seq, token, `at`, whether a fork was left, the
 * summary, and the journal: path, outcome, path, outcome…
 */
export const CLAIM = lua`${PRELUDE}
local epoch, name, hop, id = tonumber(ARGV[1]), ARGV[2], ARGV[4], ARGV[5]
local known = tonumber(field('epoch'))
if known and epoch < known then return { 'stale' } end
if known ~= epoch then open(known, epoch, ARGV[8]) end

local line = read_line(name)
local place = 'place:' .. name .. '\n' .. hop
local seq = tonumber(ARGV[3]) or (line and tonumber(field(place))) or math.max(line and line.seq or 0, 0) + 1
local same = line and line.seq == seq and line.hop == hop
if line and not same and seq <= line.seq then return { 'stale' } end
if ended_by_another(name, seq, hop) then return { 'ended' } end

local again = same and string.sub(line.token, -#id - 1) == '.' .. id -- this very call, whose answer was lost
local leased = line and (same or line.overdue) and line.leased - now or 0
if leased > 0 and not again then return { 'busy', text(leased) } end

if ARGV[3] == '' then redis.call('HSET', run, place, text(seq)) end
if line and not same and line.journal then drop_journal(name) end
local taken = same and line or new_line(seq, hop, '', ARGV[7])
if not again then taken.token = string.format('%d%06d.%s', time[1], time[2], id) end
taken.leased, taken.overdue = now + tonumber(ARGV[6]), false
write_line(name, taken)
keep(ARGV[8])

local kind, summary = 'granted', ''
if field('ending') then
  kind, summary = 'ended-here', redis.call('GET', outputs) or field('summary')
elseif field('cancelled') then
  kind = 'cancelled'
end
local answer = { kind, text(seq), taken.token, taken.at, taken.departure == 'fork' and '1' or '0', summary }
if taken.journal then
  local prefix = 'done:' .. name .. '\n'
  each_thousand(function(each) return begins(each, prefix) end, function(names)
    local outcomes = redis.call('HMGET', run, unpack(names))
    for i, each in ipairs(names) do
      answer[#answer + 1] = string.sub(each, #prefix + 1)
      answer[#answer + 1] = outcomes[i]
    end
  end)
end
return answer
`;
