-- Sends the key of the environment and ends with one line of numbers: requests, microseconds of the
-- whole run, the median and the 99th percentile in microseconds, and how many requests failed.
local key = os.getenv("MKBILL_BENCH_KEY")
if key then
  wrk.headers["Authorization"] = "Bearer " .. key
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
