"""The journal: who did what and when, by operator, type and time."""
import datetime

from harness import ADMIN_EMAIL, check_problem, event, pointers, unique

PASSWORD = "a long enough password"


def add_user(client, role="operator"):
    answer = client.send("POST", "/api/users", {"email": f"{unique('u').lower()}@example.org", "password": PASSWORD, "role": role})
    assert answer.status == 201, answer
    return answer.json()


def acknowledge_one(client, by, comment="seen"):
    _, opened = client.open_project()
    failed = client.store(event("tms_lastmile", "lastmile.failed", None, {"lastmile_id": unique("LM"), "reason": "nobody home"}, project_id=opened["project_id"]))
    anomaly = client.read(f"/api/anomalies?project_id={opened['project_id']}", at_least=failed["position"])["items"][0]
    answer = by.send("POST", f"/api/anomalies/{anomaly['anomaly_id']}/acknowledge", {"comment": comment}, Idempotency_Key=unique("key"))
    assert answer.status == 200, answer
    return opened["project_id"], anomaly, answer.json()["position"]


def test_an_entry(server, client):
    user = add_user(client)
    project, anomaly, position = acknowledge_one(client, server.client_of(user["email"], PASSWORD), "on it")
    [entry] = client.read(f"/api/audit?operator={user['user_id']}", at_least=position)["items"]
    assert set(entry) == {"position", "recorded_at", "operator_id", "operator_email", "type", "project_id", "summary", "data"}
    assert (entry["position"], entry["operator_id"], entry["operator_email"]) == (position, user["user_id"], user["email"])
    assert (entry["type"], entry["project_id"]) == ("anomaly.acknowledged", project)
    assert entry["data"]["comment"] == "on it" and "idempotency" not in entry["data"]
    assert anomaly["rule_id"] in entry["summary"] and entry["summary"].endswith(".")


def test_it_holds_every_operator_event_newest_first(server, client):
    user = add_user(client)
    _, _, position = acknowledge_one(client, server.client_of(user["email"], PASSWORD))
    expected = [e for e in client.log() if e["kind"] == "operator"]
    entries = client.walk("/api/audit?limit=7", at_least=position)
    assert [e["position"] for e in entries] == sorted((e["position"] for e in expected), reverse=True)
    for entry, e in zip(entries, reversed(expected)):
        assert (entry["type"], entry["recorded_at"], entry["operator_id"]) == (e["type"], e["recorded_at"], e["operator_id"])
        assert entry["data"] == e["data"] and entry["summary"] and "Recorded" not in entry["summary"], entry
    assert client.read("/api/audit?limit=1")["total"] == len(entries)


def test_filters_and_their_totals(server, client):
    user = add_user(client)
    own = server.client_of(user["email"], PASSWORD)
    position = max(acknowledge_one(client, own)[2] for _ in range(3))
    admin = client.read("/api/auth/me")["user"]["user_id"]
    everything = client.walk("/api/audit", at_least=position)

    def check(query, keep):
        kept = [e for e in everything if keep(e)]
        assert client.walk(f"/api/audit?limit=3&{query}") == kept, query
        assert client.read(f"/api/audit?limit=1&{query}")["total"] == len(kept), query
        return kept

    assert len(check(f"operator={user['user_id']}", lambda e: e["operator_id"] == user["user_id"])) == 3
    check(f"operator={user['email'].upper()}", lambda e: e["operator_id"] == user["user_id"])
    check(f"operator={ADMIN_EMAIL}", lambda e: e["operator_id"] == admin)
    check("operator=nobody", lambda e: False)
    check("type=operator.added", lambda e: e["type"] == "operator.added")
    check(f"type=operator.added&operator={admin}", lambda e: e["type"] == "operator.added" and e["operator_id"] == admin)
    middle = everything[len(everything) // 2]["recorded_at"]
    check(f"from={middle}", lambda e: e["recorded_at"] >= middle)
    check(f"to={middle}", lambda e: e["recorded_at"] < middle)
    check(f"from={middle}&operator={admin}", lambda e: e["recorded_at"] >= middle and e["operator_id"] == admin)
    day = datetime.datetime.fromisoformat(middle.replace("Z", "+00:00")).date()
    yesterday, tomorrow = day - datetime.timedelta(days=1), day + datetime.timedelta(days=2)
    check(f"from={yesterday}T12:00:00Z&to={tomorrow}T12:00:00Z", lambda e: True)
    check(f"from={tomorrow}T00:00:00Z", lambda e: False)
    check("from=2030-01-01T00:00:00Z&to=2020-01-01T00:00:00Z", lambda e: False)
    check("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", lambda e: True)


def test_wrong_parameters(client):
    assert pointers(check_problem(client.get("/api/audit?from=never&limit=0&cursor=x"), 422))
    check_problem(client.get("/api/audit?limit=201"), 422)
    check_problem(client.get("/api/audit?operator=" + "x" * 400), 422)


def test_pages_stay_while_entries_come(client):
    first = client.read("/api/audit?limit=2")
    add_user(client)
    rest = client.read(f"/api/audit?limit=200&cursor={first['next_cursor']}")
    seen = [e["position"] for e in first["items"]] + [e["position"] for e in rest["items"]]
    assert seen == sorted(set(seen), reverse=True) and len(seen) >= min(first["total"], 202)


def test_the_first_administrator_and_the_rule_files_are_in_it(make_server):
    client = make_server().client()
    entries = client.walk("/api/audit")
    added = next(e for e in entries if e["type"] == "operator.added")
    assert added["operator_id"] is None and added["operator_email"] is None and ADMIN_EMAIL in added["summary"]
    assert any(e["type"] == "rule.defined" and "rule file" in e["summary"] for e in entries)
