"""A program of script/bench --peers, in Python: see worker.hpp, which says what it answers. `make` of an entry is given the argument and returns
a call, which returns what `numbers` turns into value and gradient, outside of the time."""

import importlib.metadata
import platform
import sys
import time

ENOUGH = 0.02
workload = sys.argv[1] if len(sys.argv) > 1 else ""


def seconds_of(call):
    calls, begin = 0, time.process_time()
    while True:
        call()
        calls += 1
        spent = time.process_time() - begin
        if spent >= ENOUGH:
            return spent / calls


def serve(workloads, numbers=lambda result: result, packages=()):
    """`packages`: whose versions are told."""
    if workload == "--version":
        told = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
        return print(f"{told} (Python {platform.python_version()})")
    entries = workloads[workload]
    made = {}
    for line in sys.stdin:
        name, _, argument = line.strip().partition(" ")
        try:
            if line not in made:
                if name not in entries:
                    raise KeyError("there is no such entry")
                call = entries[name](float(argument or 0))
                made[line] = call, [float(x) for x in numbers(call())]
            call, result = made[line]
            print(name, *map(repr, result), repr(seconds_of(call)), flush=True)
        except Exception as error:  # whatever a peer throws is the answer
            print(name, "!", " ".join(f"{type(error).__name__}: {error}".split())[:300], flush=True)
