"""Filters, sort orders, totals and pages of every list, against a look at all rows."""
import itertools
import random
import threading
import urllib.parse

import pytest
from harness import check_problem, event, unique

PROJECTS = 60
NEVER = "9999"


def query_of(filters):
    return urllib.parse.urlencode(filters)


class World:
    """Projects of three stores and two types, some with anomalies, some assigned, some closed."""

    def __init__(self, client):
        self.client = client
        self.mark = unique("W").lower().replace("-", "")
        self.user = client.read("/api/auth/me")["user"]["user_id"]
        chance = random.Random(7)
        lines = []
        self.refs = [f"{self.mark}-{n}" for n in range(PROJECTS)]
        for n, ref in enumerate(self.refs):
            lines.append(event("ecommerce", "project.created", ref, {
                "store_id": f"{self.mark}-S{n % 3}", "project_type": ["kitchen", "bathroom"][n % 2], "customer_id": f"{self.mark}-C{n % 7}",
                "customer_name": f"Zoë {self.mark} Name{n % 5}"}, occurred_at=f"2025-0{1 + n % 6}-1{n % 9}T08:00:00Z"))
        self.opened = self.batch(lines)
        lines = []
        for n, ref in enumerate(self.refs):
            if n % 3 == 1:
                continue
            lines.append(event("erp", "order.confirmed", ref, {"order_ref": f"O-{ref}", "lines": [{"sku": "A", "qty": 1}]},
                               occurred_at="2025-06-20T08:00:00Z"))
        self.batch(lines)
        lines = []
        for n, ref in enumerate(self.refs):
            when = f"2025-06-2{chance.randrange(1, 9)}T08:00:00Z"
            if n % 3 == 0:
                lines.append(event("tms", "shipment.exception", ref, {"order_ref": f"O-{ref}", "shipment_id": f"SH-{ref}"}, occurred_at=when))
            if n % 5 == 0:
                lines.append(event("tms", "lastmile.failed", ref, {"lastmile_id": f"L-{ref}"}, occurred_at=when))
        self.batch(lines, "tms")
        for n in range(0, PROJECTS, 4):
            self.command(f"/api/projects/{self.opened[n]['project_id']}/assign", {"assigned_to": self.user})
        for n in range(2, PROJECTS, 8):
            self.command(f"/api/projects/{self.opened[n]['project_id']}/close", {"comment": "done"})
        mine = [a for a in client.walk("/api/anomalies?status=all&limit=200") if self.mark in str(a)]
        for number, a in enumerate(mine):
            if number % 4 == 0:
                self.command(f"/api/anomalies/{a['anomaly_id']}/acknowledge", {"comment": "seen"})
            elif number % 4 == 1:
                self.command(f"/api/anomalies/{a['anomaly_id']}/assign", {"assigned_to": self.user})
            elif number % 4 == 2:
                self.command(f"/api/anomalies/{a['anomaly_id']}/resolve", {"comment": "done"})
        self.projects = client.walk("/api/projects?limit=200", at_least=self.last)
        self.by_id = {p["project_id"]: p for p in self.projects}
        self.anomalies = client.walk("/api/anomalies?status=all&limit=200")

    def batch(self, lines, source=None):
        answers = []
        for name, group in itertools.groupby(sorted(lines, key=lambda e: e["source"]), key=lambda e: e["source"]):
            answers += self.client.batch(list(group)).lines()
        assert {a["status"] for a in answers} == {201}, answers
        self.last = max(a["position"] for a in answers)
        return answers

    def command(self, path, body):
        answer = self.client.send("POST", path, body)
        assert answer.status == 200, answer
        self.last = answer.json()["position"]


@pytest.fixture(scope="module")
def world(shared_server):
    return World(shared_server.client())


def worst(project):
    found = project["open_anomalies"]
    return "critical" if found["critical"] else "warning" if found["warning"] else None


PROJECT_FILTERS = {
    "status": (lambda w: ["draft", "active", "completed", "cancelled"], lambda w, p, v: p["status"] == v),
    "type": (lambda w: ["kitchen", "nothing"], lambda w, p, v: p["project_type"] == v),
    "store_id": (lambda w: [f"{w.mark}-S1", "nowhere"], lambda w, p, v: p["store_id"] == v),
    "customer_id": (lambda w: [f"{w.mark}-C3", "nobody"], lambda w, p, v: p["customer_id"] == v),
    "severity": (lambda w: ["warning", "critical"], lambda w, p, v: worst(p) == v),
    "assigned_to": (lambda w: [w.user, "none"], lambda w, p, v: p["assigned_to"] == (None if v == "none" else v)),
    "from": (lambda w: ["2025-03-01T00:00:00Z"], lambda w, p, v: p["created_at"] >= v),
    "to": (lambda w: ["2025-05-01T00:00:00Z"], lambda w, p, v: p["created_at"] < v),
}
ANOMALY_FILTERS = {
    "status": (lambda w: ["open", "acknowledged", "snoozed", "resolved"], lambda w, a, v: a["status"] == v),
    "severity": (lambda w: ["warning", "critical"], lambda w, a, v: a["severity"] == v),
    "rule_id": (lambda w: ["ANO-28", "ANO-22", "nothing"], lambda w, a, v: a["rule_id"] == v),
    "store_id": (lambda w: [f"{w.mark}-S0"], lambda w, a, v: w.by_id[a["project_id"]]["store_id"] == v),
    "type": (lambda w: ["bathroom"], lambda w, a, v: w.by_id[a["project_id"]]["project_type"] == v),
    "assigned_to": (lambda w: [w.user, "none"], lambda w, a, v: a["assigned_to"] == (None if v == "none" else v)),
    "project_id": (lambda w: [w.opened[0]["project_id"]], lambda w, a, v: a["project_id"] == v),
    "from": (lambda w: ["2025-06-24T00:00:00Z"], lambda w, a, v: a["raised_at"] >= v),
    "to": (lambda w: ["2025-06-24T00:00:00Z"], lambda w, a, v: a["raised_at"] < v),
}


def check(world, path, rows, key, filters, known, extra=""):
    expected = [row for row in rows if all(known[name][1](world, row, value) for name, value in filters.items())]
    query = query_of(filters) + extra
    page = world.client.read(f"{path}?{query}&limit=7")
    assert page["total"] == len(expected), filters
    found = world.client.walk(f"{path}?{query}&limit=7")
    assert sorted(row[key] for row in found) == sorted(row[key] for row in expected), filters
    return found


def combinations(world, known, pairs):
    each = [(name, value) for name, (values, _) in known.items() for value in values(world)]
    return [dict(pair) for pair in itertools.combinations(each, 2) if pair[0][0] != pair[1][0]] if pairs else [dict([one]) for one in each]


@pytest.mark.parametrize("pairs", [False, True])
def test_filters_of_projects(world, pairs):
    for filters in combinations(world, PROJECT_FILTERS, pairs):
        check(world, "/api/projects", world.projects, "project_id", filters, PROJECT_FILTERS)


@pytest.mark.parametrize("pairs", [False, True])
def test_filters_of_anomalies(world, pairs):
    for filters in combinations(world, ANOMALY_FILTERS, pairs):
        extra = "" if "status" in filters else "&status=all"
        check(world, "/api/anomalies", world.anomalies, "anomaly_id", filters, ANOMALY_FILTERS, extra)


def test_sort_orders_of_projects(world):
    for sort, value in (("updated_at", lambda p: p["updated_at"]), ("created_at", lambda p: p["created_at"]),
                        ("oldest_anomaly", lambda p: p["oldest_anomaly_at"] or NEVER), ("risk", lambda p: -1 if p["risk"] is None else p["risk"])):
        for sign in ("", "-"):
            rows = world.client.walk(f"/api/projects?sort={sign}{sort}&limit=7")
            values = [value(p) for p in rows]
            downwards = (sign == "-") != (sort == "oldest_anomaly")
            assert values == sorted(values, reverse=downwards), (sign, sort)
            assert len({p["project_id"] for p in rows}) == len(rows) == len(world.projects)


def test_sort_orders_of_anomalies(world):
    rank = {"critical": 0, "warning": 1}
    rows = world.client.walk("/api/anomalies?status=all&limit=5")
    keys = [(rank[a["severity"]], a["raised_at"]) for a in rows]
    assert keys == sorted(keys)
    assert world.client.walk("/api/anomalies?status=all&sort=severity&limit=5") == rows[::-1]
    for sort, downwards in (("raised_at", False), ("-raised_at", True)):
        times = [a["raised_at"] for a in world.client.walk(f"/api/anomalies?status=all&sort={sort}&limit=5")]
        assert times == sorted(times, reverse=downwards)


def test_q_finds_projects_by_reference_name_customer_and_order(world):
    def found(q):
        return sorted(p["project_id"] for p in world.client.walk(f"/api/projects?{query_of({'q': q})}&limit=50"))

    ids = [p["project_id"] for p in world.opened]
    assert found(world.refs[13]) == [ids[13]]
    assert found(world.refs[13].upper()) == [ids[13]]
    assert found(f"O-{world.refs[12]}") == [ids[12]]
    assert found(f"{world.mark}-C3") == sorted(ids[n] for n in range(PROJECTS) if n % 7 == 3)
    assert found(f"zoe {world.mark} name2") == sorted(ids[n] for n in range(PROJECTS) if n % 5 == 2)
    assert found(f"ZOË {world.mark}") == sorted(ids)
    assert found(f"{world.mark} nothing-like-it") == []
    both = world.client.read(f"/api/projects?{query_of({'q': world.mark, 'type': 'kitchen'})}&limit=3")
    assert both["total"] == PROJECTS // 2


def test_risk_is_a_filter(world):
    assert world.client.read("/api/projects?risk_min=0")["total"] == len([p for p in world.projects if p["risk"] is not None])
    for wrong in ("-0.1", "1.1", "x", "nan", ""):
        check_problem(world.client.get(f"/api/projects?risk_min={wrong}"), 422)


def test_wrong_parameters(world):
    for path in ("projects?severity=huge", "anomalies?status=closed", "anomalies?project_id=x", "notifications?status=lost", "notifications?cursor=x",
                 "dead-letters?kind=x", "dead-letters?status=x", "dead-letters?cursor=x", "projects?q=" + "x" * 201):
        check_problem(world.client.get(f"/api/{path}"), 422)


def test_notifications_are_filtered(world):
    rows = world.client.walk("/api/notifications?limit=200")
    assert rows
    one = rows[len(rows) // 2]
    for name in ("status", "channel", "rule_id", "project_id", "anomaly_id"):
        expected = [n["notification_id"] for n in rows if n[name] == one[name]]
        page = world.client.read(f"/api/notifications?{name}={one[name]}&limit=200")
        if name != "status":  # sending goes on meanwhile
            assert page["total"] == len(expected)
            assert [n["notification_id"] for n in page["items"]] == expected[:200]


def test_dead_letters(world, client):
    lost = unique("lost")
    letters = [client.ingest(event("oms", "order.confirmed", lost, {"order_ref": f"{lost}-{n}"})).json() for n in range(5)]
    first = event("oms", "picking.started", world.refs[0], {"order_ref": f"O-{world.refs[0]}"})
    stored = client.store(first)
    conflict = client.ingest({**first, "payload": {"order_ref": "another"}})
    assert conflict.json()["conflict"] is True
    last = client.store(event("oms", "custom.seen", world.refs[0]))["position"]
    page = client.read("/api/dead-letters?limit=3", at_least=last)
    assert set(page) == {"items", "next_cursor", "total"}
    rows = client.walk("/api/dead-letters?limit=3")
    assert [r["dead_letter_id"] for r in rows if r["project_ref"] == lost] == [x["dead_letter_id"] for x in reversed(letters)]
    newest = next(r for r in rows if r["project_ref"] == lost)
    assert set(newest) == {"dead_letter_id", "kind", "source", "source_ref", "event_type", "project_ref", "received_at", "reason", "status",
                           "project_id", "payload"}
    assert (newest["kind"], newest["status"], newest["source"], newest["event_type"]) == ("unattached", "waiting", "oms", "order.confirmed")
    assert newest["payload"] == {"order_ref": f"{lost}-4"} and newest["project_id"] is None
    [against] = [r for r in client.walk("/api/dead-letters?kind=conflict") if r["source_ref"] == first["source_ref"]]
    assert against["status"] == "waiting" and against["project_id"] == stored["project_id"]
    assert client.read(f"/api/dead-letters/{newest['dead_letter_id']}") == newest
    check_problem(client.get("/api/dead-letters/nonsense"), 404)
    check_problem(client.get("/api/dead-letters/00000000-0000-7000-8000-000000000000"), 404)
    _, opened = client.open_project(lost)
    # What waited is attached in commits of its own, after the answer.
    import time
    until = time.monotonic() + 60
    while client.read("/api/dead-letters?status=attached&limit=1", at_least=opened["position"])["total"] < 5 and time.monotonic() < until:
        time.sleep(0.05)
    attached = [r for r in client.walk("/api/dead-letters?status=attached") if r["project_ref"] == lost]
    assert len(attached) == 5 and {r["project_id"] for r in attached} == {opened["project_id"]}


def test_filtered_walks_under_writes_meet_every_row_that_stays(server, world):
    stop = threading.Event()
    failures = []

    def write():
        connection = server.client()
        n = 0
        while not stop.is_set():
            n += 1
            answer = connection.ingest(event("erp", "project.created", unique("late"), {"store_id": f"{world.mark}-S1", "project_type": "kitchen"},
                                             occurred_at="2025-02-02T00:00:00Z"))
            if answer.status != 201:
                failures.append(answer)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        client = server.client()
        expected = {p["project_id"] for p in world.projects if p["store_id"] == f"{world.mark}-S1" and p["project_type"] == "kitchen"}
        for sort in ("created_at", "-created_at", "-oldest_anomaly"):
            for _ in range(3):
                path, cursor, seen = f"/api/projects?store_id={world.mark}-S1&type=kitchen&sort={sort}&limit=3", None, []
                # New rows come faster than pages go: the walk ends where the old ones have all been met.
                while not expected <= set(seen):
                    page = client.read(path.replace("limit=3", "limit=50") + (f"&cursor={cursor}" if cursor else ""))
                    seen += [p["project_id"] for p in page["items"]]
                    cursor = page["next_cursor"]
                    if cursor is None:
                        break
                assert len(seen) == len(set(seen))
                assert expected <= set(seen)
    finally:
        stop.set()
        writer.join()
    assert not failures
