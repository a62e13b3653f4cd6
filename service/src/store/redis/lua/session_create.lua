-- Adds a session. Sessions whose digests begin alike share a key and are told apart by the whole
-- digest, the field.
-- keys: session, sessions of its principal, sessions of its tenant
-- args: digest, now, ends, time to live, limit, value (times in milliseconds)
local now = tonumber(args[2])
local ends = redis.call('ZSCORE', keys[3], args[1])
if ends and tonumber(ends) > now and redis.call('HEXISTS', keys[1], args[1]) == 1 then
  return 'exists'
end
redis.call('ZREMRANGEBYSCORE', keys[2], '-inf', args[2])
redis.call('ZREMRANGEBYSCORE', keys[3], '-inf', args[2])
if redis.call('ZCARD', keys[2]) >= tonumber(args[5]) then
  return 'limit'
end
redis.call('HSET', keys[1], args[1], args[6])
redis.call('ZADD', keys[2], args[3], args[1])
redis.call('ZADD', keys[3], args[3], args[1])
for _, key in ipairs(keys) do
  if redis.call('PTTL', key) < tonumber(args[4]) then
    redis.call('PEXPIRE', key, args[4])
  end
end
return 'created'
