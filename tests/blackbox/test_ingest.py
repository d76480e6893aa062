"""The answer table of ingestion, for single events and for lines of a batch."""
import json
import re
import threading

import pytest
from harness import check_problem, event, key_of, pointers, unique

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def single(client, body):
    """Posts raw JSON as erp; (status, body or problem)."""
    answer = client.ingest_raw(body, key_of("erp"))
    return answer.status, answer.json()


def in_batch(client, body):
    """The same as the second line of a batch whose other lines are good."""
    ref = unique("P")
    first = json.dumps(event("erp", "project.created", ref)).encode()
    last = json.dumps(event("erp", "order.confirmed", ref)).encode()
    answer = client.batch_raw(b"\n".join([first, body, last]), key_of("erp"))
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"].split(";")[0] == "application/x-ndjson"
    lines = answer.lines()
    assert [lines[0]["status"], lines[2]["status"]] == [201, 201], lines
    assert len(lines) == 3
    return lines[1]["status"], lines[1]


@pytest.fixture(params=[single, in_batch], ids=["single", "batch"])
def post(request, client):
    return lambda body: request.param(client, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_201_when_stored(post):
    status, body = post(event("erp", "project.created", unique("P")))
    assert status == 201
    assert UUID_V7.fullmatch(body["event_id"])
    assert UUID.fullmatch(body["project_id"])
    assert isinstance(body["position"], int) and body["position"] > 0
    assert body["duplicate"] is False
    assert body["anomalies"] == []


def test_200_when_seen_before(post):
    body = event("erp", "project.created", unique("P"))
    _, first = post(body)
    status, again = post(body)
    assert status == 200
    assert again["duplicate"] is True
    assert not again.get("conflict", False)
    for field in ("event_id", "project_id", "position"):
        assert again[field] == first[field]


def test_200_with_conflict_when_the_payload_differs(post, client):
    body = event("erp", "project.created", unique("P"), {"customer_id": unique("C")})
    _, first = post(body)
    status, again = post({**body, "payload": {"customer_id": "someone else"}})
    assert status == 200
    assert again["duplicate"] is True and again["conflict"] is True
    for field in ("event_id", "project_id", "position"):
        assert again[field] == first[field]
    conflicts = [e for e in client.log(first["position"]) if e["type"] == "ingest.conflict"]
    assert len(conflicts) == 1
    assert body["source_ref"] in json.dumps(conflicts[0])
    # The first payload stands.
    project = client.read(f"/api/projects/{first['project_id']}", at_least=conflicts[0]["position"])
    assert project["customer_id"] == body["payload"]["customer_id"]


def test_the_pair_counts_not_the_reference_alone(client):
    ref = unique("ref")
    _, opened = client.open_project(source="erp")
    for source in ("oms", "crm"):
        body = event(source, "order.confirmed", None, project_id=opened["project_id"], source_ref=ref)
        assert client.ingest(body).status == 201


def test_202_when_no_project_can_be_found(post):
    body = event("erp", "order.confirmed", unique("nowhere"))
    status, first = post(body)
    assert status == 202
    assert first["dead_letter_id"] and first["reason"]
    status, again = post(body)
    assert status == 202
    assert again["dead_letter_id"] == first["dead_letter_id"]


def test_400_when_not_json_alone_and_422_as_a_line(client):
    for body in (b"{", b"", b"nonsense", b'{"a":1}}', b"{'a':1}", b'{"a":1,}', b"\xff\xfe"):
        check_problem(client.ingest_raw(body, key_of("erp")), 400)
        if body:
            status, line = in_batch(client, body)
            assert status == 422, line


@pytest.mark.parametrize("field", ["source_ref", "event_type", "occurred_at", "payload"])
def test_422_when_a_field_is_missing(post, field):
    body = event("erp", "order.confirmed", unique("P"))
    del body[field]
    status, problem = post(body)
    assert status == 422
    assert f"/{field}" in pointers(problem)


def test_422_when_the_source_is_missing(post):
    body = event("erp", "order.confirmed", unique("P"))
    del body["source"]
    status, problem = post(body)
    assert status == 422
    assert "/source" in pointers(problem)


def test_422_without_project_ref_and_project_id(post):
    status, problem = post(event("erp", "order.confirmed", None))
    assert status == 422
    assert {"/project_ref", "/project_id"} & set(pointers(problem))


@pytest.mark.parametrize("field, value", [
    ("source_ref", 5), ("source_ref", None), ("source_ref", ""), ("source_ref", {}),
    ("event_type", 5), ("event_type", "confirmed"), ("event_type", "Order.confirmed"), ("event_type", "order."),
    ("event_type", ".order"), ("event_type", "order.confirmed.twice"), ("event_type", "order.conf1rmed"),
    ("event_type", "order confirmed"), ("event_type", ""),
    ("project_ref", 5), ("project_ref", []), ("project_ref", True),
    ("project_id", 5), ("project_id", {}),
    ("order_ref", 5), ("correlation_id", 5),
    ("payload", "text"), ("payload", []), ("payload", 5), ("payload", None), ("payload", True),
    ("occurred_at", 5), ("occurred_at", ""), ("occurred_at", "yesterday"), ("occurred_at", "2025-06-15"),
    ("occurred_at", "2025-06-15T14:32:00"), ("occurred_at", "2025-02-30T00:00:00Z"), ("occurred_at", "2025-13-01T00:00:00Z"),
    ("occurred_at", "2025-06-15T25:00:00Z"), ("occurred_at", "2025-06-15T14:32:00+99:00"), ("occurred_at", 1749997920),
    ("occurred_at", "2025-06-15T14:32:00Zjunk"),
])
def test_422_when_a_field_is_of_the_wrong_type_or_form(post, field, value):
    body = {**event("erp", "order.confirmed", unique("P")), field: value}
    status, problem = post(body)
    assert status == 422, problem
    assert f"/{field}" in pointers(problem)


def test_422_when_the_source_is_of_the_wrong_type(post):
    status, problem = post({**event("erp", "order.confirmed", unique("P")), "source": 5})
    assert status == 422
    assert "/source" in pointers(problem)


@pytest.mark.parametrize("field, pointer", [("colour", "/colour"), ("a/b~c", "/a~1b~0c"), ("Source", "/Source")])
def test_422_for_an_unknown_field_at_the_top(post, field, pointer):
    status, problem = post({**event("erp", "order.confirmed", unique("P")), field: 1})
    assert status == 422
    assert pointer in pointers(problem)


def test_422_names_every_fault_at_once(post):
    body = {**event("erp", "order.confirmed", unique("P")), "source_ref": 1, "occurred_at": "x", "colour": 1}
    status, problem = post(body)
    assert status == 422
    assert {"/source_ref", "/occurred_at", "/colour"} <= set(pointers(problem))


@pytest.mark.parametrize("body", [b"[]", b"5", b'"text"', b"null", b"true"])
def test_422_when_not_an_object(post, body):
    status, _ = post(body)
    assert status == 422


def raw(payload, **fields):
    """An event whose payload is written as given."""
    body = {**event("erp", "order.confirmed", unique("P")), **fields}
    del body["payload"]
    return (json.dumps(body)[:-1] + ',"payload":').encode() + payload + b"}"


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" + b"0" * 400])
def test_422_for_a_number_beyond_a_double(post, number):
    status, _ = post(raw(b'{"n":' + number + b"}"))
    assert status == 422


@pytest.mark.parametrize("text", [rb"\ud800", rb"\udc00", rb"\ud800x", rb"\ud800\ud800", rb"a\udfff"])
def test_422_for_a_lone_surrogate(post, text):
    status, _ = post(raw(b'{"t":"' + text + b'"}'))
    assert status == 422


def test_a_surrogate_pair_is_fine(post, client):
    ref = unique("P")
    status, body = post(raw(rb'{"customer_id":"\ud83d\ude00"}', event_type="project.created", project_ref=ref))
    assert status == 201
    assert client.timeline(body)[0]["payload"]["customer_id"] == "\U0001f600"


def test_422_for_a_duplicate_key_at_the_top(post):
    body = json.dumps(event("erp", "order.confirmed", unique("P"))).encode()
    for extra in (b',"source_ref":"again"}', b',"payload":{}}', b',"\\u0073ource_ref":"again"}'):
        status, _ = post(body[:-1] + extra)
        assert status == 422


def nested(depth):
    """An event whose body is `depth` levels deep, the body itself being the first."""
    inner = b"1"
    for _ in range(depth - 2):
        inner = b"[" + inner + b"]"
    return raw(b'{"a":' + inner + b"}", event_type="project.created")


def test_depth_up_to_64(post):
    assert post(nested(64))[0] == 201
    assert post(nested(65))[0] == 422
    assert post(nested(5000))[0] == 422


def test_project_ref_and_project_id_may_both_be_given(post, client):
    """project_id wins."""
    _, opened = client.open_project(source="erp")
    other, _ = client.open_project(source="erp")
    status, body = post(event("erp", "order.confirmed", other, project_id=opened["project_id"]))
    assert status == 201
    assert body["project_id"] == opened["project_id"]


def test_a_well_formed_unknown_type_is_stored_and_changes_nothing_else(post, client):
    ref, opened = client.open_project(source="erp")
    before = client.project(opened)
    status, body = post(event("erp", "weather.report_", ref, {"rain": True}))
    assert status == 201
    assert client.timeline(body)[-1]["type"] == "weather.report_"
    after = client.project(body)
    for changing in ("position", "updated_at"):
        before.pop(changing), after.pop(changing)
    assert after == before


def test_older_names_are_accepted(post, client):
    ref, _ = client.open_project(source="erp")
    status, body = post(event("erp", "delivery.scheduled", ref, {
        "lastmile_id": unique("LM"), "scheduled_date": "2025-06-20", "time_slot": {"start": "08:00", "end": "12:00"}}))
    assert status == 201
    # 8 o'clock in Paris in June.
    assert client.project(body)["lastmile"]["slot_start"] == "2025-06-20T06:00:00.000Z"


def test_numbers_in_the_payload_are_kept_as_written(post, client):
    ref = unique("P")
    numbers = "[1.10,1e2,1E+2,12345678901234567890123,0.1000000000000000055511151231257827,-0.0,-0,1.0,9007199254740993]"
    status, body = post(raw(b'{"n":' + numbers.encode() + b"}", event_type="project.created", project_ref=ref))
    assert status == 201
    for path in (f"/api/projects/{body['project_id']}/timeline?at_least={body['position']}",
                 f"/api/events?from={body['position']}&limit=1"):
        assert numbers in client.get(path).body.decode().replace(", ", ","), path


def test_optional_fields_are_accepted_and_kept(client):
    ref, _ = client.open_project()
    correlation = unique("corr")
    body = client.store(event("manual", "lastmile.in_transit", None, order_ref=unique("O"), correlation_id=correlation,
                              comment="seen by phone", project_id=client.store(event("erp", "order.confirmed", ref))["project_id"]))
    [logged] = client.read(f"/api/events?from={body['position']}&limit=1")["items"]
    assert logged["correlation_id"] == correlation
    [item] = [item for item in client.timeline(body) if item["position"] == body["position"]]
    assert item["comment"] == "seen by phone"


def test_any_rfc_3339_offset_is_accepted_and_answered_in_utc(client):
    ref, _ = client.open_project()
    for given, kept in (("2025-06-15T16:32:00+02:00", "2025-06-15T14:32:00.000Z"),
                        ("2025-06-15T09:02:00.5-05:30", "2025-06-15T14:32:00.500Z"),
                        ("2025-06-15T14:32:00.123456Z", "2025-06-15T14:32:00.123Z"),
                        ("2025-06-15t14:32:00z", "2025-06-15T14:32:00.000Z"),
                        ("2024-02-29T23:59:59-00:00", "2024-02-29T23:59:59.000Z")):
        body = client.store(event("erp", "shipment.in_transit", ref, occurred_at=given))
        [logged] = client.read(f"/api/events?from={body['position']}&limit=1")["items"]
        assert logged["occurred_at"] == kept


def test_checks_come_in_order(server, client):
    """Key, media type, size, JSON, source, fields: a body with every later fault too shows the earlier one."""
    too_large = b"{" + b" " * 1_048_576
    check_problem(client.ingest_raw(too_large, "wrong", "text/plain"), 401)
    check_problem(client.ingest_raw(too_large, key_of("erp"), "text/plain"), 415)
    client = server.client()  # the server may close after a body it did not read
    check_problem(client.ingest_raw(too_large, key_of("erp")), 413)
    client = server.client()
    check_problem(client.ingest_raw(b'{"source":"oms",', key_of("erp")), 400)
    check_problem(client.ingest_raw(b'{"source":"oms","colour":1}', key_of("erp")), 403)
    check_problem(client.ingest_raw(b'{"source":"erp","colour":1}', key_of("erp")), 422)


# Batches.

def test_a_batch_answers_in_line_order_and_skips_blank_lines(client):
    ref = unique("P")
    known = client.store(event("erp", "project.created", unique("P")))
    repeated = event("erp", "order.confirmed", None, project_id=known["project_id"])
    client.store(repeated)
    lines = [event("erp", "project.created", ref), repeated, event("erp", "order.confirmed", unique("nowhere")),
             event("oms", "order.confirmed", ref), event("erp", "order.confirmed", ref, colour=1),
             event("erp", "order.confirmed", ref)]
    body = b"\n\r\n \t\n" + b"\n\n".join(json.dumps(line).encode() for line in lines) + b"\r\n\n"
    answer = client.batch_raw(body, key_of("erp"))
    assert answer.status == 200
    got = answer.lines()
    assert [line["status"] for line in got] == [201, 200, 202, 403, 422, 201]
    assert got[0]["project_id"] == got[5]["project_id"]
    assert got[1]["duplicate"] is True
    assert got[2]["dead_letter_id"]
    assert pointers(got[4]) == ["/colour"]


def test_a_batch_keeps_the_line_order_of_each_project(client):
    refs = [unique("P") for _ in range(5)]
    lines = [event("erp", "project.created", ref) for ref in refs]
    lines += [event("erp", "shipment.in_transit", ref, {"n": n}) for n in range(40) for ref in refs]
    got = client.batch(lines).lines()
    assert {line["status"] for line in got} == {201}
    for start, ref in enumerate(refs):
        of_project = got[start::5]
        positions = [line["position"] for line in of_project]
        assert positions == sorted(positions)
        timeline = client.timeline(of_project[-1])
        assert [item["payload"].get("n") for item in timeline if item["type"] == "shipment.in_transit"] == list(range(40))


def test_a_repeat_inside_one_batch_is_a_duplicate(client):
    first = event("erp", "project.created", unique("P"))
    got = client.batch([first, first, {**first, "payload": {"x": 1}}]).lines()
    assert [line["status"] for line in got] == [201, 200, 200]
    assert got[2]["conflict"] is True
    assert {line["event_id"] for line in got} == {got[0]["event_id"]}


def test_a_batch_needs_its_key_and_type(client):
    line = json.dumps(event("erp", "project.created", unique("P"))).encode()
    check_problem(client.batch_raw(line, None), 401)
    check_problem(client.batch_raw(line, "nobody"), 401)
    check_problem(client.ingest_raw(line, key_of("erp"), "application/json", "/api/events/ingest/batch"), 415)
    answer = client.ingest_raw(line, key_of("erp"), "application/x-ndjson; charset=utf-8", "/api/events/ingest/batch")
    assert answer.status == 200


def test_an_empty_batch_answers_nothing(client):
    for body in (b"", b"\n\n"):
        answer = client.batch_raw(body, key_of("erp"))
        assert answer.status == 200
        assert answer.body.strip() == b""


def test_a_big_batch_is_answered_whole(client):
    ref = unique("P")
    lines = [event("erp", "project.created", ref)]
    lines += [event("erp", "shipment.in_transit", ref, {"n": n, "pad": "x" * 200}) for n in range(4999)]
    got = client.batch(lines).lines()
    assert len(got) == 5000
    assert {line["status"] for line in got} == {201}


def test_concurrent_posts_of_one_pair_store_it_once(server):
    for _ in range(10):
        body = event("erp", "project.created", unique("P"))
        answers = []

        def post():
            connection = server.client()
            answers.append(connection.ingest(body))
            connection.close()

        threads = [threading.Thread(target=post) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(a.status for a in answers) == [200] * 7 + [201]
        assert len({a.json()["event_id"] for a in answers}) == 1


def test_concurrent_events_of_one_new_reference_open_one_project(server):
    for _ in range(10):
        ref = unique("P")
        answers = []

        def post(source):
            connection = server.client()
            answers.append(connection.ingest(event(source, "inspiration.started", ref)))
            connection.close()

        threads = [threading.Thread(target=post, args=(source,)) for source in ("erp", "oms", "crm", "wfm")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [a.status for a in answers] == [201] * 4
        assert len({a.json()["project_id"] for a in answers}) == 1
