import { KEPT_OTHERWISE, lua, PRELUDE } from './prelude.js';

/** ARGV: epoch, line, seq or nothing. */
export const EXPECTS = lua`${PRELUDE}
local line = tonumber(field('epoch')) == tonumber(ARGV[1]) and read_line(ARGV[2])
return line and (ARGV[3] == '' or line.seq < tonumber(ARGV[3])) and 1 or 0
`;

const ASKING = lua`${PRELUDE}
local function status()
  if not field('epoch') then return { 'unknown' } end
  if field('ending') then return { 'ended', redis.call('GET', outputs) or field('summary') } end
  if field('cancelled') then return { 'cancelling' } end
  local main = read_line('')
  if not main then return { 'unknown' } end
  return { main.departure == 'hand_over' and 'delivery_requested' or 'running' }
end
`;

/** Answers the status; `ended` with the summary. */
export const STATUS = lua`${ASKING}
return status()
`;

/** Answers as {@link STATUS} does. */
export const CANCEL = lua`${ASKING}
if not field('epoch') then
  redis.call('HSET', run, 'epoch', '-1', 'cancelled', '1')
  redis.call('PEXPIRE', run, ${KEPT_OTHERWISE})
elseif not field('ending') then
  redis.call('HSET', run, 'cancelled', '1')
end
return status()
`;

/** ARGV: epoch, milliseconds for which the record is kept. */
export const REOPEN = lua`${PRELUDE}
local epoch, known = tonumber(ARGV[1]), tonumber(field('epoch'))
if (known or -1) < epoch then
  open(known, epoch, ARGV[2])
  write_line('', expected_line())
end
`;
