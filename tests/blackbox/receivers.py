"""Where notifications go: mail servers and webhooks that behave as a test says.

aiosmtpd comes from Debian's python3-aiosmtpd; the rest is the standard library.
"""
import email
import email.policy
import http.server
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(folder):
    """A self-signed certificate for 127.0.0.1: (certificate, key)."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Mail:
    """One mail as it was delivered."""

    def __init__(self, envelope, session):
        self.sender, self.to = envelope.mail_from, list(envelope.rcpt_tos)
        self.raw = envelope.content
        self.message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.encrypted = session.ssl is not None
        self.authenticated = session.authenticated

    @property
    def id(self):
        return self.message["Message-ID"].strip("<>").split("@")[0]

    def part(self, subtype):
        return self.message.get_body((subtype,)).get_content()


class MailServer:
    """Keeps what is delivered. `rcpt` and `data` give the answers to RCPT TO and to the message; the default takes everything."""

    def __init__(self, **options):
        self.mails, self.lock = [], threading.Lock()
        self.rcpt = lambda address: "250 OK"
        self.data = lambda mail: "250 queued"
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), **options)
        self.controller.start()
        self.port = self.controller.port
        self.url = f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.rcpt(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        mail = Mail(envelope, session)
        answer = self.data(mail)
        if answer.startswith("250"):
            with self.lock:
                self.mails.append(mail)
        return answer

    def ids(self):
        with self.lock:
            return [mail.id for mail in self.mails]

    def close(self):
        self.controller.stop()


def tls_mail_server(folder, user, password):
    """Takes mail only over STARTTLS from who knows the password; (server, certificate)."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def check(server, session, envelope, mechanism, credentials):
        known = isinstance(credentials, LoginPassword) and (credentials.login, credentials.password) == (user.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    return MailServer(tls_context=context, require_starttls=True, authenticator=check, auth_required=True), certificate


class Front:
    """Stands before a server and passes bytes on, or does not: `forward`, `silent` (takes connections and says nothing), `cut`
    (drops the connection in the middle of a message) or `refuse` (drops it at once)."""

    def __init__(self, port, mode="forward"):
        self.backend, self.mode = port, mode
        self.connections, self.open = 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            mode = self.mode
            if mode == "refuse":
                client.close()
                continue
            self.open.append(client)
            if mode == "silent":
                continue
            server = socket.create_connection(("127.0.0.1", self.backend))
            self.open.append(server)
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(client, server, mode == "cut"), daemon=True).start()

    def _pump(self, source, target, cut):
        in_message = False
        try:
            while data := source.recv(4096):
                if cut and in_message:
                    target.sendall(data[:20])
                    break
                in_message = in_message or b"DATA\r\n" in data
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def switch(self, mode):
        """What holds from now on; connections of the old mode end."""
        self.mode = mode
        for each in self.open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        self.open = []

    def close(self):
        self.listener.close()
        self.switch("refuse")


class Call:
    """One request as it came."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body


class Webhook:
    """Answers each request as `answer(n, call)` says, n counting from 1: a status, (status, headers), or None to drop the
    connection."""

    def __init__(self, answer=lambda n, call: 200):
        self.answer, self.calls, self.lock = answer, [], threading.Lock()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                call = Call(self.path, dict(self.headers), body)
                with hook.lock:
                    hook.calls.append(call)
                    number = len(hook.calls)
                answer = hook.answer(number, call)
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                except OSError:
                    self.close_connection = True  # the sender has given up meanwhile

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/tickets"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def keys(self):
        with self.lock:
            return [call.headers["Idempotency-Key"] for call in self.calls]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
