"""Accounts, sessions and roles: who gets in, what they may do, and how soon a change holds."""
import base64
import hashlib
import hmac
import json
import os
import stat
import subprocess
import threading

import pytest
from harness import (ADMIN_EMAIL, ADMIN_PASSWORD, Server, Stream, binary, check_problem, config_text, event, log_in, pointers, run_plo, session_in,
                     unique)

PASSWORD = "a long enough password"


def address(name="user"):
    return f"{unique(name).lower()}@example.org"


def add_user(client, role="operator", password=PASSWORD, **fields):
    answer = client.send("POST", "/api/users", {"email": address(), "password": password, "role": role, **fields})
    assert answer.status == 201, answer
    return answer.json()


def session_of(server, user, password=PASSWORD):
    """A client with the user's own session."""
    return server.client_of(user["email"], password)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_login_answers_the_user_and_a_cookie(server):
    answer = log_in(server.port)
    user = answer.json()["user"]
    assert set(user) == {"user_id", "email", "name", "role", "active", "created_at"}
    assert (user["email"], user["role"], user["active"]) == (ADMIN_EMAIL, "admin", True)
    cookie = answer.headers["Set-Cookie"]
    name, _, attributes = cookie.partition(";")
    assert name.startswith("plo_session=")
    assert {part.strip() for part in attributes.split(";")} == {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"}
    me = server.client(lambda: session_in(answer)).read("/api/auth/me")
    assert me == {"user": user}
    assert b"argon2" not in answer.body


def test_the_cookie_is_secure_where_the_url_is(make_server):
    server = make_server(config_text(server='public_url = "https://plo.example.org"'))
    assert "; Secure" in log_in(server.port).headers["Set-Cookie"]


def test_a_session_may_come_as_bearer_token(server, client):
    token = server.session()
    assert client.raw_request("GET", "/api/auth/me", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert client.raw_request("GET", "/api/auth/me", headers={"Authorization": f"bearer {token}"}).status == 200
    # A bearer token that does not hold is not made up for by a cookie.
    check_problem(client.raw_request("GET", "/api/auth/me", headers={"Authorization": "Bearer x", "Cookie": f"plo_session={token}"}), 401)


def test_wrong_credentials_and_malformed_ones(server, client):
    wrong = check_problem(log_in(server.port, ADMIN_EMAIL, "not the password"), 401)
    unknown = check_problem(log_in(server.port, address("nobody"), "not the password"), 401)
    assert wrong == unknown
    assert log_in(server.port, ADMIN_EMAIL.upper()).status == 200  # case does not matter; and the count starts again
    for body, at in (({}, ["/email", "/password"]), ({"email": ADMIN_EMAIL}, ["/password"]), ({"email": 1, "password": "x"}, ["/email"]),
                     ({"email": ADMIN_EMAIL, "password": "x" * 1025}, ["/password"]), ({"email": "a", "password": "b", "c": 1}, ["/c"])):
        problem = check_problem(client.send("POST", "/api/auth/login", body), 422)
        assert sorted(pointers(problem)) == at
    check_problem(client.raw_request("POST", "/api/auth/login", b"email=a", {"Content-Type": "application/x-www-form-urlencoded"}), 415)
    check_problem(client.raw_request("POST", "/api/auth/login", b"{", {"Content-Type": "application/json"}), 400)


def test_the_sixth_attempt_is_refused_right_or_wrong(server, client):
    user, other = add_user(client), add_user(client)
    for _ in range(5):
        assert log_in(server.port, user["email"], "wrong password").status == 401
    for password in (PASSWORD, "wrong password"):
        refused = log_in(server.port, user["email"].upper(), password)
        check_problem(refused, 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert log_in(server.port, other["email"], PASSWORD).status == 200
    # An account that does not exist is treated alike.
    ghost = address("ghost")
    assert [log_in(server.port, ghost, "wrong password").status for _ in range(6)] == [401] * 5 + [429]


def test_a_success_resets_the_count(server, client):
    user = add_user(client)
    for _ in range(2):
        for _ in range(4):
            assert log_in(server.port, user["email"], "wrong password").status == 401
        assert log_in(server.port, user["email"], PASSWORD).status == 200


def test_guessing_in_parallel_gets_no_further(server, client):
    user = add_user(client)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(log_in(server.port, user["email"], "wrong password").status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(401) == 5 and set(statuses) <= {401, 429}, statuses


def test_everything_needs_a_session(client):
    _, opened = client.open_project()
    for method, path in (("GET", "/api/projects"), ("GET", f"/api/projects/{opened['project_id']}"), ("GET", "/api/anomalies"),
                         ("GET", "/api/rules"), ("POST", "/api/rules"), ("GET", "/api/events"), ("GET", "/api/stream"), ("GET", "/api/users"),
                         ("POST", "/api/users"), ("GET", "/api/audit"), ("GET", "/api/notifications"), ("GET", "/api/auth/me"),
                         ("POST", "/api/auth/logout"), ("POST", f"/api/anomalies/{opened['project_id']}/acknowledge")):
        for headers in ({}, {"Cookie": "plo_session=x.y.z"}, {"Authorization": "Bearer dev-erp"}, {"Authorization": "Basic YTpi"}):
            answer = client.raw_request(method, path, headers=headers)
            check_problem(answer, 401)
            assert answer.headers["WWW-Authenticate"]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.raw_request("GET", path).status == 200
    # What is not there is not there for anybody, and what is not taken is not taken.
    check_problem(client.raw_request("GET", "/api/nothing"), 404)
    check_problem(client.raw_request("DELETE", "/api/audit"), 405)


def test_roles(server, client):
    ops, viewer = session_of(server, add_user(client, "operator")), session_of(server, add_user(client, "viewer"))
    for one in (ops, viewer):
        for path in ("/api/projects", "/api/anomalies", "/api/rules", "/api/events?limit=1", "/api/audit", "/api/notifications", "/api/auth/me"):
            assert one.get(path).status == 200, path
        for method, path in (("POST", "/api/rules"), ("PUT", "/api/rules/x"), ("DELETE", "/api/rules/x"), ("GET", "/api/users"),
                             ("POST", "/api/users"), ("DELETE", "/api/users/x"), ("PUT", "/api/rules/x/overrides")):
            check_problem(one.send(method, path, {}), 403)
    missing = "00000000-0000-7000-8000-000000000000"
    check_problem(viewer.send("POST", f"/api/anomalies/{missing}/acknowledge", {}), 403)
    check_problem(ops.send("POST", f"/api/anomalies/{missing}/acknowledge", {}), 404)
    check_problem(viewer.send("POST", "/api/rules/x/try", {}), 403)
    check_problem(ops.send("POST", "/api/rules/x/try", {}), 404)


def test_forged_tokens(server, client):
    header, payload, signature = server.session().split(".")
    claims = json.loads(unb64(payload))
    assert claims["exp"] - claims["iat"] == 43200

    def refused(*parts):
        token = ".".join(parts)
        check_problem(client.raw_request("GET", "/api/auth/me", headers={"Cookie": f"plo_session={token}"}), 401)

    refused(header, payload, b64(bytes(32)))
    refused(header, payload, "")
    refused(b64(b'{"alg":"none"}'), payload, "")
    refused(b64(b'{"alg":"HS512","typ":"JWT"}'), payload, signature)
    refused(header, b64(json.dumps({**claims, "exp": claims["exp"] + 1}).encode()), signature)
    refused(header, payload)
    refused(header, payload, signature, "x")
    refused("x" * 9000, payload, signature)
    assert client.raw_request("GET", "/api/auth/me", headers={"Cookie": f"a=b; plo_session={header}.{payload}.{signature};c=d"}).status == 200


def test_a_secret_from_the_environment_and_an_expired_session(tmp_path):
    secret = "0123456789abcdef0123456789abcdef"
    server = Server(tmp_path, config_text(extra='[auth]\njwt_secret_env = "MY_SECRET"\nsession = "PT1H"'))
    server.start(env={**os.environ, "MY_SECRET": secret})
    try:
        header, payload, signature = server.session().split(".")
        claims = json.loads(unb64(payload))
        assert not (server.data / "session_secret").exists()

        def signed(changed):
            text = f"{header}.{b64(json.dumps(changed).encode())}"
            return f"{text}." + b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())

        assert claims["exp"] - claims["iat"] == 3600
        for changed, status in ((claims, 200), ({**claims, "exp": claims["iat"] - 1}, 401), ({**claims, "exp": "never"}, 401),
                                ({**claims, "iss": "somebody"}, 401), ({**claims, "cred": claims["cred"] + 1}, 401)):
            assert server.client().raw_request("GET", "/api/auth/me", headers={"Authorization": f"Bearer {signed(changed)}"}).status == status
    finally:
        server.kill()


def test_the_generated_secret_is_kept_for_its_owner_alone(make_server):
    server = make_server()
    token = server.session()
    assert stat.S_IMODE((server.data / "session_secret").stat().st_mode) == 0o600
    server.restart()
    assert server.client(lambda: token).get("/api/auth/me").status == 200


def test_logging_out_ends_the_session_for_good(make_server):
    server = make_server()
    token = session_in(log_in(server.port))
    client = server.client(lambda: token)
    answer = client.send("POST", "/api/auth/logout")
    assert answer.status == 200 and answer.json()["position"] > 0
    assert answer.headers["Set-Cookie"].startswith("plo_session=;") and "Max-Age=0" in answer.headers["Set-Cookie"]
    check_problem(client.get("/api/auth/me"), 401)
    assert server.client().get("/api/auth/me").status == 200  # other sessions of the same account go on
    server.kill()
    server.start()
    check_problem(server.client(lambda: token).get("/api/auth/me"), 401)


def test_writes_from_other_sites_are_refused(server, client):
    path, body = "/api/users", {"email": "x"}
    host = f"127.0.0.1:{server.port}"
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{host}.evil.example"}, {"Origin": "http://127.0.0.1"},
                    {"Sec_Fetch_Site": "cross-site"}):
        check_problem(client.send("POST", path, body, **headers), 403)
        assert client.get("/api/auth/me", **headers).status == 200
    for headers in ({}, {"Origin": f"http://{host}"}, {"Origin": "http://127.0.0.1:8080"}, {"Sec_Fetch_Site": "same-origin"}):
        check_problem(client.send("POST", path, body, **headers), 422)
    # A token that no browser sends by itself is safe from that.
    check_problem(client.send("POST", path, body, Origin="https://evil.example", Authorization=f"Bearer {server.session()}"), 422)


def test_users_are_made_read_changed_and_removed(client):
    made = add_user(client, "viewer", name="Night shift")
    assert set(made) == {"user_id", "email", "name", "role", "active", "created_at", "position"}
    user = {k: v for k, v in made.items() if k != "position"}
    assert client.read(f"/api/users/{user['user_id']}") == user
    assert user in client.walk("/api/users?limit=1")
    page = client.read("/api/users?limit=1")
    assert page["total"] == len(client.walk("/api/users")) and page["next_cursor"]
    changed = client.send("PUT", f"/api/users/{user['user_id']}", {**made, "role": "operator", "name": "Day shift"})
    assert changed.status == 200 and changed.json()["position"] > made["position"], changed
    assert client.read(f"/api/users/{user['user_id']}") == {**user, "role": "operator", "name": "Day shift"}
    again = client.send("PATCH", f"/api/users/{user['user_id']}", {"role": "operator"})
    assert again.status == 200
    gone = client.send("DELETE", f"/api/users/{user['user_id']}")
    assert gone.status == 200 and gone.json()["user_id"] == user["user_id"] and gone.json()["position"] > changed.json()["position"]
    for answer in (client.get(f"/api/users/{user['user_id']}"), client.send("DELETE", f"/api/users/{user['user_id']}"),
                   client.send("PUT", f"/api/users/{user['user_id']}", {}), client.get("/api/users/nobody")):
        check_problem(answer, 404)
    # The address is free again, for another account.
    next_one = client.send("POST", "/api/users", {"email": user["email"], "password": PASSWORD, "role": "viewer"})
    assert next_one.status == 201 and next_one.json()["user_id"] != user["user_id"]


def test_what_is_wrong_with_a_user_is_said(client):
    good = {"email": address(), "password": PASSWORD, "role": "viewer"}
    for change, at in (({"email": "nobody"}, "/email"), ({"email": "a@b@c"}, "/email"), ({"email": "a b@c.org"}, "/email"), ({"email": None}, "/email"),
                       ({"email": "x" * 300 + "@a.org"}, "/email"), ({"password": "short"}, "/password"), ({"password": "x" * 1025}, "/password"),
                       ({"password": None}, "/password"), ({"role": "root"}, "/role"), ({"role": None}, "/role"), ({"name": 1}, "/name"),
                       ({"active": "yes"}, "/active"), ({"password_hash": "x"}, "/password_hash")):
        assert pointers(check_problem(client.send("POST", "/api/users", {**good, **change}), 422)) == [at], change
    assert client.send("POST", "/api/users", good).status == 201
    check_problem(client.send("POST", "/api/users", {**good, "email": good["email"].upper()}), 409)
    other = add_user(client)
    check_problem(client.send("PUT", f"/api/users/{other['user_id']}", {"email": good["email"]}), 409)


def test_changes_hold_at_once_for_open_sessions(server, client):
    user = add_user(client, "admin")
    path = f"/api/users/{user['user_id']}"
    own = session_of(server, user)
    assert own.get("/api/users").status == 200
    client.send("PATCH", path, {"role": "viewer"})
    check_problem(own.get("/api/users"), 403)
    assert own.get("/api/projects").status == 200
    client.send("PATCH", path, {"active": False})
    check_problem(own.get("/api/projects"), 401)
    check_problem(log_in(server.port, user["email"], PASSWORD), 401)
    client.send("PATCH", path, {"active": True})
    check_problem(own.get("/api/projects"), 401)  # the session ended; another login begins another
    own = session_of(server, user)
    changed = client.send("POST", f"{path}/reset-password", {"password": "another long password"})
    assert changed.status == 200 and changed.json()["position"] > 0
    check_problem(own.get("/api/projects"), 401)
    check_problem(log_in(server.port, user["email"], PASSWORD), 401)
    own = session_of(server, user, "another long password")
    client.send("DELETE", path)
    check_problem(own.get("/api/projects"), 401)
    assert pointers(check_problem(client.send("POST", f"/api/users/{add_user(client)['user_id']}/reset-password", {"password": "x"}), 422)) == ["/password"]


def test_an_open_stream_ends_with_its_session(server, client):
    user = add_user(client, "viewer")
    stream = Stream(server.port, "", 0, session_in(log_in(server.port, user["email"], PASSWORD)))
    _, opened = client.open_project()
    stream.until(opened["position"])
    client.send("DELETE", f"/api/users/{user['user_id']}")
    stream.thread.join(30)
    assert not stream.thread.is_alive()
    _, later = client.open_project()
    assert all(message[0] < later["position"] for message in stream.messages.queue)
    stream.close()


def test_the_last_administrator_stays(make_server):
    client = make_server().client()
    path = f"/api/users/{client.read('/api/auth/me')['user']['user_id']}"
    for answer in (client.send("DELETE", path), client.send("PATCH", path, {"active": False}), client.send("PUT", path, {"role": "operator"})):
        check_problem(answer, 409)
    second = add_user(client, "admin")
    assert client.send("PATCH", path, {"role": "operator"}).status == 200
    check_problem(client.send("GET", "/api/users"), 403)
    assert second["role"] == "admin"


def test_no_view_of_the_log_shows_a_password(server, client):
    user = add_user(client)
    client.send("POST", f"/api/users/{user['user_id']}/reset-password", {"password": "another long password"})
    for path in ("/api/events?limit=10000", "/api/audit?limit=200", "/api/users", f"/api/users/{user['user_id']}"):
        body = client.get(path).body
        assert b"argon2" not in body and b"password_hash" not in body
    ndjson = client.get("/api/events?limit=10000", Accept="application/x-ndjson").body
    assert b"operator.password_set" in ndjson and b"argon2" not in ndjson


def test_the_first_administrator_comes_once(make_server, tmp_path):
    server = make_server(start=False)
    server.start(env={**os.environ, "PLO_ADMIN_EMAIL": "", "PLO_ADMIN_PASSWORD": ""})
    check_problem(log_in(server.port), 401)
    assert server.stop() == 0
    server.start()
    assert log_in(server.port).status == 200
    assert server.stop() == 0
    server.start(env={**os.environ, "PLO_ADMIN_EMAIL": "second@example.org", "PLO_ADMIN_PASSWORD": PASSWORD})
    check_problem(log_in(server.port, "second@example.org", PASSWORD), 401)
    assert log_in(server.port).status == 200
    assert server.stop() == 0
    for wrong in ({"PLO_ADMIN_EMAIL": "nobody", "PLO_ADMIN_PASSWORD": PASSWORD}, {"PLO_ADMIN_EMAIL": ADMIN_EMAIL, "PLO_ADMIN_PASSWORD": ""}):
        status, _, err = run_plo("serve", "--config", server.config, "--data", tmp_path / "other", "--listen", "127.0.0.1:0", env=wrong)
        assert status == 2 and "PLO_ADMIN_" in err


def plo_user(*words, password=PASSWORD):
    done = subprocess.run([binary(), "user", *map(str, words)], input=password + "\n", capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def test_accounts_from_the_command_line(make_server, tmp_path):
    server = make_server()
    status, _, err = plo_user("add", "cli@example.org", "--data", server.data, "--password-stdin")
    assert status == 3 and err  # the server holds the store
    assert server.stop() == 0
    status, out, _ = plo_user("add", "cli@example.org", "--role", "admin", "--name", "From here", "--data", server.data, "--password-stdin")
    assert status == 0 and json.loads(out)["role"] == "admin" and "argon2" not in out
    assert plo_user("add", "CLI@example.org", "--data", server.data, "--password-stdin")[0] == 1
    assert plo_user("passwd", "cli@example.org", "--config", server.config, "--data", server.data, "--password-stdin", password="another long password")[0] == 0
    status, out, _ = plo_user("list", "--data", server.data)
    assert status == 0 and "cli@example.org" in out and ADMIN_EMAIL in out
    for words, expected in ((("add", "nobody", "--data", server.data, "--password-stdin"), 2), (("add", "a@example.org", "--data", server.data), 2),
                            (("add", "a@example.org", "--role", "root", "--data", server.data, "--password-stdin"), 2), (("add",), 2), (("list",), 2),
                            (("passwd", "nobody@example.org", "--data", server.data, "--password-stdin"), 1)):
        assert plo_user(*words)[0] == expected, words
    assert plo_user("add", "b@example.org", "--data", server.data, "--password-stdin", password="short")[0] == 2
    server.start()
    assert log_in(server.port, "cli@example.org", "another long password").json()["user"]["name"] == "From here"
    check_problem(log_in(server.port, "cli@example.org", PASSWORD), 401)


def test_what_operators_do_carries_their_id(server, client):
    user = add_user(client)
    own = session_of(server, user)
    _, opened = client.open_project()
    wrong = client.store(event("tms_lastmile", "lastmile.failed", None, {"lastmile_id": unique("LM"), "reason": "nobody home"}, project_id=opened["project_id"]))
    anomalies = client.read(f"/api/anomalies?project_id={opened['project_id']}", at_least=wrong["position"])["items"]
    assert anomalies, "lastmile.failed raises an anomaly by the default rules"
    answer = own.send("POST", f"/api/anomalies/{anomalies[0]['anomaly_id']}/acknowledge", {"comment": "seen"})
    assert answer.status == 200, answer
    seen = client.read(f"/api/anomalies/{anomalies[0]['anomaly_id']}", at_least=answer.json()["position"])
    assert seen["acknowledged_by"] == user["user_id"]


@pytest.mark.parametrize("word", ["OPTIONS", "TRACE"])
def test_other_methods_are_no_way_around(client, word):
    assert client.raw_request(word, "/api/users").status in (401, 405)
