"""Customers with their projects, and the KPIs."""
import datetime
import urllib.parse

import pytest
from harness import check_problem, event, pointers, unique


def opened(client, ref, when="2025-05-01T08:00:00Z", **payload):
    return client.store(event("ecommerce", "project.created", ref, payload, occurred_at=when))


def test_a_customer_shows_projects_by_state(client):
    customer = unique("C")
    planned = opened(client, unique("P"), customer_id=customer, customer_name="Ana")
    current = opened(client, unique("P"), customer_id=customer, customer_name="Ana Old", when="2025-04-01T08:00:00Z")
    ref = unique("P")
    past = opened(client, ref, customer_id=customer)
    client.store(event("erp", "order.confirmed", None, {"order_ref": unique("O"), "lines": [{"sku": "A", "qty": 1}]}, project_id=current["project_id"]))
    last = client.store(event("crm", "project.closed", ref))
    c = client.read(f"/api/customers/{customer}", at_least=last["position"])
    assert set(c) >= {"customer_id", "name", "projects", "health"}
    assert c["customer_id"] == customer and c["health"] == "green" and c["name"] == "Ana"
    assert [p["project_id"] for p in c["projects"]["planned"]] == [planned["project_id"]]
    assert [p["project_id"] for p in c["projects"]["current"]] == [current["project_id"]]
    assert [p["project_id"] for p in c["projects"]["past"]] == [past["project_id"]]
    assert c["project_counts"] == {"current": 1, "past": 1, "planned": 1}
    short = c["projects"]["current"][0]
    assert set(short) == {"project_id", "project_refs", "project_type", "status", "health", "promised_delivery_date"}
    failed = client.store(event("tms_lastmile", "lastmile.failed", None, {"lastmile_id": unique("L")}, project_id=current["project_id"]))
    assert client.read(f"/api/customers/{customer}", at_least=failed["position"])["health"] == "red"
    check_problem(client.get(f"/api/customers/{unique('nobody')}"), 404)


def test_customers_are_listed_by_name(client):
    mark = unique("list").replace("-", "")
    for number, name in enumerate(["zoé", "Émile", "eva", "Emilie", "emile"]):
        last = opened(client, unique("P"), customer_id=f"{mark}-{number}", customer_name=f"{mark} {name}")
    path = f"/api/customers?q={mark}&limit=2"
    client.read(path, at_least=last["position"])
    assert client.read(path)["total"] == 5
    assert [c["customer_id"] for c in client.walk(path)] == [f"{mark}-1", f"{mark}-4", f"{mark}-3", f"{mark}-2", f"{mark}-0"]
    everyone = client.walk("/api/customers?limit=3")
    assert client.read("/api/customers?limit=1")["total"] == len(everyone) == len({c["customer_id"] for c in everyone})
    q = urllib.parse.quote(f"{mark} emil")
    assert client.read(f"/api/customers?q={q}")["total"] == 3
    for wrong in ("limit=0", "limit=201", "cursor=x", "q=" + "x" * 201):
        check_problem(client.get(f"/api/customers?{wrong}"), 422)


def test_a_customer_shows_at_most_fifty_projects_of_a_kind(client):
    customer = unique("many")
    lines = [event("ecommerce", "project.created", unique("P"), {"customer_id": customer}, occurred_at=f"2025-05-01T08:{n:02}:00Z") for n in range(55)]
    answers = client.batch(lines).lines()
    c = client.read(f"/api/customers/{customer}", at_least=answers[-1]["position"])
    assert c["project_counts"]["planned"] == 55
    assert [p["project_id"] for p in c["projects"]["planned"]] == [a["project_id"] for a in reversed(answers)][:50]


def now(**ago):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture(scope="module")
def fared(shared_server):
    """A store with two anomalies (one acknowledged, one resolved), one delivery in time and one late."""
    client = shared_server.client()
    store = unique("KPI")
    promised = (datetime.date.today() + datetime.timedelta(days=10)).isoformat()
    late = (datetime.date.today() - datetime.timedelta(days=10)).isoformat()
    answers = []
    for day in (promised, late):
        ref = unique("P")
        order = unique("O")
        client.store(event("ecommerce", "project.created", ref, {"store_id": store, "project_type": "kitchen"}, occurred_at=now(days=2)))
        client.store(event("erp", "order.confirmed", ref, {"order_ref": order, "promised_delivery_date": day, "lines": [{"sku": "A", "qty": 1}]},
                           occurred_at=now(days=1)))
        answers.append(client.store(event("tms", "shipment.exception", ref, {"order_ref": order, "shipment_id": unique("S")}, occurred_at=now(hours=1))))
        client.store(event("tms_lastmile", "lastmile.delivered", ref, {"lastmile_id": unique("L")}, occurred_at=now(minutes=1)))
    first, second = (a["anomalies"][0] for a in answers)
    acknowledged = client.send("POST", f"/api/anomalies/{first}/acknowledge", {})
    resolved = client.send("POST", f"/api/anomalies/{second}/resolve", {})
    assert acknowledged.status == resolved.status == 200, (acknowledged, resolved)
    client.read("/api/projects?limit=1", at_least=max(acknowledged.json()["position"], resolved.json()["position"]))
    return store


def test_kpis_of_a_store(client, fared):
    k = client.read(f"/api/kpis?store_id={fared}")
    assert set(k) >= {"open", "raised_per_day", "resolved_per_day", "mean_time_to_acknowledge_s", "mean_time_to_resolve_s",
                      "detection_lead_time_s", "on_time", "top_rules"}
    anomalies = client.walk(f"/api/anomalies?store_id={fared}&status=all&limit=200")
    still_open = [a for a in anomalies if a["status"] != "resolved"]
    assert k["open"] == {s: len([a for a in still_open if a["severity"] == s]) for s in ("warning", "critical")}
    assert len(k["raised_per_day"]) == 30
    assert set(k["raised_per_day"][0]) == {"date", "warning", "critical"}
    for severity in ("warning", "critical"):
        assert sum(d[severity] for d in k["raised_per_day"]) == len([a for a in anomalies if a["severity"] == severity])
        assert sum(d[severity] for d in k["resolved_per_day"]) == len([a for a in anomalies if a["severity"] == severity and a["resolved_at"]])
    assert k["on_time"] == {"delivered": 2, "on_time": 1}
    assert 0 <= k["mean_time_to_acknowledge_s"] < 3600 and 0 <= k["mean_time_to_resolve_s"] < 3600
    assert k["detection_lead_time_s"]["p50"] < 0 < k["detection_lead_time_s"]["p90"]
    assert abs(k["detection_lead_time_s"]["p90"] - 9.5 * 86400) < 1.5 * 86400
    assert sum(r["count"] for r in k["top_rules"]) == len(anomalies)
    assert "ANO-28" in [r["rule_id"] for r in k["top_rules"]]
    assert client.read(f"/api/kpis?store_id={fared}&type=kitchen")["on_time"] == k["on_time"]


def test_kpis_of_nothing(client, fared):
    k = client.read(f"/api/kpis?store_id={fared}&type=garage")
    assert k["open"] == {"warning": 0, "critical": 0} and k["top_rules"] == []
    assert k["mean_time_to_acknowledge_s"] is None and k["mean_time_to_resolve_s"] is None
    assert k["detection_lead_time_s"] == {"p50": None, "p90": None}
    assert k["on_time"] == {"delivered": 0, "on_time": 0}


def test_the_whole_is_the_sum_of_the_stores(client, fared):
    whole = client.read("/api/kpis")
    anomalies = client.walk("/api/anomalies?status=all&limit=200")
    assert sum(d["warning"] + d["critical"] for d in whole["raised_per_day"]) <= len(anomalies)
    assert whole["open"]["warning"] + whole["open"]["critical"] == len([a for a in anomalies if a["status"] != "resolved"])


def test_the_period_is_checked(client):
    assert len(client.read("/api/kpis?from=2025-01-01&to=2025-01-08")["raised_per_day"]) == 7
    assert len(client.read("/api/kpis?from=2024-01-01&to=2025-02-04")["raised_per_day"]) == 400
    for wrong in ("from=2024-01-01&to=2025-02-05", "from=2025-01-08&to=2025-01-01", "from=x", "to=2025-13-01", "from=2025-01-01&to=2025-01-01"):
        assert pointers(check_problem(client.get(f"/api/kpis?{wrong}"), 422))
