"""Server-sent events: what is announced, filters, and resuming without a gap."""
import threading
import time

from harness import event, unique

NAMES = {"project.opened", "project.updated", "project.closed", "anomaly.raised", "anomaly.acknowledged", "anomaly.escalated",
         "anomaly.snoozed", "anomaly.resolved", "anomaly.reopened", "notification.requested", "notification.sent",
         "notification.failed", "dead_letter.added", "ingest.conflict"}


def of_project(messages, opened):
    return [(position, name) for position, name, data in messages if data.get("project_id") == opened["project_id"]]


def test_it_is_an_event_stream(server):
    stream = server.stream()
    assert stream.reply.status == 200
    assert stream.reply.headers["Content-Type"].split(";")[0] == "text/event-stream"
    stream.close()


def test_without_last_event_id_it_starts_now(server, client):
    _, before = client.open_project()
    client.project(before)  # announced once it is visible
    stream = server.stream()
    assert stream.none_within(0.5)
    _, opened = client.open_project()
    position, name, data = stream.next()
    assert (position, name) == (opened["position"], "project.opened")
    assert data["position"] == position and data["project_id"] == opened["project_id"]
    stream.close()


def test_the_life_of_a_project(server, client):
    stream = server.stream()
    ref, opened = client.open_project()
    updated = client.store(event("erp", "order.confirmed", ref))
    closed = client.store(event("erp", "project.closed", ref))
    messages = of_project(stream.until(closed["position"]), opened)
    assert (opened["position"], "project.opened") in messages
    assert (updated["position"], "project.updated") in messages
    assert (closed["position"], "project.closed") in messages
    stream.close()


def test_the_commit_is_visible_when_it_is_announced(server, client):
    stream = server.stream()
    for _ in range(20):
        _, opened = client.open_project()
        stream.until(opened["position"])
        answer = client.get(f"/api/projects/{opened['project_id']}")
        assert answer.status == 200
        assert answer.json()["position"] >= opened["position"]
    stream.close()


def test_dead_letters_and_conflicts_are_operations(server, client):
    stream = server.stream("?topics=operations")
    body = event("erp", "project.created", unique("P"), {"a": 1})
    client.store(body)
    lost = client.ingest(event("erp", "order.confirmed", unique("nowhere"))).json()
    client.ingest({**body, "payload": {"a": 2}})
    _, first, data = stream.next()
    assert first == "dead_letter.added"
    assert lost["dead_letter_id"] in str(data)
    assert stream.next()[1] == "ingest.conflict"
    assert stream.none_within(0.5)
    stream.close()


def test_topics(server, client):
    projects = server.stream("?topics=projects")
    anomalies = server.stream("?topics=anomalies,notifications")
    both = server.stream("?topics=projects,operations")
    client.ingest(event("erp", "order.confirmed", unique("nowhere")))
    _, opened = client.open_project()
    assert {name for _, name, _ in projects.until(opened["position"])} == {"project.opened"}
    assert {name for _, name, _ in both.until(opened["position"])} == {"dead_letter.added", "project.opened"}
    assert anomalies.none_within(0.5)
    for stream in (projects, anomalies, both):
        stream.close()


def test_one_project(server, client):
    ref, opened = client.open_project()
    client.project(opened)  # announced once it is visible
    stream = server.stream(f"?project_id={opened['project_id']}")
    client.open_project()
    updated = client.store(event("erp", "order.confirmed", ref))
    position, name, data = stream.next()
    assert (position, name, data["project_id"]) == (updated["position"], "project.updated", opened["project_id"])
    stream.close()


def test_one_store(server, client):
    store = unique("ST")
    stream = server.stream(f"?store_id={store}")
    client.open_project()
    _, opened = client.open_project(store_id=store)
    position, _, _ = stream.next()
    assert position == opened["position"]
    stream.close()


def test_from_the_start(server, client):
    _, opened = client.open_project()
    by_header = server.stream(last_event_id=0)
    by_query = server.stream("?last_event_id=0")
    first, second = by_header.until(opened["position"]), by_query.until(opened["position"])
    assert first == second
    ids = [position for position, _, _ in first]
    assert ids == sorted(set(ids)), "in the log's order, at most one message per position"
    assert {name for _, name, _ in first} <= NAMES
    assert all(data["position"] == position for position, _, data in first)
    # Every recorded input of a project is announced.
    inputs = [e["position"] for e in client.log() if e["kind"] == "source" and e["stream"].startswith("project:")
              and e["position"] <= opened["position"]]
    assert set(inputs) <= set(ids)
    by_header.close(), by_query.close()


def test_resuming_in_the_middle(server, client):
    ref, _ = client.open_project()
    answers = [client.store(event("erp", "weather.report", ref)) for _ in range(20)]
    for resume in (answers[0]["position"], answers[10]["position"]):
        stream = server.stream(last_event_id=resume)
        got = [position for position, _, _ in stream.until(answers[-1]["position"])]
        assert got == [a["position"] for a in answers if a["position"] > resume]
        stream.close()


def test_resuming_under_writes_goes_over_to_live_without_a_gap(server, client):
    ref, opened = client.open_project()
    stop = threading.Event()
    positions = []

    def write():
        connection = server.client()
        while not stop.is_set():
            positions.append(connection.store(event("erp", "weather.report", ref))["position"])
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    streams = []
    for _ in range(5):
        time.sleep(0.2)
        streams.append(server.stream(f"?project_id={opened['project_id']}", last_event_id=opened["position"]))
    stop.set()
    writer.join()
    for stream in streams:
        got = [position for position, _, _ in stream.until(positions[-1])]
        assert got == positions
        stream.close()


def test_resuming_across_a_restart(make_server):
    server = make_server()
    client = server.client()
    ref, opened = client.open_project()
    stream = server.stream(last_event_id=0)
    positions = [opened["position"]] + [client.store(event("erp", "weather.report", ref))["position"] for _ in range(10)]
    seen = [position for position, _, _ in stream.until(positions[5])]
    stream.close()
    server.restart()
    client = server.client()
    positions += [client.store(event("erp", "weather.report", ref))["position"] for _ in range(10)]
    stream = server.stream(last_event_id=seen[-1])
    seen += [position for position, _, _ in stream.until(positions[-1])]
    assert seen == positions
    stream.close()
    # And across a crash.
    server.kill()
    server.start()
    positions.append(server.client().store(event("erp", "weather.report", ref))["position"])
    stream = server.stream(last_event_id=0)
    assert [position for position, _, _ in stream.until(positions[-1])] == positions
    stream.close()


def test_a_resume_point_of_the_future_waits(server, client):
    stream = server.stream(last_event_id=10**9)
    assert stream.reply.status in (200, 422)
    stream.close()
    client.open_project()


def test_an_idle_stream_gets_a_comment_every_15_seconds(server):
    stream = server.stream("?project_id=018f0000-0000-7000-8000-000000000000")
    time.sleep(2)
    while not stream.comments.empty():
        stream.comments.get()  # a greeting does not count
    assert stream.comments.get(timeout=16).startswith(":")
    stream.close()


def test_a_client_that_does_not_read_holds_nobody_up(server):
    """It is cut off or kept waiting; writers and readers go on, and a resume misses nothing."""
    client = server.client()
    ref, opened = client.open_project()
    with server.socket() as idle:
        idle.sendall(f"GET /api/stream?last_event_id=0 HTTP/1.1\r\nHost: plo\r\nCookie: plo_session={server.session()}\r\n\r\n".encode())
        lines = [event("erp", "weather.report", ref, {"n": n}) for n in range(3000)]
        positions = [line["position"] for line in client.batch(lines).lines()]
        client.open_project()
        stream = server.stream(f"?project_id={opened['project_id']}", last_event_id=opened["position"])
        assert [position for position, _, _ in stream.until(positions[-1])] == positions
        stream.close()


def test_many_subscribers(server, client):
    streams = [server.stream() for _ in range(100)]
    _, opened = client.open_project()
    for stream in streams:
        assert stream.next()[0] == opened["position"]
    for stream in streams:
        stream.close()
