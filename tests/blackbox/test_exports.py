"""Lists as CSV: the same rows in the same order, read back by a CSV reader."""
import csv
import io
import urllib.parse

import pytest
from harness import check_problem, event, unique

EVIL = ["=1+1", "+1", "-1", "@cmd", "\tx", "\rx", 'say "hi", you', "a\r\nb", "Zoë ✓"]


def rows_of(answer):
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    text = answer.body.decode()
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture(scope="module")
def store(shared_server):
    client = shared_server.client()
    name = unique("CSV")
    for number, evil in enumerate(EVIL):
        ref = unique("P")
        client.store(event("ecommerce", "project.created", ref, {"store_id": name, "project_type": evil},
                           occurred_at=f"2025-05-0{1 + number % 9}T08:00:00Z"))
        order = unique("O")
        client.store(event("erp", "order.confirmed", ref, {"order_ref": order, "lines": [{"sku": "A", "qty": 1}]}))
        last = client.store(event("tms", "shipment.exception", ref, {"order_ref": order, "shipment_id": unique("S")}))
    client.read("/api/projects?limit=1", at_least=last["position"])
    return name


def test_projects_as_csv(client, store):
    for sort in ("created_at", "-created_at", "-oldest_anomaly"):
        listed = client.walk(f"/api/projects?store_id={store}&sort={sort}")
        rows = rows_of(client.get(f"/api/exports/projects.csv?store_id={store}&sort={sort}"))
        assert [r["project_id"] for r in rows] == [p["project_id"] for p in listed]
        for row, item in zip(rows, listed):
            value = item["project_type"]
            assert row["project_type"] == ("'" + value if value[0] in "=+-@\t\r" else value)
            assert row["project_refs"] == " ".join(item["project_refs"])
            assert row["open_anomalies.warning"] == str(item["open_anomalies"]["warning"])
            assert row["created_at"] == item["created_at"] and row["risk"] == ("" if item["risk"] is None else row["risk"])


def test_anomalies_as_csv(client, store):
    listed = client.walk(f"/api/anomalies?store_id={store}")
    rows = rows_of(client.get(f"/api/exports/anomalies.csv?store_id={store}"))
    assert len(rows) == len(EVIL)
    assert [r["anomaly_id"] for r in rows] == [a["anomaly_id"] for a in listed]
    assert {r["rule_id"] for r in rows} == {"ANO-28"} and {r["status"] for r in rows} == {"open"}
    assert rows_of(client.get(f"/api/exports/anomalies.csv?store_id={store}&status=resolved")) == []


def test_filters_hold_and_nothing_is_an_empty_file(client, store):
    kind = urllib.parse.quote(EVIL[0])
    assert len(rows_of(client.get(f"/api/exports/projects.csv?store_id={store}&type={kind}"))) == 1
    empty = client.get("/api/exports/projects.csv?store_id=nowhere")
    assert rows_of(empty) == [] and empty.body.count(b"\r\n") == 1
    check_problem(client.get("/api/exports/projects.csv?status=x"), 422)
    check_problem(client.get("/api/exports/anomalies.csv?severity=x"), 422)


def test_more_rows_than_a_chunk(server):
    client = server.client()
    name = unique("BIG")
    lines = [event("ecommerce", "project.created", unique("P"), {"store_id": name, "project_type": "x" * 200}) for _ in range(1500)]
    answers = client.batch(lines).lines()
    rows = rows_of(client.get(f"/api/exports/projects.csv?store_id={name}&at_least={answers[-1]['position']}"))
    assert sorted(r["project_id"] for r in rows) == sorted(a["project_id"] for a in answers)
