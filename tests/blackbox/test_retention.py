"""Closed projects move to archive segments, and everything reads as before."""
import json
import pathlib
import subprocess
import time

from harness import config_text, event, run_plo, unique

RETENTION = '[retention]\narchive_after = "PT1S"\ncheck_every = "PT0.2S"\n'


def closed_project(client, name):
    ref, opened = client.open_project(customer_id=unique("C"), customer_name=name, store_id="S-1")
    client.store(event("erp", "order.confirmed", ref, {"order_ref": unique("O"), "lines": [{"sku": "A", "qty": 2}]}))
    closed = client.store(event("crm", "project.closed", ref))
    return ref, closed


def wait_for_archive(client, events, server):
    deadline = time.monotonic() + 20
    while archived(client) < events:
        assert time.monotonic() < deadline, server.stderr()
        time.sleep(0.1)


def archived(client):
    for line in client.get("/metrics").body.decode().splitlines():
        if line.startswith("plo_events_archived_total "):
            return int(float(line.split()[1]))
    raise AssertionError("no such metric")


def comparable(client, project_id):
    document = client.read(f"/api/projects/{project_id}")
    return document, client.timeline({"project_id": project_id})


def test_closed_projects_are_archived_and_read_as_before(make_server):
    server = make_server()
    client = server.client()
    closed = [closed_project(client, f"Person {n}") for n in range(5)]
    open_ref, still_open = client.open_project(customer_id=unique("C"))
    before = {answer["project_id"]: comparable(client, client.project(answer)["project_id"]) for _, answer in closed}
    raw = {e["position"]: e for e in client.log()}
    assert server.stop() == 0

    server.config.write_text(config_text(extra=RETENTION))
    server.start()
    client = server.client()
    of_closed = [e for e in raw.values() if e["stream"].removeprefix("project:") in before]
    wait_for_archive(client, len(of_closed), server)
    segments = sorted((server.data / "archive").iterdir())
    # Usually one; what was closed a moment later comes with the next look.
    assert [s.name for s in segments] == [f"segment-{n:08}.ndjson.zst" for n in range(1, len(segments) + 1)]
    assert {project: comparable(client, project) for project in before} == before
    log = {e["position"]: e for e in client.log()}
    assert {p: log[p] for p in raw} == raw
    notes = [e for e in log.values() if e["stream"] == "archive"]
    assert {note["type"] for note in notes} == {"archive.segment_written"}
    assert sum(note["data"]["events"] for note in notes) == len(of_closed) and sum(note["data"]["projects"] for note in notes) == 5
    assert [note["data"]["bytes"] for note in notes] == [segment.stat().st_size for segment in segments]
    # Any tool reads a segment; what is personal is sealed in it.
    lines = subprocess.run(["zstd", "-dc", *segments], capture_output=True, check=True).stdout
    kept = [json.loads(line) for line in lines.splitlines()]
    assert {k["position"] for k in kept} == {e["position"] for e in of_closed}
    assert b"Person" not in lines and b"[erased]" in lines
    # A repeat is still known, and a late event goes on where the project was.
    again = client.ingest({**event("crm", "project.closed", closed[0][0]), "source_ref": next(
        e["source_ref"] for e in of_closed if e["type"] == "project.closed" and e["stream"] == f"project:{closed[0][1]['project_id']}")})
    assert again.status == 200
    reopened = client.store(event("crm", "project.reopened", closed[1][0]))
    assert reopened["project_id"] == closed[1][1]["project_id"]
    assert client.project(reopened)["status"] == "active"
    erased = client.send("POST", f"/api/customers/{before[closed[2][1]['project_id']][0]['customer_id']}/erase", {}).json()
    assert client.read(f"/api/projects/{closed[2][1]['project_id']}", at_least=erased["position"])["customer_name"] == "[erased]"
    server.restart()
    client = server.client()
    assert comparable(client, closed[3][1]["project_id"]) == before[closed[3][1]["project_id"]]
    assert server.stop() == 0
    for check in (["verify", "--views"], ["rederive"]):
        status, _, complaint = run_plo("replay", *check, "--data", server.data)
        assert status == 0, complaint

    # Without the segment nothing is passed over in silence.
    hidden = server.data / "hidden"
    segments[0].rename(hidden)
    status, told, complaint = run_plo("replay", "verify", "--data", server.data)
    assert status == 1 and "segment-00000001" in told + complaint
    hidden.rename(segments[0])
    assert run_plo("replay", "verify", "--data", server.data)[0] == 0
    with open(segments[0], "ab") as file:
        file.write(b"more")
    status, told, complaint = run_plo("replay", "verify", "--data", server.data)
    assert status == 1 and "segment-00000001" in told + complaint


def test_killed_while_archiving_nothing_is_lost(make_server):
    server = make_server(config_text(extra=RETENTION.replace("PT1S", "PT0.05S")))
    known = {}
    for round_number in range(6):
        client = server.client()
        for n in range(20):
            ref, answer = closed_project(client, f"Round {round_number} {n}")
            known[answer["project_id"]] = answer["position"]
        time.sleep(0.02 + 0.06 * round_number)
        server.kill()
        server.start()
    client = server.client()
    for project, position in known.items():
        assert client.read(f"/api/projects/{project}", at_least=position)["status"] == "completed"
    assert len(list((server.data / "archive").glob("segment-*"))) > 2
    assert server.stop() == 0
    status, told, complaint = run_plo("replay", "verify", "--data", server.data)
    assert status == 0, told + complaint
