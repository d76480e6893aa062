"""Exports: slow readers do not take them from others, and no cell is a formula, whatever separates the cells."""
import csv
import io
import socket
import threading
import urllib.parse

import pytest
from attack import LOOSE, PASSWORD, add_user, connect, event, fill, head, in_parallel, report, timed, unique

FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture(scope="module")
def rows(shared_server):
    """Ten megabytes of export; returns the store."""
    client = shared_server.client(timeout=60)
    store = unique("S").ljust(200, "s")
    lines = fill(client, [event("ecommerce", "project.created", unique("P"), {"store_id": store, "project_type": "t" * 250, "channel_origin": "c" * 250})
                          for _ in range(9_000)], "ecommerce")
    client.read("/api/projects?limit=1", at_least=lines[-1]["position"])
    client.close()
    return store


class SlowReader:
    """Reads a few kilobytes a second of an answer, until it is closed."""

    def __init__(self, server, target, token):
        self.connection = connect(server, receive_buffer=4096, timeout=60)
        self.connection.sendall(head(target=target, Authorization=f"Bearer {token}"))
        self.begun = self.connection.recv(16)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            while not self.ended.wait(0.1) and self.connection.recv(1000):
                pass
        except OSError:
            pass  # the server gave it up

    def close(self):
        self.ended.set()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was first
        self.thread.join()
        self.connection.close()


@pytest.mark.parametrize("target", ["/api/exports/projects.csv", "/api/exports/anomalies.csv?status=all"])
def test_slow_readers_are_not_all_exports(server, client, rows, target):
    """A viewer's, however many, leave an administrator's export alone."""
    viewer = server.client_of(add_user(client, "viewer")["email"], PASSWORD)
    with server.grows_less_than(150):
        readers = [SlowReader(server, "/api/exports/projects.csv", viewer.session()) for _ in range(12)]
        took, answer = timed(server.client(timeout=30).get, target)
    for reader in readers:
        reader.close()
    report(f"{answer.status} after {took:.2f} s, {len(answer.body)} bytes")
    assert answer.status == 200 and took < 2 * LOOSE, answer
    assert any(reader.begun.startswith(b"HTTP/1.1 200") for reader in readers)


def test_an_export_is_there_again_when_its_reader_has_gone(server, client, rows):
    viewer = server.client_of(add_user(client, "viewer")["email"], PASSWORD)
    readers = [SlowReader(server, "/api/exports/projects.csv", viewer.session()) for _ in range(12)]
    for reader in readers:
        reader.close()
    took, answer = timed(client_get_until_200, viewer, "/api/exports/projects.csv")
    report(f"after {took:.2f} s")
    assert answer.status == 200 and took < 2 * LOOSE


def client_get_until_200(client, path):
    for _ in range(200):
        answer = client.get(path)
        if answer.status != 503:
            return answer
    return answer


def test_many_exports_of_one_person_at_once(server, client, rows):
    """Refused or given, and never in the way of others."""
    viewer = server.client_of(add_user(client, "viewer")["email"], PASSWORD)
    with server.grows_less_than(300):
        answers = in_parallel([lambda: server.client(viewer.session, timeout=60).get("/api/exports/projects.csv") for _ in range(16)])
    assert {answer.status for answer in answers} <= {200, 429, 503} and 200 in {answer.status for answer in answers}, answers


CELLS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx", "\n=1", "  =1+1", "\u00a0=1", "\u3000=1", "＝1+1", "＋1", "－1", "＠x", "x;=1+1",
         "a,b;=HYPERLINK(1)", "x;+1", "x; =1",
         ";=1", "a;\t=1", "x\n=1+1", "x\r\n@x", 'x";=1', "x;＝1", "'=1", "a;b", "x;\n-1", "=cmd|' /C calc'!A0", "\ufeff=1", "\u200b=1", "\x0b=1", "plain", "a=b", "3-1", "Zoë ✓"]


@pytest.fixture(scope="module")
def table(shared_server):
    """The exported text, and the cell of each row; control characters may be refused where they come in."""
    client = shared_server.client(timeout=30)
    store, expected = unique("CSV"), []
    for cell in CELLS:
        answer = client.ingest(event("ecommerce", "project.created", unique("P"), {"store_id": store, "project_type": cell, "channel_origin": cell}))
        assert answer.status in (201, 422), answer
        if answer.status == 201:
            expected.append(cell)
            last = answer.json()["position"]
    assert len(expected) > len(CELLS) // 2
    answer = client.get(f"/api/exports/projects.csv?sort=created_at&store_id={urllib.parse.quote(store)}&at_least={last}")
    assert answer.status == 200, answer
    client.close()
    return answer.body.decode(), expected


def test_no_cell_begins_a_formula(table):
    text, _ = table
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            begins = cell.lstrip(" \u00a0\u3000")
            assert not begins.startswith(FORMULA) or is_number(cell), cell


def is_number(cell):
    try:
        float(cell)
        return True
    except ValueError:
        return False


def test_a_dangerous_cell_begins_with_an_apostrophe_and_is_otherwise_as_it_was(table):
    text, expected = table
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(expected)
    by_cell = {row["project_type"]: row for row in rows}
    for cell in expected:
        assert by_cell.keys() & {cell, "'" + cell}, (cell, list(by_cell))
    for cell in ("plain", "a=b", "3-1", "Zoë ✓", "a;b"):
        assert cell in by_cell, f"{cell!r} is no formula"
    for cell in set(expected) & {"=1+1", "＝1+1", "x;=1+1", "a,b;=HYPERLINK(1)", "  =1+1", "\n=1", "x\n=1+1"}:
        assert "'" + cell in by_cell, cell


def test_a_text_with_a_semicolon_is_quoted(table):
    text, expected = table
    for cell in ("a;b", "'x;=1+1"):
        assert f'"{cell}"' in text, cell
