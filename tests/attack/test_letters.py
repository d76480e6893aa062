"""Dead letters that wait for one reference are drained in time and memory that are linear in them, and disturb nobody."""
import pytest
from attack import LOOSE, SLACK, Pulse, event, fill, other_ingest, report, timed, unique, wait_for

LETTERS = 10_000
DRAIN_S = 4.0


def waiting(client):
    return client.read("/api/dead-letters?status=waiting&limit=1")["total"]


@pytest.mark.parametrize("how", ["a project opens", "an operator attaches one"])
def test_many_letters_of_one_reference(server, how):
    """A feed with a constant project_ref, before its project is known."""
    client = server.client(timeout=120 * SLACK)
    ref = unique("N/A")
    before = waiting(client)
    letters = [event("tms", "weather.report", ref) for _ in range(LETTERS)]
    lines = fill(client, letters, "tms")
    assert {line["status"] for line in lines} == {202}
    wait_for(lambda: waiting(client) == before + LETTERS, 20, "not all letters are in the list")
    first = lines[0]["dead_letter_id"]
    with server.grows_less_than(500), Pulse(server, other_ingest) as pulse:
        if how == "a project opens":
            took, answer = timed(client.ingest, event("ecommerce", "project.created", ref))
            assert answer.status == 201, answer
            project = answer.json()["project_id"]
        else:
            _, opened = client.open_project()
            project = opened["project_id"]
            took, answer = timed(client.send, "POST", f"/api/dead-letters/{first}/attach", {"project_id": project})
            assert answer.status == 200, answer
        report(f"answered after {took:.1f} s")
        drained, _ = timed(wait_for, lambda: waiting(client) == before, 60, "letters still wait")
        report(f"all are attached after {took + drained:.1f} s")
    assert took + drained < DRAIN_S * LOOSE
    pulse.check(1.0, "another project's event")
    attached = [item["source_ref"] for item in client.walk(f"/api/projects/{project}/timeline?limit=200") if item["type"] == "weather.report"]
    assert attached == [letter["source_ref"] for letter in letters], "every letter once, in order of arrival"
    client.close()
