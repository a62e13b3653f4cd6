-- Replaces a session, if it still is what it was read as.
-- keys: session, sessions of its principal, sessions of its tenant
-- args: digest, value as it was read, new value, ends, time to live (milliseconds)
if redis.call('HGET', keys[1], args[1]) ~= args[2] then
  return 'changed'
end
redis.call('HSET', keys[1], args[1], args[3])
redis.call('ZADD', keys[2], args[4], args[1])
redis.call('ZADD', keys[3], args[4], args[1])
for _, key in ipairs(keys) do
  if redis.call('PTTL', key) < tonumber(args[5]) then
    redis.call('PEXPIRE', key, args[5])
  end
end
return 'done'
