import pytest

pytest.register_assert_rewrite("harness")
from harness import Server, config_text  # noqa: E402: rewritten first


@pytest.fixture(scope="module")
def configuration():
    """The configuration of the file's shared server; a file may have its own."""
    return config_text()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory, configuration):
    """One server for all tests of a file; tests keep apart by unique references."""
    with Server(tmp_path_factory.mktemp("server"), configuration) as running:
        yield running


@pytest.fixture
def server(shared_server):
    """The shared server. A test that kills it fails, and the next one gets it back."""
    yield shared_server
    if not shared_server.running():
        status = shared_server.process.wait()
        shared_server.start()
        pytest.fail(f"the server ended with {status}: {shared_server.stderr()}")


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
            each.audit()
