"""What sources really send (RULES.md, "Real life, settled"): two of everything, what comes after the end, twice, late, half.

A `Life` is one project told in short. Those on the event clock have a year each, so that no story's end is another's past.
"""
import datetime
import itertools
import time

import pytest
from harness import Server, check_problem, config_text, event, pointers, unique

SOURCES = {"project": "ecommerce", "order": "erp", "stock": "oms", "picking": "oms", "shipment": "tms", "consolidation": "oms",
           "lastmile": "tms_lastmile", "installation": "wfm", "crm": "crm", "quality": "crm"}
NAMES = {"order": "order_ref", "tour": "lastmile_id", "visit": "installation_id", "shipment": "shipment_id"}
DATES = {"promised": "promised_delivery_date", "day": "scheduled_date", "start": "scheduled_start", "eta": "estimated_arrival"}

_years = itertools.count(1978)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """The server on the event clock."""
    with Server(tmp_path_factory.mktemp("history"), config_text(), clock="event") as running:
        yield running


@pytest.fixture
def told(history):
    """Opens a project on 1 June of a year of its own, or of a given one where no deadline matters."""
    client = history.client()
    yield lambda year=None, **payload: Life(client, year or next(_years), **payload)
    client.close()


@pytest.fixture
def today(client):
    """The same on the wall clock; times are seconds from now."""
    return lambda **payload: Life(client, None, **payload)


class Life:
    def __init__(self, client, year, **payload):
        self.client, self.year, self.ref = client, year, unique("R")
        self.customer = payload.pop("customer_id", f"C-{self.ref}")
        self.say("06-01 08:00" if year else -8 * 86400, "project.created", customer_id=self.customer, **payload)
        self.id = self.last["project_id"]

    def name(self, short):
        return f"{self.ref}-{short}"

    def at(self, when):
        """"06-12 08:00" of this life's year, in UTC, or seconds from now; a day stays a day."""
        if isinstance(when, (int, float)):
            now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=when)
            return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        day, _, hour = when.partition(" ")
        return f"{self.year}-{day}" + (f"T{hour}:00Z" if hour else "") if len(day) == 5 else when

    def told(self, when, event_type, **payload):
        """The event to send: order="A", tour="L1", missing=["B"], slot=("06-15", "08:00", "12:00") and the like written out."""
        sent = {}
        for key, value in payload.items():
            if key in NAMES:
                sent[NAMES[key]] = self.name(value)
            elif key in DATES:
                sent[DATES[key]] = self.at(value)
            elif key == "missing":
                sent["missing_order_ids"] = [self.name(each) for each in value]
            elif key == "slot":
                sent |= {"scheduled_date": self.at(value[0]), "time_slot": {"start": value[1], "end": value[2]}}
            else:
                sent[key] = value
        return event(SOURCES[event_type.split(".")[0]], event_type, self.ref, sent, occurred_at=self.at(when))

    def say(self, when, event_type, **payload):
        self.last = self.client.store(self.told(when, event_type, **payload))
        return self.last

    def command(self, path, body, status=200):
        answer = self.client.send("POST", f"/api/projects/{self.id}/{path}", body)
        assert answer.status == status, answer
        self.last = {**self.last, "position": answer.json().get("position", self.last["position"])}
        return answer.json()

    def now(self):
        return self.client.project(self.last)

    def order(self, short):
        [one] = [o for o in self.now()["orders"] if o["order_ref"] == self.name(short)]
        return one

    def stock(self, short="A"):
        return [line["stock_status"] for line in self.order(short)["lines"]]

    def step(self, step_type, short="A"):
        return next(s for s in self.now()["steps"] if s["step_type"] == step_type and s.get("order_ref") in (None, self.name(short)))

    def missing(self):
        return [ref.removeprefix(self.ref + "-") for ref in self.now()["consolidation"]["orders_missing"]]

    def found(self, *rules, status="all"):
        """{(rule, short entity): anomaly}; an entity that occurs twice fails."""
        got = self.client.walk(f"/api/anomalies?project_id={self.id}&status={status}", at_least=self.last["position"])
        got = [a for a in got if not rules or a["rule_id"] in rules]
        keyed = {(a["rule_id"], (a["entity"] or "").removeprefix(self.ref + "-")): a for a in got}
        assert len(keyed) == len(got), [(a["rule_id"], a["entity"]) for a in got]
        return keyed

    def states(self, *rules):
        """{short entity: (open, or who resolved it)} of the rules."""
        return {entity: a["resolved_by"] if a["status"] == "resolved" else a["status"] for (_, entity), a in self.found(*rules).items()}

    def notifications(self, anomaly):
        return self.client.walk(f"/api/notifications?anomaly_id={anomaly['anomaly_id']}", at_least=self.last["position"])

    def events(self, event_type):
        return [e for e in self.client.timeline(self.last) if e["type"] == event_type]

    def ordered(self, *shorts, **payload):
        for minute, short in enumerate(shorts):
            self.say(f"06-01 09:{minute:02}" if self.year else -7 * 86400 + minute, "order.confirmed", order=short, **payload)
        return self

    def tour(self, when, short, day, start="08:00", end="12:00", what="lastmile.scheduled"):
        return self.say(when, what, tour=short, slot=(day, start, end))


def due(life, when):
    return {"deadline": life.at(when).replace("Z", ".000Z")}


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
    p.say("06-01 09:00", "order.line_added", order="A", line_id="1", sku="TAP", qty=2)
    assert [(line["sku"], line["quantity"]) for line in p.order("A")["lines"]] == [("BASE", 4), ("SINK", 1), ("TAP", 2)]
    assert len({line["line_id"] for line in p.order("A")["lines"]}) == 3


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
    p = told().ordered("A", lines=[{"sku": "SINK", "qty": 1}])
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

@pytest.mark.parametrize("payload, pointer", [({"lines": []}, "/payload/lines"), ({"line": {"sku": "A", "qty": 1}}, "/payload/line"), ({}, None)])
def test_a_line_added_without_a_line_is_refused(told, payload, pointer):
    p = told().ordered("A", lines=[{"sku": "BASE", "qty": 1}])
    problem = check_problem(p.client.ingest(p.told("06-02 08:00", "order.line_added", order="A", **payload)), 422)
    assert pointer is None or pointer in pointers(problem)
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
