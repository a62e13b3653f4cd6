-- Appends one commit: the stream is the truth, the head says where it stands, the hash says what it
-- adds up to. All of it or, if the head is elsewhere, nothing.
-- keys: head, live, commits; args: base, position, epoch, frame, notes, channel, (key, value)*
local head = redis.call('GET', keys[1])
if head ~= args[1] then
  return head or ''
end
redis.call('XADD', keys[3], args[3] .. '-0', 'position', args[2], 'frame', args[4], 'notes', args[5])
for i = 7, #args, 2 do
  if args[i + 1] == '' then
    redis.call('HDEL', keys[2], args[i])
  else
    redis.call('HSET', keys[2], args[i], args[i + 1])
  end
end
redis.call('SET', keys[1], args[2])
redis.call('PUBLISH', args[6], args[2])
return 'done'
