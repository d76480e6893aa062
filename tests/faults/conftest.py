import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "blackbox"))
pytest.register_assert_rewrite("harness")
from harness import Server  # noqa: E402: rewritten first


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
