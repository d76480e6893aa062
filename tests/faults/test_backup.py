"""plo backup and plo restore: of a running server, of a stopped one, again, and what must not pass for a backup."""
import json
import os
import shutil
import stat
import threading
import time

import pytest
from faults import Faults
from harness import config_text, event, run_plo, unique


def fill(client, events=200):
    ref, _ = client.open_project(customer_id=unique("C"))
    lines = client.batch([event("erp", "weather.report", ref, {"pad": os.urandom(400).hex()}) for _ in range(events)]).lines()
    assert {line["status"] for line in lines} == {201}
    return max(line["position"] for line in lines)


def back_up(server, to, *words, expected=0):
    status, out, err = run_plo("backup", "--data", server.data, "--to", to, *words)
    assert status == expected, (status, out, err)
    return json.loads((to / "backup.json").read_text()) if expected == 0 else err


def restored(make_server, backups, name, *words):
    """A server, not started, on what `plo restore` made."""
    server = make_server(name=name, start=False)
    status, out, err = run_plo("restore", "--from", backups, "--data", server.data, *words)
    assert status == 0, (status, out, err)
    return server, out


def test_of_a_running_server_under_load_and_back(make_server, tmp_path):
    server, backups = make_server(), tmp_path / "backups"
    client = server.client()
    fill(client)
    acknowledged, go_on = {}, threading.Event()
    go_on.set()

    def post():
        connection = server.client()
        ref, _ = connection.open_project()
        while go_on.is_set():
            body = event("erp", "weather.report", ref, {"pad": "y" * 500})
            acknowledged[body["source_ref"]] = connection.store(body)["position"]

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        sizes = []
        for _ in range(3):
            time.sleep(0.3)
            before = dict(acknowledged)
            made = back_up(server, backups)
            assert made["position"] >= max(before.values(), default=0)
            sizes.append(made["position"])
        assert len(made["backups"]) == 3
    finally:
        go_on.clear()
        for thread in threads:
            thread.join(60)
    assert client.get("/readyz").status == 200
    whole = client.log()
    copy, out = restored(make_server, backups, "copy")
    assert str(made["position"]) in out and made["hash"] in out
    assert copy.replay("verify")[0] == 0
    copy.start()
    log = copy.client().log()
    # A prefix of what the server has, with everything that was acknowledged before the backup began.
    begun = log[:made["position"]]
    assert begun == whole[:made["position"]]
    kept = {e["source_ref"] for e in begun}
    assert all(ref in kept for ref in before)
    # It is a server like any other: sessions and links of customers hold, and it goes on from there.
    assert copy.client().open_project()[1]["position"] == len(log) + 1
    assert copy.stop() == 0 and server.stop() == 0


def test_is_incremental_and_keeps_the_last(make_server, tmp_path):
    server, backups = make_server(), tmp_path / "backups"
    for _ in range(5):
        fill(server.client(), 1000)
    back_up(server, backups)
    used = lambda: sum(f.stat().st_size for f in backups.rglob("*") if f.is_file())  # noqa: E731
    first = used()
    fill(server.client(), 10)
    back_up(server, backups)
    assert used() - first < first / 4, "the second backup copied it all again"
    positions = []
    for _ in range(3):
        fill(server.client(), 10)
        made = back_up(server, backups, "--keep", 3)
        positions.append(made["position"])
    assert [b["position"] for b in made["backups"]] == positions
    assert server.stop() == 0
    # An earlier one of those that are kept.
    earlier = made["backups"][0]
    copy, _ = restored(make_server, backups, "earlier", "--id", earlier["id"])
    assert copy.replay("verify")[0] == 0
    status, out, _ = run_plo("restore", "--from", backups, "--list")
    assert status == 0 and out.count("backup ") == 3
    assert run_plo("restore", "--from", backups, "--data", tmp_path / "none", "--id", 1)[0] == 2


def test_of_a_stopped_and_of_a_killed_server(make_server, tmp_path):
    server = make_server()
    last = fill(server.client())
    assert server.stop() == 0
    assert not (server.data / "control.json").exists()
    assert back_up(server, tmp_path / "stopped")["position"] >= last
    server.start()
    last = fill(server.client())
    server.kill()
    assert (server.data / "control.json").exists()  # nobody answers there any more
    assert back_up(server, tmp_path / "killed")["position"] >= last
    restored(make_server, tmp_path / "killed", "copy")


def test_secrets_are_kept_for_the_owner_alone(make_server, tmp_path):
    server, backups = make_server(), tmp_path / "backups"
    fill(server.client())
    mode = stat.S_IMODE((server.data / "control.json").stat().st_mode)
    assert mode == 0o600
    made = back_up(server, backups)
    names = {f["name"] for f in made["files"]}
    assert {"tracking_secret", "session_secret"} <= names and "control.json" not in names
    for name in names:
        assert stat.S_IMODE((backups / "files" / name).stat().st_mode) == 0o600
    copy, _ = restored(make_server, backups, "copy")
    for name in names:
        assert (copy.data / name).read_bytes() == (server.data / name).read_bytes()
        assert stat.S_IMODE((copy.data / name).stat().st_mode) == 0o600


def test_what_is_in_the_way_of_a_restoration(make_server, tmp_path):
    server, backups = make_server(), tmp_path / "backups"
    fill(server.client())
    back_up(server, backups)
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("mine")
    for target in (full, full / "file", server.data):
        assert run_plo("restore", "--from", backups, "--data", target)[0] == 2
    assert (full / "file").read_text() == "mine"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run_plo("restore", "--from", backups, "--data", empty)[0] == 0
    assert run_plo("restore", "--from", tmp_path / "nowhere", "--data", tmp_path / "x")[0] == 2
    assert run_plo("restore", "--from", backups)[0] == 2
    assert run_plo("backup", "--data", tmp_path / "nowhere", "--to", tmp_path / "y")[0] == 3
    assert run_plo("backup", "--data", server.data, "--to", server.data / "inside")[0] == 2


@pytest.mark.parametrize("what", ["table", "log", "secret", "index", "missing"])
def test_a_damaged_backup_is_not_restored(make_server, tmp_path, what):
    server, backups = make_server(), tmp_path / "backups"
    fill(server.client(), 1000)
    back_up(server, backups)
    files = {"table": "log/shared_checksum/*.sst", "log": "log/private/1/MANIFEST-*", "secret": "files/tracking_secret", "index": "backup.json",
             "missing": "log/shared_checksum/*.sst"}
    file = max(backups.glob(files[what]), key=lambda f: f.stat().st_size)
    if what == "missing":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0x04
        file.write_bytes(content)
    target = tmp_path / "target"
    status, _, err = run_plo("restore", "--from", backups, "--data", target)
    assert status in (1, 3) and err.strip(), (status, err)
    assert status == 1 or what == "missing", err
    assert not target.exists()
    assert not list(tmp_path.glob("*restoring*"))


def test_no_room_for_the_backup(make_server, tmp_path):
    server, backups = make_server(start=False), tmp_path / "backups"
    faults = Faults(tmp_path / "faults", backups)
    server.start(env=faults.environment())
    fill(server.client(), 1000)
    back_up(server, backups)
    fill(server.client(), 1000)
    faults.leave_room(10_000)
    err = back_up(server, backups, expected=3)
    assert "space" in err.lower()
    faults.leave_room(-1)
    assert server.client().get("/readyz").status == 200
    last = fill(server.client())
    made = back_up(server, backups)
    assert made["position"] >= last and len(made["backups"]) == 2
    restored(make_server, backups, "copy")


def test_killed_during_a_backup(make_server, tmp_path):
    """The one before stays, and the next one is sound, wherever the server died."""
    server, backups = make_server(), tmp_path / "backups"
    for _ in range(5):
        fill(server.client(), 1000)
    first = back_up(server, backups)
    for round_ in range(4):
        for _ in range(3):
            fill(server.client(), 1000)
        outcome = []
        asking = threading.Thread(target=lambda: outcome.append(run_plo("backup", "--data", server.data, "--to", backups)))  # noqa: B023
        asking.start()
        time.sleep(0.02 + 0.03 * round_)
        server.kill()
        asking.join(60)
        assert outcome[0][0] in (0, 3), outcome
        target = tmp_path / f"target-{round_}"
        status, out, err = run_plo("restore", "--from", backups, "--data", target)
        assert status == 0, (out, err)
        shutil.rmtree(target)
        server.start()
    made = back_up(server, backups)
    assert made["position"] > first["position"]
    restored(make_server, backups, "copy")


def test_the_control_routes_need_the_token(make_server, tmp_path):
    server = make_server()
    client = server.client()
    access = json.loads((server.data / "control.json").read_text())
    body = json.dumps({"to": str(tmp_path / "b")})
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": access["token"]}, {"Authorization": "Bearer " + "0" * 64}):
        assert client.raw_request("GET", "/control/backup", headers=headers).status == 401
        assert client.raw_request("POST", "/control/backup", body, {"Content-Type": "application/json", **headers}).status == 401
    allowed = {"Authorization": f"Bearer {access['token']}", "Content-Type": "application/json"}
    assert client.raw_request("GET", "/control/backup", headers=allowed).json() == {"state": "idle"}
    for wrong in ('{"to": "relative"}', "{}", '{"to": 7}'):
        assert client.raw_request("POST", "/control/backup", wrong, allowed).status == 422
    assert client.raw_request("POST", "/control/backup", "{", allowed).status == 400
    assert client.raw_request("POST", "/control/backup", body, allowed).status == 202
    until = time.monotonic() + 30
    while (said := client.raw_request("GET", "/control/backup", headers=allowed).json())["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert said["state"] == "done" and said["id"] == 1
    assert not (tmp_path / "b" / "backup.json").exists()  # nobody has proved it


def test_archived_records_are_part_of_it(make_server, tmp_path):
    retention = config_text(extra='[retention]\narchive_after = "PT1S"\ncheck_every = "PT0.2S"\n')
    server, backups = make_server(retention), tmp_path / "backups"
    client = server.client()

    def close_one():
        ref, _ = client.open_project(customer_id=unique("C"))
        client.store(event("crm", "project.closed", ref))

    def segments(folder):
        return {f.name: f.read_bytes() for f in (folder / "archive").glob("segment-*.zst")}

    def wait_for_segments(count):
        until = time.monotonic() + 30
        while len(segments(server.data)) < count:
            assert time.monotonic() < until, "nothing was archived"
            time.sleep(0.1)

    close_one()
    wait_for_segments(1)
    first = back_up(server, backups)
    assert len(first["archive"]) == 1 and segments(backups) == segments(server.data)
    copied_at = next((backups / "archive").glob("*.zst")).stat().st_mtime_ns
    close_one()
    wait_for_segments(2)
    second = back_up(server, backups)
    assert len(second["archive"]) >= 2
    assert (backups / "archive" / first["archive"][0]["name"]).stat().st_mtime_ns == copied_at, "a segment was copied again"
    assert server.stop() == 0
    log = None
    for name, made, count in (("first", first, 1), ("second", second, len(second["archive"]))):
        copy, _ = restored(make_server, backups, name, "--id", made["latest"])
        copy.config.write_text(retention)
        assert len(segments(copy.data)) == count
        assert copy.replay("verify")[0] == 0
        copy.start()
        log = copy.client().log()
        assert len(log) >= made["position"]
        assert copy.stop() == 0
    # A damaged segment is as bad as a damaged log.
    segment = next((backups / "archive").glob("*.zst"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    assert run_plo("restore", "--from", backups, "--data", tmp_path / "damaged")[0] == 1
    # The next backup notices that what it shares is not what was noted, and copies it again.
    back_up(server, backups)
    assert run_plo("restore", "--from", backups, "--data", tmp_path / "sound")[0] == 0
