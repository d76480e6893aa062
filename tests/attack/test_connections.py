"""Connections are no reason to stop writing: not many of them, and not all that the process may have."""
import resource

import pytest
from attack import connect, event, report, timed, wait_for
from harness import config_text

FILES = 512


def lower_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


@pytest.fixture
def small(make_server):
    """A server that may open few files."""
    return make_server(config_text(), preexec_fn=lower_files)


def open_many(server, count, data=b""):
    made = []
    for _ in range(count):
        try:
            connection = connect(server, timeout=5)
            if data:
                connection.sendall(data)
            made.append(connection)
        except OSError:
            break  # refused: just as well
    return made


@pytest.mark.parametrize("data", [b"", b"GET /healthz HTTP/1.1\r\nHost: p"], ids=["idle", "dripping"])
def test_more_connections_than_files(small, data):
    """Writing goes on through all of it on a connection that was there before, and for everybody afterwards."""
    client = small.client(timeout=10)
    ref, _ = client.open_project()
    connections = open_many(small, FILES + 100, data)
    report(f"{len(connections)} connections")
    # As much as makes the log and the views open files.
    statuses = set()
    for _ in range(75):
        lines = [event("erp", "weather.report", ref, {"pad": "x" * 60_000}) for _ in range(20)]
        answer = client.batch(lines)
        statuses |= {line["status"] for line in answer.lines()}
        assert answer.status == 200 and statuses <= {201}, (answer, small.stderr())
    assert client.get("/readyz").status == 200, small.stderr()
    for connection in connections:
        connection.close()
    wait_for(lambda: takes_connections(small), 10, "no connection is taken after all have gone")
    later = small.client(timeout=10)
    later.store(event("erp", "weather.report", ref))
    assert later.get("/readyz").status == 200
    assert small.stderr().count("cannot accept") + small.stderr().count("connections") < 50, "one line says it"


def takes_connections(server):
    try:
        return server.client(timeout=2).get("/healthz").status == 200
    except OSError:
        return False


def test_connections_come_and_go(small):
    """Each time more than there is room for; the server answers between them."""
    for _ in range(5):
        for connection in open_many(small, FILES):
            connection.close()
        took, _ = timed(wait_for, lambda: takes_connections(small), 10, "no connection is taken")
        report(f"a connection after {took:.2f} s")
    small.client().open_project()
