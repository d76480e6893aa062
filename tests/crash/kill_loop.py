#!/usr/bin/env python3
"""Kills the server again and again under load and compares what it kept with what it acknowledged.

    kill_loop.py [ROUNDS] [--seed N] [--backups]      needs PLO_BINARY

Each round: start, check, load from several connections (single posts and batches), SIGKILL at a random moment.
After every start the log must hold each acknowledged event exactly once, at the acknowledged position and with
the acknowledged id; positions and versions must run without a gap; and an event that got no answer must be
there wholly or not at all, so that posting it again is 200 or 201. A dead letter whose project has come must
be attached, however the server ended in between.

With --backups, backups are made one after the other meanwhile, so that the kill strikes during one; what is in backup.json after
a kill can be restored, and the log of it proves.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "blackbox"))
from harness import Server, event, run_plo, unique  # noqa: E402

WRITERS = 8


class Expected:
    """What the server has told the clients, over all rounds."""

    def __init__(self):
        self.guard = threading.Lock()
        self.acknowledged = {}  # source_ref → (position, event_id, project_id)
        self.unanswered = {}    # source_ref → event
        self.letters = {}       # source_ref → event that came before its project
        self.promised_refs = []  # projects that letters wait for
        self.project_refs = []
        self.failures = []      # answers that are none of the table's

    def sent(self, body):
        with self.guard:
            self.unanswered[body["source_ref"]] = body

    def answered(self, body, answer, status):
        with self.guard:
            if status not in (200, 201, 202, 503):
                self.failures.append((status, answer))
            elif status == 202:
                self.letters[body["source_ref"]] = self.unanswered.pop(body["source_ref"])
            elif status in (200, 201):
                del self.unanswered[body["source_ref"]]
                self.acknowledged[body["source_ref"]] = (answer["position"], answer["event_id"], answer["project_id"])
                if body["event_type"] == "project.created":
                    self.project_refs.append(body["project_ref"])

    def make_event(self, rng):
        with self.guard:
            known = rng.choice(self.project_refs) if self.project_refs and rng.random() < 0.7 else None
            if known is None:
                chance = rng.random()
                if chance < 0.2:
                    self.promised_refs += [unique("late")]
                    return event("erp", "weather.report", self.promised_refs[-1])
                promised = self.promised_refs and chance < 0.4
                ref = self.promised_refs.pop(rng.randrange(len(self.promised_refs))) if promised else unique("P")
                return event("erp", "project.created", ref, {"customer_id": unique("C")})
        kind = rng.choice(["order.confirmed", "shipment.eta_updated", "stock.check_ok", "weather.report"])
        return event("erp", kind, known, {"order_ref": f"{known}-O", "pad": "x" * rng.randrange(2000)})


def write(server, expected, seed):
    """Posts until the server is gone."""
    rng = random.Random(seed)
    client = server.client()
    try:
        while True:
            if rng.random() < 0.8:
                body = expected.make_event(rng)
                expected.sent(body)
                answer = client.ingest(body)
                expected.answered(body, answer.json(), answer.status)
            else:
                bodies = [expected.make_event(rng) for _ in range(rng.randrange(1, 50))]
                for body in bodies:
                    expected.sent(body)
                lines = client.batch(bodies).lines()
                for body, line in zip(bodies, lines):
                    expected.answered(body, line, line["status"])
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        pass  # killed: what was under way stays unanswered


def check_letters(client, expected):
    """Letters whose project has come are attached; it may take a moment after the start."""
    deadline = time.monotonic() + 10
    come = set(expected.project_refs)
    for source_ref, body in list(expected.letters.items()):
        while body["project_ref"] in come:
            answer = client.ingest(body)
            if answer.status == 200:
                expected.acknowledged[source_ref] = tuple(answer.json()[name] for name in ("position", "event_id", "project_id"))
                del expected.letters[source_ref]
                break
            assert answer.status == 202, answer
            assert time.monotonic() < deadline, f"{source_ref} waits for {body['project_ref']}, which has come"
            time.sleep(0.05)


def check(server, expected):
    """Compares the log with what was acknowledged, then settles what had no answer."""
    client = server.client()
    log = client.log()
    assert [e["position"] for e in log] == list(range(1, len(log) + 1)), "positions have a gap"
    versions, by_ref = {}, {}
    for e in log:
        versions[e["stream"]] = versions.get(e["stream"], 0) + 1
        assert e["version"] == versions[e["stream"]], f"versions of {e['stream']} have a gap"
        if e["kind"] == "source" and e["stream"].startswith("project:"):
            assert e["source_ref"] not in by_ref, f"{e['source_ref']} is stored twice"
            by_ref[e["source_ref"]] = e
    for source_ref, (position, event_id, project_id) in expected.acknowledged.items():
        assert source_ref in by_ref, f"acknowledged {source_ref} is lost"
        kept = by_ref[source_ref]
        assert (kept["position"], kept["event_id"], kept["stream"]) == (position, event_id, f"project:{project_id}"), kept
    # A new project first: events of a project that nobody acknowledged need it.
    waiting = sorted(expected.unanswered.values(), key=lambda body: body["event_type"] != "project.created")
    for body in waiting:
        answer = client.ingest(body)
        assert answer.status in (200, 201, 202), answer
        assert answer.status != 202 or body["event_type"] == "weather.report", answer
        if body["source_ref"] in by_ref:
            assert answer.status == 200 and answer.json()["event_id"] == by_ref[body["source_ref"]]["event_id"]
        expected.answered(body, answer.json(), answer.status)
        if answer.status != 202:
            last = answer.json()
            assert client.timeline(last), "the views do not follow"
    check_letters(client, expected)
    client.close()
    return len(log), len(waiting)


class Backups:
    """Backs the server up again and again; `check` proves the latest when the server is gone."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "backups"
        self.made = self.cut = self.restored = 0
        self.failures = []

    def run(self, server):
        while server.running():
            status, out, err = run_plo("backup", "--data", server.data, "--to", self.folder, "--keep", 3)
            if status not in (0, 3):
                self.failures.append((status, out, err))
            self.made += status == 0
            self.cut += status != 0

    def check(self, server):
        assert not self.failures, self.failures
        if not (self.folder / "backup.json").exists():
            return
        said = json.loads((self.folder / "backup.json").read_text())
        target = server.folder / "restored"
        status, out, err = run_plo("restore", "--from", self.folder, "--data", target)
        assert status == 0 and said["hash"] in out, (status, out, err)
        status, out, err = run_plo("replay", "verify", "--data", target)
        assert status == 0 and said["hash"] in out, (status, out, err)
        shutil.rmtree(target)
        self.restored += 1


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rounds", nargs="?", type=int, default=20)
    options.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options.add_argument("--backups", action="store_true", help="kill during backups")
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    rng = random.Random(chosen.seed)
    expected = Expected()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        backups = Backups(folder) if chosen.backups else None
        for number in range(1, chosen.rounds + 1):
            server.start()
            try:
                events, unanswered = check(server, expected)
                writers = [threading.Thread(target=write, args=(server, expected, rng.random())) for _ in range(WRITERS)]
                if backups:
                    writers.append(threading.Thread(target=backups.run, args=(server,)))
                for writer in writers:
                    writer.start()
                time.sleep(rng.uniform(0.05, 2.0))
            finally:
                if server.running():
                    server.kill()
            for writer in writers:
                writer.join(60)
            server.audit()
            if backups:
                backups.check(server)
            assert not expected.failures, expected.failures
            print(f"round {number}: {events} events in the log, {unanswered} had been unanswered, "
                  f"{len(expected.acknowledged)} acknowledged", flush=True)
        server.start()
        try:
            events, _ = check(server, expected)
            assert server.stop() == 0, "the last stop was not clean"
        finally:
            if server.running():
                server.kill()
    if backups:
        print(f"{backups.made} backups made, {backups.cut} cut short by a kill, {backups.restored} restored and proved")
    print(f"{chosen.rounds} kills, {len(expected.acknowledged)} acknowledged events, {events} in the log: nothing lost")


if __name__ == "__main__":
    main()
