"""What operators do with projects, orders and dead letters; tracking links; stations."""
import datetime

import pytest
from harness import check_problem, event, pointers, unique

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def instant(**ahead):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**ahead)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Project:
    def __init__(self, client, orders=0):
        self.client = client
        self.ref, opened = client.open_project(customer_id=unique("C"), project_type="kitchen")
        self.id, self.last = opened["project_id"], opened["position"]
        self.orders = [self.confirm() for _ in range(orders)]

    def say(self, source, event_type, **payload):
        answer = self.client.store(event(source, event_type, self.ref, payload, occurred_at=instant()))
        self.last = answer["position"]
        return answer

    def confirm(self):
        order = unique("O")
        day = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
        self.say("erp", "order.confirmed", order_ref=order, promised_delivery_date=day, lines=[{"sku": "A", "label": "Sink", "qty": 1}])
        return order

    def command(self, name, body=None, **headers):
        return self.client.send("POST", f"/api/projects/{self.id}/{name}", body, **headers)

    def done(self, name, body=None, status=200):
        answer = self.command(name, body)
        assert answer.status == status, answer
        told = answer.json()
        assert told["project_id"] == self.id
        self.last = told["position"]
        return told

    def detail(self):
        return self.client.read(f"/api/projects/{self.id}", at_least=self.last)

    def timeline(self):
        return self.client.walk(f"/api/projects/{self.id}/timeline", at_least=self.last)


@pytest.fixture
def project(client):
    return Project(client)


@pytest.fixture
def me(client):
    return client.read("/api/auth/me")["user"]["user_id"]


def test_a_note_is_kept_with_its_author(client, project, me):
    project.done("notes", {"comment": "the client prefers mornings"})
    [note] = project.detail()["notes"]
    assert note["comment"] == "the client prefers mornings" and note["operator_id"] == me
    item = project.timeline()[-1]
    assert (item["type"], item["kind"], item["operator_id"], item["comment"]) == ("note.added", "operator", me, "the client prefers mornings")
    assert pointers(check_problem(project.command("notes", {}), 422)) == ["/comment"]
    assert pointers(check_problem(project.command("notes", {"comment": 7}), 422)) == ["/comment"]
    assert pointers(check_problem(project.command("notes", {"comment": "x", "colour": 1}), 422)) == ["/colour"]
    check_problem(client.send("POST", f"/api/projects/{NOBODY}/notes", {"comment": "x"}), 404)
    check_problem(client.send("POST", "/api/projects/nonsense/notes", {"comment": "x"}), 404)


def test_a_project_is_assigned_to_an_active_user_or_nobody(project, me):
    project.done("assign", {"assigned_to": me})
    assert project.detail()["assigned_to"] == me
    project.done("assign", {"assigned_to": None})
    assert project.detail()["assigned_to"] is None
    assert pointers(check_problem(project.command("assign", {"assigned_to": NOBODY}), 422)) == ["/assigned_to"]
    assert pointers(check_problem(project.command("assign", {}), 422)) == ["/assigned_to"]


def test_status_close_and_reopen(client):
    p = Project(client, orders=1)
    assert p.detail()["status"] == "active"
    p.done("status", {"status": "on_hold", "comment": "the client is away"})
    assert p.detail()["status"] == "on_hold"
    assert "on_hold already" in check_problem(p.command("status", {"status": "on_hold"}), 409)["detail"]
    p.done("status", {"status": "active"})
    check_problem(p.command("reopen"), 409)
    p.done("close", {"comment": "done"})
    closed = p.detail()
    assert closed["status"] == "completed" and closed["closed_at"]
    assert "completed already" in check_problem(p.command("close", {}), 409)["detail"]
    check_problem(p.command("status", {"status": "active"}), 409)
    p.done("reopen", {"comment": "not quite"})
    assert p.detail()["status"] == "active"
    assert pointers(check_problem(p.command("status", {"status": "sleeping"}), 422)) == ["/status"]


def test_a_partial_delivery_needs_both(client):
    p = Project(client, orders=2)
    assert p.done("partial-delivery", {"customer": True, "installer": False, "comment": "asked"})["approved"] is False
    assert p.detail()["consolidation"]["partial_delivery_approved"] is False
    assert p.done("partial-delivery", {"customer": True, "installer": True})["approved"] is True
    consolidation = p.detail()["consolidation"]
    assert consolidation["partial_delivery_approved"] is True and consolidation["status"] == "partial_approved"
    check_problem(p.command("partial-delivery", {"customer": True, "installer": True}), 409)
    assert "/installer" in pointers(check_problem(p.command("partial-delivery", {"customer": True}), 422))
    check_problem(Project(client).command("partial-delivery", {"customer": True, "installer": True}), 409)


def test_a_step_by_hand(client):
    p = Project(client, orders=2)
    p.done("steps/quote_products", {"status": "completed", "comment": "on paper", "occurred_at": instant(days=-1)})
    steps = {(s["step_type"], s.get("order_ref")): s for s in p.detail()["steps"]}
    assert steps["quote_products", None]["status"] == "completed"
    assert "order_ref" in check_problem(p.command("steps/stock_check", {"status": "completed"}), 409)["detail"]
    p.done("steps/stock_check", {"status": "completed", "order_ref": p.orders[1]})
    steps = {(s["step_type"], s.get("order_ref")): s for s in p.detail()["steps"]}
    assert steps["stock_check", p.orders[1]]["status"] == "completed"
    assert steps["stock_check", p.orders[0]]["status"] == "pending"
    check_problem(p.command("steps/dancing", {"status": "completed"}), 404)
    check_problem(p.command("steps/installation_report", {"status": "completed"}), 409)
    assert pointers(check_problem(p.command("steps/inspiration", {"status": "great"}), 422)) == ["/status"]
    assert pointers(check_problem(p.command("steps/inspiration", {"status": "completed", "occurred_at": instant(days=1)}), 422)) == ["/occurred_at"]


def test_a_project_by_hand_is_found_by_its_reference(client, me):
    ref = unique("HAND")
    waiting = client.ingest(event("erp", "order.confirmed", ref, {"order_ref": unique("O")}))
    assert waiting.status == 202
    answer = client.send("POST", "/api/projects", {"project_ref": ref, "customer_id": "C-9", "customer_name": "Example", "project_type": "bathroom",
                                                   "store_id": "S-9", "installation_required": False, "metadata": {"a": [1.50]}})
    assert answer.status == 201, answer
    told = answer.json()
    assert set(told) == {"project_id", "position"}
    late = client.store(event("crm", "inspiration.started", ref))
    assert late["project_id"] == told["project_id"]
    detail = client.read(f"/api/projects/{told['project_id']}", at_least=late["position"])
    assert (detail["project_refs"], detail["project_type"], detail["store_id"], detail["customer_name"]) == ([ref], "bathroom", "S-9", "Example")
    assert detail["metadata"] == {"a": [1.5]}
    assert len(detail["orders"]) == 1, "what waited for the reference came home"
    [first] = [e for e in client.walk(f"/api/projects/{told['project_id']}/timeline") if e["type"] == "project.created"]
    assert (first["kind"], first["operator_id"], first["position"]) == ("operator", me, told["position"])
    assert ref in check_problem(client.send("POST", "/api/projects", {"project_ref": ref}), 409)["detail"]
    wrong = check_problem(client.send("POST", "/api/projects", {"project_type": 7, "promised_installation_date": "soon", "colour": 1}), 422)
    assert set(pointers(wrong)) == {"/project_type", "/promised_installation_date", "/colour"}
    assert client.send("POST", "/api/projects", {}).status == 201
    check_problem(client.request("POST", "/api/projects", "[]", {"Content-Type": "application/json"}), 422)
    check_problem(client.request("POST", "/api/projects", "{", {"Content-Type": "application/json"}), 400)


def test_an_order_by_hand(client, project):
    ref = unique("O")
    told = project.done("orders", {"order_ref": ref, "promised_delivery_date": "2030-01-31", "lines": [{"sku": "TAP", "qty": 2}]}, status=201)
    assert told["order_ref"] == ref
    [order] = project.detail()["orders"]
    assert (order["order_ref"], order["status"], order["promised_delivery_date"]) == (ref, "draft", "2030-01-31")
    assert order["lines"][0]["sku"] == "TAP"
    # The order's reference finds the project from now on.
    confirmed = client.store(event("erp", "order.confirmed", ref, {"order_ref": ref}))
    assert confirmed["project_id"] == project.id
    check_problem(project.command("orders", {"order_ref": ref}), 409)
    check_problem(Project(client).command("orders", {"order_ref": ref}), 409)
    assert pointers(check_problem(project.command("orders", {}), 422)) == ["/order_ref"]
    assert pointers(check_problem(project.command("orders", {"order_ref": unique("O"), "lines": [{"qty": -1}]}), 422)) == ["/lines/0/qty"]


# Dead letters.

def letter(client, ref=None):
    answer = client.ingest(event("erp", "order.confirmed", ref or unique("LOST"), {"order_ref": unique("O")}))
    assert answer.status == 202, answer
    return answer.json()["dead_letter_id"]


def decide(client, letter_id, what, body):
    return client.send("POST", f"/api/dead-letters/{letter_id}/{what}", body)


def test_a_dead_letter_is_attached_by_hand_and_brings_the_others(client, project, me):
    ref = unique("LOST")
    one, two = letter(client, ref), letter(client, ref)
    answer = decide(client, one, "attach", {"project_id": project.id, "comment": "a typing mistake"})
    assert answer.status == 200, answer
    told = answer.json()
    assert (told["dead_letter_id"], told["project_id"]) == (one, project.id)
    # The second one waited for the same reference, which is known now.
    after = client.store(event("crm", "inspiration.started", project.ref))
    detail = client.read(f"/api/projects/{project.id}", at_least=after["position"])
    assert len(detail["orders"]) == 2
    for letter_id in (one, two):
        found = client.read(f"/api/dead-letters/{letter_id}", at_least=after["position"])
        assert (found["status"], found["project_id"]) == ("attached", project.id)
        check_problem(decide(client, letter_id, "attach", {"project_id": project.id}), 409)
        check_problem(decide(client, letter_id, "discard", {}), 409)
    [entry] = [e for e in client.read("/api/audit?type=dead_letter.attached", at_least=after["position"])["items"] if e["data"]["dead_letter_id"] == one]
    assert entry["operator_id"] == me


def test_a_dead_letter_is_discarded(client):
    letter_id = letter(client)
    answer = decide(client, letter_id, "discard", {"comment": "a test order"})
    assert answer.status == 200, answer
    found = client.read(f"/api/dead-letters/{letter_id}", at_least=answer.json()["position"])
    assert found["status"] == "discarded"
    check_problem(decide(client, letter_id, "discard", {}), 409)
    check_problem(decide(client, NOBODY, "discard", {}), 404)
    check_problem(decide(client, letter(client), "attach", {"project_id": NOBODY}), 404)
    assert pointers(check_problem(decide(client, letter(client), "attach", {}), 422)) == ["/project_id"]
    assert pointers(check_problem(decide(client, letter(client), "attach", {"project_id": "x"}), 422)) == ["/project_id"]


def test_a_contradiction_can_be_discarded_only(client, project):
    first = event("erp", "weather.report", project.ref, {"rain": 1})
    client.store(first)
    again = client.ingest({**first, "payload": {"rain": 2}})
    assert again.json()["conflict"] is True
    head = client.log(again.json()["position"])[-1]["position"]
    [found] = [x for x in client.read("/api/dead-letters?kind=conflict", at_least=head)["items"] if x["source_ref"] == first["source_ref"]]
    check_problem(decide(client, found["dead_letter_id"], "attach", {"project_id": project.id}), 409)
    answer = decide(client, found["dead_letter_id"], "discard", {"comment": "the first is right"})
    assert answer.status == 200, answer
    check_problem(decide(client, found["dead_letter_id"], "discard", {}), 409)


# What clients and planners see.

def test_a_tracking_link_shows_milestones_and_nothing_inside(client, server):
    p = Project(client, orders=1)
    p.say("tms", "shipment.exception", order_ref=p.orders[0], shipment_id=unique("S"))
    p.done("notes", {"comment": "a difficult client"})
    token = p.detail()["tracking_token"]
    assert len(token) >= 43 and p.id not in token
    stranger = server.client()
    answer = stranger.raw_request("GET", f"/api/tracking/{token}")
    assert answer.status == 200, answer
    page = answer.json()
    assert page["reference"] == p.ref and page["status"] == "in_progress"
    assert [m["milestone"] for m in page["milestones"]][:3] == ["ordered", "prepared", "shipped"]
    assert page["milestones"][0]["status"] == "done"
    assert page["orders"][0]["lines"] == [{"label": "Sink", "quantity": 1}]
    inside = answer.body.decode()
    for word in (p.id, "difficult", "ANO-", "anomal", "operator", "store_id", "customer", "risk"):
        assert word not in inside
    for wrong in (token[:-2] + ("AA" if not token.endswith("AA") else "BB"), token[:20], p.id, "x" * 75):
        check_problem(stranger.raw_request("GET", f"/api/tracking/{wrong}"), 404)
    stranger.close()


def test_stations_register_themselves(client):
    p = Project(client, orders=1)
    station = unique("ST")
    said = p.say("tms", "shipment.dispatched", order_ref=p.orders[0], shipment_id=unique("S"), destination_station_id=station,
                 destination_station_name="Station du Nord", carrier="road")
    found = {s["station_id"]: s for s in client.walk("/api/stations", at_least=said["position"])}
    assert found[station]["name"] == "Station du Nord" and found[station]["events"] == 1


def test_the_risk_says_what_it_weighs(client):
    p = Project(client, orders=1)
    detail = p.detail()
    assert 0 <= detail["risk"] <= 1
    assert len(detail["risk_facts"]) <= 3
    assert all(set(f) == {"fact", "weight", "detail"} for f in detail["risk_facts"])
    overdue = Project(client)
    overdue.say("erp", "order.confirmed", order_ref=unique("O"), promised_delivery_date="2025-01-31")
    assert overdue.detail()["risk"] == 1
    risky = client.walk(f"/api/projects?risk_min=0.99&sort=-risk&limit=200", at_least=overdue.last)
    assert overdue.id in [x["project_id"] for x in risky] and p.id not in [x["project_id"] for x in risky]
    assert Project(client).detail()["risk"] is None
