"""Many clients at once speak of projects, orders and shipments that share names: every event stands where it
belonged when it came. PLO_ROUTING_SECONDS and PLO_ROUTING_SEEDS (comma between) make it longer."""
import json
import os
import random
import threading
import time

import pytest
from harness import Server, config_text, event

CLIENTS = 12
SECONDS = float(os.environ.get("PLO_ROUTING_SECONDS", 3))
SEEDS = [int(n) for n in os.environ.get("PLO_ROUTING_SEEDS", "1,2").split(",")]


def one_of(chance, seed):
    """An event whose references some others use too, now and then in a project of somebody else."""
    n = chance.randrange(40)
    name = f"{seed}-{n}"
    ref = chance.choice([f"P-{name}", f"P-{name}", f"O-{name}", f"S-{name}", f"lost-{chance.randrange(8)}"])
    other = f"{seed}-{chance.randrange(40)}" if chance.random() < 0.03 else name
    customer = {"customer_id": f"C-{seed}-{chance.randrange(60)}"} if chance.random() < 0.3 else {}
    kind = chance.random()
    if kind < 0.15:
        return event("crm", "project.created", f"P-{name}", customer)
    if kind < 0.4:
        return event("erp", "order.confirmed", f"P-{name}", {"order_ref": f"O-{other}", **customer})
    if kind < 0.6:
        return event("tms", "shipment.dispatched", ref, {"order_ref": f"O-{name}", "shipment_id": f"S-{other}", **customer})
    if kind < 0.65:
        return event("crm", "project.closed", f"P-{name}", {})
    if kind < 0.7:
        return event("crm", "inspiration.started", f"new-{name}", customer)
    return event(chance.choice(["erp", "oms", "wfm"]), "stock.check_ok", ref, {**customer})


@pytest.mark.parametrize("clock", ["wall", "event"])
@pytest.mark.parametrize("seed", SEEDS)
def test_routes_are_found_again(tmp_path, seed, clock):
    stored, hung = [], []

    def post(server, number):
        chance = random.Random(seed * 1000 + number)
        until = time.monotonic() + SECONDS
        client = server.client()
        hung.append(number)
        while time.monotonic() < until:
            if chance.random() < 0.2:
                lines = [one_of(chance, seed) for _ in range(60)]
                lines = [line for line in lines if line["source"] == lines[0]["source"]]
                stored.extend(line["status"] for line in client.batch(lines).lines())
            else:
                stored.append(client.ingest(one_of(chance, seed)).status)
        client.close()
        hung.remove(number)

    # Orders are refused when a project has too many: what a refused one would teach lets nobody in.
    with Server(tmp_path, config_text(ingest="limits.orders_per_project = 2"), clock) as server:
        threads = [threading.Thread(target=post, args=(server, n)) for n in range(CLIENTS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        server.kill()
        status, out, err = server.replay("rederive", "--json")
    assert not hung, "somebody was never answered"
    said = json.loads(out)
    assert status == 0 and said["ok"], said["differences"][:3]
    assert said["other_finding"] == 0
    # A letter that found its project afterwards counts twice.
    assert said["routed"] >= stored.count(201) + stored.count(202) > 1000
    assert set(stored) == {201, 202, 422}, set(stored)
