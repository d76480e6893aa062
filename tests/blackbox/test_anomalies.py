"""What the rules find, as operators and machines see it over HTTP and SSE."""
import datetime
import time

import pytest
from harness import check_problem, config_text, event, pointers, unique


def instant(**ahead):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**ahead)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(ahead):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=ahead)).date().isoformat()


class Project:
    """A project with one confirmed order, far from its delivery."""

    def __init__(self, client, promised=None, **payload):
        self.client = client
        self.ref, opened = client.open_project(**payload)
        self.id = opened["project_id"]
        self.order = unique("O")
        self.say("erp", "order.confirmed", order_ref=self.order, promised_delivery_date=promised or day(30))

    def say(self, source, event_type, at=None, **payload):
        self.last = self.client.store(event(source, event_type, self.ref, payload, occurred_at=at or instant()))
        return self.last

    def anomalies(self, status="all"):
        return self.client.walk(f"/api/anomalies?project_id={self.id}&status={status}", at_least=self.last["position"])

    def found(self, rule_id):
        [one] = [a for a in self.anomalies() if a["rule_id"] == rule_id]
        return one

    def detail(self):
        return self.client.read(f"/api/projects/{self.id}", at_least=self.last["position"])


@pytest.fixture
def project(client):
    return Project(client)


def command(client, anomaly, name, body=None):
    import json
    headers = {"Content-Type": "application/json"} if body is not None else {}
    return client.request("POST", f"/api/anomalies/{anomaly['anomaly_id']}/{name}", None if body is None else json.dumps(body), headers)


def done(client, answer):
    """A command that was carried out; waits until it shows."""
    assert answer.status == 200, answer
    client.read("/api/anomalies?limit=1", at_least=answer.json()["position"])


def test_an_anomaly_is_in_the_answer_the_list_and_the_project(client, project):
    said = project.say("tms", "shipment.exception", order_ref=project.order, shipment_id=unique("S"))
    assert len(said["anomalies"]) == 1
    a = project.found("ANO-28")
    assert a["anomaly_id"] == said["anomalies"][0]
    assert set(a) >= {"anomaly_id", "rule_id", "rule_version", "rule_name", "project_id", "scope", "entity", "severity", "status", "raised_at",
                      "last_triggered_at", "occurrences", "escalated", "escalated_at", "acknowledged_at", "acknowledged_by", "snoozed_until",
                      "resolved_at", "resolved_by", "late_event_id", "assigned_to", "comments", "cause"}
    assert (a["scope"], a["entity"], a["severity"], a["status"], a["occurrences"]) == ("order", project.order, "warning", "open", 1)
    assert a["cause"] == {"event_id": said["event_id"]}
    whole = project.detail()
    assert whole["health"] == "orange"
    assert whole["open_anomalies"] == {"warning": 1, "critical": 0}
    assert whole["oldest_anomaly_at"] == a["raised_at"]
    assert [x["anomaly_id"] for x in whole["anomalies"]] == [a["anomaly_id"]]
    project.say("wfm", "installation.issue", severity="minor")
    assert project.detail()["health"] == "red"


def test_an_explanation_names_rule_facts_and_event(client):
    p = Project(client, promised=day(1))
    said = p.say("erp", "stock.shortage", order_ref=p.order, skus=["SINK"])
    a = p.found("ANO-01")
    why = client.read(f"/api/anomalies/{a['anomaly_id']}")["explanation"]
    assert why["rule"]["id"] == "ANO-01"
    assert why["when"] == why["rule"]["when"]
    assert {"path": "params.within", "value": "PT72H"} in why["facts"]
    assert why["event"]["event_id"] == said["event_id"]
    check_problem(client.get("/api/anomalies/01890a5d-ac96-774b-bcce-b302099a8057"), 404)
    check_problem(client.get("/api/anomalies/nonsense"), 404)


def test_a_trigger_of_an_open_one_counts_and_raises_nothing(project):
    project.say("wfm", "installation.issue", severity="minor")
    again = project.say("wfm", "installation.issue", severity="minor")
    assert again["anomalies"] == []
    assert project.found("ANO-06")["occurrences"] == 2


def test_acknowledge_resolve_and_what_contradicts(client, project):
    project.say("tms", "shipment.exception", order_ref=project.order)
    a = project.found("ANO-28")
    done(client, command(client, a, "acknowledge", {"comment": "calling the carrier"}))
    a = project.found("ANO-28")
    assert a["status"] == "acknowledged" and a["acknowledged_at"] and a["comments"][0]["comment"] == "calling the carrier"
    check_problem(command(client, a, "acknowledge"), 409)
    assert project.detail()["health"] == "orange"
    me = client.read("/api/auth/me")["user"]["user_id"]
    done(client, command(client, a, "assign", {"assigned_to": me}))
    assert project.found("ANO-28")["assigned_to"] == me
    done(client, command(client, a, "resolve", {"comment": "found"}))
    a = project.found("ANO-28")
    assert a["status"] == "resolved" and a["resolved_by"] not in ("system", "late_event", None)
    assert project.detail()["health"] == "green"
    for name in ("acknowledge", "resolve"):
        assert "resolved" in check_problem(command(client, a, name), 409)["detail"]
    check_problem(command(client, {"anomaly_id": "01890a5d-ac96-774b-bcce-b302099a8057"}, "resolve"), 404)


def test_reopened_within_the_window_with_the_same_id(client, project):
    project.say("tms", "shipment.exception", order_ref=project.order)
    a = project.found("ANO-28")
    done(client, command(client, a, "resolve"))
    said = project.say("tms", "shipment.exception", order_ref=project.order)
    assert said["anomalies"] == [a["anomaly_id"]]
    again = project.found("ANO-28")
    assert (again["status"], again["occurrences"], again["resolved_at"]) == ("open", 2, None)


def test_an_anomaly_that_a_later_one_has_followed_is_history(client, project):
    rule = {"id": unique("TST"), "name": "again", "scope": "order", "step_type": "shipment_in_transit", "severity": "warning", "on": ["shipment.exception"],
            "when": True, "actions": [], "params": {}, "dedup": "PT0.001S"}
    assert client.send("POST", "/api/rules", rule).status == 201
    project.say("tms", "shipment.exception", order_ref=project.order)
    first = project.found(rule["id"])
    done(client, command(client, first, "resolve"))
    later = None
    for _ in range(20):
        project.say("tms", "shipment.exception", order_ref=project.order)
        later = next((a for a in project.anomalies() if a["rule_id"] == rule["id"] and a["anomaly_id"] != first["anomaly_id"]), None)
        if later:
            break
        done(client, command(client, first, "resolve"))  # it came within a millisecond, and opened the first again
    assert later, "no later anomaly is raised"
    for name in ("acknowledge", "resolve"):
        assert "history" in check_problem(command(client, first, name), 409)["detail"]
    assert client.read(f"/api/anomalies/{first['anomaly_id']}")["status"] == "resolved"
    done(client, command(client, later, "acknowledge"))
    assert client.send("PUT", f"/api/rules/{rule['id']}", {**rule, "active": False}).status == 200  # the other tests have none of it


def test_snooze_ends_by_itself(client, project):
    project.say("tms", "shipment.exception", order_ref=project.order)
    a = project.found("ANO-28")
    assert pointers(check_problem(command(client, a, "snooze", {"until": "2020-01-01T00:00:00Z"}), 422)) == ["/until"]
    assert pointers(check_problem(command(client, a, "snooze", {}), 422)) == ["/until"]
    done(client, command(client, a, "snooze", {"until": instant(seconds=4)}))
    assert project.found("ANO-28")["status"] == "snoozed"
    deadline = time.monotonic() + 60
    while project.found("ANO-28")["status"] == "snoozed":
        assert time.monotonic() < deadline, "the snooze did not end"
        time.sleep(0.1)
    assert project.found("ANO-28")["status"] == "open"


def test_bulk_acknowledge_says_what_became_of_each(client, project):
    import json
    project.say("tms", "shipment.exception", order_ref=project.order)
    project.say("wfm", "installation.issue", severity="minor")
    ids = [a["anomaly_id"] for a in project.anomalies()] + ["nonsense"]
    answer = client.request("POST", "/api/anomalies/acknowledge", json.dumps({"ids": ids, "comment": "all"}), {"Content-Type": "application/json"})
    assert answer.status == 200, answer
    assert [item["status"] for item in answer.json()["items"]] == [200, 200, 404]
    client.read("/api/anomalies?limit=1", at_least=answer.json()["position"])
    assert {a["status"] for a in project.anomalies()} == {"acknowledged"}
    assert pointers(check_problem(client.request("POST", "/api/anomalies/acknowledge", "{}", {"Content-Type": "application/json"}), 422)) == ["/ids"]


def test_lists_filter_sort_and_page(client):
    store = unique("store")
    projects = [Project(client, store_id=store) for _ in range(3)]
    for p in projects:
        p.say("tms", "shipment.exception", order_ref=p.order)
    projects[1].say("wfm", "installation.issue", severity="minor")
    last = projects[1].last["position"]
    mine = client.walk(f"/api/anomalies?store_id={store}&limit=2", at_least=last)
    assert [a["severity"] for a in mine] == ["critical", "warning", "warning", "warning"]
    assert mine[1]["raised_at"] <= mine[2]["raised_at"] <= mine[3]["raised_at"], "the longest wait first"
    newest = client.walk(f"/api/anomalies?store_id={store}&sort=-raised_at", at_least=last)
    assert [a["raised_at"] for a in newest] == sorted((a["raised_at"] for a in mine), reverse=True)
    oldest = client.walk(f"/api/anomalies?store_id={store}&sort=raised_at&limit=1", at_least=last)
    assert [a["raised_at"] for a in oldest] == sorted(a["raised_at"] for a in mine)
    assert len(client.walk(f"/api/anomalies?store_id={store}&severity=warning&rule_id=ANO-28", at_least=last)) == 3
    assert client.read(f"/api/anomalies?store_id={store}&status=resolved", at_least=last)["total"] == 0
    worst = client.walk(f"/api/projects?store_id={store}&severity=critical", at_least=last)
    assert [p["project_id"] for p in worst] == [projects[1].id]
    waiting = client.walk(f"/api/projects?store_id={store}", at_least=last)
    assert [p["project_id"] for p in waiting] == [p.id for p in projects], "the longest wait first"
    for bad in ("status=gone", "severity=bad", "sort=name", "limit=0", "cursor=xx", "project_id=7", "from=yesterday"):
        check_problem(client.get(f"/api/anomalies?{bad}"), 422)


def test_a_blocked_step_is_shown_and_freed(client, project):
    project.say("erp", "picking.discrepancy", order_ref=project.order)
    a = project.found("ANO-02")
    steps = {s["step_type"]: s for s in project.detail()["steps"]}
    assert (steps["shipment_dispatched"]["status"], steps["shipment_dispatched"]["blocked_by"]) == ("blocked", a["anomaly_id"])
    project.say("erp", "picking.completed", order_ref=project.order)
    assert project.found("ANO-02")["resolved_by"] == "system"
    steps = {s["step_type"]: s for s in project.detail()["steps"]}
    assert (steps["shipment_dispatched"]["status"], steps["shipment_dispatched"]["blocked_by"]) == ("pending", None)


def test_a_deadline_passes_by_itself(client, project):
    """ANO-13 is due two hours after the planned start. How soon it is noticed is measured by bench/deadlines."""
    due = time.time() + 4
    start = datetime.datetime.fromtimestamp(due - 7200, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    project.say("wfm", "installation.scheduled", installation_id=unique("I"), scheduled_start=start)
    assert "ANO-13" in [d["rule_id"] for d in project.detail()["deadlines"]]
    while not (found := [a for a in project.anomalies() if a["rule_id"] == "ANO-13"]):
        assert time.time() < due + 60, "the deadline did not pass"
        time.sleep(0.05)
    raised = datetime.datetime.fromisoformat(found[0]["raised_at"].replace("Z", "+00:00")).timestamp()
    assert due - 0.002 <= raised < due + 30
    assert found[0]["cause"].keys() == {"deadline"}
    assert "ANO-13" not in [d["rule_id"] for d in project.detail()["deadlines"]]


def test_a_late_event_retracts_and_is_named(client, project):
    """ANO-13 again: the start is reported after the deadline, and happened before it."""
    project.say("wfm", "installation.scheduled", scheduled_start=instant(hours=-3))
    assert project.found("ANO-13")["status"] == "open"
    late = project.say("wfm", "installation.started", at=instant(hours=-2))
    a = project.found("ANO-13")
    assert (a["status"], a["resolved_by"], a["late_event_id"]) == ("resolved", "late_event", late["event_id"])


def test_why_a_rule_has_not_fired(client, project):
    project.say("tms", "shipment.eta_updated", order_ref=project.order, shipment_id=unique("S"), estimated_arrival=instant(days=2))
    rules = {r["rule_id"]: r for r in client.read(f"/api/projects/{project.id}/rules", at_least=project.last["position"])["items"]}
    assert len(rules) >= 35
    eta = rules["ANO-16"]["judged"][0]
    assert eta["met"] is False and eta["event_id"] == project.last["event_id"]
    assert {f["path"] for f in eta["parts"][0]["facts"]} == {"event.payload.estimated_arrival", "order.promised_delivery_date"}
    waiting = rules["ANO-17"]["judged"][0]
    assert waiting["deadline"] == "armed" and waiting["due_at"] > instant()
    assert [p["met"] for p in waiting["parts"]] == [True, True, True]
    [one] = client.read(f"/api/projects/{project.id}/rules?rule_id=ANO-08")["items"]
    assert one["rule_id"] == "ANO-08"
    check_problem(client.get("/api/projects/01890a5d-ac96-774b-bcce-b302099a8057/rules"), 404)


def test_the_stream_tells_every_turn(client, server, project):
    stream = server.stream(f"?topics=anomalies&project_id={project.id}", last_event_id=project.last["position"])
    try:
        said = project.say("wfm", "installation.issue", severity="minor")
        position, name, data = stream.next()
        assert (name, data["anomaly_id"], data["rule_id"], data["severity"]) == ("anomaly.raised", said["anomalies"][0], "ANO-06", "critical")
        assert data["project_id"] == project.id and position > said["position"]
        a = project.found("ANO-06")
        done(client, command(client, a, "acknowledge"))
        done(client, command(client, a, "snooze", {"until": instant(hours=1)}))
        done(client, command(client, a, "resolve"))
        project.say("wfm", "installation.issue", severity="minor")
        told = [stream.next() for _ in range(4)]
        assert [name for _, name, _ in told] == ["anomaly.acknowledged", "anomaly.snoozed", "anomaly.resolved", "anomaly.reopened"]
        assert {(data["anomaly_id"], data["rule_id"], data["severity"]) for _, _, data in told} == {(a["anomaly_id"], "ANO-06", "critical")}
    finally:
        stream.close()


def test_everything_survives_a_restart(make_server):
    server = make_server()
    client = server.client()
    p = Project(client)
    p.say("tms", "shipment.exception", order_ref=p.order)
    due = time.time() + 6
    start = datetime.datetime.fromtimestamp(due - 7200, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    p.say("wfm", "installation.scheduled", scheduled_start=start)
    before = p.anomalies()
    server.kill()
    server.start()
    p.client = server.client()
    assert [a for a in p.anomalies() if a["rule_id"] != "ANO-13"] == [a for a in before if a["rule_id"] != "ANO-13"]
    while not [a for a in p.anomalies() if a["rule_id"] == "ANO-13"]:
        assert time.time() < due + 60, "a deadline armed before the restart did not pass"
        time.sleep(0.05)


def test_on_the_event_clock_deadlines_pass_before_the_event_that_moves_it(make_server):
    client = make_server(clock="event").client()
    ref, opened = client.open_project()
    order = unique("O")
    client.store(event("erp", "order.confirmed", ref, {"order_ref": order, "promised_delivery_date": "2025-07-20"}, occurred_at="2025-06-15T14:32:00Z"))
    # Another project's event moves the clock: what its answer stands behind is there already.
    other = client.store(event("ecommerce", "project.created", unique("P"), {}, occurred_at="2025-07-17T00:00:00Z"))
    [found] = client.walk(f"/api/anomalies?project_id={opened['project_id']}", at_least=other["position"])
    assert (found["rule_id"], found["raised_at"]) == ("ANO-17", "2025-07-16T22:00:00.000Z")
    # Escalated after four hours on that clock; what is due at the very instant of an event would pass behind it.
    later = client.store(event("ecommerce", "project.created", unique("P"), {}, occurred_at="2025-07-17T02:00:00.001Z"))
    [found] = client.walk(f"/api/anomalies?project_id={opened['project_id']}", at_least=later["position"])
    assert (found["escalated"], found["escalated_at"]) == (True, "2025-07-17T02:00:00.000Z")


def test_business_days_follow_the_country_of_the_address(tmp_path, make_server):
    rules = tmp_path / "rules.toml"
    rules.write_text('''
[[rule]]
id = "BIZ-1"
scope = "order"
severity = "warning"
deadline = {anchor = "order.promised_delivery_date", offset = "-P3D", calendar = "business"}
''')
    client = make_server(config_text(extra=f'[rules]\nfiles = ["{rules}"]'), clock="event").client()
    due = {}
    for country in ("FR", "BR"):
        ref, opened = client.open_project()
        said = client.store(event("erp", "order.confirmed", ref, {"order_ref": unique("O"), "promised_delivery_date": "2025-07-16",
                                                                  "delivery_address": {"city": "X", "country": country}}))
        [deadline] = client.project({"project_id": opened["project_id"], "position": said["position"]})["deadlines"]
        due[country] = deadline["due_at"]
    # Bastille Day is no working day in France alone: Tuesday, Friday, Thursday there; Tuesday, Monday, Friday in Brazil.
    assert due == {"FR": "2025-07-09T22:00:00.000Z", "BR": "2025-07-10T22:00:00.000Z"}
