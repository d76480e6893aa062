#!/usr/bin/env python3
"""Which anomalies a real history must have, computed from the rules' text alone, against what PLO found.

    PLO_BINARY=build/release/app/plo check_olist_anomalies.py [EVENTS.ndjson.gz]     exit 1 when they differ

The Olist events (PLO_OLIST, or ../shared/data/olist beside the checkout) hold project.created, order.confirmed, shipment.dispatched,
lastmile.delivered, quality.survey_sent and quality.survey_completed: what ANO-17, ANO-21, ANO-34 and ANO-35 look at. The loops below
follow the rules as they are written down, on the event clock, and share nothing with the server.
"""
import collections
import datetime
import gzip
import json
import os
import pathlib
import sys
import tempfile
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
RULES = ["ANO-17", "ANO-21", "ANO-34", "ANO-35"]
KNOWN = {"project.created", "order.confirmed", "shipment.dispatched", "lastmile.delivered", "quality.survey_sent",
         "quality.survey_completed"}


def events_file():
    """The history, or None."""
    named = os.environ.get("PLO_OLIST")
    path = pathlib.Path(named) if named else ROOT.parent / "shared" / "data" / "olist" / "events.ndjson.gz"
    return path if path.exists() else None


def read_events(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def midnight_in_paris(day):
    return datetime.datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


class Anomaly:
    """raised_at, occurrences, times it was reopened, and how it ended (None while open)."""

    def __init__(self, raised_at):
        self.raised_at = raised_at
        self.last_triggered = raised_at
        self.occurrences = 1
        self.reopened = 0
        self.resolved_by = None
        self.due = None

    def outcome(self):
        return (self.raised_at.strftime("%Y-%m-%dT%H:%M:%S"), self.occurrences, self.reopened, self.resolved_by)


class Project:
    """What is known of one project, and the deadlines of it that have passed."""

    def __init__(self):
        self.promised = {}     # order → day
        self.confirmed = {}    # order → first confirmation
        self.dispatched = {}   # order → last shipment event
        self.deliveries = []
        self.survey_sent = None
        self.surveyed = False
        self.passed = {}                                # (rule, order) → the deadline that has passed
        self.found = collections.defaultdict(list)      # (rule, order) → anomalies, the last one may be open

    def learn(self, e, at):
        payload, kind = e["payload"], e["event_type"]
        if kind == "order.confirmed":
            order = payload["order_ref"]
            self.promised[order] = datetime.date.fromisoformat(payload["promised_delivery_date"])
            self.confirmed[order] = min(at, self.confirmed.get(order, at))
        elif kind == "shipment.dispatched":
            assert payload["actual_arrival"] is None and payload["estimated_arrival"] is None
            order = payload["order_ref"]
            self.dispatched[order] = max(at, self.dispatched.get(order, at))
        elif kind == "lastmile.delivered":
            assert payload["is_partial"] is False
            self.deliveries.append(at)
        elif kind == "quality.survey_sent":
            self.survey_sent = max(at, self.survey_sent or at)
        elif kind == "quality.survey_completed":
            self.surveyed = True

    def order_delivered(self, order):
        """By a tour that left after it was confirmed: what is ordered later waits for the next one."""
        return order in self.confirmed and any(self.confirmed[order] <= at for at in self.deliveries)

    def deadlines(self):
        """(rule, order) → when it is due."""
        due = {}
        if self.confirmed:  # the consolidation opens with the first confirmed order
            due["ANO-17", None] = midnight_in_paris(max(self.promised.values()) - 3 * DAY)
        for order, last in self.dispatched.items():
            due["ANO-21", order] = last + DAY
        if self.survey_sent:
            due["ANO-35", None] = self.survey_sent + 5 * DAY
        return due

    def wrong(self, rule, order):
        """Whether the condition of a deadline rule holds."""
        if rule == "ANO-17":  # nothing in this history completes a consolidation or approves a partial delivery
            return not all(self.order_delivered(order) for order in self.confirmed)
        if rule == "ANO-21":
            return not self.order_delivered(order)
        return not self.surveyed

    def trigger(self, key, now, due=None):
        held = self.found[key][-1] if self.found[key] else None
        if held is None or (held.resolved_by and now - held.last_triggered >= DAY):
            held = Anomaly(now)
            self.found[key].append(held)
        else:
            held.occurrences += 1
            held.last_triggered = max(now, held.last_triggered)
            held.reopened += held.resolved_by is not None
            held.resolved_by = None
        held.due = due

    def pass_deadlines(self, up_to, fired_at):
        for key, due in sorted(self.deadlines().items(), key=lambda item: item[1]):
            if due > up_to or self.passed.get(key) == due:
                continue
            self.passed[key] = due
            if self.wrong(*key):
                self.trigger(key, fired_at(due), due)

    def take(self, e, clock_before):
        """One event, with the clock as it stood before it; returns nothing, the clock is the caller's."""
        at = instant(e["occurred_at"])
        clock = max(clock_before, at)
        self.pass_deadlines(max(clock_before, at - datetime.timedelta(milliseconds=1)), lambda due: due)
        self.learn(e, at)
        if e["event_type"] == "quality.survey_completed" and e["payload"]["score"] / e["payload"]["scale"] < 0.6:
            self.trigger(("ANO-34", None), at)
        due = self.deadlines()
        for key, passed in list(self.passed.items()):
            if due.get(key) != passed:
                del self.passed[key]  # its anchor moved: armed again
        for key, anomalies in self.found.items():
            held = anomalies[-1]
            if held.resolved_by or key[0] == "ANO-34":
                continue
            if due[key] > clock or not self.wrong(*key):
                held.resolved_by = "late_event" if at <= held.due else "system"
        self.pass_deadlines(clock, lambda _: clock)


def expected(events):
    """{(project_ref, rule, order or None): [outcome …]} by the rules."""
    projects, waiting = {}, collections.defaultdict(list)
    seen = set()
    clock = datetime.datetime.min.replace(tzinfo=UTC)
    for e in events:
        assert e["event_type"] in KNOWN, e
        assert (e["source"], e["source_ref"]) not in seen, "no duplicates in this history"
        seen.add((e["source"], e["source_ref"]))
        ref, at = e["project_ref"], instant(e["occurred_at"])
        if ref not in projects and e["event_type"] != "project.created":
            waiting[ref].append(e)  # a dead letter
        else:
            project = projects.setdefault(ref, Project())
            project.take(e, clock)
            for letter in waiting.pop(ref, []):
                project.take(letter, max(clock, at))
        clock = max(clock, at)
    found = {}
    for ref, project in projects.items():
        project.pass_deadlines(clock, lambda due: due)
        for (rule, order), anomalies in project.found.items():
            found[ref, rule, order] = [a.outcome() for a in anomalies]
    return found


def reported(log):
    """The same from the server's log."""
    refs, anomalies = {}, {}
    for e in log:
        kind = e["type"]
        if e["kind"] == "source" and e["stream"].startswith("project:"):
            refs.setdefault(e["stream"], e["project_ref"])
        if not kind.startswith("anomaly."):
            continue
        data = e["data"]
        if data["rule_id"] not in RULES:
            continue
        held = anomalies.get(data["anomaly_id"])
        if kind == "anomaly.raised":
            held = Anomaly(instant(data["raised_at"]))
            held.key = (e["stream"], data["rule_id"], data.get("order_ref"))
            assert data["anomaly_id"] not in anomalies
            anomalies[data["anomaly_id"]] = held
        elif kind in ("anomaly.triggered_again", "anomaly.reopened"):
            held.occurrences += 1
            held.reopened += kind == "anomaly.reopened"
            held.resolved_by = None
        elif kind == "anomaly.resolved":
            held.resolved_by = data["resolved_by"]
    found = collections.defaultdict(list)
    for held in anomalies.values():
        project, rule, order = held.key
        found[refs[project], rule, order].append(held.outcome())
    return dict(found)


def differences(must, does):
    """Sentences, none when the two agree."""
    missing = [f"missing {key}: {must[key]}" for key in sorted(must.keys() - does.keys(), key=str)]
    extra = [f"extra {key}: {does[key]}" for key in sorted(does.keys() - must.keys(), key=str)]
    other = [f"different {key}: expected {must[key]}, found {does[key]}"
             for key in sorted(must.keys() & does.keys(), key=str) if must[key] != does[key]]
    return missing + extra + other


def run(path, folder):
    """Imports the history into `folder` and returns the served log."""
    from harness import Server, run_plo
    folder = pathlib.Path(folder)
    history = folder / "events.ndjson"
    with gzip.open(path, "rb") as packed:
        history.write_bytes(packed.read())
    config = ROOT / "config" / "plo.toml"
    status, out, err = run_plo("import", history, "--config", config, "--data", folder / "data", "--clock", "event", timeout=900)
    assert status == 0, (out, err[-2000:])
    with Server(folder, config.read_text(), clock="event") as server:
        return server.client().log()


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else events_file()
    if path is None:
        print("no Olist history: name it, or set PLO_OLIST")
        return 2
    must = expected(read_events(path))
    with tempfile.TemporaryDirectory() as folder:
        does = reported(run(path, folder))
    for rule in RULES:
        for title, found in (("expected", must), ("found", does)):
            outcomes = [outcome for key, all_of in found.items() if key[1] == rule for outcome in all_of]
            ends = collections.Counter(outcome[3] or "open" for outcome in outcomes)
            print(f"{rule} {title:8} {len(outcomes):5} anomalies in {len({k[0] for k in found if k[1] == rule}):5} projects, "
                  f"{sum(o[1] for o in outcomes)} occurrences: {dict(sorted(ends.items()))}")
    wrong = differences(must, does)
    print("\n".join(wrong[:50]) if wrong else "no difference")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
