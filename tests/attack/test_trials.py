"""Trying a rule on history ends: with its client, after its time, and without more memory than the history."""
import http.client
import json
import threading
import time

import pytest
from attack import LOOSE, SLACK, Pulse, connect, event, fill, head, other_ingest, report, timed, wait_for

EVENTS = 6_000
TRY_LIMIT_S = 30


def rule(when):
    return {"id": "ANO-12", "name": "Tried", "scope": "project", "severity": "warning", "on": ["inspiration.started"], "when": when, "actions": []}


def reduced(data, inner, start=0):
    return {"reduce": [data, inner, start]}


NUMBERS = list(range(400))
# Each of them with each: as much as one evaluation may cost, for every event.
EXPENSIVE = {"==": [reduced(NUMBERS, {"+": [{"var": "accumulator"}, reduced(NUMBERS, {"+": [{"var": "accumulator"}, {"var": "current"}]})]}), -1]}
CHEAP = {"==": [1, 2]}
DOUBLING = {"==": [reduced(NUMBERS, {"cat": [{"var": "accumulator"}] * 8}, "xxxxxxxx"), "y"]}
MERGING = {"==": [reduced(NUMBERS, {"merge": [{"var": "accumulator"}] * 8}, [1, 2, 3]), 1]}


@pytest.fixture(scope="module")
def history(shared_server):
    """Many events, each of which a rule may look at for long."""
    client = shared_server.client(timeout=60 * SLACK)
    ref, _ = client.open_project()
    lines = fill(client, [event("erp", "inspiration.started", ref) for _ in range(EVENTS)])
    assert {line["status"] for line in lines} == {201}
    client.close()


def try_rule(client, when, days=3650):
    return client.send("POST", "/api/rules/ANO-12/try", {"rule": rule(when), "days": days})


def result_of(client, answer):
    """Of a try that went on as a job, too."""
    if answer.status == 202:
        job = answer.json()["job_id"]
        return wait_for(lambda: (got := client.read(f"/api/jobs/{job}"))["state"] != "running" and got, TRY_LIMIT_S, "the job does not end")
    return answer


def test_a_try_ends_when_its_client_hangs_up(server, history):
    body = json.dumps({"rule": rule(EXPENSIVE), "days": 3650}).encode()
    connection = connect(server)
    connection.sendall(head("POST", "/api/rules/ANO-12/try", Content_Type="application/json", Content_Length=len(body), Authorization=f"Bearer {server.session()}")
                       + body)
    time.sleep(1)  # it is under way; nothing tells so
    connection.close()
    client = server.client(timeout=30)
    took, answer = timed(wait_for, lambda: (tried := try_rule(client, CHEAP)).status != 503 and tried, 20, "a rule is still being tried")
    report(f"the next try {answer.status} after {took:.1f} s")
    assert answer.status in (200, 202) and took < 2 * LOOSE
    client.close()


@pytest.mark.parametrize("when", [EXPENSIVE, DOUBLING, MERGING], ids=["loops", "texts that double", "lists that double"])
def test_a_try_has_an_end_and_a_bound(server, history, when):
    """Answered, or refused by name, or a job; with others served meanwhile."""
    client = server.client(timeout=(TRY_LIMIT_S + 15) * SLACK)
    with server.grows_less_than(400), Pulse(server) as pulse, Pulse(server, other_ingest) as ingests:
        took, answer = timed(try_rule, client, when)
    report(f"{answer.status} after {took:.1f} s")
    assert answer.status in (200, 202, 422, 503, 504) and took < TRY_LIMIT_S * SLACK, answer
    pulse.check(0.2)
    ingests.check(0.5, "another project's event")
    if answer.status == 202:
        client.send("DELETE", f"/api/jobs/{answer.json()['job_id']}")
    client.close()


def test_tries_in_a_row_are_not_refused(server, client):
    for _ in range(5):
        answer = try_rule(client, CHEAP, days=1)
        assert answer.status in (200, 202), answer
        result_of(client, answer)


def test_a_rule_that_grows_without_end_costs_an_event_nothing(make_server):
    """The same in force: each event that it reads is stored in time, and nothing grows."""
    server = make_server()
    client = server.client(timeout=20)
    ref, _ = client.open_project()
    for number, when in enumerate((DOUBLING, MERGING, EXPENSIVE)):
        made = client.send("POST", "/api/rules", {**rule(when), "id": f"GROW-{number}"})
        assert made.status in (201, 422), made
        with server.grows_less_than(200):
            took, answer = timed(client.ingest, event("erp", "inspiration.started", ref))
        report(f"{answer.status} after {took:.2f} s")
        assert answer.status == 201 and took < 0.5 * LOOSE
        if made.status == 201:
            client.send("PUT", f"/api/rules/GROW-{number}", {**rule(CHEAP), "id": f"GROW-{number}", "active": False})


def test_many_tries_at_once(server, history):
    """One at a time: the others are told so at once."""
    answers, guard = [], threading.Lock()

    def one():
        client = server.client(timeout=(TRY_LIMIT_S + 15) * SLACK)
        try:
            answer = timed(try_rule, client, CHEAP)
        except (OSError, http.client.HTTPException) as error:
            answer = (0, error)
        with guard:
            answers.append(answer)

    threads = [threading.Thread(target=one) for _ in range(10)]
    with Pulse(server) as pulse:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    pulse.check(0.2)
    statuses = [answer.status for _, answer in answers]
    assert set(statuses) <= {200, 202, 503} and statuses.count(503) < 10, answers
