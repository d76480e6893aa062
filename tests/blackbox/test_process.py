"""The process: exit statuses, signals, restarts, rebuilt views, damaged stores."""
import http.client
import json
import shutil
import subprocess
import threading
import time

import pytest
from harness import ANSWER_TIMEOUT_S, binary, config_text, event, run_plo, unique


def quiet_log(client):
    """The log once nothing is to be sent any more: what became of a notification is an event too."""
    until = time.monotonic() + 60
    while True:
        log = client.log()
        waiting = client.read("/api/notifications?status=pending&limit=1", at_least=log[-1]["position"])["total"] if log else 0
        if waiting == 0 and client.log() == log:
            return log
        assert time.monotonic() < until, f"{waiting} notifications are still pending"
        time.sleep(0.05)


def snapshot(client):
    """Everything readable: the log, every project, every timeline."""
    log = quiet_log(client)
    if not log:
        return [], {}
    client.read("/api/projects?limit=1", at_least=log[-1]["position"])
    projects = {}
    for item in client.walk("/api/projects?sort=created_at&limit=50"):
        path = f"/api/projects/{item['project_id']}"
        projects[item["project_id"]] = (item, client.read(path), client.timeline(item))
    return log, projects


def fill(client, projects=10):
    for _ in range(projects):
        ref, _ = client.open_project(customer_id=unique("C"))
        order = unique("O")
        client.store(event("erp", "order.confirmed", ref, {"order_ref": order, "promised_delivery_date": "2025-07-01"}))
        client.store(event("tms", "shipment.dispatched", order, {"shipment_id": unique("S"), "order_ref": order,
                                                                "estimated_arrival": "2025-06-25T00:00:00Z"}))
    client.ingest(event("erp", "order.confirmed", unique("nowhere")))


# Usage and configuration.

@pytest.mark.parametrize("words", [
    [], ["nonsense"], ["serve"], ["serve", "--nonsense"], ["serve", "--config"], ["import"], ["import", "x.ndjson"],
    ["serve", "--config", "CONFIG", "--listen", "nonsense"], ["serve", "--config", "CONFIG", "--listen", "127.0.0.1:99999"],
    ["serve", "--config", "CONFIG", "--clock", "sundial"], ["serve", "--config", "CONFIG", "extra"]], ids=" ".join)
def test_bad_usage_is_2(tmp_path, words):
    config = tmp_path / "plo.toml"
    config.write_text(config_text())
    status, out, err = run_plo(*[str(config) if word == "CONFIG" else word for word in words])
    assert status == 2, (out, err)
    assert err.strip() or out.strip()


def test_help_is_0():
    for words in (["--help"], ["serve", "--help"], ["import", "--help"]):
        status, out, _ = run_plo(*words)
        assert status == 0
        assert "plo" in out.lower() or words[0] in out


@pytest.mark.parametrize("text, line", [
    ("[server]\nlisten = 8080\n", 2), ("[server]\n\nlisen = 'x'\n", 3), ("[server\n", 1), ("[sources.sap]\nkey = 'x'\n", 1),
    ("[sources.erp]\nrate_limit_per_s = 1\n", 1), ("[sources.erp]\nkey = 'x'\nrate_limit_per_s = 'many'\n", 3),
    ("[ingest]\nattach_period = 'soon'\n", 2)])
@pytest.mark.parametrize("command", ["serve", "import"])
def test_a_bad_configuration_is_2_with_file_and_line(tmp_path, command, text, line):
    config = tmp_path / "plo.toml"
    config.write_text(text)
    events = tmp_path / "events.ndjson"
    events.write_text("")
    words = [command] + ([events] if command == "import" else [])
    status, _, err = run_plo(*words, "--config", config, "--data", tmp_path / "data")
    assert status == 2, err
    assert f"{config}:{line}: " in err


def test_an_unreadable_configuration_is_2(tmp_path):
    status, _, err = run_plo("serve", "--config", tmp_path / "absent.toml", "--data", tmp_path / "data")
    assert status == 2
    assert "absent.toml" in err


def test_an_address_in_use_or_impossible_is_refused(make_server, tmp_path):
    server = make_server()
    for listen in (f"127.0.0.1:{server.port}", "203.0.113.7:0"):
        status, out, err = run_plo("serve", "--config", server.config, "--data", tmp_path / "other", "--listen", listen)
        assert status == 2, err
        assert "listening on" not in out
        assert listen.split(":")[0] in err


def test_listen_and_data_of_the_file_hold_without_options(tmp_path):
    config = tmp_path / "plo.toml"
    config.write_text(config_text(server='listen = "127.0.0.1:0"\ndata_dir = "kept"\n'))
    process = subprocess.Popen([binary(), "serve", "--config", str(config)], stdout=subprocess.PIPE,
                               cwd="/", text=True)
    try:
        assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
        assert (tmp_path / "kept" / "log").is_dir()
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


# The store.

def test_a_second_process_on_the_same_folder_is_3(make_server):
    server = make_server()
    client = server.client()
    client.open_project()
    words = ["--config", server.config, "--data", server.data]
    status, _, err = run_plo("serve", *words, "--listen", "127.0.0.1:0")
    assert status == 3
    assert str(server.data) in err
    events = server.folder / "events.ndjson"
    events.write_text(json.dumps(event("erp", "project.created", unique("P"))) + "\n")
    assert run_plo("import", events, *words)[0] == 3
    client.open_project()  # the first is unharmed


def test_a_folder_that_cannot_be_one_is_3(tmp_path):
    (tmp_path / "file").write_text("")
    config = tmp_path / "plo.toml"
    config.write_text(config_text())
    for data in (tmp_path / "file", tmp_path / "file" / "below", "/proc/nothing"):
        status, _, err = run_plo("serve", "--config", config, "--data", data, "--listen", "127.0.0.1:0")
        assert status == 3, err
        assert err.strip()


def log_files(server):
    """Files that hold events, the largest first."""
    files = [f for f in (server.data / "log").iterdir() if f.suffix in (".log", ".sst")]
    return sorted(files, key=lambda f: f.stat().st_size, reverse=True)


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
@pytest.mark.parametrize("place", [0.25, 0.5, 0.75])
def test_a_damaged_log_is_3(make_server, clean, place):
    server = make_server()
    client = server.client()
    ref, _ = client.open_project()
    for n in range(100):
        client.store(event("erp", "weather.report", ref, {"pad": f"{n:04}" * 500}))
    assert server.stop() == 0 if clean else server.kill() < 0
    largest = log_files(server)[0]
    content = bytearray(largest.read_bytes())
    for offset in range(64):
        content[int(len(content.rstrip(b"\0")) * place) + offset] ^= 0x5A
    largest.write_bytes(content)
    status, out, err = run_plo("serve", "--config", server.config, "--data", server.data, "--listen", "127.0.0.1:0")
    assert status == 3, (status, err)
    assert "listening on" not in out
    assert err.strip()


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST-*"])
def test_a_log_with_a_file_missing_is_3(make_server, name):
    server = make_server()
    client = server.client()
    client.open_project()
    assert server.stop() == 0
    found = list((server.data / "log").glob(name))
    assert found
    for file in found:
        file.unlink()
    status, _, err = run_plo("serve", "--config", server.config, "--data", server.data, "--listen", "127.0.0.1:0")
    assert status == 3, err


def test_a_torn_tail_is_dropped(make_server):
    """What a power cut leaves of an unfinished write: the last record, never acknowledged, is cut short."""
    server = make_server()
    client = server.client()
    ref, opened = client.open_project()
    for _ in range(20):
        client.store(event("erp", "weather.report", ref, {"pad": "x" * 1000}))
    server.kill()
    newest = max((f for f in (server.data / "log").glob("*.log")), key=lambda f: f.name)
    content = newest.read_bytes().rstrip(b"\0")
    newest.write_bytes(content[:-300])
    server.start()
    log = server.client().log()
    assert [e["position"] for e in log] == list(range(1, len(log) + 1))
    # One event is missing: with the views ahead of the log nothing may show it any more.
    timeline = server.client().timeline({"project_id": opened["project_id"], "position": log[-1]["position"]})
    assert {item["position"] for item in timeline} <= {e["position"] for e in log}
    assert server.client().open_project()[1]["position"] == len(log) + 1


def test_restarts_keep_everything(make_server):
    server = make_server()
    fill(server.client())
    before = snapshot(server.client())
    assert len(before[1]) == 10
    server.restart()
    assert snapshot(server.client()) == before
    server.kill()
    server.start()
    assert snapshot(server.client()) == before


def test_deleted_views_are_rebuilt(make_server):
    server = make_server()
    fill(server.client())
    before = snapshot(server.client())
    assert server.stop() == 0
    assert (server.data / "views").is_dir()
    shutil.rmtree(server.data / "views")
    server.start()
    assert snapshot(server.client()) == before


def test_damaged_views_do_not_lose_the_log(make_server):
    """Views may be thrown away: either they are rebuilt, or the server says what is wrong and deleting them helps."""
    server = make_server()
    fill(server.client())
    before = snapshot(server.client())
    assert server.stop() == 0
    (server.data / "views" / "CURRENT").write_text("nonsense")
    try:
        server.start()
    except AssertionError:
        assert "views" in server.stderr()
        shutil.rmtree(server.data / "views")
        server.start()
    assert snapshot(server.client()) == before


def test_few_live_projects_change_nothing(make_server):
    server = make_server(config_text(extra="[actors]\nmax_live_projects = 2\n"))
    client = server.client()
    refs = [client.open_project()[0] for _ in range(12)]
    for n in range(5):
        for ref in refs:
            client.store(event("erp", "weather.report", ref, {"n": n}))
    for item in client.walk("/api/projects?limit=200"):
        assert [i["payload"].get("n") for i in client.timeline(item) if i["type"] == "weather.report"] == [0, 1, 2, 3, 4]


# The end.

def test_sigterm_finishes_what_is_in_flight(make_server):
    server = make_server()
    acknowledged, failures = [], []
    go_on = threading.Event()
    go_on.set()

    def post():
        connection = server.client()
        while go_on.is_set():
            body = event("erp", "project.created", unique("P"))
            try:
                answer = connection.ingest(body)
            except (OSError, http.client.HTTPException) as error:
                failures.append(error)
                return
            if answer.status == 201:
                acknowledged.append((body["source_ref"], answer.json()["position"]))
            elif answer.status != 503:
                failures.append(answer)
                return

    threads = [threading.Thread(target=post) for _ in range(8)]
    idle = [server.socket() for _ in range(5)]
    stream = server.stream()
    for thread in threads:
        thread.start()
    while len(acknowledged) < 50:
        time.sleep(0.01)
    started = time.monotonic()
    assert server.stop() == 0, server.stderr()
    assert time.monotonic() - started < 10
    go_on.clear()
    for thread in threads:
        thread.join(ANSWER_TIMEOUT_S)
    assert not [f for f in failures if not isinstance(f, Exception)]
    for connection in idle:
        connection.close()
    stream.close()
    server.start()
    log = {e["source_ref"]: e["position"] for e in server.client().log() if e["kind"] == "source"}
    for source_ref, position in acknowledged:
        assert log[source_ref] == position


def test_a_half_sent_request_does_not_hold_up_the_end(make_server):
    server = make_server()
    with server.socket() as connection:
        connection.sendall(b"POST /api/events/ingest HTTP/1.1\r\nHost: plo\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 10


def test_stopping_at_once_is_0(make_server):
    server = make_server()
    assert server.stop() == 0
    for _ in range(3):
        server.start()
        assert server.stop() == 0


def test_it_serves_with_the_event_clock(make_server):
    server = make_server(clock="event")
    client = server.client()
    _, opened = client.open_project()
    assert client.project(opened)["project_id"] == opened["project_id"]
    assert server.stop() == 0
