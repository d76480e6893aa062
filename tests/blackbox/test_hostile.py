"""Bad input never crashes, hangs or stores half an event; every refusal is a problem document."""
import http.client
import io
import json
import socket
import threading
import time

import pytest
from harness import Answer, check_problem, config_text, event, key_of, pointers, unique

LIMIT = 4096
BATCH_LIMIT = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def configuration():
    return config_text(ingest=f"max_body_bytes = {LIMIT}")


@pytest.fixture(autouse=True)
def still_serves(server):
    """After each test the server answers, and its log is whole."""
    yield
    client = server.client()
    client.store(event("erp", "project.created", unique("alive")))
    client.close()


def talk(server, data, wait_s=30):
    """Sends raw bytes on one connection, then reads until the server closes or nothing comes; the answers."""
    with server.socket() as connection:
        connection.settimeout(wait_s)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent
        received = bytearray()
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except OSError:
            pass
    return split_answers(bytes(received))


def split_answers(received):
    class Source:
        def __init__(self, file):
            self.file = file

        def makefile(self, *_):
            return self.file

    file = io.BytesIO(received)
    file.close = lambda: None
    answers = []
    while file.tell() < len(received):
        reply = http.client.HTTPResponse(Source(file))
        reply.begin()
        answers.append(Answer(reply.status, reply.headers, reply.read()))
    return answers


def head(path="/api/events/ingest", method="POST", content_type="application/json", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: plo", f"Authorization: Bearer {key_of('erp')}", f"Content-Type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def sized(size, **fields):
    """A valid event of exactly `size` bytes."""
    body = event("erp", "project.created", unique("P"), {"pad": ""}, **fields)
    body["payload"]["pad"] = "x" * (size - len(json.dumps(body)))
    text = json.dumps(body).encode()
    assert len(text) == size
    return text


def test_exactly_at_the_size_limit_and_one_over(server, client):
    assert client.ingest_raw(sized(LIMIT), key_of("erp")).status == 201
    over = sized(LIMIT + 1)
    check_problem(client.ingest_raw(over, key_of("erp")), 413)
    assert json.loads(over)["source_ref"] not in [e["source_ref"] for e in server.client().log()]


def test_the_limit_holds_per_line_of_a_batch(client):
    lines = [sized(LIMIT), sized(LIMIT + 1), sized(LIMIT * 3), sized(LIMIT)]
    answer = client.batch_raw(b"\n".join(lines), key_of("erp"))
    assert answer.status == 200
    assert [line["status"] for line in answer.lines()] == [201, 413, 413, 201]


def test_a_batch_beyond_64_mib_is_refused(server):
    [answer] = talk(server, head("/api/events/ingest/batch", content_type="application/x-ndjson", Content_Length=BATCH_LIMIT + 1))
    check_problem(answer, 413)


def test_chunked_bodies(server):
    def chunked(text, size):
        chunks = [text[i:i + size] for i in range(0, len(text), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"

    for size in (1, 7, 100_000):
        body = json.dumps(event("erp", "project.created", unique("P"))).encode()
        [answer] = talk(server, head(Transfer_Encoding="chunked") + chunked(body, size))
        assert answer.status == 201, answer
    [answer] = talk(server, head(Transfer_Encoding="chunked") + chunked(sized(LIMIT), 1000))
    assert answer.status == 201
    [answer] = talk(server, head(Transfer_Encoding="chunked") + chunked(sized(LIMIT + 1), 1000))
    check_problem(answer, 413)


def test_a_broken_chunk_stores_nothing(server):
    body = event("erp", "project.created", unique("P"))
    text = json.dumps(body).encode()
    for broken in (b"zz\r\n" + text, b"%x\r\n%s" % (len(text), text), b"-5\r\n" + text, b"ffffffffffffffffff\r\n" + text):
        for answer in talk(server, head(Transfer_Encoding="chunked") + broken):
            assert 400 <= answer.status < 500, answer
    assert body["source_ref"] not in [e["source_ref"] for e in server.client().log()]


def test_a_content_length_longer_than_the_body_stores_nothing(server):
    body = event("erp", "project.created", unique("P"))
    text = json.dumps(body).encode()
    for answer in talk(server, head(Content_Length=len(text) + 10) + text):
        assert 400 <= answer.status < 500
    assert body["source_ref"] not in [e["source_ref"] for e in server.client().log()]


def test_a_content_length_shorter_than_the_body(server):
    """The first bytes are the body; the rest is a request that makes no sense."""
    text = json.dumps(event("erp", "project.created", unique("P"))).encode()
    answers = talk(server, head(Content_Length=len(text) - 5) + text)
    assert [answer.status for answer in answers[:1]] == [400]
    assert all(400 <= answer.status < 500 for answer in answers)


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999999", "1, 2", "0x10", ""])
def test_a_content_length_that_is_no_length(server, length):
    for answer in talk(server, head(Content_Length=length) + b"{}"):
        assert 400 <= answer.status < 500, answer


def test_length_and_chunked_together_are_refused(server):
    text = json.dumps(event("erp", "project.created", unique("P"))).encode()
    data = head(Content_Length=4, Transfer_Encoding="chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)
    for answer in talk(server, data):
        assert 400 <= answer.status < 500, answer


@pytest.mark.parametrize("data", [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n"], ids=range(11))
def test_what_is_not_http(server, data):
    for answer in talk(server, data):
        assert 400 <= answer.status < 600, answer


def test_pipelined_requests_are_answered_in_order(server):
    bodies = [json.dumps(event("erp", "project.created", unique("P"))).encode() for _ in range(5)]
    data = b"".join(head(Content_Length=len(body)) + body for body in bodies)
    data += b"GET /healthz HTTP/1.1\r\nHost: plo\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: plo\r\nConnection: close\r\n\r\n"
    answers = talk(server, data)
    assert [answer.status for answer in answers] == [201] * 5 + [200, 404]
    positions = [answer.json()["position"] for answer in answers[:5]]
    assert positions == sorted(positions)


def test_http_1_0_closes(server):
    [answer] = talk(server, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert answer.status == 200


def test_an_unknown_path_is_404_and_an_unknown_method_405(client):
    for path in ("/", "/api", "/api/nothing", "/api/events/ingest/", "/api/projects/x/y/z", "/../etc/passwd", "/%00", "/api/projects//"):
        check_problem(client.get(path), 404)
    for method, path in (("GET", "/api/events/ingest"), ("DELETE", "/api/events/ingest"), ("POST", "/healthz"),
                         ("PATCH", "/api/projects"), ("PUT", "/api/events"), ("DELETE", "/api/stream")):
        answer = client.request(method, path)
        check_problem(answer, 405)
        assert answer.headers["Allow"]


def test_malformed_escapes_in_a_target(client):
    for path in ("/api/projects?q=%", "/api/projects?q=%zz", "/api/projects/%f", "/api/projects?q=%ff%fe", "/api/projects?&&=&limit"):
        assert client.get(path).status in (200, 400, 404, 422)


def test_head_has_no_body(client):
    answer = client.request("HEAD", "/healthz")
    assert answer.status in (200, 405)
    assert answer.body == b""
    assert client.get("/healthz").status == 200


def test_slow_headers_do_not_hold_up_others(server):
    slow = [server.socket() for _ in range(200)]
    for connection in slow:
        connection.sendall(b"POST /api/events/ingest HTTP/1.1\r\nHost: p")
    started = time.monotonic()
    client = server.client()
    for _ in range(20):
        client.store(event("erp", "project.created", unique("P")))
        for connection in slow[:20]:
            try:
                connection.sendall(b"l")
            except OSError:
                pass  # closed: just as well
    assert time.monotonic() - started < 20
    for connection in slow:
        connection.close()


def test_a_header_that_never_ends_is_given_up(server):
    connection = server.socket()
    connection.settimeout(90)
    connection.sendall(b"POST /api/events/ingest HTTP/1.1\r\nHost: plo\r\n")
    closed = False
    try:
        while not closed:
            closed = connection.recv(4096) == b""
    except ConnectionResetError:
        closed = True
    connection.close()
    assert closed


def test_a_body_that_breaks_off_stores_nothing(server):
    refs = []
    for cut in (1, 10, 50):
        body = event("erp", "project.created", unique("P"))
        refs.append(body["source_ref"])
        text = json.dumps(body).encode()
        connection = server.socket()
        connection.sendall(head(Content_Length=len(text)) + text[:-cut])
        connection.close()
    stored = {e["source_ref"] for e in server.client().log()}
    assert not stored & set(refs)


def test_a_client_that_leaves_before_the_answer_leaves_a_whole_event_or_none(server):
    bodies = [event("erp", "project.created", unique("P")) for _ in range(20)]
    for body in bodies:
        text = json.dumps(body).encode()
        connection = server.socket()
        connection.sendall(head(Content_Length=len(text)) + text)
        connection.close()
    client = server.client()
    for body in bodies:
        answer = client.ingest(body)
        assert answer.status in (200, 201)
        assert client.timeline(answer.json())


@pytest.mark.parametrize("text", [
    b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\x00", b"\x01", b"\n", b"\t"])
def test_invalid_text_is_no_json(client, text):
    """Invalid UTF-8 and raw control characters: 400 alone, 422 as a line, nothing stored."""
    body = json.dumps(event("erp", "project.created", unique("P"), {"t": "@"})).encode().replace(b"@", text)
    check_problem(client.ingest_raw(body, key_of("erp")), 400)
    if text != b"\n":
        [line] = client.batch_raw(body, key_of("erp")).lines()
        assert line["status"] == 422
    check_problem(client.ingest_raw(body.replace(text, b"").replace(b'"erp"', b'"erp' + text + b'"'), key_of("erp")), 400)


def test_text_that_is_unusual_but_valid_is_kept(client):
    for text in ("\u0000", "\u0001\u001f", "\u2028", "\ufeff", "\U0010ffff", "\u202e", "'; DROP TABLE", "<script>", "\\", '"'):
        _, opened = client.open_project(source="erp", note=text)
        assert client.timeline(opened)[0]["payload"]["note"] == text


def test_unusual_references_are_kept_apart_or_refused(client):
    """References become parts of keys: none may run into another."""
    _, opened = client.open_project(source="erp")
    stem = unique("ref")
    stored = {}
    for source_ref in (stem, stem + "\u0000", "\u0000" + stem, stem + "\u0000\u0000", stem + "/", stem + " ", stem.upper(),
                       stem + "é", stem + "e\u0301", stem + "x" * 1000):
        answer = client.ingest(event("erp", "weather.report", None, project_id=opened["project_id"], source_ref=source_ref))
        assert answer.status in (201, 422), answer
        if answer.status == 201:
            stored[source_ref] = answer.json()["event_id"]
    assert stem in stored
    assert len(set(stored.values())) == len(stored)
    log = {e["source_ref"]: e["event_id"] for e in client.log(opened["position"])}
    for source_ref, event_id in stored.items():
        assert log[source_ref] == event_id


def test_extreme_instants(client):
    for instant in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1582-10-04T00:00:00Z", "2016-12-31T23:59:60Z",
                    "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "-001-01-01T00:00:00Z"):
        answer = client.ingest(event("erp", "project.created", unique("P"), occurred_at=instant))
        assert answer.status in (201, 422), answer
        if answer.status == 201:
            assert client.timeline(answer.json())[0]["occurred_at"].endswith("Z")


def test_payloads_of_the_wrong_shape_are_harmless(client):
    """Inside the payload too: refused by name, or stored and shown, but never the end of anything."""
    values = [None, True, 5, -1, 1e300, "", "x", [], [[]], {}, {"a": None}, "2025-02-30", "9999-99-99"]
    fields = ["order_ref", "customer_id", "lines", "promised_delivery_date", "shipment_id", "estimated_arrival", "time_slot",
              "scheduled_date", "missing_order_ids", "is_partial", "scheduled_start", "skus", "lead_time_days",
              "installation_required", "delivery_address", "score"]
    types = ["order.confirmed", "shipment.eta_updated", "lastmile.scheduled", "lastmile.partial_delivered", "installation.scheduled",
             "consolidation.eta_updated", "stock.shortage", "quality.survey_completed"]
    ref, opened = client.open_project(source="erp")
    lines = [event("erp", event_type, None, {field: value for field in fields}, project_id=opened["project_id"])
             for event_type in types for value in values]
    lines += [event("erp", types[n % len(types)], None, {field: value}, project_id=opened["project_id"])
              for n, field in enumerate(fields) for value in values]
    answers = client.batch(lines).lines()
    assert {line["status"] for line in answers} == {201, 422}
    for line in answers:
        if line["status"] == 422:
            assert all(pointer.startswith("/payload/") for pointer in pointers(line)), line
    stored = [line for line in answers if line["status"] == 201]
    assert client.project(stored[-1])["project_id"] == opened["project_id"]
    assert len([i for i in client.timeline(stored[-1]) if i["kind"] == "source"]) == len(stored) + 1


def test_duplicate_keys_inside_the_payload_do_no_harm(client):
    body = json.dumps(event("erp", "project.created", unique("P"), {"a": 1})).encode().replace(b'{"a": 1}', b'{"a": 1, "a": 2}')
    answer = client.ingest_raw(body, key_of("erp"))
    assert answer.status in (201, 422)
    if answer.status == 201:
        assert client.timeline(answer.json())


def test_random_mutations_of_an_event(server):
    """A thousand damaged bodies: each gets an answer of the table, and the log stays whole."""
    import random
    rng = random.Random(20250615)
    client = server.client()
    for _ in range(1000):
        body = bytearray(json.dumps(event("erp", "order.confirmed", unique("P"), {"lines": [{"sku": "é", "qty": 1.5}]}),
                                    ensure_ascii=rng.random() < 0.5).encode())
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(body))
            action = rng.randrange(3)
            if action == 0:
                body[place] = rng.randrange(256)
            elif action == 1:
                del body[place:place + rng.randrange(1, 20)]
            else:
                body[place:place] = rng.choice([b"{", b"}", b"[", b'"', b"\\", b"\x00", b"1e999", b"\\ud800", b",", b"null"])
        assert client.ingest_raw(bytes(body), key_of("erp")).status in (201, 202, 400, 401, 403, 422), bytes(body)


def test_the_log_is_whole_after_all_this(client):
    log = client.log()
    assert [e["position"] for e in log] == list(range(1, len(log) + 1))
    versions = {}
    for e in log:
        versions.setdefault(e["stream"], []).append(e["version"])
    for stream, seen in versions.items():
        assert seen == list(range(1, len(seen) + 1)), stream


def test_many_connections_at_once(server):
    connections = [server.socket() for _ in range(500)]
    failures = []

    def ask(mine):
        for connection in mine:
            try:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: plo\r\nConnection: close\r\n\r\n")
                data = b""
                while chunk := connection.recv(4096):
                    data += chunk
                if not data.startswith(b"HTTP/1.1 200"):
                    failures.append(data)
            except OSError as error:
                failures.append(error)
            connection.close()

    threads = [threading.Thread(target=ask, args=(connections[n::10],)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
