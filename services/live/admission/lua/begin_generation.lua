-- ARGV: now, how long only claims are admitted. Answers {generation, rebuild_until, whether it began}.
local found = redis.call('HMGET', KEYS[1], 'generation', 'rebuild_until')
if found[1] then return {tonumber(found[1]), tonumber(found[2]), 0} end
-- What a partial loss may have left belongs to nothing any more; the changes do: they are yet to be stored.
for i = 2, 9 do redis.call('DEL', KEYS[i]) end
local generation, rebuild_until = ARGV[1] * 1000, ARGV[1] + ARGV[2]
redis.call('HSET', KEYS[1], 'generation', string.format('%.0f', generation), 'rebuild_until',
  string.format('%.0f', rebuild_until), 'sequence', string.format('%.0f', generation), 'turn', '0')
return {generation, rebuild_until, 1}
