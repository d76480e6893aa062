"""Parameters: none is passed over in silence, and what was meant is understood or named."""
import json
import os
import re

import pytest
from attack import event, head, run_bounded, talk, unique
from described import DOCUMENT
from harness import check_problem, config_text

NOBODY = "00000000-0000-7000-8000-000000000000"
TAKES_MORE = {"/api/tracking/{token}"}  # links are mailed, and what a mail program adds to one is no reason to refuse it


def reads():
    """Each route under /api that can be asked with GET: its path filled in, and the parameters it knows."""
    for path, operations in DOCUMENT["paths"].items():
        if "get" in operations and path.startswith("/api/") and path not in TAKES_MORE:
            given = [each.get("name", each.get("$ref", "").rpartition("/")[2]) for each in operations["get"].get("parameters", []) if each.get("in",
                                                                                                                                               "query") == "query"]
            yield path, re.sub(r"{\w+}", NOBODY, path), given


READS = list(reads())


def ask(client, target):
    """A stream that is taken has no end: what it begins with is enough."""
    if target.startswith("/api/stream"):
        exchange = talk(client, head(target=target, Authorization=f"Bearer {client.session()}"), until=lambda got: b"\r\n\r\n" in got)
        return exchange.answers[0]
    return client.get(target)


@pytest.mark.parametrize("path,target,known", READS, ids=[path for path, _, _ in READS])
def test_an_unknown_parameter_is_422(client, path, target, known):
    for query in ("zzz_nothing=1", "zzz_nothing", "Zzz=", "%00=1"):
        answer = ask(client, f"{target}?{query}")
        assert answer.status == 422 or (answer.status == 404 and "{" in path), (query, answer)
        assert answer.status == 404 or "zzz" in answer.body.decode().lower() or "%00" in query


@pytest.mark.parametrize("path,target,known", [each for each in READS if "{" not in each[0] and each[2]], ids=[path for path, _,
                                                                                                               known in READS if "{" not in path and known])
def test_a_typo_names_what_was_meant(client, path, target, known):
    for name in known:
        for typo in (name[:1] + name[2:] if len(name) > 3 else None, name + "s", name.replace("_", "-") if "_" in name else None, name.upper()):
            if typo is None or typo in known:
                continue
            problem = check_problem(ask(client, f"{target}?{typo}=x"), 422)
            told = json.dumps(problem)
            assert name in told.replace(typo, ""), (typo, problem)


def test_a_typo_exports_nothing(client):
    problem = check_problem(client.get("/api/exports/projects.csv?stor_id=x"), 422)
    assert "store_id" in json.dumps(problem)
    check_problem(client.get("/api/projects?stor_id=x"), 422)


def test_pages_ignore_them(client):
    for target in ("/healthz?x=1", "/readyz?utm_source=mail", "/openapi.json?v=2", "/metrics?x"):
        assert client.get(target).status == 200, target


def test_writes_know_no_others_either(client):
    check_problem(client.send("POST", "/api/projects?dry_run=true", {"project_ref": unique("P")}), 422)
    check_problem(client.send("DELETE", "/api/rules/ANO-01/overrides?store=S", None), 422)


def test_an_instant_with_a_plus_is_understood(client):
    ref, opened = client.open_project()
    client.project(opened)
    for path in ("/api/projects", "/api/audit", "/api/anomalies"):
        for field in ("from", "to"):
            for instant in ("2025-01-01T00:00:00+02:00", "2099-06-15T10:30:00.123+05:30"):
                plain = client.read(f"{path}?{field}={instant}")
                escaped = client.read(f"{path}?{field}={instant.replace('+', '%2B')}")
                assert plain == escaped
    at = client.get(f"/api/projects/{opened['project_id']}?at=2099-01-01T00:00:00+02:00")
    assert at.status == 200, at


@pytest.mark.parametrize("path,field", [("/api/projects", "status"), ("/api/projects", "severity"), ("/api/anomalies", "status"), ("/api/anomalies", "severity"),
                                        ("/api/projects", "sort"), ("/api/projects", "from"), ("/api/projects", "cursor"), ("/api/projects", "limit"),
                                        ("/api/dead-letters", "kind"), ("/api/notifications", "status"), ("/api/exports/projects.csv", "status")])
def test_an_empty_value_is_none_of_those_allowed(client, path, field):
    check_problem(client.get(f"{path}?{field}="), 422)


def test_a_parameter_given_twice_is_one_or_refused(client):
    for query in ("limit=1&limit=2", "status=draft&status=active", "from=2025-01-01T00:00:00Z&from=x"):
        assert client.get(f"/api/projects?{query}").status in (200, 422), query


def test_allowed_methods_are_those_that_are_answered(client):
    """Allow names no method that is 405, and all that are described."""
    for path, operations in DOCUMENT["paths"].items():
        target = re.sub(r"{\w+}", NOBODY, path)
        answer = client.request("PROPPATCH", target)
        assert answer.status == 405, (path, answer)
        allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
        described = {method.upper() for method in operations if method in ("get", "post", "put", "patch", "delete")}
        assert described <= allowed <= described | {"HEAD", "OPTIONS"}, (path, allowed, described)


@pytest.mark.parametrize("command", ["serve", "import", "replay", "user", "backup"])
def test_an_empty_data_folder_is_no_folder(tmp_path, command):
    """Usage, exit 2, and nothing is left where it was called."""
    config = tmp_path / "plo.toml"
    config.write_text(config_text())
    (tmp_path / "in.ndjson").write_text(json.dumps(event("erp", "project.created", "P")) + "\n")
    where = tmp_path / "here"
    where.mkdir()
    words = {"serve": ("serve", "--config", config, "--listen", "127.0.0.1:0"), "import": ("import", tmp_path / "in.ndjson", "--config", config),
             "replay": ("replay", "verify", "--config", config), "user": ("user", "list"), "backup": ("backup", "--to", tmp_path / "to")}[command]
    status, out, err = run_bounded(*words, "--data", "", cwd=where, timeout=20)
    assert status == 2, (status, out, err)
    assert "--data" in err + out
    assert os.listdir(where) == []
