"""However much a source says of one project: it is refused beyond a bound, and quick below it, for that project and for all others."""
import json

import pytest
from attack import LOOSE, Pulse, event, fill, in_parallel, other_ingest, report, timed, unique
from harness import check_problem, pointers

LINES, ORDERS, LEGS, TOURS = 2_000, 500, 1_000, 200
READ_S = 0.5


def lines_of(count, prefix="s"):
    return [{"sku": f"{prefix}{n:05}"} for n in range(count)]


def check_bound(answer, bound):
    """422 that names the bound."""
    problem = check_problem(answer, 422)
    plain = json.dumps(problem).replace(",", "")
    assert str(bound) in plain, problem


@pytest.fixture(scope="module")
def full_order(shared_server):
    """A project whose one order is as long as it may be, all of it short; its reference and the last answer."""
    client = shared_server.client(timeout=30)
    ref, order = client.open_project()[0], unique("O")
    took, _ = timed(client.store, event("erp", "order.confirmed", ref, {"order_ref": order, "lines": lines_of(LINES)}))
    report(f"an order of {LINES} lines after {took:.2f} s")
    assert took < 1 * LOOSE
    took, last = timed(client.store, event("oms", "stock.shortage", ref, {"order_ref": order, "skus": [line["sku"] for line in lines_of(LINES)]}))
    report(f"their shortage after {took:.2f} s")
    assert took < 1 * LOOSE
    client.close()
    return ref, order, last


def test_an_order_beyond_its_lines_is_refused(server):
    client = server.client(timeout=10)
    for count in (LINES + 1, 20_000, 50_000):
        body = event("erp", "order.confirmed", client.open_project()[0], {"order_ref": unique("O"), "lines": lines_of(count)})
        took, answer = timed(client.ingest, body)
        check_bound(answer, LINES)
        assert took < 0.5 * LOOSE
    client.close()


def test_no_line_is_added_to_a_full_order(client, full_order):
    ref, order, _ = full_order
    check_bound(client.ingest(event("erp", "order.line_added", ref, {"order_ref": order, "sku": "one more"})), LINES)
    check_bound(client.ingest(event("erp", "order.line_added", ref, {"order_ref": order, "lines": lines_of(30_000, "m")})), LINES)


def test_a_shortage_of_many_articles_is_refused_or_quick(server):
    """No more articles than an order may have lines, or in time that is linear in them."""
    client = server.client(timeout=10)
    ref, order = client.open_project()[0], unique("O")
    client.store(event("erp", "order.confirmed", ref, {"order_ref": order, "lines": lines_of(LINES)}))
    for payload in ({"skus": [f"x{n:05}" for n in range(90_000)]}, {"lines": lines_of(50_000, "y")}, {"skus": [f"x{n:05}" for n in range(LINES)]}):
        took, answer = timed(client.ingest, event("oms", "stock.shortage", ref, {"order_ref": order, **payload}))
        report(f"{answer.status} after {took:.2f} s")
        assert answer.status in (201, 422) and took < 0.5 * LOOSE, (took, answer)
    took, _ = timed(client.store, event("oms", "weather.report", ref, {"order_ref": order}))
    assert took < 0.2 * LOOSE, took
    client.close()


def test_events_on_a_full_order_are_quick_and_disturb_nobody(server, client, full_order):
    ref, order, _ = full_order

    def one(n):
        mine = server.client(timeout=30)
        took, answer = timed(mine.ingest, event("oms", ("weather.report", "stock.partial", "picking.started", "stock.check_ok")[n % 4], ref, {"order_ref": order}))
        assert answer.status == 201, answer
        return took

    with Pulse(server, other_ingest) as pulse:
        took = in_parallel([lambda n=n: one(n) for n in range(40)])
    assert all(isinstance(each, float) for each in took), took
    report(f"forty at once: the slowest event after {max(took):.2f} s")
    assert max(took) < 1.0 * LOOSE
    pulse.check(0.3, "another project's event")


def test_reading_a_full_order_is_quick(server, client, full_order):
    _, _, last = full_order
    took, answer = timed(client.get, f"/api/projects/{last['project_id']}?at_least={last['position']}")
    assert answer.status == 200
    report(f"the project after {took:.2f} s, {len(answer.body)} bytes")
    assert took < READ_S * LOOSE
    token = answer.json()["tracking_token"]

    def track():
        return server.client(timeout=30).raw_request("GET", f"/api/tracking/{token}")

    with Pulse(server) as pulse:
        took, answers = timed(in_parallel, [track] * 12)
    assert [answer.status for answer in answers] == [200] * 12, answers
    report(f"twelve tracking pages after {took:.2f} s")
    assert took < 2 * LOOSE
    pulse.check(0.2)


@pytest.mark.parametrize("bound,source,event_type,payload", [
    (ORDERS, "erp", "order.confirmed", lambda n: {"order_ref": f"O{n}", "lines": [{"sku": "A"}]}),
    (LEGS, "tms", "shipment.dispatched", lambda n: {"order_ref": "O", "shipment_id": f"S{n}", "leg_number": n}),
    (TOURS, "tms_lastmile", "lastmile.scheduled",
     lambda n: {"lastmile_id": f"L{n}", "scheduled_date": "2025-07-01", "time_slot": {"start": "08:00", "end": "10:00"}}),
    (TOURS, "wfm", "installation.scheduled", lambda n: {"installation_id": f"I{n}", "scheduled_start": "2025-07-01T08:00:00Z"})],
    ids=["orders", "legs", "tours", "visits"])
def test_a_project_has_bounds(server, bound, source, event_type, payload):
    """So many are taken and the next is not; the references are the project's own."""
    client = server.client(timeout=60)
    ref, mark = client.open_project()[0], unique("B")
    own = [{name: f"{mark}-{value}" if name.endswith(("_ref", "_id")) else value for name, value in payload(n).items()} for n in range(bound + 3)]
    with Pulse(server, other_ingest) as pulse:
        took, lines = timed(fill, client, [event(source, event_type, ref, each) for each in own], source)
    report(f"{len(lines)} after {took:.1f} s")
    statuses = [line["status"] for line in lines]
    assert statuses[:bound] == [201] * bound, [line for line in lines if line["status"] != 201][:1]
    assert statuses[bound:] == [422] * 3, statuses[bound:]
    assert str(bound) in json.dumps(lines[-1]).replace(",", ""), lines[-1]
    pulse.check(0.5, "another project's event")
    took, answer = timed(client.get, f"/api/projects/{lines[0]['project_id']}?at_least={lines[bound - 1]['position']}")
    report(f"the project after {took:.2f} s, {len(answer.body)} bytes")
    assert answer.status == 200 and took < READ_S * LOOSE
    client.close()


@pytest.mark.parametrize("field,limit", [("store_id", 256), ("project_type", 256), ("channel_origin", 256), ("customer_id", 256), ("customer_name", 1024)])
def test_texts_of_list_rows_are_bounded(client, field, limit):
    """In bytes, from sources and from operators alike."""
    for text, taken in (("x" * limit, True), ("é" * (limit // 2), True), ("x" * (limit + 1), False), ("é" * (limit // 2 + 1), False), ("x" * 900_000, False)):
        answer = client.ingest(event("ecommerce", "project.created", unique("P"), {field: text}))
        assert answer.status == (201 if taken else 422), (len(text), answer)
        if not taken:
            assert pointers(answer.json()) == [f"/payload/{field}"]
        if len(text) < 10_000:
            answer = client.send("POST", "/api/projects", {"project_ref": unique("P"), field: text})
            assert answer.status == (201 if taken else 422), (len(text), answer)


@pytest.mark.parametrize("place", ["project_ref", "order_ref", "shipment_id", "lastmile_id", "installation_id", "source_ref"])
def test_references_are_bounded_and_have_no_control_characters(client, place):
    ref, _ = client.open_project()
    for text, taken in (("x" * 250, True), ("x" * 257, False), ("é" * 129, False), ("a\x00b", False), ("a\x1b[2J", False), ("a\x7f", False),
                        ("a\x85b", False), ("a\x9bb", False)):
        named = {"order_ref": "order.confirmed", "shipment_id": "shipment.dispatched", "lastmile_id": "lastmile.in_transit",
                 "installation_id": "installation.started"}
        text = unique("r")[-6:] + text[6:] if taken else text
        if place in named:
            body = event("erp", named[place], ref, {"order_ref": "O", place: text})
        else:
            body = event("erp", "project.created", **{"project_ref": unique("P"), place: text})
        answer = client.ingest(body)
        assert answer.status == (201 if taken else 422), (text[:20], answer)


def test_a_text_has_at_most_64_kib(client):
    ref, _ = client.open_project()
    for size, status in ((64 * 1024, 201), (64 * 1024 + 1, 422)):
        answer = client.ingest(event("tms_lastmile", "lastmile.failed", ref, {"lastmile_id": "L", "reason": "x" * size}))
        assert answer.status == status, (size, answer)
    assert pointers(answer.json()) == ["/payload/reason"]


def test_a_page_of_a_list_is_bounded(client):
    """Texts as long as they may be: two hundred rows are no more than a megabyte."""
    store = unique("S").ljust(256, "x")
    events = [event("ecommerce", "project.created", unique("P"), {"store_id": store, "project_type": "t" * 256, "channel_origin": "c" * 256}) for _ in range(200)]
    lines = fill(client, events, "ecommerce")
    answer = client.get(f"/api/projects?limit=200&store_id={store}&at_least={lines[-1]['position']}")
    assert len(answer.json()["items"]) == 200 and len(answer.body) < 1 << 20
