-- The load of bench/run: single-event POSTs with a source_ref that no other request has. Six of ten go to one of
-- 1000 known projects, the others open new ones. RUN (environment) tells the runs of one server apart.
local known = 1000
local run = os.getenv("RUN") or "0"

local threads = 0
function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local headers = {}
for _, source in ipairs({"ecommerce", "erp", "oms", "tms", "tms_lastmile", "wfm"}) do
  headers[source] = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer dev-" .. source}
end

-- Dates lie ahead, as in real life: deadlines are armed and moved, and few of them pass during a run.
local function day(ahead) return os.date("!%Y-%m-%d", os.time() + 86400 * ahead) end
local now = os.date("!%Y-%m-%dT%H:%M:%SZ")

-- Each: source, event type, payload with the project's reference as %s.
local later = {
  {"erp", "order.confirmed", '{"order_ref":"%s-O","customer_id":"C-17","promised_delivery_date":"' .. day(16) .. '","lead_time_days":12,'
    .. '"delivery_address":{"city":"Lyon","postal_code":"69003","country":"FR"},"installation_required":true,'
    .. '"lines":[{"sku":"KIT-OAK-60","label":"Oak base unit 60 cm","qty":4,"unit_price":189.00},'
    .. '{"sku":"WKT-GRA-240","label":"Granite worktop 240 cm","qty":1,"unit_price":740.50}]}'},
  {"oms", "stock.check_ok", '{"order_ref":"%s-O","skus":["KIT-OAK-60","WKT-GRA-240"]}'},
  {"tms", "shipment.dispatched", '{"shipment_id":"%s-S","order_ref":"%s-O","leg_number":1,"origin_type":"warehouse",'
    .. '"origin_ref":"WH-2","destination_station_id":"ST-LYON","carrier":"geodis","estimated_arrival":"' .. day(12) .. 'T10:00:00Z"}'},
  {"tms", "shipment.eta_updated", '{"shipment_id":"%s-S","order_ref":"%s-O","leg_number":1,"carrier":"geodis",'
    .. '"estimated_arrival":"' .. day(13) .. 'T10:00:00Z"}'},
  {"tms_lastmile", "lastmile.scheduled", '{"lastmile_id":"%s-L","carrier":"local","scheduled_date":"' .. day(15) .. '",'
    .. '"time_slot":{"start":"08:00","end":"12:00"}}'},
  {"wfm", "installation.scheduled", '{"installation_id":"%s-I","installer_id":"IN-4","technician_id":"T-9",'
    .. '"scheduled_start":"' .. day(17) .. 'T07:00:00Z","scheduled_end":"' .. day(17) .. 'T15:00:00Z"}'},
}
local opening = '{"customer_id":"%s-C","customer_name":"Ada Martin","project_type":"kitchen","channel_origin":"store",'
  .. '"store_id":"FR-LYON","installation_required":true}'

local count = 0
function request()
  count = count + 1
  local unique = run .. "-" .. id .. "-" .. count
  local source, kind, payload, ref
  if count % 10 < 6 then
    local choice = later[count % #later + 1]
    source, kind = choice[1], choice[2]
    ref = "bench-" .. math.random(known)
    payload = choice[3]:gsub("%%s", ref)
  else
    source, kind, ref = "ecommerce", "project.created", "new-" .. unique
    payload = opening:gsub("%%s", ref)
  end
  local body = '{"source":"' .. source .. '","source_ref":"' .. unique .. '","event_type":"' .. kind .. '","project_ref":"' .. ref
    .. '","occurred_at":"' .. now .. '","payload":' .. payload .. "}"
  return wrk.format("POST", "/api/events/ingest", headers[source], body)
end

function done(summary, latency, requests)
  io.write(string.format("RESULT requests=%d seconds=%.3f non_2xx=%d errors=%d p50_ms=%.3f p99_ms=%.3f\n",
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
