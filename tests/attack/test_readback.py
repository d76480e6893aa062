"""What is written is what can be read: no event that stops the server or a deadline, no key that spoils the log, no rule that vanishes."""
import json
import subprocess

import pytest
from attack import add_user, event, nested, run_bounded, unique
from harness import check_problem, config_text, pointers

DEPTHS = [1, 30, 50, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 200]


def ingest_text(client, event_type, payload, source="erp", ref=None, at="2025-06-15T14:32:00Z"):
    """The payload is JSON text as it is."""
    body = json.dumps(event(source, event_type, ref or unique("P"), occurred_at=at)).replace('"payload": {}', f'"payload": {payload}')
    return client.ingest_raw(body.encode(), f"dev-{source}")


def read_back(client, answer):
    """Whatever is stored is in the log, on the timeline and in the project, and they are JSON."""
    assert client.timeline(answer)
    assert client.project(answer)["project_id"] == answer["project_id"]
    for anomaly in client.walk(f"/api/anomalies?status=all&project_id={answer['project_id']}"):
        assert client.read(f"/api/anomalies/{anomaly['anomaly_id']}")["explanation"]


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_fact_that_a_rule_read_may_be_deep(client, depth):
    """ANO-25 reads the lines of a quote."""
    quote = '{"lines":[{"sku":"A","catalog_status":"discontinued","x":%s}]}' % nested(depth)
    answer = ingest_text(client, "quote_products.created", quote, "ecommerce")
    assert answer.status == 201 or (answer.status == 422 and depth > 40), answer
    if answer.status == 201:
        [raised] = answer.json()["anomalies"]
        assert client.read(f"/api/anomalies/{raised}", at_least=answer.json()["position"])["rule_id"] == "ANO-25"
        read_back(client, answer.json())


def test_any_rule_may_read_a_whole_payload(server, client):
    for number, path in enumerate(("event.payload", "event.payload.o", "event", "event.payload.o.a.a.a")):
        made = client.send("POST", "/api/rules", {"id": f"DEEP-{number}", "name": "Reads it all", "scope": "project", "severity": "warning",
                                                  "on": ["inspiration.started"], "when": {"!!": [{"var": path}]}, "actions": []})
        assert made.status == 201, made
    raised = 0
    for depth in DEPTHS:
        for payload in ('{"o":%s}', '{"o":[%s]}', '{"o":{"a":{"a":{"a":[%s]}}}}'):
            answer = ingest_text(client, "inspiration.started", payload % nested(depth), ref=client.open_project()[0])
            assert answer.status == 201 or (answer.status == 422 and depth > 40), (depth, answer)
            if answer.status == 201:
                raised += len(answer.json()["anomalies"])
                read_back(client, answer.json())
    assert raised > len(DEPTHS), "the rules read nothing"
    server.restart()
    client = server.client()
    read_back(client, client.store(event("erp", "inspiration.started", client.open_project()[0])))


DATED = [("order.confirmed", {"order_ref": "O"}, "promised_delivery_date"), ("order.confirmed", {"order_ref": "O"}, "promised_installation_date"),
         ("lastmile.scheduled", {"lastmile_id": "L", "time_slot": {"start": "08:00", "end": "10:00"}}, "scheduled_date"),
         ("lastmile.rescheduled", {"lastmile_id": "L", "time_slot": {"start": "22:00", "end": "01:00"}}, "scheduled_date"),
         ("installation.scheduled", {"installation_id": "I"}, "scheduled_start"), ("installation.scheduled", {"installation_id": "I"}, "scheduled_end"),
         ("shipment.eta_updated", {"order_ref": "O", "shipment_id": "S"}, "estimated_arrival"),
         ("shipment.arrived_at_station", {"order_ref": "O", "shipment_id": "S"}, "actual_arrival"),
         ("consolidation.eta_updated", {}, "estimated_complete_date"), ("quote_products.created", {"quote_id": "Q"}, "valid_until"),
         ("project.created", {}, "promised_installation_date")]
OUTSIDE = ["0001-01-01", "0000-01-01", "1000-06-15", "1582-10-10", "1900-01-01", "1969-12-31"]
INSIDE = ["1970-01-02", "1999-12-31", "2100-02-28", "9999-12-30"]


@pytest.mark.parametrize("event_type,payload,field", DATED, ids=lambda value: value if isinstance(value, str) else "")
def test_dates_before_1970_are_refused(server, event_type, payload, field):
    client = server.client(timeout=10)
    moments = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"] if field in ("scheduled_start", "scheduled_end", "estimated_arrival", "actual_arrival") else []
    for value in OUTSIDE + moments:
        ref, _ = client.open_project()
        problem = check_problem(client.ingest(event("erp", event_type, ref, {**payload, field: value})), 422)
        assert pointers(problem) == [f"/payload/{field}"], (value, problem)
    client.close()


@pytest.mark.parametrize("event_type,payload,field", DATED, ids=lambda value: value if isinstance(value, str) else "")
def test_dates_at_the_edges_are_taken(server, event_type, payload, field):
    client = server.client(timeout=10)
    for value in INSIDE:
        ref = unique("P") if event_type == "project.created" else client.open_project()[0]
        answer = client.store(event("erp", event_type, ref, {**payload, field: value}))
        read_back(client, answer)
    client.close()


def test_an_operator_enters_no_such_dates_either(server):
    client = server.client(timeout=10)
    _, opened = client.open_project()
    for field in ("promised_delivery_date", "promised_installation_date"):
        for value in ("0001-01-01", "1969-12-31"):
            answer = client.send("POST", f"/api/projects/{opened['project_id']}/orders", {"order_ref": unique("O"), field: value})
            assert pointers(check_problem(answer, 422)) == [f"/{field}"], answer
    client.close()


def test_an_instant_outside_is_refused_in_the_envelope(client):
    for value in ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"):
        answer = client.ingest(event("erp", "project.created", unique("P"), occurred_at=value))
        assert pointers(check_problem(answer, 422)) == ["/occurred_at"], (value, answer)


def test_a_date_does_not_stop_an_import(tmp_path):
    """The good line before it is taken, the bad one named: exit 1."""
    good, bad = event("erp", "project.created", "P1"), event("erp", "order.confirmed", "P1", {"order_ref": "O", "promised_delivery_date": "0001-01-01"})
    (tmp_path / "in.ndjson").write_text(json.dumps(good) + "\n" + json.dumps(bad) + "\n")
    (tmp_path / "plo.toml").write_text(config_text())
    words = ("import", tmp_path / "in.ndjson", "--config", tmp_path / "plo.toml", "--data", tmp_path / "data")
    try:
        status, out, err = run_bounded(*words, timeout=10)
    except subprocess.TimeoutExpired as error:
        raise AssertionError("the import does not end") from error
    assert status == 1 and "promised_delivery_date" in out + err, (status, out, err)
    status, out, _ = run_bounded("replay", "verify", "--data", tmp_path / "data", "--config", tmp_path / "plo.toml")
    assert status == 0, out


BAD_KEYS = [b"\xff", b"key\xff", "clé".encode(), b"\xc0\xaf", b"\xed\xa0\x80", b"a b", b"a\tb", b"a" * 129, b"a" * 5000, b"\x7f", b"a\x01b", b"\xe2\x80\xa8", b""]


def test_an_idempotency_key_is_visible_ascii(make_server):
    """Refused, and the log is as it was; the longest and the shortest allowed are taken and hold over a restart."""
    server = make_server()
    client = server.client(timeout=10)
    _, opened = client.open_project()
    rule = {"name": "R", "scope": "project", "severity": "warning", "on": ["inspiration.started"], "when": True, "actions": []}
    commands = [(f"/api/projects/{opened['project_id']}/notes", lambda n: {"comment": f"note {n}"}), ("/api/projects",
                                                                                                      lambda n: {"project_ref": unique("P"),
                                                                                                                 "customer_name": "Dupont"}),
                ("/api/rules", lambda n: {**rule, "id": f"K{n}"})]
    before = len(client.log())
    for number, key in enumerate(BAD_KEYS):
        for path, body in commands:
            answer = client.request("POST", path, json.dumps(body(number)), {"Content-Type": "application/json", "Idempotency-Key": key})
            assert answer.status in (400, 422) if key in (b"\x7f", b"a\x01b") else answer.status == 422, (key, path, answer)
            check_problem(answer, answer.status)
    assert len(client.log()) == before, "something was recorded"
    for number, key in enumerate(("", "!~" * 63 + "x", '"quoted\\"', "{}[]<>,;:")):
        for each, (path, body) in enumerate(commands):
            headers = {"Content-Type": "application/json", "Idempotency-Key": f"{each}{key}"}
            sent = json.dumps(body(f"good-{number}"))
            first, again = (client.request("POST", path, sent, headers) for _ in range(2))
            assert first.status in (200, 201) and again.status == first.status, (key, first, again)
            assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json()
    client.walk("/api/audit")
    log = client.log()
    server.restart()
    assert server.client().log()[:len(log)] == log


def deep_rule(depth, rule_id, kind):
    inner = {"var": "event.payload.x"}
    for _ in range(depth):
        inner = {"!": [inner]} if kind == "not" else {"!": inner} if kind == "bare" else {"==": [[inner], 1]}
    return {"id": rule_id, "name": "Deep", "scope": "project", "severity": "warning", "on": ["inspiration.started"], "when": inner, "actions": []}


@pytest.mark.parametrize("kind", ["not", "bare", "list"])
def test_a_rule_that_is_taken_is_there(server, kind):
    """At once and after a restart, made or changed; one too deep is refused when it is defined."""
    client = server.client(timeout=10)
    there = {}
    for depth in (1, 10, 14, 15, 16, 20, 26, 27, 28, 29, 30, 31, 32, 33, 40, 64, 200):
        rule = deep_rule(depth, f"D-{kind}-{depth}", kind)
        made = client.send("POST", "/api/rules", rule)
        assert made.status in (201, 422), (depth, made)
        if made.status == 422:
            check_problem(client.get(f"/api/rules/{rule['id']}"), 404)
            rule = {**rule, "when": True}
            assert client.send("POST", "/api/rules", rule).status == 201
            assert client.send("PUT", f"/api/rules/{rule['id']}", deep_rule(depth, rule["id"], kind)).status == 422, "refused when made, and taken as a change"
        else:
            assert client.send("PUT", f"/api/rules/{rule['id']}", rule | {"name": "Changed"}).status == 200
            rule["name"] = "Changed"
        there[rule["id"]] = rule
    assert any(rule["when"] is not True for rule in there.values()), "all are refused"

    def check(reader):
        for rule_id, rule in there.items():
            found = reader.read(f"/api/rules/{rule_id}")
            assert (found["when"], found["name"]) == (rule["when"], rule["name"]), rule_id

    check(client)
    server.restart()
    check(server.client())


def test_deep_values_in_commands_are_kept_or_refused(server, client):
    """Overrides, addresses, metadata: what is answered 2xx can be read, and the log is JSON."""
    _, opened = client.open_project()
    project = opened["project_id"]
    for depth in DEPTHS:
        deep = json.loads(nested(depth))
        answers = [client.send("POST", f"/api/projects/{project}/orders", {"order_ref": unique("O"), "delivery_address": deep}),
                   client.send("POST", "/api/projects", {"project_ref": unique("P"), "metadata": deep}),
                   client.send("PUT", "/api/rules/ANO-01/overrides", [{"store_id": "S", "params": {"x": deep}}])]
        assert all(answer.status in (200, 201, 422, 400) for answer in answers), (depth, answers)
        if answers[0].status == 201:
            client.project({"project_id": project, "position": answers[0].json()["position"]})
        if answers[2].status == 200:
            assert client.read("/api/rules/ANO-01/overrides")
    log = client.log(opened["position"])
    server.restart()
    assert server.client().log(opened["position"])[:len(log)] == log


def test_texts_that_are_no_texts_are_not_recorded(client):
    """Lone surrogates and bytes that are no UTF-8, in commands as in events."""
    _, opened = client.open_project()
    add_user(client)
    before = len(client.log())
    for text in (b'"\xff"', b'"\\ud800"', b'"\xed\xa0\x80"', b'"\\udc00\\ud800"'):
        for path, name in ((f"/api/projects/{opened['project_id']}/notes", b"comment"), ("/api/projects", b"store_id"), ("/api/projects", b"customer_name")):
            answer = client.request("POST", path, b'{"%s":%s}' % (name, text), {"Content-Type": "application/json"})
            assert answer.status in (400, 422), (path, text, answer)
    assert len(client.log()) == before
