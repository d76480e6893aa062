"""plo demo and plo simulate, as somebody who tries PLO sees them."""
import os
import re
import subprocess
import time

import pytest
from harness import Client, binary, log_in, run_plo, session_in


@pytest.fixture(scope="module")
def demo():
    process = subprocess.Popen([binary(), "demo", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               env={k: v for k, v in os.environ.items() if not k.startswith("PLO_ADMIN")})
    said = ""
    try:
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        port = int(re.search(r"listening on http://127\.0\.0\.1:(\d+)", said).group(1))
        email, password = re.search(r"operator login: (\S+) / (\S+)", said).groups()
        token = session_in(log_in(port, email, password))
        client = Client(port, lambda: token)
        yield client
        client.close()
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


def test_the_demo_shows_every_stage_and_every_kind_of_trouble(demo):
    projects = demo.walk("/api/projects?limit=200")
    assert len(projects) >= 290
    assert {p["status"] for p in projects} >= {"draft", "active", "completed"}
    assert {p["health"] for p in projects} == {"green", "orange", "red"}
    anomalies = demo.walk("/api/anomalies?status=all&limit=200")
    missing = {f"ANO-{n:02}" for n in range(1, 36)} - {a["rule_id"] for a in anomalies}
    assert not missing
    [dubois] = [p for p in projects if p["customer_id"] == "C-DUBOIS"]
    detail = demo.read(f"/api/projects/{dubois['project_id']}")
    assert len(detail["orders"]) == 2 and sum(len(o["lines"]) for o in detail["orders"]) == 5
    assert detail["orders"][0]["delivery_address"] != detail["orders"][1]["delivery_address"]
    assert detail["status"] == "completed" and detail["health"] == "green"
    assert any(p["next_action_at"] for p in projects)


def test_simulated_sources_are_taken(demo):
    before = demo.read("/api/projects?limit=1")["total"]
    status, out, err = run_plo("simulate", "--url", f"http://127.0.0.1:{demo.port}", "--rate", "200", "--seconds", "4", "--seed", "3")
    assert status == 0, err
    sent, stored, duplicates, letters, refused = map(int, re.search(
        r"(\d+) sent: (\d+) stored, (\d+) duplicates, (\d+) dead letters, (\d+) refused", out.strip().splitlines()[-1]).groups())
    assert sent == stored + duplicates + letters and refused == 0
    assert stored > 100 and duplicates > 0 and letters > 0
    until = time.monotonic() + 30
    while demo.read("/api/projects?limit=1")["total"] <= before:
        assert time.monotonic() < until, "no new project shows"
        time.sleep(0.1)


def test_simulate_says_what_is_wrong(demo):
    status, _, err = run_plo("simulate", "--url", f"http://127.0.0.1:{demo.port}", "--rate", "50", "--seconds", "5", "--key", "ecommerce=wrong",
                             "--key", "tms=wrong")
    assert status == 2 and "--key" in err
    assert run_plo("simulate", "--rate", "0")[0] == 2
    assert run_plo("simulate", "--key", "nonsense")[0] == 2
