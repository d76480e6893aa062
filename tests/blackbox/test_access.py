"""Who may push, how fast, and what happens when there is too much: keys, signatures, maps, rates, 503."""
import json
import resource
import signal
import threading
import time

import pytest
from harness import check_problem, config_text, event, key_of, pointers, sign, unique

SECRET = "a secret of the oms"
CONFIG = config_text(sources={
    "oms": f'hmac_secret = "{SECRET}"\n',
    "wfm": "rate_limit_per_s = 5\n",
    "erp": '[sources.erp.map]\n"ORDER_VALIDATED" = "order.confirmed"\n"odd name, é" = "project.created"\n'
           '"order.cancelled" = "order.confirmed"\n',
})


@pytest.fixture(scope="module")
def configuration():
    return CONFIG


def test_401_without_a_known_key(client):
    body = json.dumps(event("erp", "project.created", unique("P"))).encode()
    check_problem(client.ingest_raw(body, None), 401)
    for header in ("", "Bearer", "Bearer ", "Bearer nobody", "Basic ZGV2LWVycDo=", "dev-erp", "Bearer dev-erp2",
                   "Bearer dev-er", "Bearer DEV-ERP", "Bearer " + "x" * 4000):
        check_problem(client.ingest_raw(body, None, headers={"Authorization": header}), 401)


def test_the_scheme_is_case_insensitive(client):
    body = json.dumps(event("erp", "project.created", unique("P"))).encode()
    assert client.ingest_raw(body, None, headers={"Authorization": "bearer dev-erp"}).status == 201


def test_403_for_the_key_of_another_source(client):
    check_problem(client.ingest(event("crm", "project.created", unique("P")), key=key_of("erp")), 403)


def test_an_unknown_source_is_refused(client):
    for source in ("sap", "", "ERP"):
        answer = client.ingest(event(source, "project.created", unique("P")), key=key_of("erp"))
        assert answer.status in (401, 403), answer
        check_problem(answer, answer.status)
        [line] = client.batch([event(source, "project.created", unique("P"))], key=key_of("erp")).lines()
        assert line["status"] in (401, 403)


def test_415_for_another_media_type(server):
    body = json.dumps(event("erp", "project.created", unique("P"))).encode()
    for media_type in (None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/x-ndjson"):
        client = server.client()
        check_problem(client.ingest_raw(body, key_of("erp"), media_type), 415)
    client = server.client()
    for media_type in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        assert client.ingest_raw(body, key_of("erp"), media_type).status in (200, 201)


def test_signatures(client):
    body = json.dumps(event("oms", "project.created", unique("P"))).encode()
    key = key_of("oms")
    right = sign(SECRET, body)
    for wrong in (None, "", "sha256=", right[:-1], right + "0", right[7:], sign("another", body), sign(SECRET, body + b" "),
                  "sha256=" + "zz" * 32, "sha1=" + right[7:]):
        headers = {} if wrong is None else {"X-PLO-Signature": wrong}
        check_problem(client.ingest_raw(body, key, headers=headers), 401)
    assert client.ingest_raw(body, key, headers={"X-PLO-Signature": right}).status == 201
    # A right signature does not make up for a wrong key, and is checked before the media type.
    check_problem(client.ingest_raw(body, "nobody", headers={"X-PLO-Signature": right}), 401)
    check_problem(client.ingest_raw(body, key, content_type="text/plain"), 401)


def test_the_signature_of_a_batch_is_over_its_raw_body(client):
    body = b"\n" + json.dumps(event("oms", "project.created", unique("P"))).encode() + b"\r\n"
    check_problem(client.batch_raw(body, key_of("oms")), 401)
    check_problem(client.batch_raw(body, key_of("oms"), headers={"X-PLO-Signature": sign(SECRET, body.strip())}), 401)
    answer = client.batch_raw(body, key_of("oms"), headers={"X-PLO-Signature": sign(SECRET, body)})
    assert [line["status"] for line in answer.lines()] == [201]


def test_a_source_that_needs_no_signature_ignores_one(client):
    body = json.dumps(event("crm", "project.created", unique("P"))).encode()
    assert client.ingest_raw(body, key_of("crm"), headers={"X-PLO-Signature": "sha256=00"}).status == 201


def test_the_source_map_comes_before_validation(client):
    ref = unique("P")
    opened = client.store(event("erp", "odd name, é", ref))
    mapped = client.store(event("erp", "ORDER_VALIDATED", ref))
    assert mapped["project_id"] == opened["project_id"]
    assert [item["type"] for item in client.timeline(mapped) if item["kind"] == "source"] == ["project.created", "order.confirmed"]
    # A known name can be mapped too, and only for the source that says so.
    again = client.store(event("erp", "order.cancelled", ref))
    assert client.timeline(again)[-1]["type"] == "order.confirmed"
    refused = check_problem(client.ingest(event("crm", "ORDER_VALIDATED", ref)), 422)
    assert pointers(refused) == ["/event_type"]


def test_429_beyond_the_rate(client):
    time.sleep(1.1)  # a full second's worth is available
    _, opened = client.open_project()
    answers = [client.ingest(event("wfm", "installation.scheduled", None, project_id=opened["project_id"])) for _ in range(30)]
    statuses = [answer.status for answer in answers]
    assert statuses[:5] == [201] * 5
    assert set(statuses) == {201, 429}
    refused = next(answer for answer in answers if answer.status == 429)
    check_problem(refused, 429)
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 10
    time.sleep(wait)
    assert client.ingest(event("wfm", "installation.scheduled", None, project_id=opened["project_id"])).status == 201
    # Other sources are not concerned.
    assert client.ingest(event("crm", "quality.survey_sent", None, project_id=opened["project_id"])).status == 201


def test_each_line_counts_for_the_rate(client):
    time.sleep(1.1)
    _, opened = client.open_project()
    lines = [event("wfm", "installation.scheduled", None, project_id=opened["project_id"]) for _ in range(40)]
    answer = client.batch(lines)
    assert answer.status == 200
    statuses = [line["status"] for line in answer.lines()]
    assert len(statuses) == 40
    assert statuses[:5] == [201] * 5
    assert set(statuses) == {201, 429}
    assert statuses.count(201) <= 15
    stored = {e["source_ref"] for e in client.log(opened["position"]) if e["source"] == "wfm"}
    assert stored == {line["source_ref"] for line, status in zip(lines, statuses) if status == 201}


def test_503_beyond_max_in_flight(make_server):
    server = make_server(config_text(ingest="max_in_flight = 1"))
    client = server.client()
    _, opened = client.open_project()
    answers = []

    def post():
        connection = server.client()
        for _ in range(20):
            body = event("erp", "shipment.in_transit", None, project_id=opened["project_id"])
            answers.append((body, connection.ingest(body)))
        connection.close()

    for _ in range(5):
        threads = [threading.Thread(target=post) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(answer.status == 503 for _, answer in answers):
            break
    assert {answer.status for _, answer in answers} == {201, 503}
    for body, answer in answers:
        if answer.status == 503:
            check_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
            assert client.ingest(body).status == 201  # nothing of it was stored
    stored = [e["source_ref"] for e in client.log() if e["type"] == "shipment.in_transit"]
    assert sorted(stored) == sorted(body["source_ref"] for body, _ in answers)


def test_a_batch_larger_than_max_in_flight(make_server):
    """Lines beyond the bound may be told 503; posting those again completes the batch."""
    server = make_server(config_text(ingest="max_in_flight = 8"))
    client = server.client()
    _, opened = client.open_project()
    left = [event("erp", "shipment.in_transit", None, project_id=opened["project_id"]) for _ in range(100)]
    for _ in range(100):
        got = client.batch(left).lines()
        assert len(got) == len(left)
        assert {line["status"] for line in got} <= {201, 503}
        assert got[0]["status"] == 201
        left = [body for body, line in zip(left, got) if line["status"] == 503]
        if not left:
            break
    assert not left
    assert len([e for e in client.log() if e["type"] == "shipment.in_transit"]) == 100


def test_503_when_the_store_refuses_writes(make_server):
    """A file-size limit stands in for a full disk: nothing acknowledged is lost, nothing refused is half stored."""
    server = make_server(start=False)
    server.start(preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN), restore_signals=False)
    client = server.client()
    ref, opened = client.open_project()
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (256 * 1024, hard))
    stored, refused = {}, []
    for _ in range(400):
        body = event("ecommerce", "shipment.in_transit", ref, {"pad": "x" * 4000})
        answer = client.ingest(body)
        if answer.status == 201:
            assert not refused or answer.json()["position"] not in stored.values()
            stored[body["source_ref"]] = answer.json()["position"]
        else:
            check_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
            refused.append(body)
        if len(refused) >= 3:
            break
    assert len(refused) >= 3, "the limit was never reached"
    assert client.get("/healthz").status in (200, 503)
    server.kill()
    server.start()
    client = server.client()
    log = {e["source_ref"]: e["position"] for e in client.log() if e["type"] == "shipment.in_transit"}
    for source_ref, position in stored.items():
        assert log[source_ref] == position
    for body in refused:
        assert client.ingest(body).status in (200, 201)
    positions = [e["position"] for e in client.log()]
    assert positions == list(range(1, len(positions) + 1))
    assert client.store(event("ecommerce", "shipment.in_transit", ref))["project_id"] == opened["project_id"]
