"""check_includes.py finds each kind of wrong include, and accepts right ones."""
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
from check_includes import check  # noqa: E402


def write(root, name, text):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize("name, include", [
    ("domain/a.hpp", '#include "eventstore/log.hpp"'),
    ("domain/a.cpp", "#include <caf/all.hpp>"),
    ("domain/a.cpp", "#include <boost/optional.hpp>"),
    ("domain/sub/a.cpp", "#include <rocksdb/db.h>"),
    ("config/a.cpp", '#include "base/uuid.hpp"'),
    ("eventstore/a.cpp", '#include "projections/p.hpp"'),
    ("projections/a.cpp", '#include "actors/core/messages.hpp"'),
    ("actors/a.cpp", '#  include "http/server/server.hpp"'),
    ("actors/a.cpp", '#include "config/config.hpp"'),
    ("actors/a.cpp", "#include <rocksdb/db.h>"),
    ("http/a.cpp", '#include "config/config.hpp"'),
    ("http/a.cpp", "#include <caf/actor.hpp>"),
    ("app/a.cpp", "#include <caf/actor_system.hpp>"),
    ("replay/a.cpp", '#include "actors/core/clock.hpp"'),
    ("domain/a.cpp", "#include <eventstore/log.hpp>"),
    ("domain/a.cpp", '#include "ids.hpp"'),
])
def test_a_wrong_include_is_found_with_its_line(tmp_path, name, include):
    write(tmp_path, name, f"// a comment\n{include}\n")
    problems, _ = check(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}:2: ")


@pytest.mark.parametrize("name, include", [
    ("domain/a.cpp", '#include "base/uuid.hpp"'),
    ("domain/a.cpp", "#include <vector>"),
    ("eventstore/a.cpp", "#include <rocksdb/db.h>"),
    ("http/a.cpp", '#include "actors/project/ingestion.hpp"'),
    ("http/a.cpp", "#include <boost/beast.hpp>"),
    ("app/a.cpp", '#include "config/config.hpp"'),
    ("domain/a.cpp", '// not an #include "http/server/server.hpp"'),
])
def test_a_right_include_is_accepted(tmp_path, name, include):
    write(tmp_path, name, include + "\n")
    assert check(tmp_path) == ([], [])


def test_a_long_file_is_noted_but_no_problem(tmp_path):
    write(tmp_path, "domain/long.hpp", "\n" * 401)
    problems, notes = check(tmp_path)
    assert problems == []
    assert notes == ["domain/long.hpp: 401 lines, more than 400: one concept, one file"]


def test_the_command_fails_on_a_wrong_include(tmp_path):
    write(tmp_path, "domain/a.cpp", '#include "http/server/server.hpp"\n')
    run = subprocess.run([sys.executable, str(TESTS / "check_includes.py"), str(tmp_path)],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "domain/a.cpp:1: http/server/server.hpp: domain/ may not include http/" in run.stdout
