"""GET /api/search: ranked hits of every kind."""
import urllib.parse

import pytest
from harness import check_problem, event, unique


def search(client, q, at_least=None):
    return client.read(f"/api/search?{urllib.parse.urlencode({'q': q})}", at_least=at_least)["items"]


@pytest.fixture(scope="module")
def known(shared_server):
    client = shared_server.client()
    mark = unique("find").replace("-", "")
    ref, opened = client.open_project(f"CMD-{mark}-1", customer_id=f"CUST-{mark}", customer_name=f"Éléonore Cœur-de-Lion {mark}")
    client.store(event("erp", "order.confirmed", ref, {"order_ref": f"ORD-{mark}", "lines": [{"sku": "A", "qty": 1}]}))
    last = client.store(event("tms", "shipment.dispatched", ref, {"order_ref": f"ORD-{mark}", "shipment_id": f"SHIP-{mark}"}))
    longer, other = client.open_project(f"CMD-{mark}-12", customer_id=f"CUST-{mark}-B", customer_name=f"Paul {mark}")
    client.read("/api/projects?limit=1", at_least=max(last["position"], other["position"]))
    return mark, opened, other


def test_a_hit_has_its_fields_and_an_exact_reference_comes_first(client, known):
    mark, opened, other = known
    hits = search(client, f"cmd-{mark}-1")
    assert all(set(hit) == {"kind", "id", "project_id", "title", "subtitle", "score"} for hit in hits)
    assert (hits[0]["kind"], hits[0]["id"], hits[0]["project_id"]) == ("project", opened["project_id"], opened["project_id"])
    assert hits[0]["title"] == f"CMD-{mark}-1"
    assert [hit["id"] for hit in hits if hit["kind"] == "project"] == [opened["project_id"], other["project_id"]]
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1]


def test_every_kind_is_found(client, known):
    mark, opened, _ = known
    kinds = {hit["kind"]: hit for hit in search(client, f"ord-{mark}")}
    assert kinds["order"]["title"] == f"ORD-{mark}" and kinds["order"]["project_id"] == opened["project_id"]
    assert kinds["project"]["id"] == opened["project_id"]
    assert "reference" in {hit["kind"] for hit in search(client, f"SHIP-{mark}")}
    customers = [hit for hit in search(client, f"cust-{mark}") if hit["kind"] == "customer"]
    assert [c["id"] for c in customers] == [f"CUST-{mark}", f"CUST-{mark}-B"]
    assert customers[0]["title"].startswith("Éléonore") and customers[0]["project_id"] is None
    assert search(client, "ANO-28")[0]["kind"] == "rule"


@pytest.mark.parametrize("q", ["eleonore {}", "ÉLÉONORE {}", "coeur-de {}", "CŒUR {}", "lion {}", "{} el", "  eleonore   {}  "])
def test_accents_case_and_order_of_words_do_not_matter(client, known, q):
    mark, opened, _ = known
    assert opened["project_id"] in [hit["id"] for hit in search(client, q.format(mark))]


def test_every_word_counts(client, known):
    mark, _, _ = known
    assert search(client, f"{mark} nobody-of-that-name") == []
    assert search(client, "leonore") == [] or all("leonore" != hit["title"] for hit in search(client, "leonore"))


def test_hits_are_bounded(client):
    for n in range(30):
        _, opened = client.open_project(unique("bounded"))
    assert len(search(client, "b", at_least=opened["position"])) <= 20
    assert len(search(client, "bounded")) == 20


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?q=" + "x" * 201])
def test_a_missing_or_long_text_is_422(client, query):
    check_problem(client.get("/api/search" + query), 422)


@pytest.mark.parametrize("q", ["%FF%FE", "%00", "%22%27%3B--", "x" * 200, "%F0%9F%98%80", "---"])
def test_strange_texts_find_nothing(client, q):
    assert client.read(f"/api/search?q={q}")["items"] == []


@pytest.mark.parametrize("q", ["l'hopital", "L\u2019H\u00f4pital", "jean-pierre", "jean\u2013pierre lucie", "hopital"])
def test_a_name_is_found_however_its_signs_are_typed(client, q):
    """Phones write a curly apostrophe where keyboards write a straight one; a hyphen may be a blank in the name."""
    mark = unique("name").replace("-", "")
    _, opened = client.open_project(customer_name=f"Lucie L\u2019H\u00f4pital Jean Pierre {mark}")
    asked = f"{q} {mark}"
    assert [hit["id"] for hit in search(client, asked, at_least=opened["position"]) if hit["kind"] == "project"] == [opened["project_id"]]
    assert [p["project_id"] for p in client.read(f"/api/projects?{urllib.parse.urlencode({'q': asked})}")["items"]] == [opened["project_id"]]
