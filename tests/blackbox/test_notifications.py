"""Notifications: events first, then mails and tickets, at least once and never twice by fault of a retry."""
import hashlib
import hmac
import json
import ssl
import threading
import time

import pytest
from harness import check_problem, config_text, event, pointers, run_plo, unique
from receivers import Front, MailServer, Webhook, free_port, make_certificate, tls_mail_server

# Short, so that what waits in a test waits for tenths of a second.
PATIENCE = 'retry_base = "PT0.1S"\nretry_cap = "PT0.5S"\ngive_up_after = "PT60S"'


def settings(smtp_url="", webhooks=None, recipients='["a@example.org"]', patience=PATIENCE, smtp='timeout = "PT10S"', language="en"):
    tables = [f'[notifications]\nlanguage = "{language}"\n{patience}',
              f'[notifications.smtp]\nurl = "{smtp_url}"\nfrom = "plo@example.org"\n{smtp}']
    for name, lines in (webhooks or {}).items():
        tables.append(f"[notifications.webhooks.{name}]\n{lines}")
    tables.append(f"[notifications.recipients]\ncoordinator = {recipients}")
    return config_text(server='public_url = "https://plo.example.org"', extra="\n".join(tables))


def webhook(hook, more='timeout = "PT10S"'):
    return f'url = "{hook.url}"\n{more}'


def issue(client, description="door split", **payload):
    """Raises ANO-06, which mails the coordinator and opens tickets at sav and crm; returns {channel:recipient → item}."""
    ref, opened = client.open_project(customer_id=unique("C"), store_id="LYON", customer_name="Zoé <Martin>")
    answer = client.store(event("wfm", "installation.issue", ref, {"installation_id": unique("I"), "description": description, **payload}))
    page = client.read(f"/api/notifications?project_id={answer['project_id']}", at_least=answer["position"])
    return {f"{item['channel']}:{item['recipient']}": item for item in page["items"]}


def mail_of(told):
    return told["email:coordinator"]


def find(client, item, at_least=None):
    page = client.read(f"/api/notifications?anomaly_id={item['anomaly_id']}", at_least=at_least)
    return next(i for i in page["items"] if i["notification_id"] == item["notification_id"])


def outcome(client, *items, seconds=30):
    """The items once none of them is pending any more."""
    deadline = time.monotonic() + seconds
    while True:
        found = [find(client, item) for item in items]
        if all(item["status"] != "pending" for item in found):
            return found[0] if len(found) == 1 else found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def eventually(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def metric(client, name):
    for line in client.get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    raise AssertionError(f"no {name}")


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def closing():
    """Closes what a test opens."""
    opened = []

    def keep(each):
        opened.append(each)
        return each

    yield keep
    for each in reversed(opened):
        each.close()


# What arrives.

def test_a_mail_has_both_parts_and_says_what_to_do(make_server, mail_server):
    server = make_server(settings(mail_server.url, recipients='["a@example.org", "b@example.org"]'))
    client = server.client()
    told = issue(client, "door <split>", missing_products=["SKU-1", {"sku": "SKU-2", "qty": 3}])
    item = outcome(client, mail_of(told))
    assert (item["status"], item["sent_to"], item["attempts"], item["error"]) == ("sent", "a@example.org, b@example.org", 1, None)
    assert item["sent_at"] >= item["created_at"]

    assert len(mail_server.mails) == 1, "one mail for all addresses of the role"
    mail = mail_server.mails[0]
    assert mail.to == ["a@example.org", "b@example.org"]
    assert mail.sender == "plo@example.org"
    message = mail.message
    assert message["Message-ID"] == f"<{item['notification_id']}@example.org>"
    assert message["From"] == "plo@example.org"
    assert message["To"] == "a@example.org, b@example.org"
    assert message["Subject"].startswith("Problem during the installation: installation of project P-")
    assert message["Date"].datetime is not None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    text, html = mail.part("plain"), mail.part("html")
    link = f"https://plo.example.org/projects/{item['project_id']}"
    assert link in text and f'href="{link}"' in html
    assert "door <split>" in text and "door &lt;split&gt;" in html
    assert "Zoé <Martin>" in text and "Zoé &lt;Martin&gt;" in html
    assert "SKU-2" in text and "Quantity: 3" in text
    assert "SKU-1" in html and "LYON" in text
    assert "{{" not in text + html
    assert all(len(line) <= 78 for line in mail.raw.split(b"\r\n"))


def test_a_french_mail_reads_as_french(make_server, mail_server):
    client = make_server(settings(mail_server.url, language="fr")).client()
    outcome(client, mail_of(issue(client)))
    mail = mail_server.mails[0]
    assert mail.message["Subject"].startswith("Problème pendant la pose : pose du projet P-")
    assert b"Subject: =?UTF-8?B?" in mail.raw, "a header is ASCII"
    assert "À FAIRE" in mail.part("plain")
    assert '<html lang="fr">' in mail.part("html")


def test_what_a_source_sends_cannot_add_a_header(make_server, mail_server):
    client = make_server(settings(mail_server.url, language="fr")).client()
    ref, _ = client.open_project(customer_name="x\r\nBcc: all@example.org", store_id="a\nb")
    answer = client.store(event("wfm", "installation.issue", ref,
                                {"description": "a\r\n.\r\nRCPT TO:<all@example.org>\r\n\r\nSubject: other", "missing_products": ["."]}))
    eventually(lambda: mail_server.mails)
    mail = mail_server.mails[0]
    assert mail.to == ["a@example.org"]
    assert sorted(mail.message.keys()) == ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]
    assert "a . RCPT TO:<all@example.org> Subject: other" in mail.part("plain")
    assert answer["anomalies"]


def test_starttls_and_a_password(make_server, tmp_path, closing):
    server, certificate = tls_mail_server(tmp_path, "plo", "s3cret")
    closing(server)
    smtp = f'username = "plo"\npassword = "s3cret"\ntls = "required"\nca_file = "{certificate}"'
    client = make_server(settings(server.url, smtp=smtp)).client()
    assert outcome(client, mail_of(issue(client)))["status"] == "sent"
    assert server.mails[0].encrypted and server.mails[0].authenticated


def test_starttls_is_used_when_it_is_offered(make_server, tmp_path, closing):
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = closing(MailServer(tls_context=context))
    client = make_server(settings(server.url)).client()
    assert outcome(client, mail_of(issue(client)))["status"] == "sent"
    assert server.mails[0].encrypted, "though nobody knows the certificate"


@pytest.mark.parametrize("fault", ["wrong password", "unknown certificate"])
def test_a_server_that_cannot_be_trusted_or_does_not_trust_us_gets_nothing(make_server, tmp_path, closing, fault):
    server, certificate = tls_mail_server(tmp_path, "plo", "s3cret")
    closing(server)
    smtp = f'username = "plo"\npassword = "{"wrong" if fault == "wrong password" else "s3cret"}"\ntls = "required"\n'
    if fault == "wrong password":
        smtp += f'ca_file = "{certificate}"'
    client = make_server(settings(server.url, smtp=smtp, patience=PATIENCE.replace("PT60S", "PT1.5S"))).client()
    item = outcome(client, mail_of(issue(client)))
    assert item["status"] == "failed" and item["attempts"] >= 1
    assert ("535" if fault == "wrong password" else "certificate") in item["error"]
    assert server.mails == []


def test_required_tls_is_not_given_up_when_the_server_has_none(make_server, mail_server):
    patience = PATIENCE.replace("PT60S", "PT1.5S")
    client = make_server(settings(mail_server.url, smtp='tls = "required"', patience=patience)).client()
    assert outcome(client, mail_of(issue(client)))["status"] == "failed"
    assert mail_server.mails == []


def test_without_an_address_or_url_the_log_is_told(make_server, mail_server):
    server = make_server(settings(mail_server.url, recipients="[]", webhooks={"sav": ""}))
    client = server.client()
    items = outcome(client, *issue(client).values())
    assert [(item["status"], item["sent_to"]) for item in items] == [("sent", "log")] * 3
    assert mail_server.mails == []
    lines = [line for line in server.stderr().splitlines() if "Problem during the installation: installation of project" in line]
    assert len(lines) == 3 and any("coordinator" in line for line in lines)


# Refusals.

def test_a_refused_recipient_fails_and_can_be_tried_again_by_hand(make_server, mail_server):
    client = make_server(settings(mail_server.url)).client()
    mail_server.rcpt = lambda address: "550 no such user"
    failed = outcome(client, mail_of(issue(client)))
    assert failed["status"] == "failed" and failed["attempts"] == 1 and failed["sent_to"] is None
    assert failed["error"] == "a@example.org: 550 no such user"
    assert [item["notification_id"] for item in client.read("/api/notifications?status=failed")["items"]] == [failed["notification_id"]]

    mail_server.rcpt = lambda address: "250 OK"
    answer = client.request("POST", f"/api/notifications/{failed['notification_id']}/retry")
    assert answer.status == 200 and answer.json()["notification_id"] == failed["notification_id"]
    find(client, failed, at_least=answer.json()["position"])
    sent = outcome(client, failed)
    assert (sent["status"], sent["sent_to"], sent["error"]) == ("sent", "a@example.org", None)
    assert mail_server.ids() == [failed["notification_id"]]
    check_problem(client.request("POST", f"/api/notifications/{failed['notification_id']}/retry"), 409)
    for unknown in ("01890a5d-ac96-774b-bcce-b302099a8057", "x"):
        check_problem(client.request("POST", f"/api/notifications/{unknown}/retry"), 404)
    types = [e["type"] for e in client.log() if e["stream"] == "outbox" and failed["notification_id"] in json.dumps(e)]
    assert types == ["notification.failed", "notification.retry_requested", "notification.sent"]


def test_one_refused_address_does_not_keep_the_mail_from_the_others(make_server, mail_server):
    mail_server.rcpt = lambda address: "550 gone" if address.startswith("b@") else "250 OK"
    client = make_server(settings(mail_server.url, recipients='["a@example.org", "b@example.org"]')).client()
    item = outcome(client, mail_of(issue(client)))
    assert (item["status"], item["sent_to"], item["error"]) == ("sent", "a@example.org", "b@example.org: 550 gone")
    assert mail_server.mails[0].to == ["a@example.org"]


def test_an_address_that_is_put_off_gets_it_later_and_the_others_only_once(make_server, mail_server):
    tries = []

    def rcpt(address):
        if address.startswith("b@"):
            tries.append(address)
            if len(tries) < 3:
                return "451 greylisted"
        return "250 OK"

    mail_server.rcpt = rcpt
    client = make_server(settings(mail_server.url, recipients='["a@example.org", "b@example.org"]')).client()
    item = outcome(client, mail_of(issue(client)))
    assert (item["status"], item["attempts"], item["error"]) == ("sent", 3, None)
    assert sorted(item["sent_to"].split(", ")) == ["a@example.org", "b@example.org"]
    assert [mail.to for mail in mail_server.mails] == [["a@example.org"], ["b@example.org"]]


def test_a_message_refused_for_good_fails(make_server, mail_server):
    mail_server.data = lambda mail: "554 looks like spam"
    client = make_server(settings(mail_server.url)).client()
    item = outcome(client, mail_of(issue(client)))
    assert item["status"] == "failed" and "554 looks like spam" in item["error"]


def test_a_message_that_is_put_off_is_tried_again(make_server, mail_server):
    answers = iter(["451 busy", "452 full"])
    mail_server.data = lambda mail: next(answers, "250 queued")
    client = make_server(settings(mail_server.url)).client()
    item = outcome(client, mail_of(issue(client)))
    assert (item["status"], item["attempts"]) == ("sent", 3)
    assert len(mail_server.mails) == 1


# Servers that are not there.

@pytest.mark.parametrize("mode", ["silent", "cut", "refuse"])
def test_a_mail_server_in_trouble_gets_each_mail_once_it_is_back(make_server, mail_server, closing, mode):
    front = closing(Front(mail_server.port, mode))
    timeout = "PT2S" if mode == "silent" else "PT10S"
    client = make_server(settings(f"smtp://127.0.0.1:{front.port}", smtp=f'timeout = "{timeout}"')).client()
    items = [mail_of(issue(client)) for _ in range(5)]
    eventually(lambda: metric(client, "plo_notification_failed_attempts_total") >= 2)
    assert all(find(client, item)["status"] == "pending" for item in items)
    assert mail_server.mails == []
    front.switch("forward")
    assert all(item["status"] == "sent" for item in outcome(client, *items))
    assert sorted(mail_server.ids()) == sorted(item["notification_id"] for item in items)


def test_a_dead_mail_server_does_not_hold_up_tickets(make_server, mail_server, closing):
    front = closing(Front(mail_server.port, "silent"))
    hook = closing(Webhook())
    client = make_server(settings(f"smtp://127.0.0.1:{front.port}", {"crm": webhook(hook)}, smtp='timeout = "PT20S"')).client()
    told = issue(client)
    eventually(lambda: front.connections > 0)
    begun = time.monotonic()
    more = [issue(client) for _ in range(20)]
    tickets = [each["ticket:crm"] for each in [told, *more]]
    assert all(item["status"] == "sent" for item in outcome(client, *tickets))
    assert time.monotonic() - begun < 10
    assert find(client, mail_of(told))["status"] == "pending"


def test_a_silent_server_does_not_hold_up_the_end_and_a_restart_sends_what_is_left(make_server, mail_server, closing):
    front = closing(Front(mail_server.port, "silent"))
    server = make_server(settings(f"smtp://127.0.0.1:{front.port}", smtp='timeout = "PT20S"'))
    client = server.client()
    items = [mail_of(issue(client)) for _ in range(3)]
    eventually(lambda: front.connections > 0)
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 10
    front.switch("forward")
    server.start()
    client = server.client()
    assert all(item["status"] == "sent" for item in outcome(client, *items))
    assert sorted(mail_server.ids()) == sorted(item["notification_id"] for item in items)
    server.restart()
    more = mail_of(issue(server.client()))
    outcome(server.client(), more)
    assert sorted(mail_server.ids()) == sorted([item["notification_id"] for item in items] + [more["notification_id"]]), "nothing twice"


def test_what_nobody_takes_is_given_up_and_says_why(make_server):
    patience = PATIENCE.replace("PT60S", "PT1S")
    client = make_server(settings(f"smtp://127.0.0.1:{free_port()}", patience=patience)).client()
    items = [mail_of(issue(client)) for _ in range(10)]
    for item in outcome(client, *items):
        assert item["status"] == "failed" and item["sent_to"] is None
        assert "connect" in item["error"].lower()


# Tickets.

def test_a_ticket_is_a_signed_post(make_server, closing):
    hook = closing(Webhook())
    server = make_server(settings(webhooks={"crm": webhook(hook, 'secret = "k3y"')}))
    client = server.client()
    told = issue(client)
    item = outcome(client, told["ticket:crm"])
    assert (item["status"], item["sent_to"], item["attempts"]) == ("sent", "crm", 1)
    call = hook.calls[0]
    assert call.path == "/tickets"
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["Idempotency-Key"] == item["notification_id"]
    stamp = call.headers["X-PLO-Timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    expected = hmac.new(b"k3y", stamp.encode() + b"." + call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-PLO-Signature"] == "sha256=" + expected
    body = json.loads(call.body)
    assert body["notification_id"] == item["notification_id"]
    ticket = body["ticket"]
    assert ticket["target"] == "crm" and ticket["rule_id"] == "ANO-06" and ticket["severity"] == "critical"
    assert ticket["project_id"] == item["project_id"] and ticket["anomaly_id"] == item["anomaly_id"]
    assert ticket["store_id"] == "LYON" and ticket["customer_id"].startswith("C-") and ticket["project_refs"][0].startswith("P-")
    assert ticket["cause"]["type"] == "installation.issue" and ticket["cause"]["payload"]["description"] == "door split"
    assert ticket["link"] == f"https://plo.example.org/projects/{item['project_id']}"
    assert ticket["title"].startswith("Problem during the installation")
    assert ticket["raised_at"].endswith("Z") and isinstance(ticket["facts"], list)


def test_without_a_secret_there_is_no_signature(make_server, closing):
    hook = closing(Webhook())
    client = make_server(settings(webhooks={"crm": webhook(hook)})).client()
    outcome(client, issue(client)["ticket:crm"])
    assert "X-PLO-Signature" not in hook.calls[0].headers


@pytest.mark.parametrize("trouble", [500, 404, 422, 429, (302, {"Location": "/elsewhere"}), None])
def test_a_ticket_is_posted_until_2xx_under_the_same_key(make_server, closing, trouble):
    hook = closing(Webhook(lambda n, call: trouble if n <= 2 else 201))
    client = make_server(settings(webhooks={"crm": webhook(hook, 'secret = "k3y"')})).client()
    item = outcome(client, issue(client)["ticket:crm"])
    assert item["status"] == "sent"
    if trouble is not None:  # a connection that drops may be tried twice in one attempt
        assert item["attempts"] == 3
    assert len(hook.calls) == 3
    assert hook.keys() == [item["notification_id"]] * 3
    assert {call.path for call in hook.calls} == {"/tickets"}, "a redirect is not followed"
    assert len({call.body for call in hook.calls}) == 1, "the same ticket, whatever has happened since"
    for call in hook.calls:
        stamp = call.headers["X-PLO-Timestamp"]
        expected = hmac.new(b"k3y", stamp.encode() + b"." + call.body, hashlib.sha256).hexdigest()
        assert call.headers["X-PLO-Signature"] == "sha256=" + expected


def test_a_receiver_that_never_answers_times_out(make_server, closing):
    release = threading.Event()
    hook = closing(Webhook(lambda n, call: release.wait(10) and 200 if n == 1 else 200))
    client = make_server(settings(webhooks={"crm": webhook(hook, 'timeout = "PT0.5S"')})).client()
    item = outcome(client, issue(client)["ticket:crm"])
    release.set()
    assert item["status"] == "sent" and item["attempts"] >= 2


def test_a_ticket_that_a_receiver_chokes_on_does_not_hold_up_the_others(make_server, closing):
    poison = []
    hook = closing(Webhook(lambda n, call: None if poison and poison[0] in call.body.decode() else 200))
    client = make_server(settings(webhooks={"crm": webhook(hook)})).client()
    poison.append("poison-" + unique())
    stuck = issue(client, poison[0])["ticket:crm"]
    eventually(lambda: len(hook.calls) > 1)
    others = [issue(client)["ticket:crm"] for _ in range(10)]
    assert all(item["status"] == "sent" for item in outcome(client, *others))
    assert find(client, stuck)["status"] == "pending"


def test_killed_before_the_report_is_written_the_ticket_comes_once_more_under_its_key(make_server, closing):
    release = threading.Event()
    first = []

    def answer(n, call):
        if call.headers["Idempotency-Key"] in first:
            return 200
        first.append(call.headers["Idempotency-Key"])
        if len(first) == 3:
            release.wait(20)
        return 200

    hook = closing(Webhook(answer))
    server = make_server(settings(webhooks={"crm": webhook(hook, 'timeout = "PT20S"')}))
    client = server.client()
    done = [issue(client)["ticket:crm"] for _ in range(2)]
    outcome(client, *done)
    stuck = issue(client)["ticket:crm"]
    eventually(lambda: len(hook.calls) == 3)
    server.kill()
    release.set()
    server.start()
    assert outcome(server.client(), stuck)["status"] == "sent"
    keys = hook.keys()
    assert keys.count(stuck["notification_id"]) == 2
    assert all(keys.count(item["notification_id"]) == 1 for item in done)


# Reading.

def test_lists_are_filtered_and_paged(make_server):
    server = make_server(settings())
    client = server.client()
    told = [issue(client) for _ in range(4)]
    outcome(client, *[item for each in told for item in each.values()])
    every = client.walk("/api/notifications?limit=5")
    assert len(every) == 12
    assert [i["created_at"] for i in every] == sorted((i["created_at"] for i in every), reverse=True), "newest first"
    assert {"notification_id", "project_id", "anomaly_id", "rule_id", "channel", "recipient", "status", "sent_to", "attempts", "created_at",
            "sent_at", "error"} <= set(every[0])
    for query, count in {"": 12, "?status=sent": 12, "?status=failed": 0, "?status=pending": 0, "?channel=email": 4, "?channel=ticket": 8,
                         "?rule_id=ANO-06": 12, "?rule_id=ANO-01": 0, f"?project_id={told[0]['email:coordinator']['project_id']}": 3,
                         f"?anomaly_id={told[1]['email:coordinator']['anomaly_id']}&channel=ticket": 2}.items():
        page = client.read("/api/notifications" + query)
        assert (page["total"], len(page["items"])) == (count, count), query
    for query, fault in {"status=open": "status", "channel=fax": "channel", "project_id=x": "project_id", "anomaly_id=x": "anomaly_id",
                         "limit=0": "limit", "cursor=x": "cursor"}.items():
        assert fault in str(pointers(check_problem(client.get("/api/notifications?" + query), 422)))
    text = client.get("/metrics").body.decode()
    assert 'plo_notifications{channel="email",status="sent"} 4' in text
    assert 'plo_notifications{channel="ticket",status="sent"} 8' in text


def test_the_stream_tells_what_became_of_it(make_server, mail_server):
    mail_server.rcpt = lambda address: "550 no"
    server = make_server(settings(mail_server.url))
    client = server.client()
    stream = server.stream("?topics=notifications&severity=critical&store_id=LYON")
    told = issue(client)
    messages = [stream.next() for _ in range(6)]
    stream.close()
    assert sorted(name for _, name, _ in messages) == ["notification.failed"] + 3 * ["notification.requested"] + 2 * ["notification.sent"]
    positions = [place for place, _, _ in messages]
    assert positions == sorted(positions)
    for _, _, data in messages:
        item = mail_of(told)
        assert (data["project_id"], data["anomaly_id"], data["rule_id"]) == (item["project_id"], item["anomaly_id"], "ANO-06")
        assert data["severity"] == "critical" and data["notification_id"]


# History.

def test_an_import_tells_nobody_and_neither_does_the_server_after_it(tmp_path, make_server, mail_server, closing):
    hook = closing(Webhook())
    config = settings(mail_server.url, {"crm": webhook(hook)})
    server = make_server(config, start=False)
    lines = []
    for n in range(200):
        ref = unique("P")
        lines += [event("ecommerce", "project.created", ref, occurred_at=f"2024-03-01T08:{n % 60:02}:00Z"),
                  event("wfm", "installation.issue", ref, {"description": "x"}, occurred_at=f"2024-03-02T08:{n % 60:02}:00Z")]
    history = tmp_path / "history.ndjson"
    history.write_text("".join(json.dumps(line) + "\n" for line in lines))
    status, out, err = run_plo("import", history, "--config", server.config, "--data", server.data, "--clock", "event")
    assert status == 0, err
    assert "600 notifications of the history" in err, err
    server.start()
    client = server.client()
    # What the server's own clock escalates after the import is told as ever.
    raised = [item for item in client.walk("/api/notifications?limit=200") if item["reason"] == "raised"]
    assert len(raised) == 600
    assert {(item["status"], item["sent_to"]) for item in raised} == {("sent", "log")}
    now = mail_of(issue(client))
    assert outcome(client, now)["sent_to"] == "a@example.org"
    assert mail_server.ids() == [now["notification_id"]]
    assert len(hook.calls) <= 1


def test_views_that_are_built_again_send_nothing_again(make_server, mail_server):
    server = make_server(settings(mail_server.url))
    client = server.client()
    items = [mail_of(issue(client)) for _ in range(3)]
    outcome(client, *items)
    before = client.walk("/api/notifications")
    assert server.stop() == 0
    for file in sorted((server.data / "views").rglob("*"), reverse=True):
        file.unlink()
    (server.data / "views").rmdir()
    server.start()
    client = server.client()
    outcome(client, mail_of(issue(client)))
    assert client.walk("/api/notifications")[3:] == before
    assert len(mail_server.mails) == 4
