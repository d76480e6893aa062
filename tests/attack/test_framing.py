"""What is no proper HTTP is refused with one answer and an end, at a bounded cost."""
import json
import threading

import pytest
from attack import MB, SLACK, check_refused, connect, event, head, ingest_head, split_answers, talk, unique

LIMIT = 64 * 1024  # for headers, trailers and chunk extensions together
CHUNKED = {"Transfer_Encoding": "chunked"}
TIME_FOR_HEADER_S = 30
INNER = b"GET /healthz HTTP/1.1\r\nHost: plo\r\n\r\n"


@pytest.fixture(scope="module", autouse=True)
def dripping(shared_server):
    """A header that goes on for as long as it may, beside all other tests of the file."""
    received, connection = bytearray(), connect(shared_server, timeout=TIME_FOR_HEADER_S + 30)

    def read():
        try:
            while chunk := connection.recv(4096):
                received.extend(chunk)
        except OSError:
            pass

    connection.sendall(b"POST /api/events/ingest HTTP/1.1\r\nHost: plo\r\n")
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield thread, received
    connection.close()


def an_event():
    return json.dumps(event("erp", "project.created", unique("P"))).encode()


def chunk(data, extension=b""):
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


@pytest.mark.parametrize("trailer", [b"X: " + b"0" * 66_000, b"X" * 70_000 + b": y", b"X: y\r\n" * 20_000 + b"X: y", b"X: " + b"0" * (1 << 20)],
                         ids=["a long value", "a long name", "many", "a megabyte"])
@pytest.mark.parametrize("target", ["/nowhere", "/healthz", "/api/events/ingest"])
def test_trailers_beyond_the_limit(server, target, trailer):
    body = chunk(an_event()) if target.startswith("/api") else b""
    exchange = talk(server, ingest_head(target=target, **CHUNKED) + body + b"0\r\n" + trailer + b"\r\n\r\n")
    assert server.process.poll() is None, f"the process ended with {server.process.poll()}"
    if target == "/api/events/ingest":
        check_refused(exchange, 400, 431)
    else:
        check_refused(exchange, 400, 404, 405, 431)  # what needs no body may be answered before it


def test_trailers_within_the_limit_do_no_harm(server):
    for size in (1, 8_000, 30_000):
        exchange = talk(server, ingest_head(Connection="close", **CHUNKED) + chunk(an_event()) + b"0\r\nX: " + b"0" * size + b"\r\n\r\n")
        assert exchange.statuses == [201], (size, exchange)


def endless(piece, megabytes):
    return [piece * (64 * 1024 // len(piece))] * (megabytes * 16)


@pytest.mark.parametrize("start,piece", [(b"0\r\n", b"X-Trailer: 0123456789abcdef\r\n"), (b"0\r\nX: ", b"0"), (b"5;x=", b"y"), (b"", b"0"), (b"5;", b";a=b"),
                                         (b"", b"1;x\r\na\r\n")],
                         ids=["trailers", "a trailer", "an extension", "zeros of a size", "extensions", "many small extensions"])
@pytest.mark.parametrize("target", ["/nowhere", "/api/events/ingest"])
def test_what_never_ends_is_cut_short(server, target, start, piece):
    """Small chunks with extensions are no attack by themselves; together they count."""
    with server.grows_less_than(60):
        exchange = talk(server, ingest_head(target=target, **CHUNKED) + start, pieces=endless(piece, 120))
    assert exchange.sent < 60 * MB, f"{exchange.sent} bytes were taken"
    assert exchange.closed
    assert all(400 <= status < 500 for status in exchange.statuses), exchange


def test_one_limit_for_headers(server):
    close = {"Connection": "close"}
    for size, statuses in ((20_000, [200]), (50_000, [200]), (70_000, [431]), (200_000, [431])):
        assert talk(server, head(X="a" * size, **close)).statuses == statuses, size
    assert talk(server, head(lines=["X: y"] * 3_000, **close)).statuses == [200]
    assert talk(server, head(lines=["X: y"] * 30_000, **close)).statuses == [431]
    assert talk(server, head(target="/healthz?" + "a" * 20_000, **close)).statuses == [200]
    assert talk(server, head(target="/" + "a" * 70_000, **close)).statuses in ([431], [414])


@pytest.mark.parametrize("coding", ["identity", "xchunked", "gzip", "chunked, identity", "gzip, chunked", "chunked, chunked", "chunkedx", "chunked;q=1",
                                    '"chunked"', "", " ", "chunked,", "trailers", "chunked\x0b", "nothing"])
@pytest.mark.parametrize("target", ["/api/auth/login", "/api/events/ingest", "/nowhere"])
def test_a_transfer_coding_other_than_chunked(server, target, coding):
    """Never two answers: what follows is a body to the one and a request to the other."""
    check_refused(talk(server, ingest_head(target=target, Transfer_Encoding=coding) + INNER), 400, 501)


@pytest.mark.parametrize("lines", [("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), ("Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
                                   ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", "Content-Length: 4"),
                                   ("Content-Length: 4", "Transfer-Encoding: chunked"), ("Content-Length: 0", "Transfer-Encoding: chunked"),
                                   ("Content-Length: 4", "Transfer-Encoding: identity"), ("Transfer-Encoding : chunked",),
                                   ("Transfer-Encoding:\n chunked",), ("X: y", " Transfer-Encoding: chunked")], ids=str)
def test_two_ways_to_frame_one_body(server, lines):
    text = an_event()
    check_refused(talk(server, ingest_head(lines=lines) + chunk(text) + b"0\r\n\r\n" + INNER), 400, 501)


def test_chunked_is_taken_in_any_case(server):
    for coding in ("chunked", "Chunked", "CHUNKED", " chunked "):
        exchange = talk(server, ingest_head(Transfer_Encoding=coding, Connection="close") + chunk(an_event()) + b"0\r\n\r\n")
        assert exchange.statuses == [201], (coding, exchange)


def test_chunked_in_http_1_0(server):
    check_refused(talk(server, ingest_head(version="1.0", **CHUNKED) + chunk(an_event()) + b"0\r\n\r\n" + INNER), 400, 501)


@pytest.mark.parametrize("body", [b"xyz\r\nabc\r\n0\r\n\r\n", b"-1\r\na\r\n0\r\n\r\n", b"+3\r\nabc\r\n0\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n",
                                  b"3 \r\nabc\r\n0\r\n\r\n",
                                  b" 3\r\nabc\r\n0\r\n\r\n", b"fffffffffffffffff\r\nabc\r\n", b"ffffffffffffffff\r\nabc\r\n", b"3\r\nabcdef\r\n0\r\n\r\n",
                                  b"3\r\nabc0\r\n\r\n", b"3\nabc\n0\n\n", b"3\r\nab\r\n0\r\n\r\n", b"\r\nabc\r\n", b"3\x00\r\nabc\r\n0\r\n\r\n"],
                         ids=lambda body: repr(body)[2:-1].replace("\\r\\n", "."))
def test_chunks_that_are_none(server, body):
    check_refused(talk(server, ingest_head(**CHUNKED) + body + INNER), 400, 413)


@pytest.mark.parametrize("data", [ingest_head(Content_Length="100") + b"0123456789", ingest_head(**CHUNKED) + b"64\r\n0123456789",
                                  ingest_head(**CHUNKED) + b"3\r\nabc\r\n", ingest_head(**CHUNKED) + b"3"], ids=["length", "chunk", "last chunk", "size"])
def test_a_body_that_breaks_off(server, data):
    check_refused(talk(server, data, half_close=True), 400)


@pytest.mark.parametrize("lines", [(), ("Host: a", "Host: b"), ("Host: plo", "Host: plo"), ("Host: a b",), ("Host: a,b",)], ids=str)
def test_one_host(server, lines):
    check_refused(talk(server, head(Host=None, lines=lines) + INNER), 400)


def test_other_hosts_are_taken(server):
    """An empty Host is allowed, and HTTP/1.0 needs none."""
    for lines in (("Host:",), ("Host: [::1]:8080",), ("host: plo.example.org",)):
        assert talk(server, head(Host=None, lines=lines, Connection="close")).statuses == [200], lines
    assert talk(server, head(version="1.0", Host=None)).statuses == [200]


def test_an_absolute_target_is_taken(server):
    for target, status in (("http://plo/healthz", 200), ("HTTP://127.0.0.1:1234/healthz", 200), ("http://plo/nowhere", 404),
                           ("http://plo/healthz?x=1", 200), ("https://plo/healthz", 200)):
        assert talk(server, head(target=target, Connection="close")).statuses == [status], target
    [answer] = talk(server, head(target="http://plo", Connection="close")).answers
    assert answer.status in (200, 302, 303, 307, 404)  # the root
    for target in ("http://", "http:///healthz", "plo:80", "http:healthz"):
        [answer] = talk(server, head(target=target, Connection="close")).answers
        assert 400 <= answer.status < 500, (target, answer)


def test_the_target_of_a_server_as_a_whole(server):
    """No fault of the server, whatever it says."""
    [answer] = talk(server, head("OPTIONS", "*", Connection="close")).answers
    assert answer.status < 500
    assert all(answer.status < 500 for answer in talk(server, head("CONNECT", "plo:80", Connection="close")).answers)


def test_an_empty_line_before_a_request_is_skipped(server):
    """RFC 9112, 2.2: clumsy clients send one after a body."""
    assert talk(server, b"\r\n" + head(Connection="close")).statuses == [200]


def test_http_1_0_gets_neither_continue_nor_chunks(server):
    text = an_event()
    exchange = talk(server, ingest_head(Content_Length=len(text), Expect="100-continue", version="1.0") + text)
    assert exchange.statuses == [201] and exchange.closed and not exchange.interim, exchange
    batch = ingest_head(target="/api/events/ingest/batch", Content_Length=len(text), version="1.0") + text
    bearer = {"Authorization": f"Bearer {server.session()}", "version": "1.0"}
    for data in (batch, head(target="/api/exports/projects.csv", **bearer), head(target="/api/events?limit=1000", **bearer),
                 head(target="/openapi.json", **bearer)):
        exchange = talk(server, data)
        assert exchange.statuses == [200] and exchange.closed, exchange
        assert "Transfer-Encoding" not in exchange.answers[0].headers, exchange
    received = talk(server, head(target="/api/stream", **bearer), until=lambda got: b"\r\n\r\n" in got).received
    assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200", b"HTTP/1.1 505")), received
    assert b"transfer-encoding" not in received.lower()


def test_expectations(server):
    text = an_event()
    exchange = talk(server, ingest_head(Content_Length=len(text), Expect="100-continue", Connection="close") + text)
    assert exchange.interim in ([100], []) and exchange.statuses == [201], exchange
    exchange = talk(server, ingest_head(Content_Length=1 << 30, Expect="100-continue"))
    check_refused(exchange, 413)


def test_a_refusal_ends_the_connection_before_the_next_request(server):
    """What follows a request that cannot be read is never read."""
    for bad in (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX:\x00y\r\n\r\n", b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        exchange = talk(server, bad + INNER)
        assert exchange.closed and len(exchange.answers) <= 1, (bad, exchange)
        assert all(400 <= status < 600 and status != 500 for status in exchange.statuses), (bad, exchange)


def test_a_header_that_never_ends_is_408(server, dripping):
    """The last of the file: it was begun before all others."""
    thread, received = dripping
    thread.join((TIME_FOR_HEADER_S + 10) * SLACK)
    assert not thread.is_alive(), "it is still waited for"
    answers, _, _ = split_answers(bytes(received))
    assert [answer.status for answer in answers] == [408], bytes(received)
