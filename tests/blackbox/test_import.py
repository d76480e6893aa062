"""`plo import`: the offline bulk load."""
import json

from harness import Server, config_text, event, run_plo, unique


def prepare(tmp_path, lines):
    """Writes a configuration and an event file; returns a function that imports it."""
    config = tmp_path / "plo.toml"
    config.write_text(config_text())
    events = tmp_path / "events.ndjson"
    events.write_bytes(b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines))
    return lambda *options: run_plo("import", events, "--config", config, "--data", tmp_path / "data", *options)


def served(tmp_path):
    """A server on what was imported."""
    return Server(tmp_path)


def life(count):
    """`count` projects of all kinds of sources in time order."""
    lines = []
    for n in range(count):
        ref, order = unique("P"), unique("O")
        day = f"2024-{1 + n % 12:02}-{1 + n % 28:02}"
        lines += [event("ecommerce", "project.created", ref, occurred_at=f"{day}T08:00:00Z"),
                  event("erp", "order.confirmed", ref, {"order_ref": order}, occurred_at=f"{day}T09:00:00Z"),
                  event("tms", "shipment.dispatched", order, {"shipment_id": unique("S"), "order_ref": order},
                        occurred_at=f"{day}T10:00:00Z")]
    return sorted(lines, key=lambda line: line["occurred_at"])


def test_an_import_can_be_served(tmp_path):
    lines = life(50)
    status, out, err = prepare(tmp_path, lines)("--clock", "event")
    assert status == 0, err
    assert err.strip(), "progress is shown on standard error"
    with served(tmp_path) as server:
        client = server.client()
        projects = client.walk("/api/projects?limit=20")
        assert len(projects) == 50
        for item in projects:
            assert [i["type"] for i in client.timeline(item) if i["kind"] == "source"] == ["project.created", "order.confirmed", "shipment.dispatched"]
        log = client.log()
        assert [e["position"] for e in log] == list(range(1, len(log) + 1))
        # The server and the import agree on what was seen.
        assert client.ingest(lines[0]).status == 200


def told(client):
    """What sources have said, and what followed at once; deadlines pass in the meantime."""
    return [e for e in client.log() if e["kind"] == "source"]


def test_a_second_import_stores_nothing(tmp_path):
    run = prepare(tmp_path, life(20))
    assert run("--clock", "event")[0] == 0
    with served(tmp_path) as server:
        first = told(server.client())
        assert server.stop() == 0
    status, out, err = run("--clock", "event")
    assert status == 0, err
    assert "60" in out + err, "it says how many were duplicates"
    with served(tmp_path) as server:
        assert told(server.client()) == first


def test_a_bad_line_is_reported_and_passed_over(tmp_path):
    good = life(10)
    lines = good[:3] + [b"{nonsense"] + good[3:6] + [event("erp", "order.confirmed", "x", colour=1)] + [b"", b"\xff"] + good[6:]
    lines.append(event("sap", "order.confirmed", unique("P")))
    status, out, err = prepare(tmp_path, lines)()
    assert status == 1
    for number in (4, 8, 10, len(lines)):
        assert f":{number}:" in err or f"line {number}" in err, (number, err)
    with served(tmp_path) as server:
        log = {e["source_ref"] for e in server.client().log() if e["kind"] == "source"}
        assert log == {line["source_ref"] for line in good}


def test_lost_events_become_dead_letters(tmp_path):
    letter = event("erp", "order.confirmed", "late")
    status, _, err = prepare(tmp_path, [letter])()
    assert status == 0, err
    with served(tmp_path) as server:
        client = server.client()
        answer = client.ingest(letter)
        assert answer.status == 202
        _, opened = client.open_project("late")
        assert client.ingest(letter).json()["project_id"] == opened["project_id"]


def test_a_file_that_is_not_there_is_2(tmp_path):
    run = prepare(tmp_path, [])
    (tmp_path / "events.ndjson").unlink()
    status, _, err = run()
    assert status == 2
    assert "events.ndjson" in err


def test_an_empty_file_is_0(tmp_path):
    assert prepare(tmp_path, [])()[0] == 0


def test_a_last_line_without_a_line_end_counts(tmp_path):
    lines = life(1)
    run = prepare(tmp_path, lines)
    file = tmp_path / "events.ndjson"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert run()[0] == 0
    with served(tmp_path) as server:
        assert len([e for e in server.client().log() if e["kind"] == "source"]) == 3


def test_importing_and_posting_end_in_the_same_projects(tmp_path):
    """The batch endpoint and the import are two ways into the same machine."""
    lines = life(10)
    (tmp_path / "import").mkdir()
    assert prepare(tmp_path / "import", lines)()[0] == 0

    def shape(client):
        found = []
        for item in client.walk("/api/projects?limit=200"):
            # Deadlines pass when their time comes, which is another one for each of them.
            timeline = [(i["type"], i["source_ref"], i["occurred_at"]) for i in client.timeline(item) if i["kind"] == "source"]
            found.append((item["status"], item["project_refs"], timeline))
        return sorted(found, key=str)

    with served(tmp_path / "import") as imported, Server(tmp_path / "posted") as posted:
        client = posted.client()
        for line in lines:
            client.store(line)
        client.read("/api/projects", at_least=client.log()[-1]["position"])
        assert shape(imported.client()) == shape(client)


def test_what_was_drained_is_drained_when_the_import_ends(tmp_path):
    """The last lines open the projects that many earlier ones waited for."""
    refs = [unique("late") for _ in range(100)]
    letters = [event("oms", "weather.report", ref, {"n": n}) for ref in refs for n in range(3)]
    assert prepare(tmp_path, letters + [event("ecommerce", "project.created", ref) for ref in refs])()[0] == 0
    with served(tmp_path) as server:
        client = server.client()
        assert {client.ingest(letter).status for letter in letters} == {200}
