"""Projects told in short, for the tests of what sources really send.

A `Life` is one project. Those on the event clock have a year each, so that no story's end is another's past.
"""
import datetime
import itertools

import pytest
from harness import Server, config_text, event, unique

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
