"""An identity provider in place of passwords, with a key made here."""
import base64
import json
import subprocess
import time

import pytest
from harness import Server, check_problem, config_text, log_in, run_plo

ISSUER, AUDIENCE = "https://login.example.org", "plo"
OIDC = f"""
[auth.oidc]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
jwks_file = "jwks.json"
role_claim = "groups"
roles = {{ "plo-admins" = "admin", "plo-team" = "operator", "everybody" = "viewer" }}
"""


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """A server that trusts one key, and the key."""
    folder = tmp_path_factory.mktemp("oidc")
    key = folder / "key.pem"
    openssl("genrsa", "-out", key, "2048")
    modulus = bytes.fromhex(openssl("rsa", "-in", key, "-noout", "-modulus").decode().strip().partition("=")[2])
    (folder / "jwks.json").write_text(json.dumps({"keys": [{"kty": "RSA", "kid": "k1", "n": b64(modulus), "e": "AQAB"}]}))
    with Server(folder, config_text(extra=OIDC)) as server:
        yield server, key


def token(key, **changes):
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u-17", "email": "u17@example.org", "groups": ["everybody"], "exp": int(time.time()) + 3600, **changes}
    text = b64(b'{"alg":"RS256","kid":"k1"}') + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(openssl("dgst", "-sha256", "-sign", key, data=text.encode()))


def ask(server, bearer, method="GET", path="/api/auth/me"):
    return server.client().raw_request(method, path, headers={"Authorization": f"Bearer {bearer}"})


def test_the_providers_tokens_are_the_sessions(provider):
    server, key = provider
    me = ask(server, token(key))
    assert me.status == 200, me
    assert me.json() == {"user": {"user_id": "u-17", "email": "u17@example.org", "name": None, "role": "viewer", "active": True, "created_at": None}}
    assert ask(server, token(key), path="/api/projects").status == 200
    check_problem(ask(server, token(key), "POST", "/api/rules"), 403)
    assert ask(server, token(key, groups="plo-admins"), "POST", "/api/rules").status in (415, 422)
    for wrong in (token(key, iss="https://elsewhere.example.org"), token(key, aud="other"), token(key, exp=int(time.time()) - 3600),
                  token(key, groups=["strangers"]), token(key) + "x", "x", ""):
        check_problem(ask(server, wrong), 401)


def test_there_are_no_passwords_beside_it(provider):
    server, key = provider
    check_problem(log_in(server.port), 404)
    check_problem(ask(server, token(key, groups=["plo-admins"]), path="/api/users"), 404)
    check_problem(ask(server, token(key), "POST", "/api/auth/logout"), 404)


def test_keys_that_cannot_be_used_stop_the_start(tmp_path):
    config = tmp_path / "plo.toml"
    config.write_text(config_text(extra=OIDC))
    words = ("serve", "--config", config, "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    status, _, err = run_plo(*words)
    assert status == 2 and "jwks.json" in err
    (tmp_path / "jwks.json").write_text('{"keys": []}')
    status, _, err = run_plo(*words)
    assert status == 2 and "jwks.json" in err
