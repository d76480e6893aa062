"""Finding the project of an event: each step of the order, what is learnt, and how dead letters are drained."""
import datetime
import time

import pytest
from harness import config_text, event, unique

ATTACH_DAYS = 10


@pytest.fixture(scope="module")
def configuration():
    return config_text(ingest=f'attach_period = "P{ATTACH_DAYS}D"')


def attached(client, body, opened):
    """Posts, and checks that it joins the project."""
    answer = client.ingest(body)
    assert answer.status == 201, answer
    assert answer.json()["project_id"] == opened["project_id"]
    return answer.json()


def lost(client, body):
    answer = client.ingest(body)
    assert answer.status == 202, answer
    told = answer.json()
    assert told["dead_letter_id"] and told["reason"]
    # Whoever waits for its position sees it in the list.
    assert client.get(f"/api/dead-letters/{told['dead_letter_id']}?at_least={told['position']}").status == 200
    return told


def sources_on(client, answer):
    return [item["source_ref"] for item in client.timeline(answer) if item["kind"] == "source"]


def test_by_project_id(client):
    _, opened = client.open_project()
    attached(client, event("wfm", "installation.scheduled", None, project_id=opened["project_id"]), opened)


def test_an_unknown_project_id_is_lost_even_with_a_known_project_ref(client):
    ref, _ = client.open_project()
    for unknown in ("018f0000-0000-7000-8000-000000000000", "not-an-id"):
        answer = client.ingest(event("ecommerce", "order.confirmed", ref, project_id=unknown))
        assert answer.status == 202 or (unknown == "not-an-id" and answer.status == 422), answer


def test_project_id_teaches_the_project_ref(client):
    _, opened = client.open_project()
    ref = unique("taught")
    attached(client, event("wfm", "installation.scheduled", ref, project_id=opened["project_id"]), opened)
    attached(client, event("wfm", "installation.started", ref), opened)


def test_by_source_and_project_ref_before_any_other_sources_ref(client):
    """The pair comes first: the same ref may mean another project to another source."""
    _, one = client.open_project()
    _, two = client.open_project()
    ref = unique("same")
    attached(client, event("oms", "order.confirmed", ref, project_id=one["project_id"]), one)
    attached(client, event("crm", "order.confirmed", ref, project_id=two["project_id"]), two)
    attached(client, event("oms", "stock.check_ok", ref), one)
    attached(client, event("crm", "quality.survey_sent", ref), two)
    # To anyone else it is ambiguous now.
    assert lost(client, event("wfm", "installation.scheduled", ref))["reason"]


def test_a_ref_known_from_one_other_source(client):
    ref, opened = client.open_project(source="ecommerce")
    attached(client, event("wfm", "installation.scheduled", ref), opened)


def test_project_ref_as_an_orders_reference(client):
    ref, opened = client.open_project()
    order = unique("O")
    attached(client, event("erp", "order.confirmed", ref, {"order_ref": order}), opened)
    attached(client, event("tms", "shipment.in_transit", order), opened)


def test_an_orders_reference_that_two_projects_know_is_ambiguous(client):
    order = unique("O")
    for source in ("erp", "oms"):
        ref, opened = client.open_project()
        attached(client, event(source, "order.confirmed", ref, {"order_ref": order}), opened)
    lost(client, event("tms", "shipment.in_transit", order))


@pytest.mark.parametrize("field, event_type", [
    ("order_ref", "stock.check_ok"), ("shipment_id", "shipment.in_transit"),
    ("lastmile_id", "lastmile.in_transit"), ("installation_id", "installation.started")])
def test_by_a_reference_of_the_payload(client, field, event_type):
    ref, opened = client.open_project()
    known = unique(field)
    attached(client, event("erp", event_type, ref, {field: known}), opened)
    learnt = unique("unheard-of")
    attached(client, event("tms", event_type, learnt, {field: known}), opened)
    # The project_ref that came along is known from now on.
    attached(client, event("tms", "shipment.exception", learnt), opened)


def test_the_order_ref_beside_the_payload_is_a_reference_too(client):
    ref, opened = client.open_project()
    order = unique("O")
    attached(client, event("erp", "order.confirmed", ref, order_ref=order), opened)
    attached(client, event("tms", "shipment.in_transit", unique("new"), {"order_ref": order}), opened)


def test_by_the_customers_single_open_project(client):
    customer = unique("C")
    _, opened = client.open_project(customer_id=customer)
    learnt = unique("new")
    attached(client, event("erp", "order.confirmed", learnt, {"customer_id": customer}), opened)
    attached(client, event("erp", "order.cancelled", learnt), opened)


def test_the_customer_step_holds_for_any_type_that_does_not_name_a_new_project(client):
    customer = unique("C")
    _, opened = client.open_project(customer_id=customer)
    for event_type in ("weather.report", "inspiration.started", "quote_products.created"):
        attached(client, event("crm", event_type, unique("new"), {"customer_id": customer}), opened)


def test_project_created_with_a_new_ref_always_opens(client):
    customer = unique("C")
    _, first = client.open_project(customer_id=customer)
    _, second = client.open_project(customer_id=customer)
    assert second["project_id"] != first["project_id"]


def test_project_created_with_a_known_ref_joins(client):
    ref, opened = client.open_project(source="ecommerce")
    attached(client, event("ecommerce", "project.created", ref), opened)
    attached(client, event("crm", "project.created", ref), opened)


def test_two_open_projects_of_the_customer_are_no_single_one(client):
    customer = unique("C")
    client.open_project(customer_id=customer)
    client.open_project(customer_id=customer)
    lost(client, event("erp", "order.confirmed", unique("new"), {"customer_id": customer}))
    # A type that opens projects opens a third.
    opened = client.store(event("crm", "inspiration.started", unique("new"), {"customer_id": customer}))
    assert opened["project_id"]


def test_a_closed_project_is_not_the_customers_open_one(client):
    customer = unique("C")
    ref, opened = client.open_project(customer_id=customer)
    attached(client, event("ecommerce", "project.closed", ref), opened)
    lost(client, event("erp", "order.confirmed", unique("new"), {"customer_id": customer}))
    attached(client, event("ecommerce", "project.reopened", ref), opened)
    attached(client, event("erp", "order.confirmed", unique("new"), {"customer_id": customer}), opened)


def test_attach_period(client):
    customer = unique("C")
    _, opened = client.open_project(customer_id=customer)
    created = datetime.datetime.fromisoformat(client.project(opened)["created_at"].replace("Z", "+00:00"))
    limit = created + datetime.timedelta(days=ATTACH_DAYS)

    def at(instant):
        return event("erp", "order.confirmed", unique("new"), {"customer_id": customer},
                     occurred_at=instant.isoformat(timespec="milliseconds").replace("+00:00", "Z"))

    lost(client, at(limit + datetime.timedelta(milliseconds=1)))
    attached(client, at(limit), opened)


@pytest.mark.parametrize("event_type", ["project.created", "inspiration.started", "quote_products.created"])
def test_types_that_open_a_project(client, event_type):
    ref = unique("P")
    opened = client.store(event("crm", event_type, ref))
    attached(client, event("crm", "quality.survey_sent", ref), opened)
    assert ref in str(client.project(opened)["project_refs"])


def test_opens_project_is_configurable(make_server):
    client = make_server(config_text(ingest='opens_project = ["order.confirmed"]')).client()
    assert client.ingest(event("erp", "order.confirmed", unique("P"))).status == 201
    lost(client, event("erp", "inspiration.started", unique("P")))
    assert client.ingest(event("erp", "project.created", unique("P"))).status == 201


def test_a_dead_letter_keeps_its_id_and_is_200_once_attached(client):
    ref = unique("late")
    body = event("oms", "stock.check_ok", ref)
    first = lost(client, body)
    assert lost(client, body)["dead_letter_id"] == first["dead_letter_id"]
    _, opened = client.open_project(ref)
    again = client.ingest(body)
    assert again.status == 200, again
    assert again.json()["duplicate"] is True
    assert again.json()["project_id"] == opened["project_id"]
    assert again.json()["position"] > 0 and again.json()["event_id"]


def test_dead_letters_are_drained_in_order_of_arrival_from_any_source(client):
    ref = unique("late")
    bodies = [event(source, "weather.report", ref, {"n": n}, occurred_at=f"2025-06-{20 - n:02}T00:00:00Z")
              for n, source in enumerate(["oms", "tms", "oms", "wfm", "tms_lastmile", "crm"])]
    for body in bodies:
        lost(client, body)
    _, opened = client.open_project(ref, source="ecommerce")
    last = client.ingest(bodies[-1]).json()
    log = [e["source_ref"] for e in client.log(opened["position"]) if e["stream"] == f"project:{opened['project_id']}"]
    assert [ref for ref in log if ref in {b["source_ref"] for b in bodies}] == [b["source_ref"] for b in bodies]
    assert set(sources_on(client, last)) >= {b["source_ref"] for b in bodies}


def test_an_order_reference_that_an_event_teaches_drains_too(client):
    order = unique("O")
    body = event("tms", "shipment.in_transit", order)
    lost(client, body)
    ref, opened = client.open_project()
    attached(client, event("erp", "stock.check_ok", ref, {"order_ref": order}), opened)
    again = client.ingest(body)
    assert again.status == 200
    assert again.json()["project_id"] == opened["project_id"]


def test_a_drained_letter_teaches_in_turn(client):
    """P becomes known → the letter of P is attached and teaches order O → the letter of O follows."""
    ref, order = unique("P"), unique("O")
    second = event("tms", "shipment.in_transit", order)
    first = event("erp", "order.confirmed", ref, {"order_ref": order})
    lost(client, second)
    lost(client, first)
    _, opened = client.open_project(ref)
    for body in (first, second):
        again = client.ingest(body)
        assert again.status == 200, again
        assert again.json()["project_id"] == opened["project_id"]


def test_letters_and_references_survive_a_restart(make_server):
    server = make_server()
    client = server.client()
    ref, order = unique("P"), unique("O")
    late = unique("late")
    letter = event("oms", "stock.check_ok", late)
    first = lost(client, letter)
    _, opened = client.open_project(ref)
    attached(client, event("erp", "order.confirmed", ref, {"order_ref": order}), opened)
    server.restart()
    client = server.client()
    assert lost(client, letter)["dead_letter_id"] == first["dead_letter_id"]
    attached(client, event("tms", "shipment.in_transit", order), opened)
    _, second = client.open_project(late)
    assert client.ingest(letter).json()["project_id"] == second["project_id"]


def test_letters_are_attached_after_a_crash_in_between(make_server):
    """The project is acknowledged, the server dies before it has attached what waited for it."""
    server = make_server()
    client = server.client()
    ref = unique("late")
    letters = [event("oms", "weather.report", ref, {"n": n}) for n in range(1000)]
    assert {line["status"] for line in client.batch(letters).lines()} == {202}
    _, opened = client.open_project(ref)
    server.kill()
    server.start()
    client = server.client()
    deadline = time.monotonic() + 30
    while {line["status"] for line in client.batch(letters).lines()} != {200}:
        assert time.monotonic() < deadline, "letters still wait for a project that has come"
        time.sleep(0.1)
    stored = [e["source_ref"] for e in client.log() if e["stream"] == f"project:{opened['project_id']}" and e["source"] == "oms"]
    assert stored == [letter["source_ref"] for letter in letters]
