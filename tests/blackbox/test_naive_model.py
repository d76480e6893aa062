"""Histories drawn by a seed, told to the server in any order of arrival, against a naive walk through them (naive_model.py).

PLO_SEEDS says how many (default 40; PLO_LONG=1 takes ten times as many), PLO_SEED where they begin. The first difference is made
smaller before it is told; each names its seed.
"""
import datetime
import os
import random

import pytest
from harness import Server, config_text, unique
from naive_model import Model, Said, shown

HISTORIES = int(os.environ.get("PLO_SEEDS", "40")) * (10 if os.environ.get("PLO_LONG") == "1" else 1)
FIRST_SEED = int(os.environ.get("PLO_SEED", "1"))
WATCHED = ("ANO-31", "ANO-06", "ANO-12", "ANO-22", "ANO-33", "ANO-13", "ANO-14", "ANO-09")
DAYS = 30  # of a history
SPRING = datetime.datetime(2036, 3, 10, tzinfo=datetime.timezone.utc)  # with a change to summer time

# Where deadlines count each history has an era of its own, so that on the event clock none is another's past.
_eras = (datetime.datetime(1971, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(days=48 * n) for n in range(490))


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("naive"), config_text(), clock="event") as running:
        yield running.client()


# Histories: [(minutes from the era's beginning, type, payload)], sorted by time; a payload's numbers are minutes too.

class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.events = []
        self.installation_required = self.random.random() < 0.5
        self.orders = [f"O{n}" for n in range(self.random.randint(1, 4))]
        for ref in self.orders:
            self.order(ref)
        for n in range(self.random.randint(0, 4)):
            self.tour(f"L{n}")
        for n in range(self.random.randint(0, 3)):
            self.visit(f"I{n}", n * self.random.choice((0, 4, 4)) * 1440)
        for _ in range(self.random.randint(0, 2) * (self.random.random() < 0.4)):
            self.say(self.time(), "consolidation.complete")
        self.events.sort(key=lambda e: e[0])

    def say(self, at, event_type, **payload):
        self.events.append((at, event_type, payload))

    def maybe(self, chance):
        return self.random.random() < chance

    def time(self, after=0):
        """Mostly an instant of its own, sometimes noon of a day, so that different things happen at once."""
        last = DAYS * 1440
        if after // 1440 < DAYS - 2 and self.maybe(0.25):
            return self.random.randint(after // 1440 + 1, min(after // 1440 + 6, DAYS - 1)) * 1440 + 720
        return self.random.randint(after + 1, max(after + 2, min(after + 6 * 1440, last)))

    def order(self, ref):
        at = self.time() // 4 if self.maybe(0.7) else self.time(self.random.randint(0, 20 * 1440))
        if self.maybe(0.9):
            self.say(at, "order.confirmed", order_ref=ref)
        for _ in range(self.random.choice((0, 0, 0, 1, 2))):
            at = self.time(at)
            self.say(at, self.random.choice(("order.confirmed", "order.cancelled")), order_ref=ref)
        if self.maybe(0.6):
            self.say(self.time(), "consolidation.order_arrived", order_ref=ref)

    def slot(self, at, ref, what, taken):
        day = self.random.choice([d for d in range(at // 1440, at // 1440 + 9) if d not in taken])
        taken.append(day)
        self.say(at, f"lastmile.{what}", lastmile_id=ref, day=day, time_slot=self.random.choice(({"start": "08:00", "end": "12:00"}, {"start": "20:00", "end": "01:00"})))

    def tour(self, ref):
        at, taken = self.time(), []
        if self.maybe(0.9):
            self.slot(at, ref, "scheduled", taken)
            for _ in range(self.random.choice((0, 0, 1, 2))):
                at = at if self.maybe(0.2) else self.time(at)
                self.slot(at, ref, "rescheduled", taken)
        while True:
            if self.maybe(0.5):
                at = self.time(at)
                self.say(at, "lastmile.in_transit", lastmile_id=ref)
            if self.maybe(0.2):
                self.say(self.time(at), "lastmile.damaged", lastmile_id=ref)
            at = self.time(at)
            outcome = self.random.choice(("failed", "delivered", "delivered", "partial_delivered", None))
            if outcome == "partial_delivered":
                self.say(at, "lastmile.partial_delivered", lastmile_id=ref, missing_order_ids=self.random.sample(self.orders, self.random.randint(0, len(self.orders))))
            elif outcome:
                self.say(at, f"lastmile.{outcome}", lastmile_id=ref)
            if outcome != "failed" or self.maybe(0.4):
                return
            at = self.time(at)
            self.slot(at, ref, "rescheduled", taken)

    def planned(self, at, ref, what):
        self.say(at, f"installation.{what}", installation_id=ref, start=self.random.randint(at, at + 8 * 1440))

    def visit(self, ref, after):
        at = self.time(after)
        self.planned(at, ref, "scheduled")
        for _ in range(self.random.choice((0, 0, 1, 2))):
            at = at if self.maybe(0.2) else self.time(at)
            self.planned(at, ref, "rescheduled")
        for _ in range(self.random.choice((0, 0, 1, 2))):
            self.say(self.time(at), "installation.issue", installation_id=ref, severity=self.random.choice(("minor", "blocking")))
        if self.maybe(0.15):
            self.say(self.time(at), "installation.cancelled", installation_id=ref)
            return
        steps = self.random.choice(("", "s", "s", "sp", "sc", "scr", "scrz", "scz", "srcz", "spc", "sprcz", "scrz", "scrz"))
        for step in steps:
            at = self.time(at)
            what = {"s": "started", "p": "partial", "c": "completed", "r": "report_submitted", "z": "closed"}[step]
            self.say(at, f"installation.{what}", installation_id=ref, **({"customer_signature": {"signed": True}} if step == "r" else {}))


# What is told, and what is shown.

def tell(client, events, installation_required, era):
    """Posts the events in the order given; returns (project's reference, where it got to, the events as the model reads them)."""
    ref = unique("N")

    def instant(minutes):
        return era + datetime.timedelta(days=1, minutes=minutes)

    def named(value):
        return [f"{ref}-{each}" for each in value] if isinstance(value, list) else f"{ref}-{value}"

    said = []
    for at, event_type, payload in events:
        sent = {key: named(value) if key.endswith(("_ref", "_id", "_ids")) else value for key, value in payload.items()}
        if "day" in sent:
            sent["scheduled_date"] = (era.date() + datetime.timedelta(days=sent.pop("day") + 1)).isoformat()
        if "start" in sent:
            sent["scheduled_start"] = shown(instant(sent.pop("start")))
        said.append(Said(instant(at), event_type, sent))
    lines = [Said(era, "project.created", {"customer_id": ref, "installation_required": installation_required}), *said]
    answers = client.batch([{"source": "oms", "source_ref": unique("ref"), "event_type": s.type, "project_ref": ref, "occurred_at": shown(s.at),
                             "payload": s.payload} for s in lines]).lines()
    assert {a["status"] for a in answers} == {201}, answers
    return ref, answers[-1], said


def seen(detail, keys):
    """What the server shows under the keys of the model's facts."""
    orders = {o["order_ref"]: o for o in detail["orders"]}
    parts = {"tour": {t["lastmile_id"]: t for t in detail["lastmiles"]}, "visit": {v["installation_id"]: v for v in detail["installations"]}}
    consolidation = detail["consolidation"]
    current = {"lastmile": "lastmile_id", "installation": "installation_id"}
    shows = {}
    for kind, ref, name in keys:
        if kind == "order":
            shows[kind, ref, name] = orders[ref]["status"] == name if name in ("draft", "cancelled") else orders[ref][name]
        elif kind == "consolidation":
            shows[kind, ref, name] = {"required": lambda: sorted(consolidation["orders_required"]), "missing": lambda: ref in consolidation["orders_missing"],
                                      "complete": lambda: consolidation["status"] == "complete"}[name]()
        elif kind == "project":
            shows[kind, ref, name] = detail[name][current[name]] if name in current else detail[name]
        else:
            shows[kind, ref, name] = parts[kind][ref][name]
    return shows


def states_differ(client, events, drawn):
    """{key: (the model's, the server's)} where they differ."""
    _, last, said = tell(client, events, drawn.installation_required, SPRING)
    facts = Model(drawn.installation_required).walk(said).facts()
    shows = seen(client.project(last), facts)
    return {key: (value, shows[key]) for key, value in facts.items() if shows[key] != value}


def anomalies_differ(client, events, drawn):
    events = [*events, ((DAYS + 16) * 1440, "crm.called", {})]
    _, last, said = tell(client, events, drawn.installation_required, next(_eras))
    model = Model(drawn.installation_required).walk(said)
    verdicts = model.verdicts()
    found = {}
    for a in sorted(client.walk(f"/api/anomalies?project_id={last['project_id']}&status=all", at_least=last["position"]), key=lambda a: a["raised_at"]):
        found[a["rule_id"], a["entity"]] = "resolved" if a["status"] == "resolved" else "open"
    keys = {key for key in found if key[0] in WATCHED and key not in model.unclear} | set(verdicts)
    return {key: (verdicts.get(key), found.get(key)) for key in keys if verdicts.get(key) != found.get(key)}


def smaller(client, events, drawn, differ):
    """The events without those that the difference does not need."""
    def kinds(different):
        return {(key[0], key[-1] if len(key) == 3 else None) for key in different}

    at, first = 0, kinds(differ(client, events, drawn))
    while at < len(events):
        fewer = events[:at] + events[at + 1:]
        if fewer and kinds(differ(client, fewer, drawn)) & first:
            events = fewer
        else:
            at += 1
    return events


def check(client, differ, arrange, most=1_000_000):
    wrong = []
    for seed in range(FIRST_SEED, FIRST_SEED + min(HISTORIES, most)):
        drawn = Draw(seed)
        events = arrange(drawn.events, seed)
        if events and differ(client, events, drawn):
            wrong.append(seed)
            if len(wrong) == 1:
                least = smaller(client, events, drawn, differ)
                print(f"seed {seed}, installation_required {drawn.installation_required}, in order of arrival:")
                print(*(f"  day {at // 1440} {at % 1440 // 60:02}:{at % 60:02} {what} {payload}" for at, what, payload in least), sep="\n")
                print("  (model, server):", differ(client, least, drawn))
    assert not wrong, f"{len(wrong)} of {HISTORIES} histories differ: seeds {wrong}"


def test_anomalies_of_what_comes_in_time(history):
    check(history, anomalies_differ, lambda events, _: events, most=400)


def test_the_order_of_arrival_does_not_matter(history):
    def shuffled(events, seed):
        events = list(events)
        random.Random(seed).shuffle(events)
        return events
    check(history, states_differ, shuffled)


def test_nearly_in_order(history):
    """As sources really send: most in time, some late, some of one instant the other way round."""
    def late(events, seed):
        draw = random.Random(seed)
        return sorted(events, key=lambda e: e[0] + (draw.randint(0, 4) * 1440 if draw.random() < 0.2 else draw.random()))
    check(history, states_differ, late)
