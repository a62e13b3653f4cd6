-- Fills an empty feed, part by part; the last part brings the position.
-- keys: head, live, commits; args: position or '', channel, (key, value)*
local head = redis.call('GET', keys[1])
if head then
  return head
end
for i = 3, #args, 2 do
  redis.call('HSET', keys[2], args[i], args[i + 1])
end
if args[1] ~= '' then
  redis.call('DEL', keys[3])
  redis.call('SET', keys[1], args[1])
  redis.call('PUBLISH', args[2], args[1])
end
return 'done'
