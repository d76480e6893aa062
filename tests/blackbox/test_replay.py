"""The audit tool on the real binary: beside a running server, on the store it leaves, and on stores that somebody touched."""
import json
import pathlib
import shutil
import subprocess

import pytest
from harness import Server, binary, config_text, event, run_plo, unique


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A server on the event clock with a project that got into trouble; what the API says of it."""
    with Server(tmp_path_factory.mktemp("replay"), config_text(), "event") as server:
        client = server.client()
        ref, opened = client.open_project(customer_id="C-1", store_id="FR-LYON", project_type="kitchen")
        at = "2025-06-15T{:02}:00:00Z".format
        client.store(event("erp", "order.confirmed", ref, {"order_ref": f"{ref}-O", "promised_delivery_date": "2025-07-20"}, occurred_at=at(15)))
        slot = client.store(event("tms_lastmile", "lastmile.scheduled", ref, {"lastmile_id": f"{ref}-L", "scheduled_date": "2025-07-20",
                                                                             "time_slot": {"start": "08:00", "end": "12:00"}}, occurred_at=at(16)))
        anomaly = slot["anomalies"][0]
        done = client.send("POST", f"/api/anomalies/{anomaly}/acknowledge", {"comment": "the carrier will wait"}).json()
        client.ingest(event("erp", "weather.report", unique("NOBODY")))
        last = client.store(event("wfm", "installation.scheduled", ref, {"installation_id": f"{ref}-I", "scheduled_start": "2025-08-20T08:00:00Z"}, occurred_at=at(17)))
        yield {"server": server, "client": client, "ref": ref, "project": opened["project_id"], "opened": opened["position"], "slot": slot["position"],
               "anomaly": anomaly, "acknowledged": done["position"], "last": last["position"]}
        client.close()


def replay(story, *words, status=0):
    got, out, err = story["server"].replay(*words)
    assert got == status, (words, got, out, err)
    return json.loads(out) if "--json" in words else out


def test_a_running_log_is_whole_and_follows_from_itself(story):
    said = replay(story, "verify", "--json")
    assert said["ok"] and said["events"] >= story["last"] and said["faults"] == [] and said["first_fault"] is None
    assert "nothing wrong" in replay(story, "verify")
    said = replay(story, "rederive", "--json")
    assert said["ok"] and said["differences"] == [] and said["inputs"] >= 5
    assert "nothing differs" in replay(story, "rederive")


def test_the_state_is_the_one_the_api_shows(story):
    api = story["client"].read(f"/api/projects/{story['project']}", at_least=story["last"])
    for words in (["state", story["ref"]], ["state", "--project", story["project"]], ["state", f"{story['ref']}-O"]):
        said = replay(story, *words, "--json")
        for field in ("project_id", "status", "orders", "lastmile", "installation", "steps", "refs", "anomalies", "deadlines", "position"):
            assert said[field] == api[field], field
    before = replay(story, "state", story["ref"], "--position", story["slot"] - 1, "--json")
    assert before["lastmile"] is None and before["anomalies"] == [] and len(before["orders"]) == 1
    assert replay(story, "state", story["ref"], "--at", before["updated_at"], "--json")["project_id"] == story["project"]
    replay(story, "state", story["ref"], "--at", "2020-01-01", status=2)
    replay(story, "state", "nobody", status=2)
    replay(story, "state", story["ref"], "--at", "yesterday", status=2)
    assert "FR-LYON" in replay(story, "state", story["ref"])


def test_the_timeline_is_the_one_the_api_shows(story):
    said = replay(story, "timeline", story["ref"], "--json")
    assert said["items"] == story["client"].timeline({"project_id": story["project"], "position": story["last"]})
    short = replay(story, "timeline", story["ref"], "--position", story["opened"], "--json")
    assert [e["type"] for e in short["items"]] == ["project.created"]
    assert "lastmile.scheduled" in replay(story, "timeline", story["ref"])


def test_a_difference_names_what_changed(story):
    said = replay(story, "diff", story["ref"], "--from", story["slot"] - 1, "--to", story["last"], "--json")
    assert any(c["path"] == "/lastmile" and c["old"] is None for c in said["changes"])
    assert {p["op"] for p in said["patch"]} <= {"add", "replace", "remove"}
    assert "/lastmile: - →" in replay(story, "diff", story["ref"], "--from", story["slot"] - 1)
    replay(story, "diff", story["ref"], status=2)


def test_an_anomaly_is_explained_from_the_log_alone(story):
    said = replay(story, "explain", story["anomaly"], "--json")
    api = story["client"].read(f"/api/anomalies/{story['anomaly']}", at_least=story["last"])
    assert said["explanation"] == api["explanation"]
    assert (said["rule_id"], said["status"]) == (api["rule_id"], "acknowledged")
    assert [e["type"] for e in said["chain"]] == ["lastmile.scheduled", "anomaly.raised"]
    assert said["operators"][0]["comment"] == "the carrier will wait" and said["operators"][0]["position"] == story["acknowledged"]
    assert said["notifications"] and {n["channel"] for n in said["notifications"]} <= {"email", "ticket"}
    assert "the carrier will wait" in replay(story, "explain", "--anomaly", story["anomaly"])
    replay(story, "explain", "01a1febf-0334-88d1-9fae-74a54d42c45d", status=2)
    replay(story, "explain", "no-id", status=2)


def test_what_if_shows_what_would_appear_vanish_and_move(story, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('''[[rule]]
id = "ANO-19"
name = "never"
scope = "lastmile"
severity = "critical"
on = ["lastmile.scheduled"]
when = "false"
[[rule]]
id = "MINE"
name = "every order"
scope = "order"
severity = "warning"
on = ["order.confirmed"]
''')
    said = replay(story, "what-if", "--rules", rules, "--json")
    assert [(x["rule_id"], x["project_id"]) for x in said["raised"]] == [("MINE", story["project"])]
    assert [x["rule_id"] for x in said["dropped"]] == ["ANO-19"]
    assert said["moved"] == []
    assert replay(story, "what-if", "--rules", rules, "--store", "FR-PARIS", "--json")["projects"] == 0
    assert replay(story, "what-if", "--rules", rules, "--from", "2026-01-01", "--json")["raised"] == []
    assert "MINE" in replay(story, "what-if", "--rules", rules)
    rules.write_text("[[rule]]\nid = 1\n")
    replay(story, "what-if", "--rules", rules, status=2)
    replay(story, "what-if", "--rules", tmp_path / "none.toml", status=2)


def test_a_signed_head_proves_the_history_before_it(story, tmp_path):
    head, key = tmp_path / "head.json", tmp_path / "key"
    plain = replay(story, "heads", "--json")
    assert plain["position"] >= story["last"] and len(plain["hash"]) == 64
    replay(story, "heads", "--sign", "--key", key, "--out", head)
    assert key.stat().st_mode & 0o777 == 0o600
    signed = json.loads(head.read_text())
    assert (signed["position"], signed["hash"]) == (plain["position"], plain["hash"])
    story["client"].store(event("erp", "order.line_added", story["ref"], {"order_ref": f"{story['ref']}-O", "lines": [{"sku": "A", "qty": 1}]}))
    assert replay(story, "verify", "--head", head, "--public-key", signed["public_key"], "--json")["ok"]
    assert not replay(story, "verify", "--head", head, "--public-key", "0" * 64, "--json", status=1)["ok"]
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(signed | {"position": signed["position"] - 1}))
    assert not replay(story, "verify", "--head", head, "--head", forged, "--json", status=1)["ok"]
    # Signed well, but of another history.
    other = tmp_path / "other.json"
    run_ok("replay", "heads", "--sign", "--key", key, "--out", other, "--data", another_store(tmp_path))
    said = replay(story, "verify", "--head", other, "--json", status=1)
    assert said["first_fault"] == json.loads(other.read_text())["position"]
    replay(story, "verify", "--head", tmp_path / "none.json", status=2)


def run_ok(*words):
    status, out, err = run_plo(*words)
    assert status == 0, (words, out, err)
    return out


def another_store(tmp_path):
    config = tmp_path / "plo.toml"
    config.write_text(config_text())
    lines = tmp_path / "few.ndjson"
    lines.write_text(json.dumps(event("erp", "project.created", "OTHER", {"customer_id": "C"})) + "\n")
    run_ok("import", lines, "--config", config, "--data", tmp_path / "other", "--clock", "event")
    return tmp_path / "other"


def test_an_export_goes_on_after_a_torn_line_and_can_be_imported(story, tmp_path):
    server = story["server"]
    out = tmp_path / "log.ndjson"
    replay(story, "export", "--out", out)
    whole = out.read_bytes()
    lines = [json.loads(line) for line in whole.splitlines()]
    assert [e["position"] for e in lines] == list(range(1, len(lines) + 1))
    assert len(lines[-1]["hash"]) == 64
    out.write_bytes(whole[: len(whole) * 2 // 3])
    replay(story, "export", "--out", out, "--resume")
    assert out.read_bytes() == whole
    replay(story, "export", "--out", out, "--resume")
    assert out.read_bytes() == whole, "there was nothing more to write"
    assert replay(story, "export", "--out", "-", "--from", 2, "--to", 3).count("\n") == 2

    events = tmp_path / "events.ndjson"
    replay(story, "export", "--as", "ingest", "--out", events)
    whole = events.read_bytes()
    events.write_bytes(whole[: len(whole) // 2])
    replay(story, "export", "--format", "ingest", "--out", events, "--resume")
    assert events.read_bytes() == whole
    assert run_ok("import", events, "--config", server.config, "--data", tmp_path / "copy", "--clock", "event")
    copy = json.loads(run_ok("replay", "state", story["ref"], "--data", tmp_path / "copy", "--json"))
    here = replay(story, "state", story["ref"], "--json")
    for field in ("project_refs", "status", "customer_id", "store_id", "lastmile", "installation", "refs"):
        assert copy[field] == here[field], field
    status, _, err = run_plo("replay", "export", "--resume", "--data", tmp_path / "copy")
    assert status == 2 and "--out" in err


def test_a_store_that_was_left_proves_itself_with_its_views(make_server, tmp_path):
    server = make_server()
    client = server.client()
    for n in range(5):
        ref, _ = client.open_project(customer_id=f"C-{n}")
        client.store(event("erp", "order.confirmed", ref, {"order_ref": f"{ref}-O"}))
    client.close()
    assert server.stop() == 0
    status, out, err = server.replay("verify", "--views", "--rows", "--json")
    assert status == 0, out + err
    views = json.loads(out)["views"]
    assert views["faults"] == [] and views["rows_compared"] and views["checkpoint"] == json.loads(out)["events"]
    shutil.rmtree(server.data / "views")
    status, out, err = server.replay("verify", "--views", "--json")
    assert status == 1 and json.loads(out)["views"]["faults"]


@pytest.fixture
def left_store(make_server):
    """A stopped store, with the number of its events."""
    server = make_server()
    server.audited = False
    client = server.client()
    ref, _ = client.open_project(customer_id="C-1")
    for n in range(200):
        client.store(event("erp", "weather.report", ref, {"note": f"MARK-{n:04}", "pad": "x" * 200}))
    client.close()
    assert server.stop() == 0
    return server


def test_a_byte_that_was_changed_in_the_log_is_found(left_store):
    """In the write-ahead log, which is what a short-lived server leaves, or in a table."""
    changed = 0
    for file in sorted((left_store.data / "log").iterdir()):
        content = file.read_bytes()
        at = content.find(b"MARK-0100")
        if at < 0:
            continue
        changed += 1
        file.write_bytes(content[:at] + b"MARK-9999" + content[at + 9:])
        status, out, err = left_store.replay("verify", "--json")
        assert status == 1, out + err
        said = json.loads(out)
        assert not said["ok"] and (said["faults"] or said["file_faults"])
        file.write_bytes(content)
    assert changed > 0
    # What says which files there are: the store cannot even be opened.
    for file in [left_store.data / "log" / "CURRENT", next((left_store.data / "log").glob("MANIFEST-*"))]:
        content = file.read_bytes()
        file.write_bytes(content[:9] + bytes([content[9] ^ 0x20]) + content[10:])
        status, out, err = left_store.replay("verify")
        assert status == 1 and "damaged" in out + err, (file, out, err)
        file.write_bytes(content)
    assert left_store.replay("verify")[0] == 0


def test_a_missing_or_foreign_store_is_said(tmp_path):
    for words in (["verify"], ["rederive"], ["state", "P"], ["heads"], ["export"]):
        status, out, err = run_plo("replay", *words, "--data", tmp_path / "nothing")
        assert status == 3 and "there is no store" in err, (words, status, out, err)
    assert not (tmp_path / "nothing").exists(), "reading makes nothing"


def test_help_has_examples():
    said = run_ok("replay", "--help")
    for name in ("verify", "heads", "state", "timeline", "diff", "explain", "rederive", "what-if", "export"):
        assert name in said
        assert "Example" in run_ok("replay", name, "--help")
    assert run_plo("replay")[0] == 2
    assert run_plo("replay", "verify", "--nonsense")[0] == 2
