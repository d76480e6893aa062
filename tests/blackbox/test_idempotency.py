"""Idempotency-Key: a command that is sent again is answered again, not carried out again, whatever happened between."""
import json
import threading

import pytest
from harness import check_problem, event, unique

PASSWORD = "a long enough password"


def incident(client):
    """An open anomaly."""
    _, opened = client.open_project()
    failed = client.store(event("tms_lastmile", "lastmile.failed", None, {"lastmile_id": unique("LM"), "reason": "nobody home"}, project_id=opened["project_id"]))
    return client.read(f"/api/anomalies?project_id={opened['project_id']}", at_least=failed["position"])["items"][0]["anomaly_id"]


def commands_in_log(client, of_type):
    return [e for e in client.log() if e["type"] == of_type]


def same_again(first, second):
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers["Idempotency-Replayed"] == "true"


def test_the_same_request_is_answered_again(client):
    path, key = f"/api/anomalies/{incident(client)}/acknowledge", unique("key")
    first = client.send("POST", path, {"comment": "seen"}, Idempotency_Key=key)
    assert first.status == 200 and "Idempotency-Replayed" not in first.headers
    for _ in range(3):
        same_again(first, client.send("POST", path, {"comment": "seen"}, Idempotency_Key=key))
    check_problem(client.send("POST", path, {"comment": "seen"}), 409)  # without the key it is another acknowledgement
    assert len([e for e in commands_in_log(client, "anomaly.acknowledged") if e["position"] == first.json()["position"]]) == 1


def test_another_request_with_the_key_is_refused(client):
    anomaly, key = incident(client), unique("key")
    first = client.send("POST", f"/api/anomalies/{anomaly}/acknowledge", {"comment": "seen"}, Idempotency_Key=key)
    for path, body in ((f"/api/anomalies/{anomaly}/acknowledge", {"comment": "other"}), (f"/api/anomalies/{anomaly}/resolve", {"comment": "seen"})):
        check_problem(client.send("POST", path, body, Idempotency_Key=key), 409)
    same_again(first, client.send("POST", f"/api/anomalies/{anomaly}/acknowledge", {"comment": "seen"}, Idempotency_Key=key))


def test_keys_belong_to_an_operator(server, client):
    user = client.send("POST", "/api/users", {"email": f"{unique('u').lower()}@example.org", "password": PASSWORD, "role": "operator"}).json()
    other = server.client_of(user["email"], PASSWORD)
    key, mine, theirs = unique("key"), incident(client), incident(client)
    assert client.send("POST", f"/api/anomalies/{mine}/acknowledge", {}, Idempotency_Key=key).status == 200
    answer = other.send("POST", f"/api/anomalies/{theirs}/acknowledge", {}, Idempotency_Key=key)
    assert answer.status == 200 and "Idempotency-Replayed" not in answer.headers


def test_a_refusal_does_not_use_the_key_up(client):
    key, anomaly = unique("key"), incident(client)
    check_problem(client.send("POST", f"/api/anomalies/{anomaly}/snooze", {}, Idempotency_Key=key), 422)
    assert client.send("POST", f"/api/anomalies/{anomaly}/snooze", {"until": "2999-01-01T00:00:00Z"}, Idempotency_Key=key).status == 200


def test_a_key_has_a_length(client):
    anomaly = incident(client)
    check_problem(client.send("POST", f"/api/anomalies/{anomaly}/acknowledge", {}, Idempotency_Key="k" * 129), 422)
    assert client.send("POST", f"/api/anomalies/{anomaly}/acknowledge", {}, Idempotency_Key=unique("k").ljust(128, "k")).status == 200


def test_reads_and_logins_take_no_notice(server, client):
    key = unique("key")
    for _ in range(2):
        answer = client.get("/api/projects?limit=1", Idempotency_Key=key)
        assert answer.status == 200 and "Idempotency-Replayed" not in answer.headers
    assert client.get("/api/anomalies", Idempotency_Key="k" * 300).status == 200


def test_only_one_of_many_at_once_is_carried_out(server, client):
    """Each gets the one answer, or 409 to come back."""
    path, key = f"/api/anomalies/{incident(client)}/acknowledge", unique("key")
    answers = []
    clients = [server.client() for _ in range(10)]
    threads = [threading.Thread(target=lambda c=c: answers.append(c.send("POST", path, {}, Idempotency_Key=key))) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [answer for answer in answers if answer.status == 200]
    assert done and len({answer.body for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    for answer in answers:
        if answer.status != 200:
            check_problem(answer, 409)
            assert int(answer.headers["Retry-After"]) >= 1



@pytest.mark.parametrize("how", ["kill", "restart"])
def test_over_a_restart(make_server, how):
    server = make_server()
    client = server.client()
    anomaly, others = incident(client), [incident(client) for _ in range(3)]
    key = unique("key")
    new_user = {"email": "ben@example.org", "password": PASSWORD, "role": "viewer"}
    sent = [("POST", f"/api/anomalies/{anomaly}/acknowledge", {"comment": "é\"\\"}), ("POST", "/api/anomalies/acknowledge", {"ids": others}),
            ("POST", "/api/users", new_user)]
    definition = client.read("/api/rules?limit=1")["items"][0]
    sent.append(("PUT", f"/api/rules/{definition['id']}", {**definition, "name": "another name"}))
    firsts = [client.send(*request, Idempotency_Key=f"{key}-{n}") for n, request in enumerate(sent)]
    assert [answer.status for answer in firsts] == [200, 200, 201, 200], firsts
    events = len(client.log())
    if how == "kill":
        server.kill()
        server.start()
    else:
        server.restart()
    client = server.client()
    for n, request in enumerate(sent):
        again = client.send(*request, Idempotency_Key=f"{key}-{n}")
        assert (again.status, again.body) == (firsts[n].status, firsts[n].body), request
        if n != 1:  # of several events each is found again, and the answer put together once more
            assert again.headers["Idempotency-Replayed"] == "true"
        check_problem(client.send(request[0], request[1], {**request[2], "comment": "other"}, Idempotency_Key=f"{key}-{n}"), 409)
    assert len(client.log()) == events
    raw = json.dumps(client.log())
    assert "idempotency" not in raw and key not in raw


def test_a_deletion_is_answered_again(client):
    user = client.send("POST", "/api/users", {"email": f"{unique('u').lower()}@example.org", "password": PASSWORD, "role": "viewer"}).json()
    key = unique("key")
    first = client.send("DELETE", f"/api/users/{user['user_id']}", Idempotency_Key=key)
    assert first.status == 200
    same_again(first, client.send("DELETE", f"/api/users/{user['user_id']}", Idempotency_Key=key))
    check_problem(client.send("DELETE", f"/api/users/{user['user_id']}"), 404)
