"""Bodies: none is read for those who may not send one, and none costs more than it is long."""
import gzip
import json
import time

import pytest
from attack import MB, PASSWORD, Pulse, add_user, connect, event, fill, head, in_parallel, ingest_head, other_ingest, report, talk, unique

CONNECTIONS, OFFERED_MB = 60, 60
PIECE = b"x" * (256 * 1024)


def an_event():
    return json.dumps(event("erp", "project.created", unique("P"))).encode()


def offer(server, **fields):
    """A large body on one connection, sent as long as it is taken."""
    return talk(server, ingest_head(target="/api/events/ingest/batch", Content_Length=OFFERED_MB * MB, **fields), pieces=[PIECE] * (OFFERED_MB * 4))


@pytest.mark.parametrize("key", [None, "nobody"])
def test_large_bodies_without_a_key_cost_nothing(server, key):
    with server.grows_less_than(100), Pulse(server) as pulse:
        exchanges = in_parallel([lambda: offer(server, key=key)] * CONNECTIONS)
    pulse.check(0.2)
    statuses = {status for exchange in exchanges for status in exchange.statuses}
    report(f"{sum(exchange.sent for exchange in exchanges) / MB:.0f} MB were taken from the clients")
    # An answer may be lost where the client still sends when the connection ends; none says anything else.
    assert statuses == {401}, statuses
    assert all(exchange.closed for exchange in exchanges)
    assert max(exchange.sent for exchange in exchanges) < OFFERED_MB * MB


@pytest.mark.parametrize("method,target,fields", [
    ("POST", "/api/events/ingest", {}), ("POST", "/api/events/ingest/batch", {}), ("POST", "/api/events/ingest", {"Authorization": "Bearer nobody"}),
    ("POST", "/api/projects", {}), ("POST", "/api/users", {"Cookie": "plo_session=x.y.z"}), ("PUT", "/api/rules/ANO-01", {}),
    ("POST", "/control/backup", {})])
def test_the_key_is_looked_at_before_the_body(server, method, target, fields):
    """The answer is there before a byte of the body was sent, and nobody is told to go on."""
    for expect in ({}, {"Expect": "100-continue"}):
        exchange = talk(server, head(method, target, Content_Type="application/json", Content_Length=1_000_000, **fields, **expect),
                        until=lambda got: b"\r\n\r\n" in got)
        assert exchange.statuses == [401] and not exchange.interim, exchange
        assert exchange.took < 2
    for coding in ({"Transfer_Encoding": "chunked"},):
        exchange = talk(server, head(method, target, Content_Type="application/json", **fields, **coding), until=lambda got: b"\r\n\r\n" in got)
        assert exchange.statuses == [401], exchange


def test_with_a_key_the_client_is_told_to_go_on(server):
    text = an_event()
    exchange = talk(server, ingest_head(Content_Length=len(text), Expect="100-continue"), until=lambda got: b"\r\n\r\n" in got)
    assert exchange.interim == [100] and not exchange.answers, exchange


def test_logging_in_takes_no_large_body(server):
    def log_in():
        return talk(server, head("POST", "/api/auth/login", Content_Type="application/json", Content_Length=20 * MB), pieces=[PIECE] * 80)

    with server.grows_less_than(60):
        exchanges = in_parallel([log_in] * 40)
    assert {status for exchange in exchanges for status in exchange.statuses} == {413}
    assert max(exchange.sent for exchange in exchanges) < 20 * MB


def test_bodies_with_a_key_share_one_budget(server):
    """Each may be 64 MiB; together they are not the whole machine."""
    with server.grows_less_than(700), Pulse(server) as pulse:
        exchanges = in_parallel([lambda: offer(server, Connection="close")] * 30)
    pulse.check(0.2)
    statuses = [status for exchange in exchanges for status in exchange.statuses]
    assert set(statuses) <= {200, 413, 429, 503}, statuses


def test_a_batch_has_at_most_ten_thousand_lines(server, client):
    for line in (b"{}\n", an_event() + b"\n"):
        refused = talk(server, ingest_head(target="/api/events/ingest/batch", Content_Length=len(line) * 10_001, Connection="close") + line * 10_001)
        assert refused.statuses == [413], refused
    answer = client.batch_raw(b"{}\n" * 10_000 + b"\n" * 1000, "dev-erp")
    lines = answer.lines()
    assert answer.status == 200 and len(lines) == 10_000
    assert {line["status"] for line in lines} == {422}
    report(f"{len(answer.body) / len(lines):.0f} bytes a line")
    assert len(answer.body) < 300 * len(lines), "an answer to a line that says nothing is short"


@pytest.mark.parametrize("line", [b"{}\n", b"\n", b"x\n", b"[]\n", b'{"source":"erp"}\n', b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}\n'], ids=repr)
def test_many_short_lines_cost_no_more_than_they_are_long(server, line):
    """Four megabytes of them: too many, or blank. Ten thousand, eight times at once: short answers."""
    body = line * (4 * MB // len(line))
    with server.grows_less_than(150), Pulse(server) as pulse:
        exchange = talk(server, ingest_head(target="/api/events/ingest/batch", Content_Length=len(body), Connection="close"), pieces=[body])
        assert exchange.statuses == [200 if line == b"\n" else 413], exchange
        answers = in_parallel([lambda: server.client().batch_raw(line * 10_000, "dev-erp")] * 8)
    assert exchange.took < 5
    pulse.check(0.3)
    assert all(answer.status in (200, 413, 503) for answer in answers), answers
    assert all(len(answer.body) < 6 * MB for answer in answers), [len(answer.body) for answer in answers]


def test_a_batch_whose_answer_is_not_read_costs_little(server):
    connections = []
    with server.grows_less_than(150), Pulse(server, other_ingest) as pulse:
        for _ in range(20):
            made = connect(server, receive_buffer=4096)
            body = b"{}\n" * 9_000
            made.sendall(ingest_head(target="/api/events/ingest/batch", Content_Length=len(body)) + body)
            connections.append(made)
        time.sleep(2)  # an attack has no other end: nothing is answered to those who do not read
    for made in connections:
        made.close()
    pulse.check(0.5, "another source's event")


def test_large_answers_that_are_not_read_cost_little(server, client):
    ref, _ = client.open_project()
    lines = fill(client, [event("erp", "weather.report", ref, {"pad": "x" * 400}) for _ in range(10_000)])
    assert {line["status"] for line in lines} == {201}
    request = head(target="/api/events?limit=10000", Authorization=f"Bearer {server.session()}")
    connections = []
    with server.grows_less_than(200), Pulse(server) as pulse:
        for _ in range(100):
            made = connect(server, receive_buffer=4096)
            made.sendall(request)
            connections.append(made)
        time.sleep(4)  # as above
    for made in connections:
        made.close()
    pulse.check(0.3)
    answer = client.get("/api/events?limit=10000")
    assert answer.status == 200 and len(answer.json()["items"]) == 10_000


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "x-gzip", "identity, gzip", "gzip, identity", "nonsense"])
def test_a_body_with_a_content_coding_is_415(server, client, coding):
    """Whether it is really packed or not, on every kind of route, and it says why."""
    plain = an_event()
    for body in (gzip.compress(plain), plain):
        for target in ("/api/events/ingest", "/api/events/ingest/batch"):
            exchange = talk(server, ingest_head(target=target, Content_Length=len(body), Content_Encoding=coding, Connection="close") + body)
            assert exchange.statuses == [415], (target, exchange)
            assert "content-encoding" in exchange.answers[0].json()["detail"].lower()
    for path in ("/api/projects", "/api/auth/login"):
        assert client.request("POST", path, gzip.compress(b"{}"), {"Content-Type": "application/json", "Content-Encoding": coding}).status == 415, path


def test_no_coding_at_all_is_taken(server):
    text = an_event()
    for coding in ("identity", "Identity"):
        exchange = talk(server, ingest_head(Content_Length=len(text), Content_Encoding=coding, Connection="close") + text)
        assert exchange.statuses in ([200], [201]), exchange


def test_somebody_elses_session_ends_before_the_body(server, client):
    """A viewer's command is refused for what the head says: 403."""
    viewer = server.client_of(add_user(client, "viewer")["email"], PASSWORD)
    exchange = talk(server, head("POST", "/api/projects", Content_Type="application/json", Content_Length=1_000_000,
                                 Authorization=f"Bearer {viewer.session()}"), until=lambda got: b"\r\n\r\n" in got)
    assert exchange.statuses == [403], exchange
