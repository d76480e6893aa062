"""Event webhooks: other systems are told of chosen events, signed, at least once, in the order of each project."""
import hashlib
import hmac
import json
import time

import pytest
from harness import config_text, event, run_plo, unique
from receivers import Webhook

SECRET = "between-us"


def configuration(url, events=("project.opened", "project.updated", "anomaly.raised"), name="shop"):
    wanted = ", ".join(f'"{e}"' for e in events)
    return config_text(extra=f'''
[notifications]
retry_base = "PT0.1S"
retry_cap = "PT0.5S"
[webhooks.{name}]
url = "{url}"
secret = "{SECRET}"
events = [{wanted}]
''')


def until(check, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def told(hook):
    """What was delivered, each message once, in the order of its first arrival."""
    with hook.lock:
        calls = list(hook.calls)
    seen = {}
    for call in calls:
        seen.setdefault(call.headers["Idempotency-Key"], json.loads(call.body))
    return list(seen.values())


@pytest.fixture
def hook():
    receiver = Webhook()
    yield receiver
    receiver.close()


def test_chosen_events_are_told_signed_and_in_order(make_server, hook):
    client = make_server(configuration(hook.url)).client()
    ref, opened = client.open_project(store_id="S-1")
    said = client.store(event("wfm", "installation.issue", ref, {"severity": "minor"}))
    until(lambda: len(told(hook)) >= 3, "three events")
    messages = told(hook)
    assert [m["event"] for m in messages] == ["project.opened", "project.updated", "anomaly.raised"]
    assert messages[0]["position"] == opened["position"] and messages[1]["position"] == said["position"]
    assert {m["project_id"] for m in messages} == {opened["project_id"]}
    assert messages[2]["rule_id"] == "ANO-06" and messages[2]["severity"] == "critical"
    for call in hook.calls:
        stamp = call.headers["X-PLO-Timestamp"]
        digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + call.body, hashlib.sha256).hexdigest()
        assert call.headers["X-PLO-Signature"] == f"sha256={digest}"
        body = json.loads(call.body)
        assert call.headers["X-PLO-Event"] == body["event"]
        assert call.headers["Idempotency-Key"] == f"shop-{body['position']}"


def test_nothing_is_lost_while_the_receiver_is_down_or_plo_is(make_server, hook):
    down = [True]
    hook.answer = lambda n, call: 503 if down[0] else 200
    server = make_server(configuration(hook.url, ["project.opened"]))
    client = server.client()
    opened = [client.open_project()[1]["position"] for _ in range(5)]
    until(lambda: hook.calls, "an attempt")
    server.kill()
    server.start()
    opened += [server.client().open_project()[1]["position"] for _ in range(3)]
    down[0] = False
    until(lambda: len({m["position"] for m in told(hook)}) >= 8, "all of them")
    delivered = [m["position"] for m in told(hook)]
    assert delivered == sorted(delivered) and set(delivered) == set(opened)


def test_one_that_is_refused_holds_up_its_project_alone(make_server, hook):
    server = make_server(configuration(hook.url, ["project.updated"]))
    client = server.client()
    (bad, bad_opened), (good, good_opened) = client.open_project(), client.open_project()
    refusing = [True]
    hook.answer = lambda n, call: 422 if refusing[0] and json.loads(call.body)["project_id"] == bad_opened["project_id"] else 200
    first = client.store(event("erp", "weather.report", bad, {"n": 1}))["position"]
    second = client.store(event("erp", "weather.report", bad, {"n": 2}))["position"]
    others = [client.store(event("erp", "weather.report", good, {"n": n}))["position"] for n in range(5)]
    until(lambda: {m["position"] for m in told(hook)} >= set(others), "the other project goes on")
    assert second not in {m["position"] for m in told(hook)}
    refusing[0] = False
    until(lambda: second in {m["position"] for m in told(hook)}, "then this one")
    order = [json.loads(c.body)["position"] for c in hook.calls]
    assert order.index(second) > max(i for i, p in enumerate(order) if p == first), "the second after the first was taken"


def test_what_was_delivered_is_not_told_again_after_a_good_end(make_server, hook):
    server = make_server(configuration(hook.url, ["project.opened"]))
    server.client().open_project()
    # Until its answer has come back: what the stop cuts short is told again.
    delivered = 'plo_webhook_deliveries_total{webhook="shop"} 1'
    until(lambda: delivered in server.client().raw_request("GET", "/metrics").body.decode(), "the first")
    assert len(hook.calls) == 1
    server.restart()
    server.client().open_project()
    until(lambda: len(hook.calls) >= 2, "the second")
    assert len(set(hook.keys())) == len(hook.keys()) == 2
    until(lambda: delivered in server.client().raw_request("GET", "/metrics").body.decode(), "counted since the restart")


@pytest.mark.parametrize("table, reason", [
    ('url = "http://127.0.0.1:1"\nevents = ["project.exploded"]', "project.exploded"),
    ('url = "http://127.0.0.1:1"', "events"), ('events = ["project.opened"]', "url"), ('url = "ftp://x"\nevents = ["project.opened"]', "ftp"),
    ('url = "http://127.0.0.1:1"\nevents = ["project.opened"]\ncolour = 1', "colour")])
def test_a_webhook_that_cannot_be_is_refused_at_start(tmp_path, table, reason):
    config = tmp_path / "plo.toml"
    config.write_text(config_text(extra=f"[webhooks.x]\n{table}\n"))
    status, _, err = run_plo("serve", "--config", config, "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    assert status == 2, err
    assert reason in err
