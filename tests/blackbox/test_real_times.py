"""The rest of it: places, times, cancellations, commands, and what is refused or answered (RULES.md, "Real life, settled")."""
import datetime
import time

import pytest
from harness import check_problem, event, pointers, unique
from real_life import history, today, told  # noqa: F401: fixtures


# The station.

def test_a_hub_is_not_the_station(told):
    p = told().ordered("A", promised="06-30")
    p.say("06-02 08:00", "consolidation.eta_updated", station_id="ST-NORD", estimated_complete_date=p.at("06-18"))
    p.say("06-10 08:00", "shipment.dispatched", shipment="S", order="A", leg_number=1, destination_station_id="HUB-1")
    p.say("06-11 08:00", "shipment.arrived_at_station", shipment="S", order="A", leg_number=1, destination_station_id="HUB-1")
    assert (p.order("A")["arrived"], p.missing()) == (False, ["A"])
    p.tour("06-12 08:00", "L1", "06-20")
    assert p.states("ANO-19") == {"L1": "open"}
    p.say("06-13 08:00", "shipment.arrived_at_station", shipment="S", order="A", leg_number=2, destination_station_id="ST-NORD")
    assert (p.order("A")["arrived"], p.missing(), p.states("ANO-19")) == (True, [], {"L1": "system"})


LEGS = [("06-02", "dispatched", 1), ("06-03", "dispatched", 2), ("06-04", "arrived_at_station", 1), ("06-05", "arrived_at_station", 2)]


@pytest.mark.parametrize("shipments", ["SS", "ST"], ids=["one shipment", "two shipments"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0)], ids=["planned", "one by one", "backwards"])
def test_the_station_is_where_the_last_leg_goes(told, shipments, order):
    p = told().ordered("A")
    for number in order:
        day, what, leg = LEGS[number]
        if order[-1] == number:
            assert p.order("A")["arrived"] is (order[0] == 3), "the hub, or already the station"
        p.say(f"{day} 08:00", f"shipment.{what}", shipment=shipments[leg - 1], order="A", leg_number=leg, destination_station_id=("HUB-1", "ST-SUD")[leg - 1])
    assert p.order("A")["arrived"] and p.missing() == []


def test_a_station_named_later_makes_of_an_arrival_a_legs(told):
    p = told().ordered("A", "B")
    for order in "AB":
        p.say("06-03 08:00", "shipment.dispatched", shipment=f"S{order}", order=order, leg_number=1, destination_station_id="HUB-1")
        p.say("06-04 08:00", "shipment.arrived_at_station", shipment=f"S{order}", order=order, leg_number=1, destination_station_id="HUB-1")
    assert p.missing() == []
    p.say("06-05 08:00", "consolidation.eta_updated", station_id="ST-EST", estimated_complete_date=p.at("06-18"))
    assert p.missing() == ["A", "B"]
    p.say("06-06 08:00", "consolidation.order_arrived", order="B")
    assert (p.missing(), p.order("B")["arrived"]) == (["A"], True), "who says so at the station knows"


# What is cancelled is judged no more.

@pytest.mark.parametrize("what, said", [
    ("shipment.eta_updated", {"eta": "06-25"}), ("stock.shortage", {}), ("stock.partial", {"skus": ["A"]}), ("picking.discrepancy", {}),
    ("order.line_replaced", {"sku": "A", "replacement_sku": "B"}), ("shipment.exception", {})])
def test_nobody_waits_for_a_cancelled_order(told, what, said):
    p = told().ordered("A", promised="06-20", lines=[{"sku": "A", "qty": 1}])
    p.say("06-09 08:00", "shipment.dispatched", shipment="S", order="A")
    p.say("06-10 08:00", "order.cancelled", order="A")
    more = {"shipment": "S"} if what.startswith("shipment") else {}
    p.say("06-12 08:00", what, order="A", **more, **said)
    p.say("06-19 23:00", "crm.called")
    assert (p.found(), p.now()["health"]) == ({}, "green")
    assert p.client.walk(f"/api/notifications?project_id={p.id}", at_least=p.last["position"]) == []


def test_what_was_open_resolves_when_its_order_or_visit_is_cancelled(told):
    p = told().ordered("A", "B", promised="06-20")
    for order in "AB":
        p.say("06-02 08:00", "shipment.exception", order=order, shipment=f"S{order}")
        p.say("06-02 09:00", "picking.discrepancy", order=order)
    for visit in ("I1", "I2"):
        p.say("06-03 08:00", "installation.scheduled", visit=visit, start="06-10 08:00")
        p.say("06-03 09:00", "installation.issue", visit=visit, severity="blocking")
        p.say("06-03 10:00", "installation.partial", visit=visit)
    p.say("06-04 08:00", "order.cancelled", order="A")
    p.say("06-04 09:00", "installation.cancelled", visit="I1")
    for rule in ("ANO-28", "ANO-03", "ANO-02"):
        assert p.states(rule) in ({"A": "system", "B": "open"}, {}), rule
    for rule in ("ANO-05", "ANO-06", "ANO-12", "ANO-33"):
        assert p.states(rule) == {"I1": "system", "I2": "open"}, rule
    p.say("06-05 08:00", "installation.issue", visit="I1", severity="blocking")
    p.say("06-10 12:00", "crm.called")
    assert p.states("ANO-06")["I1"] == "system" and set(p.states("ANO-13")) == {"I2"}
    p.say("06-11 08:00", "order.confirmed", order="A", promised="06-20")
    p.say("06-11 09:00", "shipment.exception", order="A", shipment="SA")
    p.say("06-11 10:00", "crm.called")
    assert [a["status"] for a in p.client.walk(f"/api/anomalies?project_id={p.id}&rule_id=ANO-28", at_least=p.last["position"])] == ["open", "open"]


# Equal times: the later arrival counts.

def test_a_line_added_in_the_same_second(told):
    p = told().ordered("A", lines=[{"sku": "BASE", "qty": 4}])
    p.say("06-01 09:00", "order.line_added", order="A", sku="SINK", qty=1)
    assert [(line["sku"], line["quantity"]) for line in p.order("A")["lines"]] == [("BASE", 4), ("SINK", 1)]


def test_a_number_that_plo_gave_is_no_id_of_the_source(told):
    p = told().ordered("A", lines=[{"sku": "BASE", "qty": 4}])
    answer = p.client.ingest(p.told("06-01 10:00", "order.line_added", order="A", line_id="1", sku="TAP", qty=2))
    assert pointers(check_problem(answer, 422)) == ["/payload/line_id"]
    p.say("06-01 10:00", "order.line_added", order="A", line_id="10", sku="TAP", qty=2)
    assert [line["sku"] for line in p.order("A")["lines"]] == ["BASE", "TAP"]


@pytest.mark.parametrize("order_last", [True, False])
def test_completeness_and_an_order_of_one_instant(told, order_last):
    p = told().ordered("A")
    said = [("consolidation.complete", {}), ("order.confirmed", {"order": "B"})]
    for what, payload in said if order_last else reversed(said):
        p.say("06-05 08:00", what, **payload)
    assert (p.now()["consolidation"]["status"] == "complete") is not order_last
    assert ("B" in p.missing()) is order_last


@pytest.mark.parametrize("reopened_last", [True, False])
def test_a_reopening_and_a_delivery_of_one_instant(told, reopened_last):
    p = told(installation_required=False).ordered("A")
    if not reopened_last:
        p.say("06-04 08:00", "project.closed")
    said = [("lastmile.delivered", {"tour": "L1"}), ("project.reopened", {})]
    for what, payload in said if reopened_last else reversed(said):
        p.say("06-05 08:00", what, **payload)
    assert p.now()["status"] == ("active" if reopened_last else "completed")


@pytest.mark.parametrize("last, state", [("stock.check_ok", "system"), ("stock.shortage", "open")])
def test_stock_messages_of_one_instant(told, last, state):
    p = told().ordered("A", lines=[{"sku": "SINK", "qty": 1}])
    p.say("06-02 07:00", "stock.shortage", order="A")
    for what in ({"stock.check_ok", "stock.shortage"} - {last}).pop(), last:
        p.say("06-02 08:00", what, order="A", skus=["SINK"])
    assert p.states("ANO-26") == {"A": state} and (p.stock() == ["available"]) is (state == "system")


def test_two_slots_visits_and_arrivals_of_one_instant(told):
    p = told().ordered("A")
    for day in ("06-10", "06-12", "06-11"):
        p.tour("06-05 08:00", "L1", day)
        p.say("06-05 08:00", "installation.scheduled", visit="I1", start=f"{day} 14:00")
        p.say("06-05 08:00", "shipment.eta_updated", shipment="S", order="A", eta=f"{day} 10:00")
    seen = p.now()
    assert (seen["lastmile"]["slot_start"], seen["installation"]["scheduled_start"], seen["orders"][0]["latest_eta"]) == tuple(
        p.at(f"06-11 {hour}").replace("Z", ".000Z") for hour in ("06:00", "14:00", "10:00"))


@pytest.mark.parametrize("newer, older", [
    (("stock.shortage", {"order": "A", "skus": ["SINK"]}), ("stock.check_ok", {"order": "A", "skus": ["SINK"]})),
    (("lastmile.rescheduled", {"tour": "L1", "slot": ("06-12", "08:00", "12:00")}), ("lastmile.rescheduled", {"tour": "L1", "slot": ("06-11", "08:00", "12:00")})),
    (("installation.rescheduled", {"visit": "I1", "start": "06-12 08:00"}), ("installation.rescheduled", {"visit": "I1", "start": "06-11 08:00"})),
    (("shipment.eta_updated", {"order": "A", "shipment": "S", "eta": "06-12 08:00"}), ("shipment.eta_updated", {"order": "A", "shipment": "S", "eta": "06-11 08:00"}))],
    ids=lambda each: each[0])
def test_the_timeline_says_what_was_not_applied(told, newer, older):
    p = told(year=1977).ordered("A", lines=[{"sku": "SINK", "qty": 1}])
    p.say("06-05 08:00", newer[0], **newer[1])
    before = [p.now()[name] for name in ("orders", "lastmiles", "installations")]
    late = p.say("06-04 08:00", older[0], **older[1])
    assert [p.now()[name] for name in ("orders", "lastmiles", "installations")] == before
    [note] = p.events("event.not_applied")
    [cause] = [e for e in p.client.timeline(p.last) if e["event_id"] == late["event_id"]]
    assert note["kind"] == "derived" and note["payload"]["reason"] and note["position"] in cause["caused"]


# Clocks: sources ahead, and commands of people.

@pytest.mark.parametrize("ahead, status", [({"days": 365}, 422), ({"hours": 25}, 422), ({"hours": 23}, 201), ({"seconds": 30}, 201)])
def test_times_ahead_on_the_wall_clock(today, ahead, status):
    p = today().ordered("A", promised=day_after(10))
    p.say(-86400, "shipment.dispatched", order="A", shipment="S")
    early = p.told(datetime.timedelta(**ahead).total_seconds(), "shipment.eta_updated", order="A", shipment="S", eta=p.at(2 * 86400))
    answer = p.client.ingest(early)
    assert answer.status == status, answer
    if status == 422:
        assert pointers(check_problem(answer, 422)) == ["/occurred_at"]
        [line] = p.client.batch([{**early, "source_ref": unique("ref")}]).lines()
        assert line["status"] == 422
        p.say(0, "shipment.eta_updated", order="A", shipment="S", eta=p.at(30 * 86400))
        assert p.states("ANO-16") == {"A": "open"}


def day_after(days):
    return (datetime.date.today() + datetime.timedelta(days=days)).isoformat()


def test_on_the_event_clock_no_time_is_ahead(told):
    p = told()
    assert p.client.ingest({**p.told("06-02 08:00", "crm.called"), "occurred_at": f"{p.year + 1}-01-01T00:00:00Z"}).status == 201


@pytest.mark.parametrize("ahead", [0, 30])
def test_an_answered_command_has_happened(today, ahead):
    """Within a millisecond, and with a source's clock ahead of ours."""
    p = today().ordered("A", "B", promised="2030-06-30")
    p.say(ahead, "crm.called")
    for number in range(8):
        if ahead:
            p.say(ahead, "order.confirmed", order=f"N{number}", promised="2030-06-30")
        for path, body, status in (("status", {"status": "on_hold"}, "on_hold"), ("status", {"status": "active"}, "active"),
                                   ("status", {"status": "on_hold"}, "on_hold"), ("close", {}, "completed"), ("reopen", {}, "active")):
            p.command(path, body)
            if number % 2:
                assert p.now()["status"] == status
        assert p.now()["status"] == "active", number


def test_a_step_and_a_consent_win_over_a_clock_ahead(today):
    p = today().ordered("A", "B", promised="2030-06-30")
    p.say(30, "picking.started", order="A")
    p.say(30, "order.confirmed", order="C", promised="2030-06-30")
    p.command("steps/picking_preparation", {"status": "completed", "order_ref": p.name("A")})
    assert p.step("picking_preparation")["status"] == "completed"
    p.command("steps/picking_preparation", {"status": "in_progress", "order_ref": p.name("A")})
    assert p.step("picking_preparation")["status"] == "in_progress"
    assert p.command("partial-delivery", {"customer": True, "installer": True})["approved"] is True
    assert p.now()["consolidation"]["partial_delivery_approved"] is True
    p.say(30, "consolidation.partial_approved", customer=False)
    assert p.now()["consolidation"]["partial_delivery_approved"] is False, "what a source says later counts later"


# Places.

WORKING_DAYS = {"id": "TST-BD", "name": "bd", "scope": "order", "step_type": "shipment_in_transit", "severity": "warning", "on": ["shipment.in_transit"],
                "when": {"==": [{"business_days": [{"var": "event.payload.a"}, {"var": "event.payload.b"}]}, {"var": "event.payload.n"}]},
                "actions": [], "params": {}, "dedup": "PT1S"}
JULY_14 = ("2026-07-13", "2026-07-14")
BOXING_DAY = ("2025-12-25", "2025-12-26")


@pytest.mark.parametrize("address, days, count", [
    ({"country": "France", "country_code": "FR"}, JULY_14, 0), ({"country": "fr"}, JULY_14, 0), ({"country": "FRA"}, JULY_14, 0),
    ({"country": "FRANCE"}, JULY_14, 0), ({"country_code": "fr"}, JULY_14, 0), ({"country": "Atlantis"}, JULY_14, 0), ({}, JULY_14, 0), (None, JULY_14, 0),
    ({"country": "BR"}, JULY_14, 1), ({"country": "br"}, JULY_14, 1), ({"country": "Brésil"}, JULY_14, 1), ({"country": "brazil"}, JULY_14, 1),
    ({"country_code": "BRA"}, JULY_14, 1), ({"country": "Atlantis", "country_code": "BR"}, JULY_14, 1), ({"country": "XX"}, JULY_14, 0),
    ({"country": "FR", "postal_code": "67000"}, BOXING_DAY, 0), ({"country": "FR", "postal_code": "69003"}, BOXING_DAY, 1),
    ({"country": "France", "postal_code": "57000"}, BOXING_DAY, 0), ({"postal_code": "68100"}, BOXING_DAY, 0),
    ({"country": "FR"}, ("2026-07-13", "2026-07-13"), 0), ({"country": "FR"}, ("2026-07-15", "2026-07-13"), -1),
    ({"country": "FR"}, ("2026-07-15", "2026-07-14"), 0), ({"country": "FR"}, ("2026-07-10", "2026-07-17"), 4), ({"country": "FR"}, ("2026-07-17", "2026-07-10"), -4)])
def test_working_days_are_those_of_the_address(told, address, days, count):
    p = told(year=1977).ordered("A", **({} if address is None else {"delivery_address": {"city": "X", **address}}))
    if p.client.get("/api/rules/TST-BD").status == 404:
        assert p.client.send("POST", "/api/rules", WORKING_DAYS).status == 201
    for n in (count - 1, count + 1, count):
        assert p.found("TST-BD") == {}
        p.say("06-02 08:00", "shipment.in_transit", order="A", shipment="S", a=days[0], b=days[1], n=n)
    assert p.states("TST-BD") == {"A": "open"}


@pytest.mark.parametrize("day, start", [("2036-06-15", "2036-06-15T06:00:00.000Z"), ("2040-06-15", "2040-06-15T06:00:00.000Z"),
                                        ("2040-12-15", "2040-12-15T07:00:00.000Z")])
def test_summer_time_does_not_end_with_the_zone_tables(told, day, start):
    p = told(year=1977)
    p.tour("06-02 08:00", "L1", day)
    assert p.now()["lastmile"]["slot_start"] == start


# What is counted as on time.

@pytest.mark.parametrize("said, kpi", [
    ([("06-14 09:00", "lastmile.partial_delivered", {"tour": "L1", "missing": ["B"]})], (0, 0)),
    ([("06-14 09:00", "lastmile.partial_delivered", {"tour": "L1", "missing": ["B"]}), ("06-25 09:00", "lastmile.delivered", {"tour": "L2"})], (1, 0)),
    ([("06-14 09:00", "lastmile.partial_delivered", {"tour": "L1", "missing": ["B"]}), ("06-15 09:00", "lastmile.delivered", {"tour": "L2"})], (1, 1)),
    ([("06-15 21:59", "lastmile.delivered", {"tour": "L1"})], (1, 1)), ([("06-15 22:01", "lastmile.delivered", {"tour": "L1"})], (1, 0)),
    ([("06-12 09:00", "lastmile.delivered", {"tour": "L1"}), ("06-13 09:00", "order.confirmed", {"order": "C", "promised": "06-15"})], (0, 0))])
def test_half_a_delivery_is_not_on_time(told, said, kpi):
    store = unique("S")
    p = told(year=1977, store_id=store).ordered("A", "B", promised="06-15")
    for when, what, payload in said:
        p.say(when, what, **payload)
    shown = p.client.read(f"/api/kpis?from={p.at('06-01')}&to={p.at('07-01')}&store_id={store}", at_least=p.last["position"])["on_time"]
    assert (shown["delivered"], shown["on_time"]) == kpi


# Requests.

@pytest.mark.parametrize("payload, pointer", [({"lines": []}, "/payload/lines"), ({"line": {"sku": "A", "qty": 1}}, "/payload/line")])
def test_a_line_added_without_a_line_is_refused(told, payload, pointer):
    p = told(year=1977).ordered("A", lines=[{"sku": "BASE", "qty": 1}])
    problem = check_problem(p.client.ingest(p.told("06-02 08:00", "order.line_added", order="A", **payload)), 422)
    assert pointer in pointers(problem)
    assert len(p.order("A")["lines"]) == 1


def test_a_dead_letter_can_be_waited_for(client):
    letter = client.ingest(event("erp", "order.confirmed", unique("LOST"), {"order_ref": unique("O")}))
    assert letter.status == 202
    listed = client.read("/api/dead-letters?limit=200", at_least=letter.json()["position"])["items"]
    assert letter.json()["dead_letter_id"] in [each["dead_letter_id"] for each in listed]


def test_a_refused_command_teaches_nothing(today):
    p = today().ordered("A")
    p.command("close", {})
    ref = unique("O")
    letter = p.client.ingest(event("erp", "order.confirmed", ref, {"order_ref": ref})).json()
    assert p.client.send("POST", f"/api/projects/{p.id}/orders", {"order_ref": ref}).status == 409
    again = p.client.ingest(event("erp", "order.line_added", ref, {"order_ref": ref, "sku": "TAP", "qty": 1}))
    assert again.status == 202
    assert p.client.read(f"/api/dead-letters/{letter['dead_letter_id']}", at_least=again.json()["position"])["status"] == "waiting"


def test_an_anomaly_that_was_just_named_can_be_acknowledged(today):
    p = today().ordered(*(f"A{n}" for n in range(10)))
    for number in range(10):
        [anomaly] = p.say(0, "shipment.exception", order=f"A{number}", shipment=f"S{number}")["anomalies"]
        assert p.client.send("POST", f"/api/anomalies/{anomaly}/acknowledge", {}).status == 200


def test_an_id_with_a_slash_is_an_id(today):
    p = today(customer_id="C/2026/" + unique("C"), customer_name="Ada Slash")
    path = "/api/customers/" + p.customer.replace("/", "%2F")
    assert p.client.read(path, at_least=p.last["position"])["customer_id"] == p.customer
    assert p.client.send("POST", f"{path}/erase", {}).status == 200


def test_the_cookie_counts_beside_a_foreign_authorization(client, server):
    for scheme, status in (("Basic YTpi", 200), ("Bearer nobody", 401)):
        assert client.get("/api/projects", Cookie=f"plo_session={server.session()}", Authorization=scheme).status == status


def test_bounds_are_named(today):
    p = today()
    lines = [{"sku": f"S{n}", "qty": 1} for n in range(2001)]
    assert "/payload/lines" in str(pointers(check_problem(p.client.ingest(p.told(0, "order.confirmed", order="A", lines=lines)), 422)))
    assert p.client.ingest(p.told(0, "order.confirmed", order="A", lines=lines[:2000])).status == 201


# People and stores.

def test_erasing_names_the_other_ids_that_still_hold_data(today):
    first, second, third = (unique("C") for _ in range(3))
    p = today(customer_id=first, customer_name="Ada Un")
    address = {"name": "Ada Deux", "address1": "1 rue Cachee", "zip": "69001", "city": "Lyon", "country": "FR"}
    p.say(-60, "order.confirmed", order="A", customer_id=second, delivery_address=address)
    q = today(customer_id=third, customer_name="Bob Trois")
    assert q.client.send("POST", f"/api/customers/{third}/erase", {}).json()["also_known_as"] == []
    told = p.client.send("POST", f"/api/customers/{first}/erase", {}).json()
    assert told["also_known_as"] == [second]
    p.last = {**p.last, "position": told["position"]}
    assert p.now()["customer_name"] == "[erased]" and p.order("A")["delivery_address"]["address1"] == "1 rue Cachee"
    told = p.client.send("POST", f"/api/customers/{second}/erase", {}).json()
    assert told["also_known_as"] == []
    p.last = {**p.last, "position": told["position"]}
    assert [p.order("A")["delivery_address"][key] for key in ("name", "address1", "zip", "country")] == ["[erased]"] * 3 + ["FR"]


def test_a_filtered_stream_selects_by_what_was_true_then(today, server):
    old, new = unique("S"), unique("S")
    p = today(store_id=old)
    live = {store: server.stream(f"?topics=projects,anomalies&store_id={store}", last_event_id=p.last["position"] - 1) for store in (old, new)}
    p.say(-100, "shipment.exception", order="A", shipment="SA")
    before = p.last["position"]
    p.say(-60, "project.created", customer_id=p.customer, store_id=new)
    moved = p.last["position"]
    p.say(-30, "shipment.exception", order="B", shipment="SB")
    assert p.now()["store_id"] == new
    time.sleep(0.5)
    resumed = {store: server.stream(f"?topics=projects,anomalies&store_id={store}", last_event_id=before - 2) for store in (old, new)}
    time.sleep(0.5)
    seen = {name: {store: sorted(stream.messages.queue) for store, stream in streams.items()} for name, streams in (("live", live), ("resumed", resumed))}
    for stream in [*live.values(), *resumed.values()]:
        stream.close()
    for name, of in seen.items():
        assert of[old] and all(at <= moved for at, _, _ in of[old]), (name, of[old])
        assert of[new] and all(at >= moved for at, _, _ in of[new]), (name, of[new])
        assert all(data["store_id"] == store for store in (old, new) for _, _, data in of[store])
        assert {event_name for _, event_name, _ in of[old]} >= {"anomaly.raised"} <= {event_name for _, event_name, _ in of[new]}
