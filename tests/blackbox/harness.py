"""Runs the real binary and speaks HTTP to it.

`Server` owns one process and its data folder, `Client` one keep-alive connection, `Stream` one SSE connection.
"""
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import time

import described

SOURCES = ["erp", "oms", "tms", "tms_lastmile", "wfm", "crm", "ecommerce", "inspiration_tool", "manual"]
ADMIN_EMAIL = "admin@example.org"
ADMIN_PASSWORD = "correct horse battery staple"
START_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 60
LARGE_LOG_BYTES = 32 << 20

_numbers = itertools.count(1)


def binary():
    path = os.environ.get("PLO_BINARY")
    assert path, "set PLO_BINARY to the plo binary"
    return path


def unique(prefix="X"):
    """A reference no other test of this run uses."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


def key_of(source):
    return f"dev-{source}"


def event(source="erp", event_type="order.confirmed", project_ref=None, payload=None, **fields):
    """A valid event to ingest; further fields replace or add, and None removes one."""
    body = {"source": source, "source_ref": unique("ref"), "event_type": event_type, "project_ref": project_ref,
            "occurred_at": "2025-06-15T14:32:00Z", "payload": {} if payload is None else payload, **fields}
    return {name: value for name, value in body.items() if value is not None}


def sign(secret, body):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def lines(self):
        return [json.loads(line) for line in self.body.split(b"\n") if line]

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"


def check_problem(answer, status):
    """An RFC 9457 document of that status; returns it."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].split(";")[0].strip() == "application/problem+json", answer.headers
    problem = answer.json()
    assert problem["status"] == status
    assert isinstance(problem["type"], str)
    assert problem["title"] and isinstance(problem["title"], str)
    assert problem["detail"] and isinstance(problem["detail"], str)
    for error in problem.get("errors", []):
        assert set(error) == {"pointer", "message"}, error
    return problem


def pointers(problem):
    return [error["pointer"] for error in problem["errors"]]


def log_in(port, email=ADMIN_EMAIL, password=ADMIN_PASSWORD):
    """The answer to a login; session_in takes the cookie out of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("POST", "/api/auth/login", json.dumps({"email": email, "password": password}), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())
    finally:
        connection.close()


def session_in(answer):
    """The token of the Set-Cookie of a login."""
    assert answer.status == 200, answer
    return re.match(r"plo_session=([^;]+);", answer.headers["Set-Cookie"]).group(1)


def needs_session(path):
    return path.startswith("/api/") and not path.startswith(("/api/events/ingest", "/api/auth/login", "/api/tracking/"))


class Client:
    """One keep-alive connection. Operator requests carry the session that `session` gives; without it the first one logs in."""

    def __init__(self, port, session=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
        self.port = port
        self.session = session

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if needs_session(path) and not {"Authorization", "Cookie"} & set(headers):
            if self.session is None:
                token = session_in(log_in(self.port))
                self.session = lambda: token
            headers["Cookie"] = f"plo_session={self.session()}"
        return self.raw_request(method, path, body, headers)

    def raw_request(self, method, path, body=None, headers=None):
        """Exactly this, without a session."""
        self.connection.request(method, path, body=body, headers=headers or {})
        reply = self.connection.getresponse()
        answer = Answer(reply.status, reply.headers, reply.read())
        if method != "HEAD":
            described.check(method, path, answer)
        return answer

    def send(self, method, path, body=None, **headers):
        """A JSON body; further arguments are header fields, - written as _."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.request(method, path, None if body is None else json.dumps(body), sent)

    def get(self, path, **headers):
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def ingest_raw(self, body, key=None, content_type="application/json", path="/api/events/ingest", headers=None):
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if content_type is not None:
            sent["Content-Type"] = content_type
        return self.request("POST", path, body, sent)

    def ingest(self, body, **options):
        options.setdefault("key", key_of(body["source"]))
        return self.ingest_raw(json.dumps(body).encode(), **options)

    def batch_raw(self, body, key, **options):
        return self.ingest_raw(body, key, "application/x-ndjson", "/api/events/ingest/batch", **options)

    def batch(self, events, key=None):
        body = "".join(json.dumps(e) + "\n" for e in events).encode()
        return self.batch_raw(body, key or key_of(events[0]["source"]))

    # What most tests need: a stored event, a project, what the log and the views say.

    def store(self, body, **options):
        answer = self.ingest(body, **options)
        assert answer.status == 201, answer
        return answer.json()

    def open_project(self, ref=None, source="ecommerce", **payload):
        """Opens a project; returns (project_ref, answer)."""
        ref = ref or unique("P")
        return ref, self.store(event(source, "project.created", ref, payload))

    def read(self, path, at_least=None):
        if at_least is not None:
            path += ("&" if "?" in path else "?") + f"at_least={at_least}"
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.json()

    def project(self, answer):
        return self.read(f"/api/projects/{answer['project_id']}", at_least=answer["position"])

    def timeline(self, answer, query=""):
        """All of it, by pages."""
        position = answer.get("position")
        path = f"/api/projects/{answer['project_id']}/timeline{query}"
        return self.walk(path, at_least=position)

    def log(self, start=1):
        """Every event from a position on, by paging."""
        events = []
        while True:
            page = self.read(f"/api/events?from={start}&limit=1000")
            events += page["items"]
            if not page["items"] or page["next"] is None:
                return events
            start = page["next"]

    def walk(self, path, at_least=None):
        """Every item of a cursor-paged list."""
        items, cursor = [], None
        while True:
            page = self.read(path + (("&" if "?" in path else "?") + f"cursor={cursor}" if cursor else ""), at_least)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def close(self):
        self.connection.close()


class Stream:
    """One SSE connection, read by a thread. Messages are (id, event, data)."""

    def __init__(self, port, query="", last_event_id=None, session=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
        headers = {"Accept": "text/event-stream", "Cookie": f"plo_session={session or session_in(log_in(port))}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.connection.request("GET", "/api/stream" + query, headers=headers)
        self.socket = self.connection.sock  # getresponse lets go of it when the answer closes the connection
        self.reply = self.connection.getresponse()
        self.messages = queue.Queue()
        self.comments = queue.Queue()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        fields = {}
        try:
            for raw in self.reply:
                line = raw.decode().rstrip("\r\n")
                if line.startswith(":"):
                    self.comments.put(line)
                elif line:
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif fields:
                    self.messages.put((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                    fields = {}
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # the connection ended, here or there

    def next(self, timeout=30):
        return self.messages.get(timeout=timeout)

    def until(self, position, timeout=30):
        """All messages up to the one of `position`."""
        got = []
        while not got or got[-1][0] < position:
            got.append(self.next(timeout))
        return got

    def none_within(self, seconds):
        """True when no message comes for so long."""
        try:
            self.messages.get(timeout=seconds)
            return False
        except queue.Empty:
            return True

    def close(self):
        # Shutting the socket down ends the reader's blocking read.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was first
        self.thread.join(10)
        self.reply.close()
        self.connection.close()


def config_text(server="", ingest="", sources=None, extra=""):
    """A configuration of all nine sources with the keys dev-NAME; `sources` maps a name to further lines of its table."""
    tables = [f"[server]\n{server}", f"[ingest]\n{ingest}"]
    for name in SOURCES:
        tables.append(f'[sources.{name}]\nkey = "{key_of(name)}"\n' + (sources or {}).get(name, ""))
    return "\n".join(tables + [extra])


class Server:
    """One `plo serve` process on a folder that outlives it."""

    audits = (("verify",), ("rederive",))  # what `plo replay` must find nothing wrong with

    def __init__(self, folder, config=None, clock=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.config = self.folder / "plo.toml"
        self.config.write_text(config if config is not None else config_text())
        self.clock = clock
        self.process = None
        self.port = None
        self.token = None
        self.session_guard = threading.Lock()
        self.audited = True  # False: the test damages the store, or changes what decisions depend on

    def command(self):
        words = [binary(), "serve", "--config", str(self.config), "--data", str(self.data), "--listen", "127.0.0.1:0"]
        return words + (["--clock", self.clock] if self.clock else [])

    def start(self, **popen):
        """Starts and waits until requests are taken."""
        self.token = None
        popen["env"] = {"PLO_ADMIN_EMAIL": ADMIN_EMAIL, "PLO_ADMIN_PASSWORD": ADMIN_PASSWORD, **(popen.get("env") or os.environ)}
        self.errors = open(self.folder / "stderr.log", "ab")
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=self.errors, **popen)
        lines = queue.Queue()
        # The pipe is read to its end, so that the server never blocks on it.
        self.pump = threading.Thread(target=self._pump, args=(lines,), daemon=True)
        self.pump.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise AssertionError(f"no 'listening on' within {START_TIMEOUT_S} s: {self.stderr()}") from None
            assert line is not None, f"ended at start with {self.process.wait()}: {self.stderr()}"
            match = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)
            if match:
                self.port = int(match.group(1))
                return self

    def _pump(self, lines):
        for line in self.process.stdout:
            lines.put(line.decode())
        lines.put(None)

    def stderr(self):
        return (self.folder / "stderr.log").read_text(errors="replace")[-4000:]

    def session(self):
        """The administrator's token; the first to ask logs in."""
        with self.session_guard:
            if self.token is None:
                self.token = session_in(log_in(self.port))
            return self.token

    def client(self, session=None):
        return Client(self.port, session or self.session)

    def client_of(self, email, password):
        """A client with another operator's session."""
        token = session_in(log_in(self.port, email, password))
        return self.client(lambda: token)

    def stream(self, query="", last_event_id=None):
        return Stream(self.port, query, last_event_id, self.session())

    def socket(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_TIMEOUT_S)

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self._wait(30)
        self.audit()
        return status

    def kill(self):
        self.process.kill()
        return self._wait(30)

    def replay(self, *words, timeout=300):
        """`plo replay WORDS` on the server's data, running or not; (status, stdout, stderr)."""
        return run_plo("replay", *words, "--data", self.data, "--config", self.config, timeout=timeout)

    def audit(self):
        """Proves the log that was left: every test's log is a test of the audit tool, and the other way round. Large ones take too long."""
        if not self.audited or sum(f.stat().st_size for f in (self.data / "log").glob("*") if f.is_file()) > LARGE_LOG_BYTES:
            return
        for check in self.audits:
            status, out, err = self.replay(*check)
            assert status == 0, f"plo replay {' '.join(check)} ended with {status}: {out[-4000:]}{err[-2000:]}"

    def restart(self):
        assert self.stop() == 0, self.stderr()
        return self.start()

    def _wait(self, timeout):
        status = self.process.wait(timeout)
        self.pump.join()
        self.process.stdout.close()
        self.errors.close()
        return status

    def running(self):
        return self.process is not None and self.process.poll() is None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self.running():
            self.kill()
            if kind is None:
                self.audit()


def run_plo(*words, timeout=120, env=None):
    """Runs the binary to its end; (status, stdout, stderr)."""
    done = subprocess.run([binary(), *map(str, words)], capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr
