"""The audit finds nothing wrong where nothing is."""
import pytest
from attack import Watched, event, unique, wait_for
from harness import config_text

MAILS = '[notifications.recipients]\ncoordinator = ["coordinators@example.org"]\nbuyer = ["buyers@example.org"]\n'


def check_audit(server):
    for words in (("verify", "--views", "--rows"), ("rederive",)):
        status, out, err = server.replay(*words)
        assert status == 0, f"{words}: {out}{err}"


def fail_a_tour(client, ref):
    return client.store(event("tms_lastmile", "lastmile.failed", ref, {"lastmile_id": unique("L"), "reason": "nobody home"}))


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_healthy_log_with_a_mail(tmp_path, end):
    """One project with one mail that was sent."""
    with Watched(tmp_path, config_text(extra=MAILS)) as server:
        client = server.client()
        ref, opened = client.open_project()
        failed = fail_a_tour(client, ref)
        client.project({**opened, "position": failed["position"]})
        wait_for(lambda: client.read("/api/notifications?status=sent")["total"] >= 1 and client.read("/api/notifications?status=pending")["total"] == 0, 20,
                 "the mail is not sent")
        if end == "stop":
            assert server.stop() == 0
        else:
            server.kill()
        check_audit(server)


def test_a_healthy_log_with_mails_that_fail_and_wait(tmp_path):
    """Nobody listens where the mails go; some are tried again by hand, some wait when the server is stopped, and again after a restart."""
    smtp = '[notifications.smtp]\nurl = "smtp://127.0.0.1:9"\n' + MAILS
    with Watched(tmp_path, config_text(extra=smtp)) as server:
        client = server.client()
        for _ in range(5):
            fail_a_tour(client, client.open_project()[0])
        wait_for(lambda: client.read("/api/notifications")["total"] >= 5, 20, "no mail is asked for")
        assert server.stop() == 0
        check_audit(server)
        server.start()
        client = server.client()
        for item in client.read("/api/notifications")["items"][:3]:
            assert client.send("POST", f"/api/notifications/{item['notification_id']}/retry", {}).status in (200, 409)
        assert server.stop() == 0
        check_audit(server)


def test_a_server_that_did_nothing(tmp_path):
    with Watched(tmp_path) as server:
        assert server.stop() == 0
        check_audit(server)
