-- Pipelining for wrk 4.0 to 4.2:   wrk [options] -s pipeline.lua URL -- DEPTH
--
-- Writes DEPTH requests at once on every connection, then waits for all their answers. If the
-- environment variable WRK_RESULT names a file, what wrk counted is also written there as JSON.
--
-- If WRK_CHECK is set, every answer is checked: its status must be 200, its body WRK_CHECK, and it
-- must have the header fields that WRK_CHECK_FIELDS names in lower case, separated by spaces. That
-- costs the generator time, so a rate with it is nobody's.

local ffi = require("ffi")

local function fail(message)
   io.stderr:write("pipeline.lua: ", message, "\n")
   os.exit(1)
end

-- wrk asks wrk.format() once in each thread for the request and keeps the answer. A global
-- request() would be called for every batch instead.
function init(args)
   local word = args[1]
   if word == nil then
      fail("the depth is missing: wrk ... URL -- DEPTH")
   end
   local depth = word:match("^%d+$") and tonumber(word)
   if not depth or depth < 1 or depth > 10000 then
      fail(("the depth must be a whole number from 1 to 10000, not '%s'"):format(word))
   end
   local batch = wrk.format():rep(depth)
   wrk.format = function() return batch end
   pipeline_depth = depth -- global: done() asks the threads for it
end

-- wrk calls a global response() for every answer, so there is none unless answers are checked.
-- done() asks the threads for the globals here: numbers and texts, as wrk crashes on a table.
local wanted = os.getenv("WRK_CHECK")
if wanted then
   local fields = {}
   for name in (os.getenv("WRK_CHECK_FIELDS") or ""):gmatch("%S+") do
      fields[#fields + 1] = name
   end
   checked, wrong_body, lacking_field, first_wrong = 0, 0, 0, ""

   local function note(text)
      if first_wrong == "" then first_wrong = text end
   end

   local function lacking(headers)
      local names = {}
      for name in pairs(headers) do names[name:lower()] = true end
      for _, name in ipairs(fields) do
         if not names[name] then return name end
      end
   end

   function response(status, headers, body)
      checked = checked + 1
      if status ~= 200 then
         local name = "status_" .. status
         _G[name] = (_G[name] or 0) + 1
         note(("status %d, body %s"):format(status, body:sub(1, 60)))
      elseif body ~= wanted then
         wrong_body = wrong_body + 1
         note("body " .. body:sub(1, 60))
      else
         local name = lacking(headers)
         if name then
            lacking_field = lacking_field + 1
            note("no field " .. name)
         end
      end
   end
end

local threads = {}

function setup(thread)
   threads[#threads + 1] = thread
end

-- Every number here is a count held in a double. "%.0f" writes it out in full, where tostring()
-- would begin to round at 1e+14.
local function whole(number)
   return ("%.0f"):format(number)
end

-- What wrk keeps its latencies in: data[n] counts those of n microseconds. latency(i) finds the
-- i-th one by walking from min, which takes minutes for a long histogram, and it never sees
-- what wrk's correction has put below min. So the array is read where it lies.
ffi.cdef [[
typedef struct {
   uint64_t count, limit, min, max;
   uint64_t data[];
} pipeline_stats;
]]

-- Nil if this wrk turns out to keep something else there.
local function read_array(latency)
   local stats = ffi.cast("pipeline_stats **", latency)[0]
   if tonumber(stats.min) ~= latency.min or tonumber(stats.max) ~= latency.max
      or stats.max >= stats.limit then
      return nil
   end
   local histogram, distinct = {}, 0
   local sum = 0ULL
   for value = 0, tonumber(stats.max) do
      local count = stats.data[value]
      if count > 0 then
         histogram[#histogram + 1] = { value, tonumber(count) }
         sum = sum + count
         if value >= stats.min then distinct = distinct + 1 end
      end
   end
   if sum ~= stats.count or distinct ~= #latency then
      return nil
   end
   return histogram
end

local function read_slowly(latency)
   local histogram = {}
   for i = 1, #latency do
      histogram[i] = { latency(i) }
   end
   return histogram
end

local function describe_latency(latency)
   if latency.max == 0 and #latency == 0 then
      return '{"min_us": null, "max_us": null, "complete": true, "histogram": []}'
   end
   local understood, histogram = pcall(read_array, latency)
   local complete = understood and histogram ~= nil
   if not complete then
      histogram = read_slowly(latency)
   end
   local bins = {}
   for i, bin in ipairs(histogram) do
      bins[i] = "[" .. whole(bin[1]) .. ", " .. whole(bin[2]) .. "]"
   end
   return ('{"min_us": %s, "max_us": %s, "complete": %s, "histogram": [%s]}'):format(
      whole(latency.min), whole(latency.max), tostring(complete), table.concat(bins, ", "))
end

-- A text of a stranger as a string of JSON.
local function quoted(text)
   return '"' .. text:gsub('[%c"\\\128-\255]', function(byte)
      return ("\\u%04x"):format(byte:byte())
   end) .. '"'
end

local function sum_over_threads(name)
   local sum = 0
   for _, thread in ipairs(threads) do sum = sum + (thread:get(name) or 0) end
   return sum
end

local function describe_check()
   if not wanted then return "" end
   local first, statuses = "", {}
   for _, thread in ipairs(threads) do
      if first == "" then first = thread:get("first_wrong") end
   end
   for status = 100, 999 do
      local count = sum_over_threads("status_" .. status)
      if count > 0 then statuses[#statuses + 1] = ('"%d": %s'):format(status, whole(count)) end
   end
   return (',\n "checked": {"answers": %s, "other_statuses": {%s}, "wrong_body": %s,'
      .. ' "lacking_field": %s, "first_wrong": %s}'):format(
      whole(sum_over_threads("checked")), table.concat(statuses, ", "),
      whole(sum_over_threads("wrong_body")), whole(sum_over_threads("lacking_field")),
      quoted(first))
end

function done(summary, latency, requests)
   local path = os.getenv("WRK_RESULT")
   if not path then return end
   local errors = {}
   for i, kind in ipairs { "connect", "read", "write", "status", "timeout" } do
      errors[i] = ('"%s": %s'):format(kind, whole(summary.errors[kind]))
   end
   local result = ('{"schema_version": 1, "depth": %s, "threads": %d, "duration_us": %s,'
      .. ' "requests": %s, "bytes": %s,\n "errors": {%s},\n "latency": %s%s}\n'):format(
      whole(threads[1]:get("pipeline_depth")), #threads, whole(summary.duration),
      whole(summary.requests), whole(summary.bytes), table.concat(errors, ", "),
      describe_latency(latency), describe_check())

   -- Under another name until it is whole.
   local part = path .. ".part"
   local file, problem = io.open(part, "w")
   if not file then fail("cannot write the result: " .. problem) end
   local written, complaint = file:write(result)
   local closed = file:close()
   if not (written and closed) then fail("cannot write " .. part .. ": " .. tostring(complaint)) end
   local renamed, reason = os.rename(part, path)
   if not renamed then fail("cannot write the result: " .. reason) end
end
