"""What the rules say a history comes to, in plain Python: the events sorted by when they occurred (of equal times the later arrival counts), and walked through.

It shares nothing with the server. Where the rules leave something open, nothing is said: `facts` and `verdicts` hold only what is certain.
"""
import datetime
import zoneinfo
from dataclasses import dataclass, field

ZONE = zoneinfo.ZoneInfo("Europe/Paris")
HOUR = datetime.timedelta(hours=1)
CLOSED_TOUR = ("delivered", "partial_delivered", "failed")


@dataclass
class Said:
    at: datetime.datetime
    type: str
    payload: dict


@dataclass
class Order:
    confirmed: bool = False
    cancelled: bool = False
    delivered: bool = False
    arrived: bool = False
    revived: bool = False  # confirmed after a cancellation: what was true of its goods before is left open

    @property
    def required(self):
        return self.confirmed and not self.cancelled


@dataclass
class Tour:
    first_named: int
    first_set: int = None  # numbers of events in the walk
    slot_set: int = None
    slot: tuple = None
    status: str = None
    closed: int = None
    delivered_at: datetime.datetime = None
    missing: set = field(default_factory=set)
    failures: list = field(default_factory=list)  # (number, what it was to carry)

    @property
    def open(self):
        return self.status not in CLOSED_TOUR


@dataclass
class Visit:
    first_named: int
    first_set: int = None
    start: datetime.datetime = None
    status: str = None
    started_at: datetime.datetime = None
    completed_at: datetime.datetime = None
    report_at: datetime.datetime = None


def shown(at):
    return None if at is None else at.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(day, hour):
    return datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time.fromisoformat(hour), ZONE)


def slot_of(day, hours):
    start, end = local(day, hours["start"]), local(day, hours["end"])
    return start, end if end >= start else end + datetime.timedelta(days=1)


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def agreed(readings):
    """What all readings of the rules say, or None twice over."""
    return readings[0] if readings and all(r == readings[0] for r in readings) else None


class Model:
    def __init__(self, installation_required):
        self.installation_required = installation_required
        self.orders, self.tours, self.visits = {}, {}, {}
        self.number = 0
        self.completes = []  # numbers of consolidation.complete
        self.newly = {}  # order: number of the event that made it required
        self.ever_confirmed = self.unclear_status = False
        self.self_closed = [False, False]
        self.anomalies, self.unclear, self.armed = {}, set(), {}

    def walk(self, events, until=None):
        for said in sorted(events, key=lambda s: s.at):
            self.number += 1
            self.pass_deadlines(said.at, strictly=True)
            getattr(self, said.type.split(".")[0])(said.type.split(".")[1], said.payload, said.at)
            self.close_itself()
            self.resolve(said.at)
            self.pass_deadlines(said.at)
        if until:
            self.pass_deadlines(until)
        return self

    # Events.

    def order_of(self, payload):
        return self.orders.setdefault(payload["order_ref"], Order())

    def required(self):
        return {ref for ref, o in self.orders.items() if o.required}

    def order(self, what, payload, _):
        o, ref = self.order_of(payload), payload["order_ref"]
        if what == "cancelled":
            o.cancelled = True
            return
        if not o.required:
            self.newly[ref] = self.number
            o.revived |= o.cancelled
        elif any(self.self_closed):
            self.unclear_status = True  # one that is required already, confirmed again after the end
        o.confirmed, o.cancelled = True, False
        self.ever_confirmed = True
        self.self_closed = [False, False]

    def consolidation(self, what, payload, _):
        if what == "order_arrived":
            self.order_of(payload).arrived = True
        else:
            self.completes.append(self.number)

    def lastmile(self, what, payload, at):
        t = self.tours.setdefault(payload["lastmile_id"], Tour(self.number))
        if what in ("scheduled", "rescheduled"):
            slot = slot_of(payload["scheduled_date"], payload["time_slot"])
            if slot != t.slot:
                t.slot, t.slot_set = slot, self.number
            t.first_set = t.first_set or self.number
            t.status, t.closed = "scheduled", None
        elif what == "in_transit":
            t.status = "in_transit"
        elif what == "damaged":
            self.raised("ANO-31", payload["lastmile_id"])
        else:
            t.status, t.closed = what, self.number
            if what == "failed":
                t.failures.append((self.number, {ref for ref in self.required() if not self.orders[ref].delivered}))
                self.raised("ANO-22", payload["lastmile_id"])
                return
            t.missing = set(payload.get("missing_order_ids", []))
            t.delivered_at = at
            for ref in self.required() - t.missing:
                self.orders[ref].delivered = True

    def installation(self, what, payload, at):
        ref = payload["installation_id"]
        v = self.visits.setdefault(ref, Visit(self.number))
        if v.status == "cancelled":
            return
        if what in ("scheduled", "rescheduled"):
            v.start, v.status = instant(payload["scheduled_start"]), "scheduled"
            v.first_set = v.first_set or self.number
        elif what == "started":
            v.started_at, v.status = at, "in_progress"
        elif what == "partial":
            v.status = "partial"
            self.raised("ANO-33", ref)
            if any(other.completed_at for other in self.visits.values()):
                self.unclear.add(("ANO-33", ref))  # one that ended before this one did not
        elif what == "completed":
            v.completed_at, v.status = at, "completed"
            if not v.started_at:
                self.unclear.add(("ANO-13", ref))  # it must have been started
            self.finish_halves(ref, v)
        elif what == "report_submitted":
            v.report_at = at
        elif what == "issue":
            self.raised("ANO-06", ref)
            if payload["severity"] == "blocking":
                self.raised("ANO-12", ref)
        else:
            v.status = what

    def crm(self, *_):
        pass

    # The end.

    def delivered(self):
        return bool(self.required()) and all(self.orders[ref].delivered for ref in self.required())

    def at_its_end(self):
        """By two readings: every visit is closed; or one is, and those that were half done, completed or cancelled are not open."""
        status = [v.status for v in self.visits.values()]
        every = bool(status) and all(s == "closed" for s in status)
        some = "closed" in status and not {"scheduled", "in_progress", None} & set(status)
        return [self.delivered() and (installed or not self.installation_required) for installed in (every, some)]

    def close_itself(self):
        self.self_closed = [closed or ends for closed, ends in zip(self.self_closed, self.at_its_end())]

    # Anomalies.

    def raised(self, rule, entity):
        self.anomalies[rule, entity] = "open"

    def finish_halves(self, ref, done):
        for (rule, entity), state in self.anomalies.items():
            if rule != "ANO-33" or state != "open":
                continue
            half = self.visits[entity]
            later = [None, None] if None in (half.start, done.start) else [done.start > half.start, done.first_set > half.first_set]
            if entity == ref or all(later):
                self.settled(rule, entity)
            elif None in later or any(later):
                self.unclear.add((rule, entity))

    def deadlines(self):
        for ref, v in self.visits.items():
            if v.status != "cancelled":
                if v.start:
                    yield "ANO-13", ref, v.start + 2 * HOUR, not v.started_at
                if v.completed_at:
                    yield "ANO-14", ref, v.completed_at + 4 * HOUR, not v.report_at
        for ref, t in self.tours.items():
            if t.slot:
                yield "ANO-09", ref, t.slot[1].astimezone(datetime.timezone.utc) + 4 * HOUR, not (t.closed and t.closed > t.slot_set)

    def pass_deadlines(self, clock, strictly=False):
        for rule, ref, due, wrong in self.deadlines():
            if self.armed.get((rule, ref), (None, False))[0] != due:
                self.armed[rule, ref] = (due, False)
            if not self.armed[rule, ref][1] and (due < clock or due == clock and not strictly):
                self.armed[rule, ref] = (due, True)
                if wrong:
                    self.raised(rule, ref)

    def resolve(self, clock):
        for rule, ref, due, wrong in self.deadlines():
            if (rule, ref) in self.anomalies and (not wrong or due > clock):
                self.anomalies[rule, ref] = "resolved"
        for (rule, ref), state in self.anomalies.items():
            if state == "open" and ref in self.visits and self.visits[ref].status == "cancelled":
                self.anomalies[rule, ref] = "resolved"
            if state == "open" and rule == "ANO-22":
                self.resolve_failure(ref)

    def resolve_failure(self, ref):
        number, carried = self.tours[ref].failures[-1]
        if any((t.first_set or 0) > number for t in self.tours.values()) or (self.tours[ref].slot_set or 0) > number:
            self.settled("ANO-22", ref)
        elif carried and all(self.orders[o].delivered for o in carried):
            self.settled("ANO-22", ref)
        elif all(self.orders[o].delivered or self.orders[o].cancelled for o in carried):
            self.unclear.add(("ANO-22", ref))  # nothing to carry any more, or never

    def settled(self, *key):
        self.anomalies[key] = "resolved"
        self.unclear.discard(key)

    def verdicts(self):
        return {key: state for key, state in self.anomalies.items() if key not in self.unclear}

    # What the project's page must show: {(kind, entity, field): value}.

    def facts(self):
        return {**self.order_facts(), **self.tour_facts(), **self.visit_facts(), **self.consolidation_facts(), **self.project_facts()}

    def order_facts(self):
        said = {}
        for ref, o in self.orders.items():
            said["order", ref, "draft"] = not o.confirmed and not o.cancelled
            said["order", ref, "cancelled"] = o.cancelled
            if o.required and not (o.revived and (o.delivered or o.arrived)):
                said["order", ref, "delivered"] = o.delivered
                if o.arrived or not o.delivered and not self.completes:
                    said["order", ref, "arrived"] = o.arrived
        return said

    def tour_facts(self):
        said = {}
        for ref, t in self.tours.items():
            if t.slot:
                said["tour", ref, "slot_start"], said["tour", ref, "slot_end"] = map(shown, t.slot)
            if t.status and (t.status != "partial_delivered" or t.missing & self.required() - {r for r, o in self.orders.items() if o.delivered}):
                said["tour", ref, "status"] = t.status
            if t.status != "partial_delivered":
                said["tour", ref, "delivered_at"] = shown(t.delivered_at)
        among = [(ref, t) for ref, t in self.tours.items() if t.open] or list(self.tours.items())
        if among and all(t.slot for _, t in among):
            latest = agreed([max(among, key=key)[0] for key in (lambda e: e[1].first_named, lambda e: e[1].first_set, lambda e: e[1].slot_set)])
            if latest:
                said["project", None, "lastmile"] = latest
        return said

    def visit_facts(self):
        said = {}
        for ref, v in self.visits.items():
            if v.status:
                said["visit", ref, "status"] = v.status
            said["visit", ref, "scheduled_start"] = shown(v.start)
            for name, at in (("started_at", v.started_at), ("completed_at", v.completed_at), ("report_submitted_at", v.report_at)):
                if at or v.status in ("scheduled", "in_progress"):
                    said["visit", ref, name] = shown(at)
        if self.visits and all(v.start and v.status not in ("cancelled", None) for v in self.visits.values()):
            readings = []
            for finished in (("closed",), ("closed", "completed"), ("closed", "completed", "partial")):
                open_ones = [(v.start, ref) for ref, v in self.visits.items() if v.status not in finished]
                readings.append(min(open_ones)[1] if open_ones else max((v.start, ref) for ref, v in self.visits.items())[1])
            readings += [] if open_ones else [max((v.first_set, ref) for ref, v in self.visits.items())[1]]
            if agreed(readings):
                said["project", None, "installation"] = readings[0]
        return said

    def consolidation_facts(self):
        if not self.ever_confirmed:
            return {}
        required = self.required()
        said = {("consolidation", None, "required"): sorted(required)}
        if any(self.orders[ref].revived for ref in required):
            return said
        arrived = {ref for ref in required if self.orders[ref].arrived}
        last = self.completes[-1] if self.completes else 0
        certain = {ref for ref in required if not self.orders[ref].delivered and (not last or self.newly[ref] > last)}
        for ref in certain:
            said["consolidation", ref, "missing"] = ref not in arrived
        for ref in arrived:
            said["consolidation", ref, "missing"] = False
        if last and all(number < last for number in self.newly.values()):
            said["consolidation", None, "complete"] = True
        elif certain - arrived:
            said["consolidation", None, "complete"] = False
        elif required and arrived == required:
            said["consolidation", None, "complete"] = True
        return said

    def project_facts(self):
        if not self.ever_confirmed:
            return {} if any(t.delivered_at for t in self.tours.values()) else {("project", None, "status"): "draft"}
        if not self.required() or self.unclear_status or any(o.revived and o.delivered for o in self.orders.values()):
            return {}
        readings = self.self_closed + self.at_its_end()  # what opens again after the end, but for an order, is left open
        return {("project", None, "status"): "completed" if readings[0] else "active"} if len(set(readings)) == 1 else {}
