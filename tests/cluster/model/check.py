#!/usr/bin/env python3
"""Proves the models of the log on several machines, and that each of their rules is needed (README.md).

check.py                       everything
check.py MODEL [holds|rules]   one model; with all its rules, or with each of them off
check.py MODEL RULE            the shortest way to a violation when this rule is off
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
DEPTH = 1_000_000
MEGABYTES = 950

# What must be violated when a rule is off, each of these for itself. Of invariants that are not named nothing is claimed.
MODELS = {
    "ownership": {
        "FENCE": ["doubled", "forked", "untrue"],
        "FENCE_FIRST": ["doubled", "forked", "untrue"],
        "END_AFTER_FENCE": ["doubled", "forked", "untrue"],
        "GENERATION": ["untrue"],
        "READ_BACK": ["doubled", "forked"],
        "UNKNOWN_IS_OPEN": ["lost"],
        "FENCE_READ_BACK": ["doubled", "forked"],
        "ZOMBIE_REFUSES": ["untrue"],
        "HEARD_WHEN_SENT": ["untrue"],
        "HEARD_IS_SUCCESS": ["untrue"],
        "HALF_A_SESSION": ["untrue"],
        "READ_BACK_IS_FRESH": ["untrue"],
        "COMMITTED_FIRST": ["lost"],
        "CHECKED": ["forked"],
    },
    "finding": {
        "PROMISED": ["doubled", "split"],
        "ASKED_AGAIN": ["doubled", "split"],
        "BY_HOME": ["doubled"],
        "FIRST_DECIDES": ["doubled"],
        "NOTED": ["doubled"],
        "LETTER_NOTED": ["doubled"],
        "DEDUPLICATED": ["doubled"],
    },
    "binding": {
        "BOUND_FIRST": ["untrue"],
        "REPEATS_WAIT": ["untrue"],
        "REBINDS": ["untrue"],
        "UNKNOWN_IS_ASKED": ["untrue"],
        "BINDS_EARLY": ["stuck"],
        "HOME_LOGS": ["untrue"],
        "IN_FLIGHT_COUNTS": ["untrue"],
    },
}
# Runs with all rules on: what the environment of the model may do besides.
HOLDS = {"ownership": [{}, {"LOSSY": "1"}], "finding": [{}], "binding": [{}, {"LATE": "1"}]}
# A broker that loses what it has confirmed leaves nothing to promise but that nobody goes on from there unnoticed.
LOSSY_RULE, LOSSY_INVARIANT = "CHECKED", "forked"

Outcome = collections.namedtuple("Outcome", "violated states seconds")


class Model:
    def __init__(self, name, folder, shortest=False):
        self.name = name
        self.folder = folder
        source = HERE / f"{name}.pml"
        text = source.read_text()
        self.rules = {rule: int(number) for rule, number in re.findall(r"#define (\w+)\s+\(off != (\d+)\)", text)}
        self.invariants = {inv: int(number) for number, inv in re.findall(r"FORBID\((\d), (\w+),", text)}
        if set(self.rules) != set(MODELS[name]):
            sys.exit(f"{name}.pml: its rules are not those of check.py: {sorted(set(self.rules) ^ set(MODELS[name]))}")
        subprocess.run(["spin", "-a", str(source)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        how = ["-DBFS"] if shortest else []
        subprocess.run(["gcc", "-O2", "-w", "-DSAFETY", "-DNOCLAIM", f"-DMEMLIM={MEGABYTES}", *how, "-o", "pan", "pan.c"],
                       cwd=folder, check=True)

    def environment(self, rule=None, invariant=None, more=None):
        env = {**os.environ, **(more or {}), "OFF": str(self.rules.get(rule, 0)), "ONLY": str(self.invariants.get(invariant, 0))}
        if rule == LOSSY_RULE or env.get("LOSSY"):
            env.update(LOSSY="1", ONLY=str(self.invariants[LOSSY_INVARIANT]))
        return env

    def run(self, rule=None, invariant=None, more=None):
        started = time.monotonic()
        ran = subprocess.run(["./pan", f"-m{DEPTH}", "-w22", "-E", "-n"], cwd=self.folder,
                             env=self.environment(rule, invariant, more), capture_output=True, text=True)
        found = re.search(r"assertion violated\s+!\(+(\w+)\)", ran.stdout)
        states = re.search(r"(\S+) states, stored", ran.stdout)
        # Only a search that came to its end says that nothing is violated.
        is_complete = "Search not completed" not in ran.stdout and "errors: 0" in ran.stdout
        if not states or "error:" in ran.stdout or not (found or is_complete):
            sys.exit(f"{self.name}: the search did not end\n{ran.stdout}{ran.stderr}")
        return Outcome(found and found.group(1), int(float(states.group(1))), time.monotonic() - started)


def holds(name, folder):
    model = Model(name, folder)
    good = True
    for more in HOLDS[name]:
        result = model.run(more=more)
        print(f"{name} {' '.join(more)}: {result.states} states, {result.seconds:.1f} s: {result.violated or 'holds'}", flush=True)
        good = good and result.violated is None
    return good


def rules(name, folder):
    model = Model(name, folder)
    good = True
    for rule, expected in MODELS[name].items():
        for invariant in expected:
            result = model.run(rule, invariant)
            verdict = "as it must" if result.violated == invariant else "BUT NOTHING IS VIOLATED: the model or the rule is too weak"
            print(f"{name} without {rule}: {invariant}, {result.states} states, {result.seconds:.1f} s, {verdict}", flush=True)
            good = good and result.violated == invariant
    return good


def explain(name, rule, folder):
    model = Model(name, folder, shortest=True)
    for invariant in MODELS[name][rule]:
        model.run(rule, invariant)
        told = subprocess.run(["./pan", "-r", f"{name}.pml.trail", "-n"], cwd=folder, env=model.environment(rule, invariant),
                              capture_output=True, text=True)
        print(f"== {name} without {rule}: {invariant}")
        print(told.stdout.split("pan:1:")[0])
    return True


def main(arguments):
    jobs = [(name, part) for name in MODELS for part in ("holds", "rules")]
    if arguments:
        jobs = [(name, part) for name, part in jobs if name == arguments[0]]
        if len(arguments) == 2 and jobs and arguments[1] in MODELS[arguments[0]]:
            with tempfile.TemporaryDirectory() as folder:
                return explain(*arguments, folder)
        if len(arguments) == 2:
            jobs = [(name, part) for name, part in jobs if part == arguments[1]]
        if not jobs or len(arguments) > 2:
            sys.exit(__doc__)

    def work(job):
        with tempfile.TemporaryDirectory() as folder:
            return {"holds": holds, "rules": rules}[job[1]](job[0], folder)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return all(list(pool.map(work, jobs)))


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
