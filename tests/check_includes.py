#!/usr/bin/env python3
"""Checks that the folders include each other only as docs/architecture.md allows.

    check_includes.py [ROOT]      exit 1 with FILE:LINE: REASON for each wrong include

Layers are libraries and a wrong call between them does not link, but a wrong include of a header with inline code would still compile, and
inside a layer nothing but this keeps the modules apart. The rules, each with its tests in tests/lint:

1. A layer includes the layers below it (LAYERS); of `domain/`, `eventstore/` includes `domain/event/` alone.
2. A core (CORE) names no module.
3. A module includes its own folders, any core, and of other modules their ids and event types alone (SHARED).
4. Only `app/` and one registry file a layer (REGISTRIES) know all modules.
5. Third-party frameworks stay in their places (CONFINED).
6. No project header stands in a precompiled header.
7. A folder with more than a handful of files has a README.md of about ten lines.
"""
import pathlib
import re
import sys

# Layer → the layers that it may include, besides itself.
LAYERS = {
    "base": set(),
    "domain": {"base"},
    "config": {"base"},
    "eventstore": {"base", "domain"},
    "projections": {"base", "domain", "eventstore"},
    "replay": {"base", "domain", "eventstore", "projections"},
    "actors": {"base", "domain", "eventstore", "projections"},
    "http": {"base", "domain", "eventstore", "projections", "actors"},
    "app": {"base", "domain", "eventstore", "projections", "actors", "http", "replay", "config"},
    "tests": {"base", "domain", "eventstore", "projections", "actors", "http", "replay", "config", "app"},
    "bench": {"base", "domain", "eventstore", "projections", "actors", "http", "replay", "config"},
}

# Module → the names that its folders have inside the layers.
MODULES = {
    "project": {"project", "rules", "risk"},
    "operators": {"operators"},
    "outbox": {"outbox"},
}

# Folders that belong to no module and serve all. A layer that has modules says here which of its folders are core.
CORE = {
    "domain/event", "domain/notifications",
    "projections/core",
    "actors/core", "actors/views", "actors/upkeep",
    "http/server", "http/auth", "http/commands", "http/routes/core",
}

# Headers of a module that everybody may include: its ids and the types of its events.
SHARED = re.compile(r"^domain/\w+/(ids|events)\.hpp$")

# The files that know all modules of their layer.
REGISTRIES = {
    "projections/registry",
    "actors/engine",
    "http/registry",
}

# Start of a third-party header's name → where it may appear. Other libraries are free.
CONFINED = {
    "caf/": {"actors", "tests"},
    "boost/": {"http", "app", "bench", "tests"},
    "rocksdb/": {"eventstore/kv", "eventstore/backup", "bench", "tests"},
    "curl/": {"actors/outbox", "tests"},
    "librdkafka/": {"eventstore/kafka", "tests"},
    "kainjow/": {"domain/notifications", "domain/project/messages", "tests"},
}

HANDFUL = 6       # files of source; a folder with more has a README.md
LONG_FILE = 400   # lines; beyond it a file probably holds two concepts
LONG_README = 25  # lines

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def module_of(folder):
    """The module whose room a folder is; None for a core, and in layers without rooms."""
    parts = folder.split("/")
    for module, names in MODULES.items():
        if parts[0] in ("domain", "projections", "actors", "http") and names & set(parts[1:]):
            return module
    return None


def is_inside(folder, places):
    return any(folder == place or folder.startswith(place + "/") for place in places)


def wrong_include(file, quote, name):
    """Why `file` (a path from the root) may not include `name`; None when it may."""
    folder = str(pathlib.PurePosixPath(file).parent)
    layer = folder.split("/")[0]
    for prefix, places in CONFINED.items():
        if name.startswith(prefix) and not is_inside(folder, places):
            return f"{name}: {prefix[:-1]} headers belong in {', '.join(sorted(places))}"
    target = name.split("/")[0]
    if "/" not in name or target not in LAYERS:
        return f'{name}: write project headers from the root, as in "base/ids.hpp"' if quote == '"' else None
    if target != layer and target not in LAYERS[layer]:
        return f"{name}: {layer}/ may not include {target}/"
    if layer == "eventstore" and target == "domain" and not name.startswith("domain/event/"):
        return f"{name}: of domain/, eventstore/ may include domain/event/ alone"
    if layer not in ("domain", "projections", "actors", "http") or str(pathlib.PurePosixPath(file).with_suffix("")) in REGISTRIES:
        return None
    if target == layer and name.removesuffix(".hpp") in REGISTRIES:
        return f"{name}: who includes a registry knows all modules"
    theirs = module_of(str(pathlib.PurePosixPath(name).parent))
    ours = module_of(folder)
    if theirs is None or theirs == ours or SHARED.match(name):
        return None
    if ours is None:
        return f"{name}: {folder}/ is a core and names no module"
    return f"{name}: the module {ours} may include of {theirs} ids and event types alone"


def check_sources(root):
    problems, notes = [], []
    for layer in LAYERS:
        for file in sorted((root / layer).rglob("*.[ch]pp")):
            lines = file.read_text(encoding="utf-8").splitlines()
            where = file.relative_to(root).as_posix()
            if len(lines) > LONG_FILE:
                notes.append(f"{where}: {len(lines)} lines, more than {LONG_FILE}: one concept, one file")
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                reason = match and wrong_include(where, *match.groups())
                if reason:
                    problems.append(f"{where}:{number}: {reason}")
    return problems, notes


def check_precompiled(root):
    """No project header in a PCH: whoever touches it would build the layer again."""
    problems = []
    for layer in LAYERS:
        for file in sorted((root / layer).rglob("CMakeLists.txt")):
            text = file.read_text(encoding="utf-8")
            for call in re.finditer(r"(?:target_precompile_headers\s*\(|\bPCH\b)([^)]*)", text):
                for header in re.findall(r"[\w${}/.]+\.hpp", re.sub(r"<[^>]*>", "", call.group(1))):
                    number = text.count("\n", 0, call.start(1) + call.group(1).index(header)) + 1
                    problems.append(f"{file.relative_to(root).as_posix()}:{number}: {header}: no project header in a precompiled header")
    return problems


def check_readmes(root):
    problems = []
    for layer in LAYERS:
        for folder in sorted({file.parent for file in (root / layer).rglob("*.[ch]pp")}):
            readme = folder / "README.md"
            where = folder.relative_to(root).as_posix()
            if not readme.exists():
                if len(list(folder.glob("*.[ch]pp"))) > HANDFUL:
                    problems.append(f"{where}: has more than {HANDFUL} files and no README.md")
            elif layer not in ("tests", "bench") and len(readme.read_text(encoding="utf-8").splitlines()) > LONG_README:
                problems.append(f"{where}/README.md: ten lines, not {len(readme.read_text(encoding='utf-8').splitlines())}")
    return problems


def check(root):
    """Returns (problems, notes): sentences that start with the file and line."""
    problems, notes = check_sources(root)
    return problems + check_precompiled(root) + check_readmes(root), notes


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    problems, notes = check(root)
    for sentence in notes + problems:
        print(sentence)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
