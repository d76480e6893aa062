"""What can be read back: the project list and its pages, one project, its timeline, the raw log, at_least, health."""
import datetime
import json
import re
import threading
import time

import pytest
from harness import check_problem, event, unique

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

ITEM_FIELDS = """project_id project_refs status project_type channel_origin store_id customer_id health assigned_to
    promised_delivery_date promised_installation_date next_action next_action_at open_anomalies oldest_anomaly_at risk created_at
    updated_at position""".split()
DETAIL_FIELDS = ITEM_FIELDS + "steps orders consolidation lastmile installation anomalies deadlines refs notes tracking_token".split()
TIMELINE_FIELDS = """position event_id type kind source source_ref occurred_at recorded_at step_type order_ref severity operator_id
    comment payload caused""".split()
ENVELOPE_FIELDS = """event_id position stream version type kind source source_ref occurred_at recorded_at causation_id correlation_id
    operator_id schema_version data""".split()
STEP_FIELDS = "step_type scope status expected_at started_at completed_at blocked_by".split()
ORDER_FIELDS = """order_id order_ref status delivery_address installation_address installation_required lead_time_days
    promised_delivery_date promised_installation_date confirmed_at latest_eta in_transit dispatched arrived delivered lines
    shipments""".split()
LINE_FIELDS = "line_id sku label quantity unit_price installation_required stock_status".split()
SHIPMENT_FIELDS = """shipment_id leg_number origin_type origin_ref destination_station_id carrier carrier_tracking_ref status
    estimated_arrival actual_arrival""".split()
CONSOLIDATION_FIELDS = """consolidation_id station_id station_name status orders_required orders_arrived orders_missing
    estimated_complete_date partial_delivery_approved partial_approved_by""".split()
LASTMILE_FIELDS = "lastmile_id status carrier slot_start slot_end is_partial missing_order_ids delivered_at pod_url".split()
INSTALLATION_FIELDS = """installation_id status installer_id technician_id scheduled_start scheduled_end started_at completed_at
    report_submitted_at""".split()


@pytest.fixture(scope="module")
def life(shared_server):
    """A project with an order, a shipment, a slot and an installation; (project_ref, order_ref, last answer)."""
    client = shared_server.client()
    ref, order = unique("P"), unique("O")
    client.store(event("ecommerce", "project.created", ref, {
        "customer_id": "C-life", "project_type": "kitchen", "channel_origin": "store", "store_id": "FR-LIFE",
        "installation_required": True}, occurred_at="2025-06-01T08:00:00Z"))
    client.store(event("erp", "order.confirmed", ref, {
        "order_ref": order, "lead_time_days": 10, "promised_delivery_date": "2025-06-20", "installation_required": True,
        "delivery_address": {"city": "Lyon", "country": "FR"},
        "lines": [{"sku": "A-1", "label": "Unit", "qty": 2, "unit_price": 10.5}]}, occurred_at="2025-06-02T08:00:00Z"))
    client.store(event("tms", "shipment.dispatched", ref, {
        "shipment_id": unique("S"), "order_ref": order, "leg_number": 1, "carrier": "dhl", "origin_type": "warehouse",
        "origin_ref": "W1", "destination_station_id": "ST-1", "estimated_arrival": "2025-06-12T10:00:00Z"},
        occurred_at="2025-06-10T08:00:00Z"))
    client.store(event("tms_lastmile", "lastmile.scheduled", ref, {
        "lastmile_id": unique("LM"), "carrier": "local", "scheduled_date": "2025-06-19",
        "time_slot": {"start": "08:00", "end": "12:00"}}, occurred_at="2025-06-11T08:00:00Z"))
    last = client.store(event("wfm", "installation.scheduled", ref, {
        "installation_id": unique("I"), "installer_id": "IN-1", "technician_id": "T-1",
        "scheduled_start": "2025-06-21T07:00:00Z", "scheduled_end": "2025-06-21T15:00:00Z"}, occurred_at="2025-06-12T08:00:00Z"))
    return ref, order, last


def has(found, fields):
    assert set(fields) <= set(found), sorted(set(fields) - set(found))


def test_a_list_item_has_its_fields(client, life):
    ref, _, last = life
    [item] = client.read("/api/projects?store_id=FR-LIFE", at_least=last["position"])["items"]
    assert set(item) == set(ITEM_FIELDS)
    assert item["project_id"] == last["project_id"]
    assert ref in str(item["project_refs"])
    assert item["status"] == "active"
    assert item["project_type"] == "kitchen" and item["channel_origin"] == "store" and item["customer_id"] == "C-life"
    assert item["health"] in ("green", "orange", "red")
    assert item["promised_delivery_date"] == "2025-06-20"
    assert set(item["open_anomalies"]) == {"warning", "critical"}
    assert item["assigned_to"] is None
    for field in ("created_at", "updated_at"):
        assert INSTANT.fullmatch(item[field])
    assert item["position"] >= last["position"]


def test_a_project_has_its_fields(client, life):
    ref, order_ref, last = life
    project = client.project(last)
    has(project, DETAIL_FIELDS)
    [order] = project["orders"]
    has(order, ORDER_FIELDS)
    assert order["order_ref"] == order_ref and order["dispatched"] is True and order["in_transit"] is True
    assert order["arrived"] is False and order["delivered"] is False
    assert order["latest_eta"] == "2025-06-12T10:00:00.000Z"
    assert order["promised_delivery_date"] == "2025-06-20"
    [line] = order["lines"]
    has(line, LINE_FIELDS)
    assert line["sku"] == "A-1" and line["quantity"] == 2 and line["unit_price"] == 10.5
    [shipment] = order["shipments"]
    has(shipment, SHIPMENT_FIELDS)
    assert shipment["carrier"] == "dhl"
    has(project["consolidation"], CONSOLIDATION_FIELDS)
    assert project["consolidation"]["orders_required"] == [order_ref]
    assert project["consolidation"]["orders_missing"] == [order_ref]
    assert project["consolidation"]["estimated_complete_date"] == "2025-06-12"
    has(project["lastmile"], LASTMILE_FIELDS)
    assert project["lastmile"]["slot_start"] == "2025-06-19T06:00:00.000Z"
    assert project["lastmile"]["slot_end"] == "2025-06-19T10:00:00.000Z"
    has(project["installation"], INSTALLATION_FIELDS)
    assert project["installation"]["scheduled_start"] == "2025-06-21T07:00:00.000Z"
    for step in project["steps"]:
        has(step, STEP_FIELDS)
        assert step["status"] in ("pending", "in_progress", "completed", "anomaly", "blocked", "skipped")
    steps = {step["step_type"]: step["status"] for step in project["steps"]}
    assert steps["order_confirmed"] == "completed"
    assert steps["shipment_dispatched"] == "completed"
    assert steps["lastmile_delivered"] != "completed"
    for found in project["refs"]:
        assert set(found) == {"source", "ref", "kind"}
    known = {(found["source"], found["ref"]) for found in project["refs"]}
    assert ("ecommerce", ref) in known
    assert order_ref in {found for _, found in known}


def test_an_unknown_project_is_404(client):
    for path in ("/api/projects/018f0000-0000-7000-8000-000000000000", "/api/projects/nonsense"):
        check_problem(client.get(path), 404)
        check_problem(client.get(path + "/timeline"), 404)


def test_the_timeline_is_the_projects_events_oldest_first(client, life):
    _, order_ref, last = life
    items = [item for item in client.timeline(last) if item["kind"] == "source"]
    for item in items:
        has(item, TIMELINE_FIELDS)
        assert INSTANT.fullmatch(item["occurred_at"]) and INSTANT.fullmatch(item["recorded_at"])
        assert isinstance(item["caused"], list)
    assert [item["type"] for item in items] == ["project.created", "order.confirmed", "shipment.dispatched", "lastmile.scheduled",
                                                "installation.scheduled"]
    positions = [item["position"] for item in items]
    assert positions == sorted(positions)
    assert items[1]["order_ref"] == order_ref
    assert items[1]["payload"]["lines"][0]["qty"] == 2
    assert items[1]["step_type"] == "order_confirmed"


def test_as_it_was_known_at_an_instant(client):
    ref, opened = client.open_project()
    project = client.project(opened)
    recorded = client.timeline(opened)[0]["recorded_at"]
    time.sleep(0.05)
    later = client.store(event("erp", "order.confirmed", ref, {"order_ref": unique("O")}))
    assert client.project(later)["orders"]
    path = f"/api/projects/{opened['project_id']}"
    then = client.read(f"{path}?at={recorded}", at_least=later["position"])
    assert then["orders"] == [] and then["status"] == project["status"]
    assert client.timeline(opened, f"?at={recorded}") == [item for item in client.timeline(later) if item["recorded_at"] <= recorded]
    before = (datetime.datetime.fromisoformat(recorded.replace("Z", "+00:00")) - datetime.timedelta(milliseconds=1))
    check_problem(client.get(f"{path}?at={before.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"), 404)
    check_problem(client.get(f"{path}?at=yesterday"), 422)


# The list.

@pytest.fixture(scope="module")
def many(shared_server):
    """57 projects of one store; returns (store_id, project ids in order of opening, last answer)."""
    client = shared_server.client()
    store = unique("ST")
    lines = [event("ecommerce", "project.created", unique("P"), {
        "store_id": store, "customer_id": f"{store}-{n % 3}", "project_type": "kitchen" if n % 2 else "bathroom"},
        occurred_at=f"2025-05-{1 + n % 28:02}T{n // 28:02}:00:00Z") for n in range(57)]
    answers = client.batch(lines).lines()
    assert {answer["status"] for answer in answers} == {201}
    client.read("/api/projects?limit=1", at_least=answers[-1]["position"])
    return store, [answer["project_id"] for answer in answers], answers[-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=abc", "limit=1.5", "limit=99999999999999999999", "limit=",
                                   "cursor=nonsense", "cursor=%00%ff", "cursor=AAAA", "sort=colour", "sort=--created_at",
                                   "status=nonsense", "from=nonsense", "at_least=-1", "at_least=abc"])
def test_bad_parameters_are_422(client, query):
    check_problem(client.get(f"/api/projects?{query}"), 422)


def test_limits_within_bounds(client, many):
    for limit in (1, 57, 200):
        page = client.read(f"/api/projects?limit={limit}")
        assert set(page) == {"items", "next_cursor", "total"}
        assert len(page["items"]) <= limit


def test_a_cursor_of_another_order_is_422(client, many):
    cursor = client.read("/api/projects?sort=created_at&limit=2")["next_cursor"]
    check_problem(client.get(f"/api/projects?sort=-updated_at&limit=2&cursor={cursor}"), 422)


@pytest.mark.parametrize("limit", [1, 7, 57, 200])
@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at", "oldest_anomaly", "-oldest_anomaly"])
def test_every_project_is_on_exactly_one_page(client, many, sort, limit):
    store, ids, _ = many
    items = client.walk(f"/api/projects?store_id={store}&sort={sort}&limit={limit}")
    assert sorted(item["project_id"] for item in items) == sorted(ids)
    field = sort.lstrip("-")
    if field != "oldest_anomaly":
        values = [item[field] for item in items]
        assert values == sorted(values, reverse=sort.startswith("-"))


def test_the_total_counts_what_the_filter_leaves(client, many):
    store, ids, _ = many
    assert client.read(f"/api/projects?store_id={store}&limit=5")["total"] == len(ids)
    assert client.read(f"/api/projects?store_id={store}&customer_id={store}-0")["total"] == 19
    everything = client.read("/api/projects?limit=1")["total"]
    assert everything == len(client.walk("/api/projects?limit=200"))


def test_filters(client, many, life):
    store, ids, _ = many
    kitchens = client.walk(f"/api/projects?store_id={store}&type=kitchen&limit=10")
    assert [item["project_id"] in ids for item in kitchens] == [True] * 28
    assert {item["project_type"] for item in kitchens} == {"kitchen"}
    assert {item["status"] for item in client.walk("/api/projects?status=active")} == {"active"}
    assert client.read(f"/api/projects?store_id={store}&status=completed")["items"] == []
    ref, _, last = life
    found = client.walk(f"/api/projects?q={ref}")
    assert last["project_id"] in [item["project_id"] for item in found]
    assert all(ref in str(item["project_refs"]) for item in found)
    assert client.read("/api/projects?store_id=nowhere") == {"items": [], "next_cursor": None, "total": 0}
    created = client.project(last)["created_at"]
    assert last["project_id"] in [item["project_id"] for item in client.walk(f"/api/projects?from={created}")]
    assert last["project_id"] not in [item["project_id"] for item in client.walk(f"/api/projects?to={created}")]


def test_a_walk_under_writes_misses_nothing(server, many):
    """By created_at no row moves: each project that was there is met exactly once."""
    _, ids, _ = many
    stop = threading.Event()

    def write():
        connection = server.client()
        while not stop.is_set():
            _, opened = connection.open_project()
            connection.store(event("erp", "weather.report", None, project_id=ids[opened["position"] % len(ids)]))
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        client = server.client()
        for sort in ("created_at", "-created_at"):
            for _ in range(5):
                seen = [item["project_id"] for item in client.walk(f"/api/projects?sort={sort}&limit=5")]
                assert len(seen) == len(set(seen))
                assert set(ids) <= set(seen)
    finally:
        stop.set()
        for writer in writers:
            writer.join()


# The raw log.

def test_an_event_of_the_log_has_its_envelope(client, life):
    ref, _, last = life
    [logged] = client.read(f"/api/events?from={last['position']}&limit=1")["items"]
    has(logged, ENVELOPE_FIELDS)
    assert logged["position"] == last["position"]
    assert logged["event_id"] == last["event_id"]
    assert logged["stream"] == f"project:{last['project_id']}"
    assert logged["type"] == "installation.scheduled"
    assert logged["kind"] == "source" and logged["source"] == "wfm"
    assert logged["occurred_at"] == "2025-06-12T08:00:00.000Z"
    recorded = datetime.datetime.fromisoformat(logged["recorded_at"].replace("Z", "+00:00"))
    assert abs(datetime.datetime.now(datetime.timezone.utc) - recorded) < datetime.timedelta(minutes=30)
    assert logged["operator_id"] is None
    assert isinstance(logged["schema_version"], int)
    assert "installer_id" in json.dumps(logged["data"])


def test_positions_and_versions_run_without_a_gap(client, many):
    log = client.log()
    assert [e["position"] for e in log] == list(range(1, len(log) + 1))
    versions = {}
    for e in log:
        versions[e["stream"]] = versions.get(e["stream"], 0) + 1
        assert e["version"] == versions[e["stream"]]
        if e["kind"] == "derived":
            assert e["causation_id"]
    assert len({e["event_id"] for e in log}) == len(log)


def test_pages_of_the_log(client, many):
    everything = client.log()
    page = client.read("/api/events?from=1&limit=10")
    assert set(page) == {"items", "next"}
    assert page["items"] == everything[:10]
    assert page["next"] == 11
    assert client.read("/api/events?from=11&limit=1")["items"] == [everything[10]]
    assert client.read("/api/events")["items"] == everything[:1000]
    beyond = client.read(f"/api/events?from={everything[-1]['position'] + 1000}")
    assert beyond["items"] == []
    for query in ("limit=0", "limit=-1", "limit=abc", "from=abc", "from=-1", "limit=99999999999999999999"):
        check_problem(client.get(f"/api/events?{query}"), 422)


def test_the_log_as_ndjson(client, many):
    answer = client.get("/api/events?from=3&limit=20", Accept="application/x-ndjson")
    assert answer.status == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/x-ndjson"
    assert answer.lines() == client.read("/api/events?from=3&limit=20")["items"]


# Reading one's own writes.

def test_reads_say_their_position(client, life):
    _, _, last = life
    for path in ("/api/projects", f"/api/projects/{last['project_id']}", f"/api/projects/{last['project_id']}/timeline"):
        answer = client.get(f"{path}?at_least={last['position']}")
        assert answer.status == 200
        assert int(answer.headers["X-PLO-Position"]) >= last["position"]


def test_at_least_waits_for_the_whole_commit(client):
    for _ in range(50):
        _, opened = client.open_project()
        page = client.read("/api/projects?sort=-created_at&limit=200", at_least=opened["position"])
        assert opened["project_id"] in [item["project_id"] for item in page["items"]]


def test_at_least_is_504_when_it_is_never_reached(client):
    started = time.monotonic()
    check_problem(client.get("/api/projects?at_least=999999999"), 504)
    assert 4.5 <= time.monotonic() - started <= 15


def test_at_least_wakes_up_when_it_is_reached(server, client):
    _, opened = client.open_project()
    waiting = {}

    def wait():
        waiting["answer"] = server.client().get(f"/api/projects?limit=1&at_least={opened['position'] + 1}")

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    client.store(event("erp", "weather.report", None, project_id=opened["project_id"]))
    thread.join()
    assert waiting["answer"].status == 200


# Health.

def test_health_and_readiness(client):
    assert client.get("/healthz").status == 200
    assert client.get("/readyz").status == 200


def test_metrics_are_prometheus_text_and_count(client):
    def read():
        answer = client.get("/metrics")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        values = {}
        for line in answer.body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        assert "# TYPE" in answer.body.decode() and "# HELP" in answer.body.decode()
        return values

    before = read()
    _, opened = client.open_project()
    client.ingest(event("erp", "order.confirmed", unique("nowhere")))
    repeated = event("erp", "custom.seen", None, project_id=opened["project_id"])
    client.ingest(repeated)
    client.ingest(repeated)
    events = len(client.log(int(before["plo_log_position"]) + 1))
    head = before["plo_log_position"] + events
    client.read(f"/api/projects/{opened['project_id']}", at_least=int(head))
    after = read()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert {name: grown[name] for name in (
        'plo_ingest_events_total{mode="single",status="201"}', 'plo_ingest_events_total{mode="single",status="202"}',
        'plo_ingest_events_total{mode="single",status="200"}', "plo_dead_letters_total", "plo_dead_letters_waiting", "plo_duplicates_total",
        "plo_conflicts_total", "plo_append_failures_total", 'plo_http_answers_total{route="/api/projects/{id}",status="200"}',
        "plo_events_committed_total", "plo_log_position", "plo_ingest_in_flight")} == {
        'plo_ingest_events_total{mode="single",status="201"}': 2, 'plo_ingest_events_total{mode="single",status="202"}': 1,
        'plo_ingest_events_total{mode="single",status="200"}': 1, "plo_dead_letters_total": 1, "plo_dead_letters_waiting": 1, "plo_duplicates_total": 1,
        "plo_conflicts_total": 0, "plo_append_failures_total": 0, 'plo_http_answers_total{route="/api/projects/{id}",status="200"}': 1,
        "plo_events_committed_total": events, "plo_log_position": events, "plo_ingest_in_flight": 0}
    assert after["plo_projection_position"] == after["plo_log_position"] == head
    assert all(re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?$", name) for name in after)
