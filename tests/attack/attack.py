"""What the attacks share: a server whose memory is watched, bytes as they are on the wire, and what must hold after each attack.

Times and sizes are what is wanted, multiplied by LOOSE: the machine has two cores and other work. PLO_SLACK multiplies them once more; the
build sets it where the binary is watched by a sanitizer.
"""
import contextlib
import http.client
import io
import os
import pathlib
import resource
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "blackbox"))
from harness import Answer, Client, Server, binary, config_text, event, unique  # noqa: E402: found just now

SLACK = float(os.environ.get("PLO_SLACK", "1"))
LOOSE = 5 * SLACK
MB = 1 << 20
KILL_AT = int(2500 * MB * SLACK)  # a server that is larger has failed, and is ended before it harms the machine
ADDRESS_SPACE = 12 << 30          # the net below that; a sanitizer reserves more than there is
HEALTH_S = 0.2
INGEST_S = 1.0


def report(text):
    """A figure, shown with the test's name when it fails, or by pytest -rP."""
    print(text, flush=True)


def bound_memory():
    """For preexec_fn."""
    if SLACK == 1:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


class Memory:
    """The resident size of a process, looked at fifty times a second; ends the process when it is far too large."""

    def __init__(self, process):
        self.process = process
        self.peak = self.now = self._read()
        self.too_large = False
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            with open(f"/proc/{self.process.pid}/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()
        except (OSError, IndexError):
            return 0  # it has ended

    def _watch(self):
        while not self.ended.wait(0.02):
            self.now = self._read()
            self.peak = max(self.peak, self.now)
            if self.now > KILL_AT and not self.too_large:
                self.too_large = True
                self.process.kill()

    def stop(self):
        self.ended.set()
        self.thread.join()


class Watched(Server):
    """A server whose memory is watched, and whose log must verify, with every row of its read models, and rederive."""

    audits = (("verify", "--views", "--rows"), ("rederive",))
    memory = None

    def start(self, **popen):
        limits = popen.pop("preexec_fn", None)

        def prepare():
            bound_memory()
            if limits:
                limits()

        super().start(preexec_fn=prepare, **popen)
        self.memory = Memory(self.process)
        return self

    def _wait(self, timeout):
        status = super()._wait(timeout)
        if self.memory:
            self.memory.stop()
        return status

    def how_it_ended(self):
        status = self._wait(30)
        size = f", ended by the watch at {self.memory.peak // MB} MB" if self.memory.too_large else ""
        return f"the server ended with {status}{size}: {self.stderr()[-1500:]}"

    @contextlib.contextmanager
    def grows_less_than(self, megabytes):
        """What happens inside costs the process no more than that."""
        before = self.memory._read()
        self.memory.peak = before
        yield
        grown = (max(self.memory.peak, self.memory._read()) - before) / MB
        report(f"memory: {before / MB:.0f} MB, {grown:+.0f} MB")
        assert self.running() and not self.memory.too_large, f"the process ended after {grown:.0f} MB"
        assert grown < megabytes * SLACK, f"{grown:.0f} MB more"

    def client(self, session=None, timeout=None):
        made = super().client(session)
        if timeout is not None:
            made.connection.timeout = timeout
        return made

    def check_alive(self):
        """Running, healthy at once, and taking another project's events."""
        assert self.running(), self.how_it_ended()
        client = self.client(timeout=10 * SLACK)
        took, answer = timed(client.get, "/healthz")
        report(f"/healthz after {took * 1000:.0f} ms")
        assert answer.status == 200 and took < HEALTH_S * LOOSE, (took, answer)
        took, answer = timed(client.ingest, event("erp", "project.created", unique("alive")))
        report(f"another project's event after {took * 1000:.0f} ms")
        assert answer.status == 201 and took < INGEST_S * LOOSE, (took, answer)
        client.close()


def timed(call, *arguments, **named):
    started = time.monotonic()
    result = call(*arguments, **named)
    return time.monotonic() - started, result


def wait_for(condition, seconds, what):
    until = time.monotonic() + seconds * SLACK
    while not (found := condition()):
        assert time.monotonic() < until, what
        time.sleep(0.05)
    return found


def in_parallel(calls):
    """What each of them returned, or the exception that ended it."""
    results = [None] * len(calls)

    def run(number):
        try:
            results[number] = calls[number]()
        except Exception as error:  # pylint: disable=broad-except: the test looks at it
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Pulse:
    """Asks for something again and again on a connection of its own while the body of the with runs: how long each answer took."""

    def __init__(self, server, ask=lambda client: client.get("/healthz"), pause_s=0.02):
        self.client, self.ask, self.pause_s = server.client(timeout=30 * SLACK), ask, pause_s
        self.took, self.error = [], None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self.took or not self.done.wait(self.pause_s):
                self.took.append(timed(self.ask, self.client)[0])
        except (OSError, http.client.HTTPException) as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.client.close()

    def check(self, seconds, what="/healthz"):
        """Every answer came within LOOSE times that."""
        report(f"{what}: {len(self.took)} answers, the slowest after {max(self.took, default=0) * 1000:.0f} ms")
        assert self.error is None, f"{what}: {self.error!r}"
        assert self.took and max(self.took) < seconds * LOOSE, f"{what}: the slowest of {len(self.took)} after {max(self.took, default=0):.2f} s"


def other_ingest(client):
    answer = client.ingest(event("crm", "project.created", unique("other")))
    assert answer.status == 201, answer
    return answer


def run_bounded(*words, timeout=60, **popen):
    """Runs the binary to its end within time and memory; (status, stdout, stderr)."""
    done = subprocess.run([binary(), *map(str, words)], capture_output=True, text=True, timeout=timeout * SLACK, check=False,
                          preexec_fn=bound_memory, **popen)
    return done.returncode, done.stdout, done.stderr


# Bytes on the wire.


def head(method="GET", target="/healthz", version="1.1", lines=(), **fields):
    """A request's head; further arguments are header fields, - written as _, and `lines` go in as they are. Host is there unless it is None."""
    fields = {"Host": "plo", **fields}
    made = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    made = [line if isinstance(line, bytes) else line.encode() for line in [*made, *lines]]
    return b"\r\n".join([f"{method} {target} HTTP/{version}".encode(), *made, b"", b""])


def ingest_head(key="dev-erp", target="/api/events/ingest", **fields):
    given = {"Content_Type": "application/x-ndjson" if target.endswith("batch") else "application/json"}
    if key is not None:
        given["Authorization"] = f"Bearer {key}"
    return head("POST", target, **{**given, **fields})


def connect(server, source=None, receive_buffer=None, timeout=30):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(timeout * SLACK)
    if source:
        made.bind((source, 0))
    made.connect(("127.0.0.1", server.port))
    return made


class Exchange:
    """What came back on one connection: the answers, the interim ones (100) apart, and whether the server closed it."""

    def __init__(self, received, closed, took, sent):
        self.received, self.closed, self.took, self.sent = received, closed, took, sent
        self.answers, self.interim, self.rest = split_answers(received)

    @property
    def statuses(self):
        return [answer.status for answer in self.answers]

    def __repr__(self):
        return f"<{self.statuses} interim {self.interim} {'closed' if self.closed else 'open'} rest {self.rest[:200]!r} {self.received[:300]!r}>"


def split_answers(received):
    answers, interim, at = [], [], 0
    while (end := received.find(b"\r\n\r\n", at)) >= 0 and received.startswith(b"HTTP/", at):
        status_line, _, fields = received[at:end + 4].partition(b"\r\n")
        status = int(status_line.split(b" ")[1])
        headers = http.client.parse_headers(io.BytesIO(fields))
        at = end + 4
        if status < 200:
            interim.append(status)
            continue
        if headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = bytearray()
            while (line := received.find(b"\r\n", at)) >= 0:
                size = int(received[at:line].split(b";")[0], 16)
                body += received[line + 2:line + 2 + size]
                at = line + 2 + size + 2
                if size == 0:
                    break
        elif "Content-Length" in headers:
            body = received[at:at + int(headers["Content-Length"])]
            at += len(body)
        else:
            body, at = received[at:], len(received)
        answers.append(Answer(status, headers, bytes(body)))
    return answers, interim, received[at:]


def talk(server, data, half_close=False, idle_s=4, pieces=None, source=None, until=None):
    """Sends the bytes (and then the pieces, as long as they are taken) while it reads, until the server closes, `until` holds of what was
    received, or nothing came for idle_s."""
    started = time.monotonic()
    received, closed, sent = bytearray(), False, 0
    with connect(server, source) as connection:
        def write():
            nonlocal sent
            try:
                for piece in [data, *(pieces or ())] if not callable(pieces) else [data, *pieces()]:
                    connection.sendall(piece)
                    sent += len(piece)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was refused before all of it was sent

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        quiet_since = time.monotonic()
        connection.settimeout(0.5)
        while not (until and until(received)):
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                if time.monotonic() - quiet_since > idle_s * SLACK and not writer.is_alive():
                    break
                if time.monotonic() - started > 120 * SLACK:
                    break
                continue
            except OSError:
                closed = True
                break
            if not chunk:
                closed = True
                break
            quiet_since = time.monotonic()
            received += chunk
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was first
        writer.join(5)
    return Exchange(bytes(received), closed, time.monotonic() - started, sent)


def check_refused(exchange, *statuses):
    """One answer of those statuses, and no further word on the connection."""
    assert exchange.statuses and len(exchange.statuses) == 1 and exchange.statuses[0] in statuses, exchange
    assert exchange.closed, f"the connection stays open: {exchange}"
    assert not exchange.interim, exchange
    answer = exchange.answers[0]
    if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        assert answer.json()["status"] == answer.status
    return answer


def client_from(server, address):
    """A client whose requests come from another address of this machine."""
    made = Client(server.port)
    made.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30 * SLACK, source_address=(address, 0))
    return made


# Parts of what is sent.

PASSWORD = "a long enough passphrase"


def nested(depth, key="a"):
    """JSON text of objects in each other."""
    return ('{"%s":' % key) * depth + "1" + "}" * depth


def add_user(client, role="operator", name="Somebody"):
    answer = client.send("POST", "/api/users", {"email": f"{unique(role).lower()}@staff.example.org", "password": PASSWORD, "role": role, "name": name})
    assert answer.status == 201, answer
    return answer.json()


def fill(client, events, source="erp", window=5000):
    """Many events of one source by batches; the answers' lines."""
    lines = []
    for start in range(0, len(events), window):
        answer = client.batch(events[start:start + window], f"dev-{source}")
        assert answer.status == 200, answer
        lines += answer.lines()
    return lines
