#!/usr/bin/env python3
"""Checks that the folders include each other only as ARCHITECTURE.md allows.

    check_includes.py [ROOT]      exit 1 with FILE:LINE: REASON for each wrong include

Every folder is a library of its own and a wrong call would not link, but a wrong include of a header with
inline code would still compile; and CAF, Boost and RocksDB are each to stay inside their folders.
"""
import pathlib
import re
import sys

# Folder → the folders of the project that it may include, besides itself.
ALLOWED = {
    "domain": set(),
    "config": set(),
    "eventstore": {"domain"},
    "projections": {"domain", "eventstore"},
    "actors": {"domain", "eventstore", "projections"},
    "http": {"domain", "eventstore", "projections", "actors"},
    "replay": {"domain", "eventstore", "projections"},
    "app": {"domain", "eventstore", "projections", "actors", "http", "replay", "config"},
    "tests": {"domain", "eventstore", "projections", "actors", "http", "replay", "config", "app"},
    "bench": {"domain", "eventstore", "projections", "actors", "http", "replay", "config"},
}

# Start of a third-party header's name → the folders it may appear in. Other libraries are free.
CONFINED = {
    "caf/": {"actors", "tests"},
    "boost/": {"http", "app", "bench", "tests"},
    "rocksdb/": {"eventstore", "projections", "bench", "tests"},
    "curl/": {"actors", "tests"},
    "kainjow/": {"domain", "tests"},
}

LONG_FILE = 400  # lines; beyond it a file probably holds two concepts

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def wrong_include(folder, quote, name):
    """Why `folder` may not include `name`; None when it may."""
    for prefix, folders in CONFINED.items():
        if name.startswith(prefix) and folder not in folders:
            return f"{name}: {prefix[:-1]} headers belong in {', '.join(sorted(folders))}"
    target = name.split("/")[0]
    if "/" in name and target in ALLOWED:
        if target != folder and target not in ALLOWED[folder]:
            return f"{name}: {folder}/ may not include {target}/"
    elif quote == '"':
        return f'{name}: write project headers from the root, as in "domain/ids.hpp"'
    return None


def check(root):
    """Returns (problems, notes): sentences that start with the file and line."""
    problems, notes = [], []
    for folder in ALLOWED:
        for file in sorted((root / folder).rglob("*.[ch]pp")):
            lines = file.read_text(encoding="utf-8").splitlines()
            where = file.relative_to(root)
            if len(lines) > LONG_FILE:
                notes.append(f"{where}: {len(lines)} lines, more than {LONG_FILE}: one concept, one file")
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                reason = match and wrong_include(folder, *match.groups())
                if reason:
                    problems.append(f"{where}:{number}: {reason}")
    return problems, notes


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    problems, notes = check(root)
    for sentence in notes + problems:
        print(sentence)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
