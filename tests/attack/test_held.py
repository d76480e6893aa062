"""Attacks that never worked stay without effect: smuggling, forged tokens, other sites, paths that leave."""
import base64
import hashlib
import hmac
import json
import urllib.parse

import pytest
from attack import add_user, check_refused, event, head, ingest_head, talk, unique
from harness import check_problem

INNER = b"GET /healthz HTTP/1.1\r\nHost: plo\r\n\r\n"


def an_event():
    return json.dumps(event("erp", "project.created", unique("P"))).encode()


@pytest.mark.parametrize("lines", [("Content-Length: 4", "Content-Length: 5"), ("Content-Length: 4, 5",), ("Content-Length: +2",), ("Content-Length: -1",),
                                   ("Content-Length: 0x2",), ("Content-Length: 18446744073709551618",), ("Content-Length: 2 2",), ("Content-Length : 2",),
                                   ("Content-Length: 2", " folded: yes"), ("Content-Length: \x00",), ("Content-Length: 2\x00",), ("Content-Length: ２",)],
                         ids=str)
def test_lengths_that_two_readers_read_differently(server, lines):
    check_refused(talk(server, ingest_head(lines=lines) + b"{}" + INNER), 400, 413)


@pytest.mark.parametrize("data", [
    b"GET /healthz HTTP/1.1\nHost: plo\n\n", b"GET /healthz HTTP/1.1\r\nHost: plo\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: plo\r\nX: a\rY: b\r\n\r\n", b"GET /healthz HTTP/1.1\r\n Host: plo\r\n\r\n",
    b"GET\t/healthz\tHTTP/1.1\r\nHost: plo\r\n\r\n", b"GET /healthz HTTP/1.1 \r\nHost: plo\r\n\r\n", b"GET /healthz\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: plo\r\nX\x00: y\r\n\r\n", b"GET /healthz HTTP/2\r\nHost: plo\r\n\r\n", b"GET /healthz http/1.1\r\nHost: plo\r\n\r\n",
    b"G@T /healthz HTTP/1.1\r\nHost: plo\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: plo\r\n: empty\r\n\r\n"], ids=lambda data: repr(data)[2:40])
def test_requests_that_are_almost_http(server, data):
    exchange = talk(server, data + INNER)
    assert exchange.closed and len(exchange.answers) <= 1, exchange
    assert all(status in (400, 405, 501, 505) for status in exchange.statuses), exchange


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "BREW", "get", "M-SEARCH", "X" * 200])
def test_other_methods(server, method):
    exchange = talk(server, head(method, Connection="close"))
    assert exchange.closed and all(status in (400, 405, 501) for status in exchange.statuses) and len(exchange.answers) <= 1, exchange
    for answer in exchange.answers:
        if answer.status == 405:
            assert answer.headers["Allow"]


def test_a_body_too_large_ends_the_connection(server):
    exchange = talk(server, ingest_head(Content_Length=2 << 20) + b"x" * 1000)
    check_refused(exchange, 413)
    assert exchange.took < 5


def test_a_range_is_ignored(client):
    answer = client.get("/openapi.json", Range="bytes=0-3")
    assert answer.status == 200 and answer.json()["openapi"]


@pytest.mark.parametrize("path", ["/%00", "/%2e%2e/etc/passwd", "/../../etc/passwd", "//etc/passwd", "/%2fetc%2fpasswd", "/healthz/", "/healthz%00", "/healthz%2f",
                                  "/api/%2e%2e/healthz", "/api//projects", "/api/projects/..%2f..%2fhealthz", "/API/projects", "/healthz;x=1", "/.%2fhealthz",
                                  "/%68ealthz/x", "/api/events/ingest/../../users", "/%c0%ae%c0%ae/etc/passwd", "/%", "/%g1", "/%1", "/healthz%0d%0aX: y"])
def test_paths_lead_nowhere_else(server, path):
    exchange = talk(server, head(target=path.replace(" ", "%20"), Connection="close"))
    assert exchange.statuses and exchange.statuses[0] in (400, 401, 404), exchange
    assert b"root:" not in exchange.received
    json.loads(exchange.answers[0].body)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def forgeries(token, secret):
    """What is wrong, and the token."""
    header, payload, signature = token.split(".")
    claims = json.loads(unb64(payload))

    def signed(head_claims, body, algorithm=hashlib.sha256, key=secret):
        text = f"{b64(json.dumps(head_claims).encode())}.{body if isinstance(body, str) else b64(json.dumps(body).encode())}"
        return text + "." + b64(hmac.new(key, text.encode(), algorithm).digest())

    for none in ("none", "None", "NONE", "nOnE", ""):
        yield f"algorithm {none}", f"{b64(json.dumps({'alg': none, 'typ': 'JWT'}).encode())}.{payload}."
        yield f"algorithm {none}, signed", f"{b64(json.dumps({'alg': none}).encode())}.{payload}.{signature}"
    yield "HS384", signed({"alg": "HS384", "typ": "JWT"}, claims, hashlib.sha384)
    yield "HS512", signed({"alg": "HS512", "typ": "JWT"}, claims, hashlib.sha512)
    yield "RS256", signed({"alg": "RS256", "typ": "JWT"}, claims)
    yield "crit", signed({"alg": "HS256", "typ": "JWT", "crit": ["exp"]}, claims)
    yield "an empty secret", signed({"alg": "HS256", "typ": "JWT"}, claims, key=b"")
    yield "another secret", signed({"alg": "HS256", "typ": "JWT"}, claims, key=b"x" * 32)
    yield "another person", f"{header}.{b64(json.dumps({**claims, 'sub': 'somebody'}).encode())}.{signature}"
    yield "expired", signed({"alg": "HS256", "typ": "JWT"}, {**claims, "exp": claims["iat"] - 1})
    yield "an end as text", signed({"alg": "HS256", "typ": "JWT"}, {**claims, "exp": str(claims["exp"])})
    yield "no end", signed({"alg": "HS256", "typ": "JWT"}, {name: value for name, value in claims.items() if name != "exp"})
    yield "an end that overflows", signed({"alg": "HS256", "typ": "JWT"}, {**claims, "exp": 1e300})
    yield "not yet", signed({"alg": "HS256", "typ": "JWT"}, {**claims, "nbf": claims["exp"], "sub": "nobody"})
    yield "claims that are no object", signed({"alg": "HS256", "typ": "JWT"}, [claims])
    yield "claims that are no JSON", signed({"alg": "HS256", "typ": "JWT"}, b64(b"\xff{"))
    yield "claims that are deep", signed({"alg": "HS256", "typ": "JWT"}, b64(b'{"a":' * 500 + b"1" + b"}" * 500))
    yield "base64 with padding", token + "="
    # The last of 43 characters has two bits that say nothing.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    yield "base64 of another spelling", token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    yield "standard base64", signed({"alg": "HS256", "typ": "JWT"}, claims).replace("-", "+").replace("_", "/") + "+"
    yield "two parts", f"{header}.{payload}"
    yield "four parts", f"{token}.x"
    yield "empty parts", ".."
    yield "a blank", f"{header} .{payload}.{signature}"
    yield "a NUL", f"{token}%00"
    yield "large", "x" * 9000 + f".{payload}.{signature}"


def test_forged_sessions(server, client):
    secret = (server.data / "session_secret").read_bytes()
    path = "/api/auth/me"
    for what, token in forgeries(server.session(), secret):
        for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"plo_session={token}"}):
            answer = client.raw_request("GET", path, headers=headers)
            assert answer.status == 401, f"{what}: {answer}"
            check_problem(answer, 401)
    # A token elsewhere than where it belongs says nothing.
    token = server.session()
    for target, headers in ((f"/api/projects?token={token}", {}), (f"/api/projects?access_token={token}", {}), (f"/api/projects?plo_session={token}", {}),
                            ("/api/projects", {"X-Authorization": f"Bearer {token}"}), ("/api/projects", {"Authorization": token})):
        check_problem(client.raw_request("GET", target, headers=headers), 401)


def test_other_sites(server, client):
    host, path = f"127.0.0.1:{server.port}", "/api/users"
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{host}.evil.example"},
                    {"Origin": f"http://{host}@evil.example"}, {"Origin": f"http://evil.example/{host}"}, {"Origin": "http://127.0.0.1:1"},
                    {"Origin": "http://xn--127-0-0-1"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site", "Origin": f"http://other.{host}"}, {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}):
        answer = client.request("POST", path, b"{}", {"Content-Type": "application/json", "Cookie": f"plo_session={server.session()}", **headers})
        assert answer.status == 403, (headers, answer)
    for path in ("/api/users", "/api/auth/login", "/api/projects"):
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            check_problem(client.request("POST", path, b'{"email":"a","password":"b"}', {"Content-Type": media_type}), 415)


def test_an_origin_is_compared_with_its_scheme(server, client):
    for origin in (f"https://127.0.0.1:{server.port}", f"ftp://127.0.0.1:{server.port}", f"127.0.0.1:{server.port}"):
        check_problem(client.send("POST", "/api/users", {}, Origin=origin), 403)
    check_problem(client.send("POST", "/api/users", {}, Origin=f"http://127.0.0.1:{server.port}"), 422)


def test_keys_open_only_their_own_doors(server, client):
    viewer = add_user(client, "viewer")
    token = server.client_of(viewer["email"], "a long enough passphrase").session()
    body = an_event()
    for key in (token, server.session(), "", "dev-erp\x00", "dev-erp,dev-crm", "*"):
        exchange = talk(server, ingest_head(key, Content_Length=len(body), Connection="close") + body)
        assert exchange.statuses in ([401], [400]), (key, exchange)
    for path in ("/api/projects", "/api/events", "/api/users", "/api/stream"):
        check_problem(client.raw_request("GET", path, headers={"Authorization": "Bearer dev-erp"}), 401)
    check_problem(client.ingest(event("crm", "project.created", unique("P")), key="dev-erp"), 403)
    # The control route keeps to its own token.
    for headers in ({}, {"Authorization": f"Bearer {server.session()}"}, {"Authorization": "Bearer dev-erp"}):
        assert client.raw_request("POST", "/control/backup", b"{}", {"Content-Type": "application/json", **headers}).status == 401


def test_json_at_its_limits(client):
    text = an_event()
    for value, status in (('{"a":' * 63 + "1" + "}" * 63, 422), ("1e400", 422), ('"\\ud800"', 422), ("[" * 5000 + "]" * 5000, 422),
                          ("123456789012345678901234567890", 201), ("-0.0", 201), ('"' + "x" * 60_000 + '"', 201)):
        body = text.replace(b'"payload": {}', b'"payload": {"x": %s}' % value.encode()).replace(b"ref-", urllib.parse.quote(unique("r")).encode() + b"-")
        assert body != text
        answer = client.ingest_raw(body, "dev-erp")
        assert answer.status == status, (value[:40], answer)


def test_a_tracking_link_cannot_be_guessed(client):
    answers = {client.raw_request("GET", f"/api/tracking/{token}").body for token in ("x", "A" * 22, "A" * 43, "%00", "é".encode().hex(), "0" * 500)}
    assert len(answers) == 1, answers
