"""Rules as administrators handle them, and `plo rules check`."""
import json
import threading

from harness import check_problem, config_text, event, pointers, run_plo, unique


def send(client, method, path, body=None):
    headers = {"Content-Type": "application/json"} if body is not None else {}
    return client.request(method, path, None if body is None else json.dumps(body), headers)


def rule(**fields):
    return {"id": unique("X"), "name": "Seen twice", "scope": "order", "severity": "warning", "on": ["shipment.exception"], "when": True,
            "actions": [{"do": "notify", "to": "ops"}], "params": {}, "active": True, "dedup": "PT24H", **fields}


def define(client, **fields):
    answer = send(client, "POST", "/api/rules", rule(**fields))
    assert answer.status == 201, answer
    return answer.json()


def incident(client, **created):
    """A project whose order meets an incident; the rules that found something, by id."""
    ref, opened = client.open_project(**created)
    said = client.store(event("tms", "shipment.exception", ref, {"order_ref": unique("O")}))
    found = client.walk(f"/api/anomalies?project_id={opened['project_id']}&status=all", at_least=said["position"])
    return {a["rule_id"]: a for a in found}, said["position"]


def test_the_catalogue_is_there_and_pages(client):
    everything = client.walk("/api/rules?limit=10")
    assert {f"ANO-{n:02}" for n in range(1, 36)} <= {r["id"] for r in everything}
    one = client.read("/api/rules/ANO-16")
    assert one["version"] == 1 and one["origin"] == "file" and one["dedup"] == "PT24H" and one["escalate_after"] == "PT4H"
    assert one["when"] == {">": [{"date": {"var": "event.payload.estimated_arrival"}}, {"date": {"var": "order.promised_delivery_date"}}]}
    check_problem(client.get("/api/rules/ANO-99"), 404)


def test_define_change_deactivate_and_history(client):
    made = define(client)
    found, position = incident(client)
    assert found[made["id"]]["rule_version"] == 1 and position > made["position"]
    changed = send(client, "PUT", f"/api/rules/{made['id']}", rule(id=made["id"], severity="critical"))
    assert changed.status == 200, changed
    assert changed.json()["version"] == 2
    found, _ = incident(client)
    assert (found[made["id"]]["rule_version"], found[made["id"]]["severity"]) == (2, "critical")
    off = send(client, "PUT", f"/api/rules/{made['id']}", rule(id=made["id"], severity="critical", active=False))
    assert off.json()["active"] is False
    found, _ = incident(client)
    assert made["id"] not in found
    history = client.walk(f"/api/rules/{made['id']}/history?limit=2")
    assert [(h["version"], h["type"]) for h in history] == [(3, "rule.deactivated"), (2, "rule.changed"), (1, "rule.defined")]
    check_problem(client.get("/api/rules/never/history"), 404)


def test_a_get_can_be_put_back(client):
    made = define(client)
    same = send(client, "PUT", f"/api/rules/{made['id']}", client.read(f"/api/rules/{made['id']}"))
    assert same.status == 200 and same.json()["version"] == 1, same
    assert send(client, "PUT", f"/api/rules/{made['id']}", {k: v for k, v in rule().items() if k != "id"}).status == 200
    assert pointers(check_problem(send(client, "PUT", f"/api/rules/{made['id']}", rule()), 422)) == ["/id"]
    check_problem(send(client, "PUT", "/api/rules/never", rule(id="never")), 404)


def test_delete_only_what_never_fired(client):
    unused = define(client, on=["stock.partial"])
    gone = send(client, "DELETE", f"/api/rules/{unused['id']}")
    assert gone.status == 200 and gone.json()["position"] > unused["position"], gone
    check_problem(client.get(f"/api/rules/{unused['id']}"), 404)
    check_problem(send(client, "DELETE", f"/api/rules/{unused['id']}"), 404)
    used = define(client)
    incident(client)
    check_problem(send(client, "DELETE", f"/api/rules/{used['id']}"), 409)


def test_what_is_wrong_is_said_with_pointers(client):
    check_problem(send(client, "POST", "/api/rules", rule(id="ANO-01")), 409)
    check_problem(client.request("POST", "/api/rules", "{", {"Content-Type": "application/json"}), 400)
    check_problem(client.request("POST", "/api/rules", "x=1", {"Content-Type": "text/plain"}), 415)
    cases = [({"when": {"frobnicate": [1]}}, ["/when/frobnicate"]), ({"when": {"and": [True, {"var": "nonsense.x"}]}}, ["/when/and/1/var"]),
             ({"when": {"<": [1, {"duration": "5 days"}]}}, ["/when/</1/duration"]), ({"on": ["nothing.known"]}, ["/on/0"]),
             ({"deadline": {"anchor": "order.confirmed_at", "offset": "PT1H"}}, [""]), ({"severity": "mild"}, ["/severity"]),
             ({"dedup": "a day"}, ["/dedup"]), ({"colour": "red"}, ["/colour"]), ({"actions": [{"do": "shout"}]}, ["/actions/0/do"])]
    for fields, expected in cases:
        assert pointers(check_problem(send(client, "POST", "/api/rules", rule(**fields)), 422)) == expected, fields


def test_overrides_by_store_and_type(client):
    made = define(client)
    path = f"/api/rules/{made['id']}/overrides"
    store, other = unique("store"), unique("store")
    put = send(client, "PUT", path, [{"store_id": store, "severity": "critical"}, {"store_id": store, "project_type": "kitchen", "active": False},
                                     {"project_type": "kitchen", "actions": []}])
    assert put.status == 200, put
    assert len(client.read(path)) == 3
    assert incident(client, store_id=store, project_type="bathroom")[0][made["id"]]["severity"] == "critical"
    assert made["id"] not in incident(client, store_id=store, project_type="kitchen")[0]
    assert incident(client, store_id=other, project_type="kitchen")[0][made["id"]]["severity"] == "warning"
    assert send(client, "DELETE", f"{path}?store_id={store}&project_type=kitchen").status == 200
    assert made["id"] in incident(client, store_id=store, project_type="kitchen")[0]
    check_problem(send(client, "DELETE", f"{path}?store_id=nowhere"), 404)
    assert pointers(check_problem(send(client, "PUT", path, [{"severity": "critical"}]), 422)) == ["/0"]
    check_problem(send(client, "PUT", "/api/rules/never/overrides", []), 404)


def test_a_changed_rule_is_tried_on_the_log(make_server):
    client = make_server().client()
    ref, opened = client.open_project()
    order = unique("O")
    last = None
    for n, severity in enumerate(("minor", "blocking")):
        last = client.store(event("wfm", "installation.issue", ref, {"severity": severity, "installation_id": f"I-{n}"}))
    client.read("/api/anomalies", at_least=last["position"])
    same = send(client, "POST", "/api/rules/ANO-12/try", {"rule": client.read("/api/rules/ANO-12"), "days": 7})
    assert same.status == 200, same
    assert (same.json()["raised"], same.json()["dropped"], same.json()["unchanged"]) == ([], [], 1)
    changed = client.read("/api/rules/ANO-12") | {"when": {"==": [{"var": "event.payload.severity"}, "minor"]}}
    tried = send(client, "POST", "/api/rules/ANO-12/try", {"rule": changed, "days": 7}).json()
    assert [x["project_id"] for x in tried["raised"]] == [x["project_id"] for x in tried["dropped"]] == [opened["project_id"]]
    assert tried["raised"][0]["cause"] != tried["dropped"][0]["cause"]
    assert tried["unchanged"] == 0
    assert client.read("/api/rules/ANO-12")["version"] == 1, "nothing was changed"
    wrong = send(client, "POST", "/api/rules/ANO-12/try", {"rule": changed | {"severity": "mild"}, "days": 7})
    assert pointers(check_problem(wrong, 422)) == ["/rule/severity"]
    assert pointers(check_problem(send(client, "POST", "/api/rules/ANO-12/try", {"days": 0}), 422)) == ["/rule", "/days"]


def test_every_event_behind_a_change_is_judged_by_it(client, server):
    """Events pour in while a rule is switched on and off: positions alone decide what was found."""
    made = define(client)
    refs = [client.open_project()[0] for _ in range(4)]
    stop, results = threading.Event(), []

    def pour(ref):
        mine = server.client()
        while not stop.is_set():
            said = mine.store(event("tms", "shipment.exception", ref, {"order_ref": unique("O")}))
            results.append(said)
        mine.close()

    threads = [threading.Thread(target=pour, args=(ref,)) for ref in refs]
    for t in threads:
        t.start()
    changes = [(made["position"], True)]
    for n in range(20):
        answer = send(client, "PUT", f"/api/rules/{made['id']}", rule(id=made["id"], active=n % 2 == 1))
        changes.append((answer.json()["position"], n % 2 == 1))
    stop.set()
    for t in threads:
        t.join()
    found = {e["causation_id"] for e in client.log(made["position"]) if e["type"] == "anomaly.raised" and e["data"]["rule_id"] == made["id"]}
    for said in results:
        active = [on for position, on in changes if position < said["position"]][-1]
        assert (said["event_id"] in found) == active, said
    assert len({on for position, on in changes}) == 2 and len(results) > 20


def test_a_restart_keeps_what_an_administrator_changed(tmp_path, make_server):
    rules = tmp_path / "rules.toml"
    text = '''[[rule]]
id = "MINE"
name = "first"
scope = "order"
severity = "warning"
on = ["shipment.exception"]
[[rule]]
id = "OTHER"
name = "first"
scope = "order"
severity = "warning"
on = ["stock.partial"]
'''
    rules.write_text(text)
    server = make_server(config_text(extra=f'[rules]\nfiles = ["{rules}"]'))
    client = server.client()
    assert [r["id"] for r in client.walk("/api/rules")] == ["MINE", "OTHER"]
    changed = client.read("/api/rules/MINE") | {"name": "changed by hand"}
    assert send(client, "PUT", "/api/rules/MINE", changed).status == 200
    rules.write_text(text.replace('"first"', '"second"'))
    server.restart()
    client = server.client()
    assert {r["id"]: (r["name"], r["version"]) for r in client.walk("/api/rules")} == {"MINE": ("changed by hand", 2), "OTHER": ("second", 2)}
    assert send(client, "DELETE", "/api/rules/OTHER").status == 200
    server.restart()
    assert [r["id"] for r in server.client().walk("/api/rules")] == ["MINE"]


def test_rules_check_says_what_is_wrong_and_where(tmp_path):
    good = tmp_path / "good.toml"
    good.write_text('[[rule]]\nid = "A"\nscope = "project"\nseverity = "warning"\non = ["project.created"]\n')
    status, out, _ = run_plo("rules", "check", good)
    assert status == 0 and "1 rules" in out
    bad = tmp_path / "bad.toml"
    bad.write_text('[[rule]]\nid = "A"\nscope = "project"\nseverity = "warning"\non = ["project.made"]\nwhen = \'{"nope": 1}\'\n')
    status, out, _ = run_plo("rules", "check", good, bad)
    assert status == 1
    assert f"{bad}:5: /on/0: unknown event type 'project.made'" in out
    assert f"{bad}:6: /when/nope: unknown operator 'nope'" in out
    broken = tmp_path / "broken.toml"
    broken.write_text("[[rule]\n")
    assert run_plo("rules", "check", broken)[0] == 1
    assert run_plo("rules", "check", tmp_path / "absent.toml")[0] == 2
    config = tmp_path / "plo.toml"
    config.write_text(config_text(extra=f'[rules]\nfiles = ["{bad}"]'))
    status, _, err = run_plo("serve", "--config", config, "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    assert status == 2 and "/on/0" in err
