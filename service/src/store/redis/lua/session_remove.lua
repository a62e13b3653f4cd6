-- Removes a session.
-- keys: session, sessions of its principal, sessions of its tenant; args: digest
redis.call('ZREM', keys[2], args[1])
redis.call('ZREM', keys[3], args[1])
if redis.call('HDEL', keys[1], args[1]) == 1 then
  return 'done'
end
return 'absent'
