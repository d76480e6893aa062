"""A log that an older build wrote (codecs 1 and 2, older indexes) is opened, proved and gone on with.

data/log_of_codec_2.tar.gz has two projects, a dead letter that waits and one that was attached, a contradiction, a person who was erased (C-2),
one who was not (C-1), and one who is only named (C-3).
"""
import pathlib
import tarfile

import pytest

import harness
from harness import event

OLD = pathlib.Path(__file__).parent / "data" / "log_of_codec_2.tar.gz"
FAR = "2026-02-01T08:00:00Z"


@pytest.fixture
def old(tmp_path):
    """A server on the old log."""
    server = harness.Server(tmp_path, harness.config_text(), "event")
    server.data.mkdir(parents=True, exist_ok=True)
    with tarfile.open(OLD) as archive:
        archive.extractall(server.data)
    return server


def test_it_is_proved_before_and_after(old):
    status, out, err = old.replay("verify")
    assert status == 0, out + err
    with old as server:
        client = server.client()
        answer = client.ingest(event("erp", "order.confirmed", "P", {"order_ref": "O-9", "customer_id": "C-1", "customer_name": "Zoe"}, occurred_at=FAR)).json()
        client.read("/api/projects", at_least=answer["position"])
    for words in (["verify", "--views"], ["rederive"]):
        status, out, err = old.replay(*words)
        assert status == 0, out + err


def test_what_it_knew_is_known(old):
    with old as server:
        client = server.client()
        assert client.read("/api/projects?limit=50")["total"] == 2
        first = client.read("/api/projects?q=C-1")["items"][0]["project_id"]
        # A repeat, and the same contradiction once more.
        again = event("erp", "order.confirmed", "P", {"order_ref": "OTHER"}, source_ref="2", occurred_at="2026-01-02T08:00:00Z")
        assert client.ingest(again).json()["conflict"] is True
        assert client.read("/api/dead-letters?limit=50")["total"] == 3
        # Known by what the old log taught: a shipment, and a customer with one open project.
        assert client.ingest(event("oms", "shipment.in_transit", "unheard-of", {"shipment_id": "S-1"}, occurred_at=FAR)).json()["project_id"] == first
        assert client.ingest(event("erp", "custom.seen", "not-known-either", {"customer_id": "C-1"}, occurred_at=FAR)).json()["project_id"] == first
        # What waited is let in.
        position = client.ingest(event("ecommerce", "project.created", "NOWHERE", {"customer_id": "C-9"}, occurred_at=FAR)).json()["position"]
        waiting = [letter["status"] for letter in client.read("/api/dead-letters?limit=50", at_least=position + 2)["items"] if letter["source_ref"] == "5"]
        assert waiting == ["attached"]


def test_its_persons_can_be_erased(old):
    with old as server:
        client = server.client()
        log = "".join(str(e["data"]) for e in client.log())
        assert "Zoe" in log and "Ida" in log and "Max" not in log
        # One who is only named in another's project.
        erased = client.send("POST", "/api/customers/C-3/erase", {"comment": "asked"})
        assert erased.status == 200
        log = "".join(str(e["data"]) for e in client.log())
        assert "Zoe" in log and "Ida" not in log


def test_a_contradiction_of_before_is_discarded(old):
    with old as server:
        client = server.client()
        conflict = next(letter for letter in client.read("/api/dead-letters?limit=50")["items"] if letter["kind"] == "conflict")
        answer = client.send("POST", f"/api/dead-letters/{conflict['dead_letter_id']}/discard", {"comment": "seen"})
        assert answer.status == 200
    assert old.replay("verify")[0] == 0
