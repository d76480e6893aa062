import pytest

pytest.register_assert_rewrite("harness")
from harness import Server  # noqa: E402: rewritten first


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all tests of a file; tests keep apart by unique references."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running
        assert running.running(), f"the server died: {running.stderr()}"


@pytest.fixture
def client(server):
    connection = server.client()
    yield connection
    connection.close()


@pytest.fixture
def make_server(tmp_path):
    """Starts servers of their own for a test, each in its folder; ends those still running."""
    made = []

    def make(config=None, clock=None, name="server", start=True):
        made.append(Server(tmp_path / name, config, clock))
        return made[-1].start() if start else made[-1]

    yield make
    for each in made:
        if each.running():
            each.kill()
