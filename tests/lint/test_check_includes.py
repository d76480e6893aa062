"""check_includes.py finds each kind of wrong include, and accepts right ones: a test for each of its rules."""
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
from check_includes import HANDFUL, LAYERS, MODULES, REGISTRIES, check, module_of  # noqa: E402


def write(root, name, text):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


WRONG = [
    # 1: layers
    ("base/a.cpp", '#include "domain/event/ids.hpp"'),
    ("domain/event/a.hpp", '#include "eventstore/log.hpp"'),
    ("config/a.cpp", '#include "domain/event/ids.hpp"'),
    ("eventstore/a.cpp", '#include "projections/core/page.hpp"'),
    ("eventstore/a.cpp", '#include "domain/project/project.hpp"'),
    ("projections/core/a.cpp", '#include "actors/core/messages.hpp"'),
    ("actors/core/a.cpp", '#  include "http/server/server.hpp"'),
    ("actors/core/a.cpp", '#include "config/config.hpp"'),
    ("http/server/a.cpp", '#include "config/config.hpp"'),
    ("replay/a.cpp", '#include "actors/core/clock.hpp"'),
    ("domain/event/a.cpp", "#include <eventstore/log.hpp>"),
    ("domain/event/a.cpp", '#include "ids.hpp"'),
    # 2: a core names no module
    ("domain/event/a.hpp", '#include "domain/project/project.hpp"'),
    ("projections/core/a.hpp", '#include "projections/operators/audit.hpp"'),
    ("projections/core/a.hpp", '#include "domain/rules/rule_set.hpp"'),
    ("actors/core/a.hpp", '#include "actors/outbox/outbox.hpp"'),
    ("actors/views/a.cpp", '#include "projections/project/projects.hpp"'),
    ("http/server/a.hpp", '#include "http/routes/project/routes.hpp"'),
    ("http/auth/a.hpp", '#include "domain/operators/account_book.hpp"'),
    # 3: modules meet by events and commands
    ("domain/operators/a.hpp", '#include "domain/project/project.hpp"'),
    ("projections/outbox/a.cpp", '#include "projections/project/projects.hpp"'),
    ("actors/outbox/a.cpp", '#include "domain/project/messages/compose.hpp"'),
    ("http/routes/operators/a.cpp", '#include "actors/rules/messages.hpp"'),
    # 4: registries
    ("projections/project/a.cpp", '#include "projections/registry.hpp"'),
    ("actors/outbox/a.cpp", '#include "actors/engine.hpp"'),
    ("http/server/a.cpp", '#include "http/registry.hpp"'),
    # 5: frameworks
    ("domain/event/a.cpp", "#include <caf/all.hpp>"),
    ("domain/event/a.cpp", "#include <boost/optional.hpp>"),
    ("domain/project/a.cpp", "#include <rocksdb/db.h>"),
    ("projections/core/a.cpp", "#include <rocksdb/db.h>"),
    ("eventstore/check/a.cpp", "#include <rocksdb/db.h>"),
    ("actors/core/a.cpp", "#include <curl/curl.h>"),
    ("http/server/a.cpp", "#include <caf/actor.hpp>"),
    ("app/a.cpp", "#include <caf/actor_system.hpp>"),
    ("eventstore/kv/a.cpp", "#include <librdkafka/rdkafka.h>"),
]

RIGHT = [
    ("base/a.cpp", '#include "base/time.hpp"'),
    ("domain/event/a.cpp", '#include "base/ids.hpp"'),
    ("domain/event/a.cpp", "#include <vector>"),
    ("domain/project/a.cpp", '#include "domain/rules/rule_set.hpp"'),
    ("domain/project/messages/a.cpp", '#include "domain/notifications/mime.hpp"'),
    ("domain/operators/a.cpp", '#include "domain/project/ids.hpp"'),
    ("actors/outbox/a.cpp", '#include "domain/project/events.hpp"'),
    ("eventstore/kv/a.cpp", "#include <rocksdb/db.h>"),
    ("eventstore/a.cpp", '#include "domain/event/event.hpp"'),
    ("projections/registry.cpp", '#include "projections/operators/audit.hpp"'),
    ("actors/engine.cpp", '#include "actors/outbox/outbox.hpp"'),
    ("actors/project/a.cpp", '#include "projections/project/projects.hpp"'),
    ("http/routes/outbox/a.cpp", '#include "projections/outbox/notifications.hpp"'),
    ("http/server/a.cpp", '#include "actors/engine.hpp"'),
    ("http/server/a.cpp", "#include <boost/beast.hpp>"),
    ("replay/a.cpp", '#include "projections/registry.hpp"'),
    ("app/a.cpp", '#include "config/config.hpp"'),
    ("domain/event/a.cpp", '// not an #include "http/server/server.hpp"'),
]


@pytest.mark.parametrize("name, include", WRONG)
def test_a_wrong_include_is_found_with_its_line(tmp_path, name, include):
    write(tmp_path, name, f"// a comment\n{include}\n")
    problems, _ = check(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}:2: ")


@pytest.mark.parametrize("name, include", RIGHT)
def test_a_right_include_is_accepted(tmp_path, name, include):
    write(tmp_path, name, include + "\n")
    assert check(tmp_path) == ([], [])


@pytest.mark.parametrize("text", [
    'plo_library(plo_x\n  SOURCES a.cpp\n  PCH <vector>\n      "${PROJECT_SOURCE_DIR}/domain/project/project.hpp")',
    'target_precompile_headers(plo PRIVATE <vector> ../base/json.hpp)',
])
def test_a_project_header_in_a_precompiled_header_is_found(tmp_path, text):
    write(tmp_path, "domain/CMakeLists.txt", text)
    problems, _ = check(tmp_path)
    assert len(problems) == 1
    assert "no project header in a precompiled header" in problems[0]


def test_other_headers_may_be_precompiled(tmp_path):
    write(tmp_path, "domain/CMakeLists.txt", "plo_library(plo_x SOURCES a.cpp PCH <simdjson.h> <tl/expected.hpp>)")
    assert check(tmp_path) == ([], [])


def test_a_folder_of_many_files_needs_a_readme_and_a_short_one(tmp_path):
    for number in range(HANDFUL + 1):
        write(tmp_path, f"base/a{number}.hpp", "")
    assert check(tmp_path)[0] == [f"base: has more than {HANDFUL} files and no README.md"]
    write(tmp_path, "base/README.md", "# base\n")
    assert check(tmp_path) == ([], [])
    write(tmp_path, "base/README.md", "word\n" * 100)
    assert check(tmp_path)[0] == ["base/README.md: ten lines, not 100"]


def test_a_long_file_is_noted_but_no_problem(tmp_path):
    write(tmp_path, "base/long.hpp", "\n" * 401)
    problems, notes = check(tmp_path)
    assert problems == []
    assert notes == ["base/long.hpp: 401 lines, more than 400: one concept, one file"]


def test_the_command_fails_on_a_wrong_include(tmp_path):
    write(tmp_path, "base/a.cpp", '#include "http/server/server.hpp"\n')
    run = subprocess.run([sys.executable, str(TESTS / "check_includes.py"), str(tmp_path)],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "base/a.cpp:1: http/server/server.hpp: base/ may not include http/" in run.stdout


def test_the_rules_speak_of_what_is_there():
    root = TESTS.parent
    assert all((root / layer).is_dir() for layer in LAYERS)
    assert all((root / f"{file}.hpp").is_file() for file in REGISTRIES)
    folders = {folder.relative_to(root).as_posix() for layer in LAYERS for folder in (root / layer).rglob("*") if folder.is_dir()}
    assert {module_of(folder) for folder in folders} - {None} == set(MODULES)
