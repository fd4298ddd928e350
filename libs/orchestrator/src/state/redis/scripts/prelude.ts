/** Lua, as it is written: backslashes are Lua's. */
export const lua = String.raw;

const DAY = 24 * 60 * 60 * 1_000;

/** Milliseconds for which a record is kept beyond the moment at which its run must have ended, and beyond its holder's last word. */
export const KEPT_BEYOND = DAY;
/** Milliseconds for which the record of a run is kept of which nobody has said when it must have ended: the default lifetime, and a day. */
export const KEPT_OTHERWISE = 7 * DAY + KEPT_BEYOND;
/** Milliseconds for which outputs are kept after the end. */
export const OUTPUTS_KEPT = DAY;

/**
 * What all scripts share. One hash per run, KEYS[1]:
 *
 *     epoch            -1: cancelled before anybody has claimed it
 *     cancelled        it is to be cancelled
 *     ending           <line>␊<seq>␊<hop> of the hop that ended it
 *     summary          how it ended, JSON, without what KEYS[2] holds
 *     line:<line>      seq, hop, token, end of the lease, overdue, at, departure, whether it has a journal
 *     place:<line>␊<hop>   the seq that a message without one was given
 *     done:<line>␊<path>   an outcome, JSON
 *     part:<join>␊<part>   what a part arrived with, JSON
 *
 * KEYS[2] holds the summary with its outputs, for a shorter time. Names come as the inside of a JSON text, so that none holds a
 * line break. What is JSON here is never read or written by Lua, whose numbers and empty arrays differ. Every script may run
 * twice: the second run answers what the first did.
 */
export const PRELUDE = lua`
local run, outputs = KEYS[1], KEYS[2]

local function text(number) return string.format('%.17g', number) end

local time = redis.call('TIME') -- the same wherever a script asks
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function field(name) return redis.call('HGET', run, name) or nil end

local function begins(name, prefix) return string.sub(name, 1, #prefix) == prefix end

-- The fields for which it holds, a thousand at a time: Lua passes on so many values and no more.
local function each_thousand(wanted, use)
  local names = {}
  for _, name in ipairs(redis.call('HKEYS', run)) do
    if wanted(name) then names[#names + 1] = name end
  end
  for first = 1, #names, 1000 do
    use({ unpack(names, first, math.min(first + 999, #names)) })
  end
end

local function drop(unwanted)
  each_thousand(unwanted, function(names) redis.call('HDEL', run, unpack(names)) end)
end

-- The record lives that long from now on, or longer.
local function keep(ms)
  if redis.call('PTTL', run) < tonumber(ms) then redis.call('PEXPIRE', run, ms) end
end

-- A run begins, or begins anew in a higher epoch. What was asked of it before anybody had claimed it still counts.
local function open(known, epoch, kept_ms)
  local cancelled = known == -1 and field('cancelled')
  if known then redis.call('UNLINK', run, outputs) end -- else it would be a first write, which a full Redis lets the next follow
  redis.call('HSET', run, 'epoch', text(epoch))
  if cancelled then redis.call('HSET', run, 'cancelled', '1') end
  redis.call('PEXPIRE', run, kept_ms)
end

local function read_line(name)
  local kept = field('line:' .. name)
  if not kept then return nil end
  local seq, hop, token, leased, overdue, at, departure, journal = unpack(cjson.decode(kept))
  return {
    seq = tonumber(seq), hop = hop, token = token, leased = tonumber(leased), overdue = overdue == '1',
    at = at, departure = departure, journal = journal == '1',
  }
end

local function as_text(line)
  return cjson.encode({
    text(line.seq), line.hop, line.token, text(line.leased), line.overdue and '1' or '0',
    line.at, line.departure, line.journal and '1' or '0',
  })
end

local function write_line(name, line) redis.call('HSET', run, 'line:' .. name, as_text(line)) end

local function new_line(seq, hop, token, at)
  return { seq = seq, hop = hop, token = token, leased = 0, overdue = false, at = at, departure = '', journal = false }
end

-- Of which a message will be claimed.
local function expected_line() return new_line(-1, '', '', '0') end

local function drop_journal(name)
  drop(function(each) return begins(each, 'done:' .. name .. '\n') end)
end

-- Of an ended run its own last message alone may come again.
local function ended_by_another(name, seq, hop)
  local ending = field('ending')
  return ending and ending ~= name .. '\n' .. text(seq) .. '\n' .. hop
end

-- When the message was granted under this token: microseconds.
local function granted_at(token) return tonumber(string.match(token, '^(%d+)%.')) or 0 end

local function to_be_cancelled() return field('cancelled') and not field('ending') end
`;

/**
 * For the scripts of a holder, ARGV[1..5]: epoch, line, seq, hop, token. What is absent is made again: the store started empty
 * meanwhile. So is what is older than the holder, which was granted it by this store: then a failover or a crash of the server
 * has lost the newest of its writes, and nobody else holds the line.
 */
export const HELD = lua`${PRELUDE}
local function held()
  local epoch, name, seq, hop, token = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
  local known = tonumber(field('epoch'))
  if known and epoch < known then return nil end
  if known ~= epoch then open(known, epoch, ${KEPT_OTHERWISE}) end
  if ended_by_another(name, seq, hop) then return nil end

  local line = read_line(name)
  if not line or line.seq < seq then
    if line and line.journal then drop_journal(name) end
    line = new_line(seq, hop, token, text(now))
    write_line(name, line)
  elseif line.seq == seq and line.hop == hop and granted_at(line.token) < granted_at(token) then
    line.token = token
    write_line(name, line)
  end
  if line.seq ~= seq or line.hop ~= hop or line.token ~= token then return nil end
  keep(${KEPT_BEYOND})
  return line, name
end
`;
