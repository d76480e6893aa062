"""What nobody is told who need not know it: addresses of accounts, files of the store, and terminals by way of the log."""
import gzip
import json
import os
import stat

import pytest
from attack import PASSWORD, add_user, event, head, talk, unique
from harness import ADMIN_EMAIL, config_text

READERS = ("viewer", "operator")


@pytest.fixture(scope="module")
def accounts(shared_server):
    """Administrator, viewer and operator, with something that each did; (clients by role, all addresses)."""
    admin = shared_server.client(timeout=20)
    made = {role: add_user(admin, role, f"A {role}") for role in READERS}
    clients = {role: shared_server.client_of(made[role]["email"], PASSWORD) for role in READERS} | {"admin": admin}
    _, opened = admin.open_project()
    for role in ("admin", "operator"):
        assert clients[role].send("POST", f"/api/projects/{opened['project_id']}/notes", {"comment": "seen"}).status == 200
    changed = add_user(admin, "operator", "Changed")
    renamed = f"{unique('renamed').lower()}@staff.example.org"
    last = admin.send("PATCH", f"/api/users/{changed['user_id']}", {"email": renamed})
    assert last.status == 200, last
    admin.read("/api/audit?limit=1", at_least=last.json()["position"])
    return clients, [ADMIN_EMAIL, renamed, changed["email"], *(user["email"] for user in made.values())], made, opened["project_id"]


@pytest.mark.parametrize("role", READERS)
def test_no_address_of_an_account(server, accounts, role):
    """By id and by name alone, in every form of every list."""
    clients, addresses, made, project = accounts
    client = clients[role]
    own = made[role]["email"]
    for path, headers in (("/api/events?limit=1000", {}), ("/api/events?limit=1000", {"Accept": "application/x-ndjson"}), ("/api/audit?limit=200", {}),
                          (f"/api/projects/{project}/timeline?limit=200", {}), (f"/api/projects/{project}", {}), ("/api/search?q=staff.example.org", {}),
                          ("/api/audit?type=operator.added", {}), ("/api/rules/ANO-01/history", {})):
        answer = client.get(path, **headers)
        assert answer.status == 200, answer
        text = answer.body.decode()
        for each in addresses:
            assert each == own or each not in text, f"{role} reads {each} in {path}"
        assert "argon2" not in text and "password_hash" not in text
    audit = client.walk("/api/audit?limit=200")
    assert made["operator"]["user_id"] in {entry["operator_id"] for entry in audit}, "who did it is said by id"
    # Whom a filter by address finds would say whose it is.
    assert client.get(f"/api/audit?operator={ADMIN_EMAIL}").status in (200, 403, 422)


def test_nobody_asks_whether_an_address_has_an_account(server, accounts):
    clients, addresses, _, _ = accounts
    known, unknown = (clients["viewer"].get(f"/api/audit?operator={address}") for address in (addresses[0], "nobody@staff.example.org"))
    assert (known.status, known.status == 200 and known.json()["total"]) == (unknown.status, unknown.status == 200 and unknown.json()["total"])


def test_administrators_see_them(server, accounts):
    clients, addresses, made, _ = accounts
    text = json.dumps(clients["admin"].walk("/api/audit?limit=200")) + json.dumps(clients["admin"].walk("/api/users"))
    for each in addresses:
        assert each in text, each
    assert {entry["operator_email"] for entry in clients["admin"].walk(f"/api/audit?operator={made['operator']['user_id']}")} == {made["operator"]["email"]}


def test_the_store_is_its_owners_alone(make_server):
    """Whatever the umask is: names are in the read models in plain text."""
    server = make_server(umask=0o022)
    client = server.client()
    client.open_project(customer_id="C", customer_name="Dupont")
    server.restart()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    for folder, _, files in os.walk(server.data):
        for path in [folder, *(os.path.join(folder, name) for name in files)]:
            mode = stat.S_IMODE(os.stat(path).st_mode)
            assert not mode & 0o007, f"{path} is {mode:o}"


def test_a_store_made_before_is_closed_at_the_next_start(make_server):
    server = make_server(start=False)
    server.data.mkdir(mode=0o755)
    server.data.chmod(0o755)
    server.start()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


TARGETS = ["/%ff", "/%c0%af", "/%ed%a0%80", "/api/%ff", "/api/projects/%ff", "/api/rules/%ff%fe", "/%00", "/a%0d%0ab", "/%e2%80%a8", "/%1b%5b2J", "/api/users/%ff",
           "/api/projects?q=%ff", "/api/projects?%ff=1", "/api/search?q=%ff", "/api/tracking/%ff", "/api/events?from=%ff", "/api/customers/%ff", "/api/stream?topics=%ff",
           "/%f0%9f%98%80", "/\"quoted\"", "/<script>", "/\\", "/%", "/{}", "/" + "%ff" * 500]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:30])
def test_a_problem_is_json_whatever_was_asked(server, target):
    for method in ("GET", "POST", "DELETE"):
        exchange = talk(server, head(method, target, Connection="close", Content_Length=0, Authorization=f"Bearer {server.session()}"))
        assert exchange.statuses and 400 <= exchange.statuses[0] < 500 or exchange.statuses == [200], exchange
        for answer in exchange.answers:
            json.loads(answer.body.decode("utf-8"))
            if answer.status >= 400:
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert json.loads(answer.body)["status"] == answer.status


def check_headers(answer):
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff", headers
    assert headers["Referrer-Policy"], headers
    assert "frame-ancestors" in (headers["Content-Security-Policy"] or ""), headers


PAGES = [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/api/projects"), ("GET", "/api/exports/projects.csv"),
         ("GET", "/api/events?limit=1"), ("GET", "/api/stream"), ("GET", "/api/tracking/x"), ("GET", "/nowhere"), ("GET",
                                                                                                                   "/api/projects?limit=0"), ("POST",
                                                                                                                                              "/healthz"),
         ("GET", "/api/users/x"), ("POST", "/api/projects"), ("HEAD", "/healthz"), ("POST", "/api/events/ingest"), ("POST", "/api/auth/login")]


@pytest.mark.parametrize("method,target", PAGES)
def test_answers_carry_what_browsers_need(server, method, target):
    """Whoever asks, also where it is refused."""
    for headers in ({"Authorization": f"Bearer {server.session()}"}, {}):
        exchange = talk(server, head(method, target, Content_Length=0, Connection="close", **headers), until=lambda got: b"\r\n\r\n" in got)
        assert exchange.answers, exchange
        check_headers(exchange.answers[0])
        assert not exchange.answers[0].headers["Strict-Transport-Security"], "on http it says nothing"


def test_what_is_no_http_gets_them_too(server):
    for data in (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", head(X="a" * 70_000)):
        check_headers(talk(server, data).answers[0])


def test_hsts_where_the_public_url_is_https(make_server):
    server = make_server(config_text(server='public_url = "https://plo.example.org"'))
    for target in ("/healthz", "/nowhere", "/api/projects"):
        [answer] = talk(server, head(target=target, Connection="close")).answers
        check_headers(answer)
        assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_large_answers_are_packed_when_asked(client):
    plain = client.get("/openapi.json")
    for coding in ("gzip", "gzip, deflate, br", "gzip;q=1.0, *;q=0"):
        answer = client.raw_request("GET", "/openapi.json", headers={"Accept-Encoding": coding})
        assert answer.headers["Content-Encoding"] in ("gzip", "br"), coding
        assert "accept-encoding" in answer.headers["Vary"].lower()
        if answer.headers["Content-Encoding"] == "gzip":
            assert gzip.decompress(answer.body) == plain.body
    for coding in ("identity", "gzip;q=0", "", "zstd"):
        assert not client.raw_request("GET", "/openapi.json", headers={"Accept-Encoding": coding}).headers["Content-Encoding"], coding


def test_no_terminal_is_steered_by_the_log(make_server):
    """Controls of references and paths are refused, or shown escaped."""
    server = make_server()
    client = server.client()
    evil = ["\x1b[31mred", "\x9b31mred", "a\x85b", "a\u2028b", "a\u2029b", "a\u202eb", "\x7f", "a\rb", "a\nERROR forged", "\u009dtitle\u009c", "\u2066x"]
    for number, text in enumerate(evil):
        for place in ("source_ref", "project_ref"):
            answer = client.ingest(event("erp", "weather.report", **{"project_ref": unique("unknown"), place: f"{text}{number}"}))
            assert answer.status == 422 or (answer.status == 202 and ord(max(text)) > 0x2000), (text, answer)
    for target in ("/%1b%5b31m", "/api/projects/%c2%9b31m", "/%0d%0aERROR", "/api/rules/%e2%80%a8", "/%c2%85"):
        talk(server, head("POST", target, Connection="close", Content_Length=0))
    add = client.send("POST", "/api/users", {"email": "a\x1b[31m@example.org", "password": PASSWORD, "role": "viewer"})
    assert add.status == 422, add
    assert server.stop() == 0
    text = (server.folder / "stderr.log").read_bytes().decode(errors="replace")
    controls = {character for character in text if (ord(character) < 0x20 and character not in "\n\t") or 0x7f <= ord(character) < 0xa0
                or character in "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
    assert not controls, (controls, [line for line in text.splitlines() if controls & set(line)][:3])
    assert "ERROR forged" not in [line.strip() for line in text.split("\n")]
