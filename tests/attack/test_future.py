"""An event from the future hides nothing: it is refused on the wall clock, and is what moves the event clock."""
import datetime

import pytest
from attack import event, unique
from harness import check_problem, config_text, pointers


def ahead(**time):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("time,taken", [({"hours": 23}, True), ({"minutes": 5}, True), ({"hours": 25}, False), ({"days": 40}, False)], ids=str)
def test_more_than_a_day_ahead_is_refused(client, time, taken):
    answer = client.ingest(event("erp", "project.created", unique("P"), occurred_at=ahead(**time)))
    assert answer.status == (201 if taken else 422), answer
    if not taken:
        assert pointers(check_problem(answer, 422)) == ["/occurred_at"]


@pytest.mark.parametrize("instant", ["2099-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2100-01-01T00:00:00+14:00"])
def test_far_ahead_is_refused_in_all_its_forms(client, instant):
    """Alone, as a line, where the project is unknown, and for types nobody knows."""
    ref, _ = client.open_project()
    for body in (event("erp", "project.created", unique("P"), occurred_at=instant), event("tms", "shipment.eta_updated", ref, {"order_ref": "O"},
                                                                                          occurred_at=instant),
                 event("erp", "weather.report", unique("unknown"), occurred_at=instant)):
        assert pointers(check_problem(client.ingest(body), 422)) == ["/occurred_at"]
        [line] = client.batch([body]).lines()
        assert line["status"] == 422 and [error["pointer"] for error in line["errors"]] == ["/occurred_at"], line


def test_the_truth_of_today_counts(client):
    """An arrival announced from 2099 does not keep away that of today."""
    ref, order, shipment = client.open_project()[0], unique("O"), unique("S")
    client.store(event("erp", "order.confirmed", ref, {"order_ref": order, "lines": [{"sku": "A"}], "promised_delivery_date": "2026-12-24"}))
    eta = {"order_ref": order, "shipment_id": shipment, "leg_number": 1}
    check_problem(client.ingest(event("tms", "shipment.eta_updated", ref, {**eta, "estimated_arrival": "2026-12-01T10:00:00Z"},
                                      occurred_at="2099-01-01T00:00:00Z")), 422)
    told = client.store(event("tms", "shipment.eta_updated", ref, {**eta, "estimated_arrival": "2027-03-01T10:00:00Z"}, occurred_at=ahead(minutes=-1)))
    assert len(told["anomalies"]) == 1
    [shown] = client.project(told)["orders"]
    assert shown["latest_eta"].startswith("2027-03-01")


def test_an_operators_step_is_not_ahead_either(client):
    _, opened = client.open_project()
    path = f"/api/projects/{opened['project_id']}/steps/inspiration"
    assert pointers(check_problem(client.send("POST", path, {"status": "completed", "occurred_at": ahead(days=2)}), 422)) == ["/occurred_at"]
    assert client.send("POST", path, {"status": "completed", "occurred_at": ahead(minutes=-5)}).status == 200


def test_how_far_is_configured(make_server):
    client = make_server(config_text(ingest='max_ahead = "PT1H"')).client()
    assert client.ingest(event("erp", "project.created", unique("P"), occurred_at=ahead(minutes=50))).status == 201
    check_problem(client.ingest(event("erp", "project.created", unique("P"), occurred_at=ahead(minutes=70))), 422)


def test_on_the_event_clock_none_is_refused(make_server):
    server = make_server(clock="event")
    client = server.client()
    for instant in ("2099-01-01T00:00:00Z", ahead(days=30), "9999-12-30T00:00:00Z"):
        client.store(event("erp", "project.created", unique("P"), occurred_at=instant))
