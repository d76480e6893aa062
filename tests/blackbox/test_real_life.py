"""What sources really send (RULES.md, "Real life, settled"): two of everything, what comes after the end, twice, late, half."""
import pytest
from real_life import due, history, today, told  # noqa: F401: fixtures


# After the end, and what one delivery says of orders confirmed after it.

def test_an_order_after_the_delivery_is_judged_by_itself(told):
    p = told(installation_required=True).ordered("A", promised="06-14")
    p.say("06-04 08:00", "picking.started", order="A")
    p.say("06-09 08:00", "consolidation.complete")
    p.tour("06-10 08:00", "L1", "06-14")
    p.say("06-14 09:00", "lastmile.delivered", tour="L1")
    p.say("06-15 09:00", "order.confirmed", order="B", promised="07-20")
    assert p.found() == {}
    assert (p.order("A")["delivered"], p.order("B")["delivered"], p.missing()) == (True, False, ["B"])
    p.say("06-15 10:00", "stock.shortage", order="B", skus=["SINK"])
    assert set(p.found()) == {("ANO-26", "B")}
    p.say("06-15 11:00", "installation.scheduled", visit="I1", start="06-25 08:00")
    assert p.states("ANO-05") == {"I1": "open"}, "delivered means every required order"
    p.say("06-20 10:00", "crm.called")
    assert p.found("ANO-07")["ANO-07", "I1"]["cause"] == due(p, "06-20 08:00"), "the tour was for another order"
    p.say("07-20 08:00", "crm.called")
    [late] = p.found("ANO-17").values()
    assert late["cause"] == due(p, "07-16 22:00")
    assert p.found("ANO-08")["ANO-08", "B"]["cause"] == due(p, "07-19 14:00")


def test_a_tour_set_before_an_order_does_not_plan_it(told):
    p = told().ordered("A", promised="06-20")
    p.say("06-02 08:00", "consolidation.complete")
    p.tour("06-02 09:00", "L1", "06-06")
    p.say("06-03 09:00", "order.confirmed", order="B", promised="06-30")
    p.say("06-04 10:00", "stock.shortage", order="B", skus=["TAP"])
    assert set(p.found("ANO-01", "ANO-26")) == {("ANO-26", "B")}
    p.say("06-04 11:00", "stock.shortage", order="A", skus=["TAP"])
    assert set(p.found("ANO-01", "ANO-26")) == {("ANO-26", "B"), ("ANO-01", "A")}
    p.say("06-04 12:00", "stock.check_ok", order="B")
    p.tour("06-04 13:00", "L2", "06-07")
    p.say("06-05 10:00", "stock.shortage", order="B", skus=["TAP"])
    assert p.found("ANO-01")["ANO-01", "B"]["status"] == "open"
    p.say("06-05 11:00", "lastmile.delivered", tour="L2")
    p.say("06-05 12:00", "order.confirmed", order="C", promised="06-06")
    p.say("06-05 13:00", "stock.shortage", order="C", skus=["TAP"])
    assert p.found("ANO-01")["ANO-01", "C"]["status"] == "open", "the promise counts"


def test_a_project_that_closed_by_itself_opens_again_and_again(told):
    p = told(installation_required=False).ordered("A")
    for number, (last, new) in enumerate((("A", "B"), ("B", "C")), 1):
        p.say(f"06-0{number + 1} 08:00", "lastmile.delivered", tour=f"L{number}")
        assert p.now()["status"] == "completed" and p.order(last)["delivered"]
        p.say(f"06-0{number + 1} 09:00", "order.confirmed", order=new, promised="06-30")
        assert p.now()["status"] == "active" and p.now()["closed_at"] is None
        assert [e["kind"] for e in p.events("project.reopened")] == ["derived"] * number
        [opening] = [e for e in p.client.log(p.last["position"]) if e["type"] == "project.reopened"]
        assert (opening["kind"], opening["causation_id"]) == ("derived", p.last["event_id"])
    p.say("06-28 08:00", "crm.called")
    assert p.found("ANO-17"), "its rules watch"
    p.say("06-29 08:00", "order.cancelled", order="C")
    assert p.now()["status"] == "completed", "every order that is required is delivered"


def test_a_late_order_that_the_tour_carried_opens_nothing(told):
    p = told(installation_required=False).ordered("A")
    p.say("06-05 08:00", "lastmile.delivered", tour="L1")
    p.say("06-02 08:00", "order.confirmed", order="B")
    assert (p.now()["status"], p.order("B")["delivered"], p.missing()) == ("completed", True, p.missing())


def test_one_closed_by_hand_stays_closed_and_operations_hear_of_it(today, server):
    p = today(installation_required=False).ordered("A", promised="2030-06-30")
    p.command("close", {"comment": "the client left"})
    stream = server.stream(f"?topics=operations&project_id={p.id}", last_event_id=p.last["position"])
    try:
        said = p.say(0, "order.confirmed", order="B", promised="2030-06-30")
        position, name, data = stream.next(5)
        assert (name, data["project_id"]) == ("project.order_after_closing", p.id) and position > said["position"]
    finally:
        stream.close()
    assert p.now()["status"] == "completed" and p.events("project.reopened") == []
    assert [e["kind"] for e in p.events("project.order_after_closing")] == ["derived"]
    p.say(0, "shipment.exception", order="B", shipment="S")
    assert p.states("ANO-28") == {"B": "open"}, "its rules watch"
    p.command("reopen", {})
    p.say(0, "order.confirmed", order="C")
    assert p.now()["status"] == "active" and len(p.events("project.order_after_closing")) == 1


def test_a_project_is_closed_when_its_last_visit_is_and_none_is_open(told):
    p = told(installation_required=True).ordered("A")
    for visit, day in (("I1", "06-10"), ("I2", "06-12")):
        p.say("06-02 08:00", "installation.scheduled", visit=visit, start=f"{day} 08:00")
    p.say("06-09 08:00", "lastmile.delivered", tour="L1")
    p.say("06-10 09:00", "installation.closed", visit="I1")
    assert p.now()["status"] == "active" and p.now()["installation"]["installation_id"] == p.name("I2")
    p.say("06-12 09:00", "installation.closed", visit="I2")
    assert p.now()["status"] == "completed"
    assert [v["status"] for v in p.now()["installations"]] == ["closed", "closed"]
    q = told(installation_required=True).ordered("A")
    q.say("06-02 08:00", "installation.scheduled", visit="I1", start="06-10 08:00")
    q.say("06-02 09:00", "installation.scheduled", visit="I2", start="06-12 08:00")
    q.say("06-09 08:00", "lastmile.delivered", tour="L1")
    q.say("06-12 09:00", "installation.closed", visit="I2")
    assert q.now()["status"] == "active"
    q.say("06-13 09:00", "installation.closed", visit="I1")
    assert q.now()["status"] == "completed"


# Tours and visits.

@pytest.mark.parametrize("rule, events", [
    ("ANO-31", ["lastmile.damaged"]), ("ANO-22", ["lastmile.failed"]), ("ANO-20", ["lastmile.partial_delivered"]),
    ("ANO-30", [("lastmile.rescheduled", "06-25")]), ("ANO-19", [("lastmile.rescheduled", "06-12")])])
def test_each_tour_has_its_anomaly_and_its_notifications(told, rule, events):
    p = told(installation_required=True).ordered("A", "B")
    p.tour("06-05 08:00", "L1", "06-12")
    p.tour("06-05 08:01", "L2", "06-13")
    for short in ("L1", "L2"):
        for each in events:
            if isinstance(each, tuple):
                p.tour(f"06-12 0{short[1]}:00", short, each[1], what=each[0])
            else:
                p.say(f"06-12 0{short[1]}:00", each, tour=short)
    found = p.found(rule)
    assert {entity for _, entity in found} == {"L1", "L2"}
    assert {a["occurrences"] for a in found.values()} == {1}
    first, second = ([(n["recipient"], n["channel"]) for n in p.notifications(a)] for a in found.values())
    assert first and sorted(first) == sorted(second)
    assert [t["lastmile_id"] for t in p.now()["lastmiles"]] == [p.name("L1"), p.name("L2")]


def test_two_vans_each_with_its_own_end(told):
    p = told(installation_required=True).ordered("A", "B")
    p.say("06-04 08:00", "consolidation.partial_approved", customer=True, installer=True)
    p.tour("06-05 08:00", "L1", "06-10")
    p.tour("06-05 08:01", "L2", "06-12", "13:00", "18:00")
    p.say("06-10 09:00", "lastmile.partial_delivered", tour="L1", missing=["B"])
    assert p.now()["lastmile"]["lastmile_id"] == p.name("L2")
    p.say("06-12 20:01", "crm.called")
    assert {k: a["cause"] for k, a in p.found("ANO-09").items()} == {("ANO-09", "L2"): due(p, "06-12 20:00")}
    p.say("06-12 17:00", "lastmile.delivered", tour="L2")
    assert p.states("ANO-09") == {"L2": "late_event"} and p.order("B")["delivered"]


def test_a_failed_tour_is_resolved_by_its_own_slot_or_a_later_tours_first(told):
    p = told(installation_required=True).ordered("A")
    for short in ("L1", "L2", "L3"):
        p.tour("06-05 08:00", short, "06-10")
    p.say("06-10 08:00", "lastmile.failed", tour="L1")
    p.say("06-10 08:01", "lastmile.failed", tour="L2")
    p.tour("06-10 09:00", "L1", "06-14", what="lastmile.rescheduled")
    assert p.states("ANO-22") == {"L1": "system", "L2": "open"}
    p.tour("06-10 10:00", "L3", "06-15", what="lastmile.rescheduled")
    assert p.states("ANO-22")["L2"] == "open", "set before the failure"
    p.tour("06-10 11:00", "L4", "06-16")
    assert p.states("ANO-22")["L2"] == "system"
    p.say("06-10 12:00", "lastmile.failed", tour="L2")
    assert p.states("ANO-22")["L2"] == "open" and p.found("ANO-22")["ANO-22", "L2"]["occurrences"] == 2
    p.say("06-14 08:00", "lastmile.delivered", tour="L1")
    assert p.states("ANO-22") == {"L1": "system", "L2": "system"}, "all that it was to carry is delivered"


def test_what_names_no_tour_speaks_of_the_latest_not_closed(told):
    p = told(installation_required=True).ordered("A", "B")
    p.tour("06-05 08:00", "L1", "06-10")
    p.tour("06-05 09:00", "L2", "06-12")
    p.say("06-06 08:00", "lastmile.damaged", reason="a scratch")
    assert p.states("ANO-31") == {"L2": "open"}
    p.say("06-07 08:00", "lastmile.partial_delivered", tour="L2", missing=["B"])
    p.say("06-08 08:00", "lastmile.damaged")
    assert p.states("ANO-31") == {"L2": "open", "L1": "open"}
    p.say("06-10 08:00", "lastmile.delivered")
    assert {t["status"] for t in p.now()["lastmiles"]} == {"delivered", "partial_delivered"} and p.order("B")["delivered"]
    p.say("06-10 09:00", "lastmile.damaged")
    assert p.found("ANO-31")["ANO-31", "L2"]["occurrences"] == 2, "none is open: the latest"


def test_half_a_delivery_and_its_missing_order_cancelled_is_whole(told):
    p = told(installation_required=False).ordered("A", "B")
    p.say("06-10 08:00", "lastmile.partial_delivered", tour="L1", missing=["B"])
    assert [(p.order(o)["delivered"]) for o in "AB"] == [True, False] and p.now()["status"] == "active"
    p.say("06-11 08:00", "order.cancelled", order="B")
    assert p.now()["status"] == "completed"
    q = told(installation_required=False).ordered("A")
    q.say("06-10 08:00", "lastmile.partial_delivered", tour="L1", missing=[])
    assert q.order("A")["delivered"] and q.now()["status"] == "completed"


def test_a_slot_confirmed_again_has_not_moved(told):
    p = told().ordered("A")
    p.say("06-03 08:00", "consolidation.complete")
    p.tour("06-10 08:00", "L1", "06-18")
    p.tour("06-11 08:00", "L1", "06-20", what="lastmile.rescheduled")
    for what in ("lastmile.rescheduled", "lastmile.scheduled"):
        p.tour("06-19 07:00", "L1", "06-20", what=what)
        assert p.found() == {} and p.now()["lastmile"]["slot_start"] == p.at("06-20 06:00").replace("Z", ".000Z")
    p.tour("06-19 08:00", "L1", "06-20", "09:00", "12:00", what="lastmile.rescheduled")
    assert p.states("ANO-30") == {"L1": "open"}, "an hour later is another slot"
    q = told().ordered("A")
    q.tour("06-10 08:00", "L1", "06-20")
    q.tour("06-10 09:00", "L2", "06-25")
    q.tour("06-19 07:00", "L2", "06-26", what="lastmile.rescheduled")
    assert q.found("ANO-30") == {}, "the other tour is near, this one is not"


def test_the_second_visit_has_its_own_start_end_report_and_trade(told):
    p = told(project_type="kitchen", installation_required=True).ordered("A")
    p.say("06-09 08:00", "lastmile.delivered", tour="L1")
    p.say("06-10 08:00", "installation.scheduled", visit="I1", start="06-15 08:00", trained_for=["kitchen"])
    p.say("06-15 08:10", "installation.started", visit="I1")
    p.say("06-15 15:00", "installation.partial", visit="I1")
    p.say("06-15 15:30", "installation.report_submitted", visit="I1", customer_signature={"signed": True})
    p.say("06-16 08:00", "installation.scheduled", visit="I2", start="06-22 08:00", trained_for=["garden"])
    assert p.states("ANO-32", "ANO-33") == {"I1": "open", "I2": "open"}
    p.say("06-22 10:01", "crm.called")
    assert p.found("ANO-13")["ANO-13", "I2"]["cause"] == due(p, "06-22 10:00")
    assert p.now()["installation"]["installation_id"] == p.name("I2")
    p.say("06-23 12:00", "installation.completed", visit="I2")
    assert p.states("ANO-33") == {"I1": "system"}
    p.say("06-23 16:01", "crm.called")
    assert {k: a["cause"] for k, a in p.found("ANO-14").items()} == {("ANO-14", "I2"): due(p, "06-23 16:00")}
    first, second = p.now()["installations"]
    assert (first["started_at"], second["started_at"]) == (p.at("06-15 08:10").replace("Z", ".000Z"), None)
    assert first["report_submitted_at"] and second["report_submitted_at"] is None


def test_a_visit_scheduled_before_the_half_one_does_not_finish_it(told):
    p = told(installation_required=True).ordered("A")
    p.say("06-02 08:00", "lastmile.delivered", tour="L1")
    for visit, day in (("I0", "06-08"), ("I1", "06-10"), ("I2", "06-14")):
        p.say(f"06-03 0{int(visit[1]) + 1}:00", "installation.scheduled", visit=visit, start=f"{day} 08:00")
    p.say("06-10 12:00", "installation.partial", visit="I1")
    p.say("06-10 13:00", "installation.completed", visit="I0")
    assert p.states("ANO-33") == {"I1": "open"}
    p.say("06-14 12:00", "installation.partial", visit="I2")
    p.say("06-14 13:00", "installation.completed", visit="I1")
    assert p.states("ANO-33") == {"I1": "system", "I2": "open"}


@pytest.mark.parametrize("rule, said", [("ANO-12", {"severity": "blocking"}), ("ANO-06", {"severity": "minor"})])
def test_issues_of_two_visits_are_two(told, rule, said):
    p = told().ordered("A")
    for visit in ("I1", "I2"):
        p.say("06-10 08:00", "installation.issue", visit=visit, **said)
    assert p.states(rule) == {"I1": "open", "I2": "open"}


# Keys are project, rule and entity.

@pytest.mark.parametrize("rule, what, kind", [("ANO-28", "shipment.exception", "order"), ("ANO-31", "lastmile.damaged", "tour"),
                                              ("ANO-06", "installation.issue", "visit")])
def test_reopening_one_never_touches_the_other(today, rule, what, kind):
    p = today().ordered("X1", "X2")
    for short in ("X1", "X2"):
        p.say(0, what, **{kind: short})
    one, two = (p.found(rule)[rule, short] for short in ("X1", "X2"))
    for anomaly in (one, two):
        assert p.client.send("POST", f"/api/anomalies/{anomaly['anomaly_id']}/resolve", {}).status == 200
    count = len(p.notifications(two))
    said = p.say(0, what, **{kind: "X1"})
    assert said["anomalies"] == [one["anomaly_id"]]
    found = p.found(rule)
    assert (found[rule, "X1"]["status"], found[rule, "X1"]["occurrences"]) == ("open", 2)
    assert (found[rule, "X2"]["status"], found[rule, "X2"]["occurrences"]) == ("resolved", 1)
    assert len(p.notifications(one)) == 2 * count and len(p.notifications(two)) == count > 0


def test_a_completed_picking_answers_its_own_order(told):
    p = told().ordered("A", "B")
    for order in "AB":
        p.say("06-02 08:00", "picking.discrepancy", order=order)
    p.say("06-02 09:00", "picking.completed", order="B")
    assert p.states("ANO-02") == {"A": "open", "B": "system"}


def test_half_a_delivery_may_be_all_that_the_installation_needs(told):
    p = told(installation_required=True)
    p.say("06-01 09:00", "order.confirmed", order="A", installation_required=True)
    p.say("06-01 09:01", "order.confirmed", order="B", installation_required=False)
    p.say("06-02 08:00", "installation.scheduled", visit="I1", start="06-12 08:00")
    p.say("06-10 08:00", "lastmile.partial_delivered", tour="L1", missing=["B"])
    assert p.states("ANO-11", "ANO-20") == {"I1": "system", "L1": "open"} and p.states("ANO-05") == {"I1": "open"}
    p.say("06-11 08:00", "lastmile.delivered", tour="L2")
    assert p.states("ANO-05") == {"I1": "system"}


# Consent to partial delivery.

def test_consent_covers_the_tours_set_until_the_next_order(told):
    p = told(installation_required=True).ordered("A", "B")
    p.say("06-03 08:00", "consolidation.partial_approved", customer=True, installer=True)
    p.tour("06-04 08:00", "L1", "06-10")
    p.say("06-05 08:00", "order.confirmed", order="C")
    seen = p.now()["consolidation"]
    assert seen["status"] in ("waiting", "in_progress") and seen["partial_delivery_approved"] is False
    p.tour("06-06 08:00", "L2", "06-12")
    assert p.states("ANO-19") == {"L2": "open"}
    p.say("06-10 08:00", "lastmile.partial_delivered", tour="L1", missing=["B", "C"])
    p.say("06-12 08:00", "lastmile.partial_delivered", tour="L2", missing=["C"])
    assert p.states("ANO-20") == {"L2": "open"}
    p.say("06-13 08:00", "consolidation.partial_approved", customer=True, installer=True)
    p.tour("06-13 09:00", "L3", "06-15")
    assert p.states("ANO-19") == {"L2": "system"}


def test_one_consent_waits_for_the_other_and_can_be_withdrawn(told):
    p = told().ordered("A", "B")
    for when, consent, approved in (("06-03 08:00", {"customer": True}, False), ("06-03 09:00", {"installer": True}, True),
                                    ("06-03 10:00", {"customer": False}, False), ("06-03 11:00", {"customer": True}, True)):
        p.say(when, "consolidation.partial_approved", **consent)
        assert p.now()["consolidation"]["partial_delivery_approved"] is approved, consent
    p.tour("06-04 08:00", "L1", "06-05")
    p.say("06-05 06:00", "lastmile.in_transit", tour="L1")
    p.say("06-05 07:00", "consolidation.partial_approved", installer=False)
    assert p.now()["consolidation"]["partial_delivery_approved"] is True, "it has left the station"


# Articles.

TILES = [{"line_id": "10", "sku": "TILE", "qty": 30}, {"line_id": "20", "sku": "TILE", "qty": 30}, {"line_id": "30", "sku": "GROUT", "qty": 2}]


@pytest.mark.parametrize("there, available", [(29, [False, False]), (30, [True, False]), (59, [True, False]), (60, [True, True])])
def test_what_is_there_is_given_to_the_lines_in_order(told, there, available):
    p = told(year=1977).ordered("A", lines=TILES)
    p.say("06-02 08:00", "stock.partial", order="A", lines=[{"sku": "TILE", "available_qty": there}])
    assert [s == "available" for s in p.stock()[:2]] == available
    p.say("06-02 09:00", "stock.check_ok", order="A", skus=["GROUT"])
    assert (p.step("stock_check")["status"] == "completed") is all(available)
    assert p.states("ANO-26").get("A") in (("system", None) if all(available) else ("open",))
    p.say("06-03 08:00", "stock.check_ok", order="A", skus=["TILE"])
    assert p.stock() == ["available"] * 3 and p.step("stock_check")["status"] == "completed"
    assert "open" not in p.states("ANO-26").values()


@pytest.mark.parametrize("promised, rule", [("06-04", "ANO-01"), ("06-30", "ANO-26")])
def test_good_news_about_another_article_is_no_good_news(told, promised, rule):
    p = told().ordered("A", promised=promised, lines=[{"sku": "SINK", "qty": 1}, {"sku": "TAP", "qty": 1}])
    p.say("06-02 08:00", "stock.shortage", order="A", skus=["SINK"])
    p.say("06-02 09:00", "stock.check_ok", order="A", skus=["TAP"])
    assert p.states(rule) == {"A": "open"} and p.step("stock_check")["status"] != "completed"
    assert [s == "available" for s in p.stock()] == [False, True]
    p.say("06-02 10:00", "stock.check_ok", order="A", skus=["SINK"])
    assert p.states(rule) == {"A": "system"} and p.step("stock_check")["status"] == "completed"


def test_what_names_no_article_speaks_of_the_whole_order(told):
    p = told().ordered("A", "B", lines=[{"sku": "SINK", "qty": 1}, {"sku": "TAP", "qty": 1}])
    p.say("06-02 08:00", "stock.shortage", order="A")
    assert "available" not in p.stock()
    p.say("06-02 09:00", "stock.check_ok", order="A", skus=["SINK"])
    p.say("06-02 10:00", "stock.check_ok", order="B")
    assert p.states("ANO-26") == {"A": "open"}, "one article, or another order, is not all of it"
    p.say("06-02 11:00", "stock.check_ok", order="A", skus=["TAP"])
    assert p.states("ANO-26") == {"A": "system"} and p.stock() == ["available"] * 2


@pytest.mark.parametrize("good", [{"skus": ["GHOST"]}, {}])
def test_an_article_on_no_line_is_short_until_somebody_says_otherwise(told, good):
    p = told().ordered("A", lines=[{"sku": "SINK", "qty": 1}])
    p.say("06-02 08:00", "stock.shortage", order="A", skus=["GHOST"])
    p.say("06-02 09:00", "stock.check_ok", order="A", skus=["SINK"])
    assert p.states("ANO-26") == {"A": "open"} and p.step("stock_check")["status"] != "completed"
    p.say("06-02 10:00", "stock.check_ok", order="A", **good)
    assert p.states("ANO-26") == {"A": "system"} and p.step("stock_check")["status"] == "completed"


@pytest.mark.parametrize("chain, state", [
    ("A>B? B>C!", "system"), ("A>B! B>C?", "open"), ("A>B? B>A!", "system"), ("A>B? B>A! A>B?", "open"), ("A>B? X>Y!", "open"), ("A>B! B>C!", None)])
def test_what_counts_is_the_article_that_the_line_now_is(told, chain, state):
    p = told(year=1977).ordered("A", lines=[{"sku": "A", "qty": 1}, {"sku": "X", "qty": 1}])
    for hour, (old, _, new, validated) in enumerate(chain.split(), 8):
        p.say(f"06-02 {hour:02}:00", "order.line_replaced", order="A", sku=old, replacement_sku=new, customer_validated=validated == "!")
    assert p.states("ANO-27").get("A") == state
