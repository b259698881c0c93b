-- Sends the JPEG files of a folder to the service, one a request, as fast as answers come (Debian's wrk):
-- wrk -t1 -c8 -d10 --latency -s tools/load.lua http://127.0.0.1:8080/v1/estimate -- FOLDER
local requests, at = {}, 0

function init(arguments)
  local list = io.popen('find "' .. arguments[1] .. '" -name "*.jpg"')
  for file in list:lines() do
    local handle = io.open(file, "rb")
    local body = handle:read("*a")
    handle:close()  -- wrk has few places for connections beyond the files that are open
    requests[#requests + 1] = wrk.format("POST", nil, {["Content-Type"] = "image/jpeg"}, body)
  end
  list:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

local bad = 0
function response(status)
  if status ~= 200 then bad = bad + 1 end
  if status ~= 200 and bad == 1 then print("status " .. status) end
end
