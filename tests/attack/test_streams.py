"""Streams cost what they send: neither a look through the whole log nor many idle ones hold up anybody else."""
import statistics

import pytest
from attack import LOOSE, SLACK, Pulse, connect, event, fill, head, in_parallel, report, talk, timed, wait_for

EVENTS = 80_000
IDLE = 500
SAMPLES = 60


@pytest.fixture(scope="module")
def long_log(shared_server):
    """A log in which a filter finds nothing."""
    client = shared_server.client(timeout=120 * SLACK)
    refs = [client.open_project()[0] for _ in range(20)]
    lines = fill(client, [event("erp", "weather.report", refs[n % 20]) for n in range(EVENTS)])
    assert {line["status"] for line in lines} == {201}
    client.close()
    return lines


def stream_head(server, query):
    return head(target="/api/stream" + query, Authorization=f"Bearer {server.session()}")


def test_looking_through_the_whole_log_blocks_nobody(server, long_log):
    """What a browser tab does that slept."""
    request = stream_head(server, "?last_event_id=0&store_id=nowhere")
    streams = []
    with server.grows_less_than(150), Pulse(server, pause_s=0.005) as pulse:
        for _ in range(40):
            made = connect(server)
            made.sendall(request)
            streams.append(made)
        wait_for(lambda: len(pulse.took) > 200, 30, "too few answers")
    for made in streams:
        made.close()
    pulse.check(0.1)


def test_a_stream_begins_at_once_whatever_it_skips(server, long_log):
    took, exchange = timed(talk, server, stream_head(server, "?last_event_id=0&store_id=nowhere"), until=lambda got: b"\r\n\r\n" in got)
    assert exchange.received.startswith(b"HTTP/1.1 200"), exchange
    assert took < 0.2 * LOOSE


def median_of_ingests(server, ref):
    client = server.client(timeout=30)
    took = [timed(client.store, event("erp", "weather.report", ref))[0] for _ in range(SAMPLES)]
    client.close()
    return statistics.median(took)


def test_idle_subscribers_do_not_slow_an_ingest(server, client):
    ref, _ = client.open_project()
    median_of_ingests(server, ref)  # warm
    without = median_of_ingests(server, ref)
    request = stream_head(server, "?store_id=nowhere&topics=anomalies")
    streams = []
    for _ in range(IDLE):
        made = connect(server)
        made.sendall(request)
        streams.append(made)
    for made in streams:
        assert made.recv(4096).startswith(b"HTTP/1.1 200")
    with_them = median_of_ingests(server, ref)
    for made in streams:
        made.close()
    report(f"an ingest takes {without * 1000:.2f} ms, with {IDLE} idle streams {with_them * 1000:.2f} ms")
    assert with_them < 2 * SLACK * without + 0.002, (without, with_them)


def test_subscribers_that_do_not_read_cost_bounded_memory(server, client):
    ref, _ = client.open_project()
    request = stream_head(server, "")
    streams = []
    for _ in range(200):
        made = connect(server, receive_buffer=4096)
        made.sendall(request)
        streams.append(made)
    with server.grows_less_than(250), Pulse(server) as pulse:
        fill(client, [event("erp", "weather.report", ref, {"pad": "x" * 100}) for _ in range(10_000)])
    for made in streams:
        made.close()
    pulse.check(0.2)


def test_streams_that_come_and_go(server):
    """Opened and left at once, many at a time."""
    request = stream_head(server, "?last_event_id=0")

    def open_and_leave():
        for _ in range(20):
            made = connect(server)
            made.sendall(request)
            made.close()

    with server.grows_less_than(150):
        in_parallel([open_and_leave] * 10)


def test_positions_that_are_none(server):
    for position in ("-1", "x", "99999999999999999999", "1e3", "0x1", "", "%00", "1.5", "18446744073709551615"):
        exchange = talk(server, stream_head(server, f"?last_event_id={position}"), until=lambda got: b"\r\n\r\n" in got, idle_s=1)
        assert exchange.received.startswith((b"HTTP/1.1 422", b"HTTP/1.1 400", b"HTTP/1.1 200")), (position, exchange)
