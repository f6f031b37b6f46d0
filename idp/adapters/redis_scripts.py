"""What Redis does in one step where no command of its own does it. Not here: when (`redis_store`)."""

# Sent with their text (EVAL): a script called by its hash may be unknown to a server that was restarted, and what
# follows it in the same write would be done before it is sent again.

# KEYS[1]: record. ARGV: expected version, new envelope, life in ms or "" to keep the present one. Returns 1 if swapped.
SWAP = """
local record = redis.call('GET', KEYS[1])
if not record or string.match(record, '^%d+') ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""
# KEYS[1]: counter. ARGV: life of the window in ms, set by the first count only.
COUNT = """
local counted = redis.call('INCR', KEYS[1])
if counted == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return counted
"""
# KEYS: counter, record. ARGV: life of the window, the highest count that writes, envelope, life. Returns 1 if written.
PUT_COUNTED = """
local counted = redis.call('INCR', KEYS[1])
if counted == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
if counted > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return 1
"""
# KEYS: counters. ARGV: for each its highest count and the life of its window. Returns what each comes to, or would.
COUNT_ALL = """
local counts, is_allowed = {}, true
for number, name in ipairs(KEYS) do
  counts[number] = tonumber(redis.call('GET', name) or '0') + 1
  if counts[number] > tonumber(ARGV[2 * number - 1]) then is_allowed = false end
end
if not is_allowed then return counts end
for number, name in ipairs(KEYS) do
  redis.call('INCR', name)
  if counts[number] == 1 then redis.call('PEXPIRE', name, ARGV[2 * number]) end
end
return counts
"""
# KEYS[1]: members, each with the instant of its end in ms. ARGV: a member, its life in ms. Returns how many live. The
# clock is the server's: one for all nodes.
NOTE_MEMBER = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('ZCARD', KEYS[1])
"""
# KEYS[1]: members.
MEMBERS = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')
"""
