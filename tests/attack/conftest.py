import pytest

pytest.register_assert_rewrite("harness", "attack")
from attack import Watched, config_text  # noqa: E402: rewritten first


@pytest.fixture(scope="module")
def configuration():
    """The configuration of the file's shared server; a file may have its own."""
    return config_text()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory, configuration):
    """One server for the attacks of a file. When it is stopped at the end, its log must verify and rederive."""
    made = Watched(tmp_path_factory.mktemp("server"), configuration).start()
    yield made
    if made.running():
        assert made.stop() == 0, made.stderr()


@pytest.fixture
def server(shared_server):
    """The shared server, which must be alive after each attack. One that is not fails the test, and the next one gets it back."""
    yield shared_server
    if not shared_server.running():
        ended = shared_server.how_it_ended()
        shared_server.start()
        pytest.fail(ended)
    try:
        shared_server.check_alive()
    except Exception:
        shared_server.kill()  # what keeps it busy is not the next test's
        shared_server.start()
        raise


@pytest.fixture
def client(server):
    connection = server.client(timeout=20)
    yield connection
    connection.close()


@pytest.fixture
def make_server(tmp_path):
    """Starts servers of their own for a test, each in its folder; those that still run must be alive at the end."""
    made = []

    def make(config=None, clock=None, name="server", start=True, **popen):
        made.append(Watched(tmp_path / name, config, clock))
        return made[-1].start(**popen) if start else made[-1]

    yield make
    for each in made:
        if each.running():
            try:
                each.check_alive()
            except BaseException:
                each.kill()
                raise
            assert each.stop() == 0, each.stderr()
