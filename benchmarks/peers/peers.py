"""Runs programs of the same computation in turn, holds their results against a reference, and compares their times: script/bench --peers
builds what this needs, and has it write docs/peers.md. Workloads are in workloads.py, the lines that programs answer in worker.hpp."""

import argparse
import dataclasses
import functools
import math
import os
import pathlib
import platform
import re
import select
import statistics
import subprocess
import sys
import time

from workloads import WORKLOADS, Entry, Workload

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCES = tuple(10 ** (-k / 2) for k in range(6, 29))  # 1e-3 to 1e-14
STEPS = tuple(round(10 ** (k / 16)) for k in range(16, 65))  # 10 to 10,000
PATIENCE = 600  # seconds for one answer
LONG = 0.5  # seconds: a call as long is made in a few rounds only
ROUNDS_OF_LONG = 3
PACKAGES = {"with_cvodes": "libsundials-dev", "with_gsl": "libgsl-dev", "with_odeint": "libboost-dev"}
ENVIRONMENT = {
    **{name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "JAX_PLATFORMS": "cpu",
}


class NoResult(Exception):
    """Why there is nothing to compare, in a sentence."""


@dataclasses.dataclass(frozen=True)
class Answer:
    value: float
    gradient: tuple
    seconds: float


def parsed(line, name):
    words = line.split()
    if not words or words[0] != name:
        raise NoResult(f"it answers {line.strip()!r}")
    if len(words) > 1 and words[1] == "!":
        raise NoResult(" ".join(words[2:]))
    try:
        numbers = [float(word) for word in words[1:]]
    except ValueError:
        raise NoResult(f"it answers {line.strip()!r}") from None
    if len(numbers) < 2:
        raise NoResult(f"it answers {line.strip()!r}")
    if not all(map(math.isfinite, numbers)) or numbers[-1] < 0:
        raise NoResult("a number is not finite")
    return Answer(numbers[0], tuple(numbers[1:-1]), numbers[-1])


def relative_error(numbers, reference):
    if len(numbers) != len(reference):
        raise NoResult(f"it has {len(numbers)} numbers, not {len(reference)}")
    if not reference:
        return 0.0
    return max(abs(x - y) for x, y in zip(numbers, reference)) / max(map(abs, reference))


@dataclasses.dataclass(frozen=True)
class Errors:
    value: float
    gradient: float


def errors_of(answer, workload, argument):
    value, gradient = workload.references[argument]
    if workload.judged == "state":  # value and "gradient" are entries of one vector
        error = relative_error((answer.value, *answer.gradient), (value, *gradient))
        return Errors(error, error)
    return Errors(relative_error((answer.value,), (value,)), relative_error(answer.gradient, gradient))


def agreed(answer, workload, entry, argument):
    """The errors, or NoResult where they are more than is allowed."""
    errors = errors_of(answer, workload, argument)
    allowed = workload.allowed if entry.allowed is None else entry.allowed
    if not max(errors.value, errors.gradient) <= allowed:
        raise NoResult(f"disagrees: the value is off by {errors.value:.1e}, the {workload.judged} by {errors.gradient:.1e}, "
                       f"where {allowed:.0e} is allowed")
    return errors


class Worker:
    """A program that has been started for a workload."""

    def __init__(self, command, workload):
        environment = {**os.environ, **ENVIRONMENT}
        self.process = subprocess.Popen([*command, workload], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment)
        self.rest = b""

    def ask(self, name, argument=0):
        try:
            self.process.stdin.write(f"{name} {argument!r}\n".encode())
            self.process.stdin.flush()
        except OSError:
            raise NoResult(self.last_words()) from None
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
                self.end()
                raise NoResult(f"it took more than {PATIENCE} seconds")
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                raise NoResult(self.last_words())
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        return parsed(line.decode(), name)

    def spent(self):
        """Processor seconds of the program so far, or what the clock says where that cannot be had."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError, ValueError):
            return time.perf_counter()

    def last_words(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        said = self.process.stderr.read().decode(errors="replace").strip().splitlines()
        status = self.process.wait()
        return said[-1] if said else f"it ends with status {status}"

    def end(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass


class Programs:
    """Where programs are, and workers of one workload, which are started when they are first asked."""

    def __init__(self, folder, python):
        self.folder, self.python = folder, python

    def command(self, program):
        if program.endswith(".py"):
            if not self.python:
                raise NoResult("there is no virtual environment for it")
            return [str(self.python), str(HERE / program)]
        path = self.folder / f"peers_{program}"
        if not path.exists():
            raise NoResult("its program was not built" + (f" (is {PACKAGES[program]} here?)" if program in PACKAGES else ""))
        return [str(path)]

    def version(self, program):
        try:
            command = self.command(program)
        except NoResult as reason:
            return f"not compared: {reason}"
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, env={**os.environ, **ENVIRONMENT})
        if done.returncode:
            return f"not compared: {(done.stderr.strip().splitlines() or ['it does not start'])[-1]}"
        return done.stdout.strip()


@dataclasses.dataclass
class Measured:
    entry: Entry
    tolerance: float = None  # or the number of steps
    errors: Errors = None
    first: float = None  # seconds of the first answer: what is made once, compiled, and the first calls
    seconds: list = dataclasses.field(default_factory=list)
    ratios: list = dataclasses.field(default_factory=list)  # to the first of ours, round by round
    reason: str = ""  # why it is not compared

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def ratio(self):
        return statistics.median(self.ratios)


def loosest(ask, workload, entry, target):
    """The loosest tolerance, or the fewest steps, from which on the gradient is as good as the target wherever it was tried, two more rungs of the
    ladder."""
    best, found, good = math.inf, None, 0
    last = "no tolerance gives a result"
    for tolerance in STEPS if entry.in_equal_steps else TOLERANCES:
        try:
            errors = errors_of(ask(entry, tolerance), workload, 0)
        except NoResult as reason:
            last = str(reason)
            if found is None:
                continue
            break
        best = min(best, errors.gradient)
        if errors.gradient <= target:
            found = found or (tolerance, errors)
            good += 1
            if good == 3:
                break
        else:
            found, good = None, 0
    if found is None:
        raise NoResult(f"its best error is {best:.1e}" if best < math.inf else last)
    return found


def measure(workload, argument, target, ask, rounds, tell=lambda text: None, ask_once=None, spent=None):
    """One table: each entry is held against the reference, and those that agree are timed in turn."""
    rows = []
    for entry in workload.entries:
        row = Measured(entry)
        rows.append(row)
        try:
            if target is None:
                begin = spent(entry) if spent else 0
                row.errors = agreed(ask(entry, argument), workload, entry, argument)
                row.first = spent(entry) - begin if spent else None
            else:
                row.tolerance, row.errors = loosest(ask_once or ask, workload, entry, target)
        except NoResult as reason:
            row.reason = str(reason)
        tell(f"  {entry.label}: {row.reason or f'agrees ({row.errors.gradient:.1e})'}")
    base = next((row for row in rows if row.entry.is_ours and not row.reason), None)
    if base is None:
        return rows
    for number in range(rounds):
        for row in [base] + [row for row in rows if row is not base]:
            if row.reason or (row is not base and number >= ROUNDS_OF_LONG and row.seconds[0] > LONG):
                continue
            try:
                seconds = ask(row.entry, argument if target is None else row.tolerance).seconds
            except NoResult as reason:
                if row is base:
                    raise
                row.reason = str(reason)
                continue
            row.seconds.append(seconds)
            row.ratios.append(seconds / base.seconds[-1])
    return rows


def time_in_words(seconds):
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
        if seconds >= unit:
            break
    return f"{seconds / unit:.3g} {name}" if seconds / unit < 1000 else f"{seconds / unit:.0f} {name}"


def ratio_in_words(ratio):
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}" if ratio < 1000 else f"{float(f'{ratio:.2g}'):,.0f}"


def table(workload, rows):
    """In Markdown, with a sentence for each entry that is not compared."""
    chosen, first = any(row.tolerance for row in rows), any(row.first for row in rows)
    judged = workload.judged
    heads = ["", "times ours", "CPU time"]
    heads += ["tolerance"] if chosen else []
    heads += [f"error of the {judged}"] if judged == "state" else ["error of the value", f"of the {judged}"]
    heads += ["first call"] if first else []
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        if row.reason or not row.seconds:
            continue
        label = row.entry.label if row.entry.is_ours else f"*{row.entry.label}*"
        cells = [label + (f" ({row.entry.note})" if row.entry.note else ""), ratio_in_words(row.ratio), time_in_words(row.median)]
        cells += [f"{row.tolerance} steps" if row.entry.in_equal_steps else f"{row.tolerance:.1e}".replace("e-0", "e-")] if chosen else []
        cells += [f"{row.errors.gradient:.0e}".replace("e-0", "e-")] if judged == "state" else [
            f"{error:.0e}".replace("e-0", "e-") for error in (row.errors.value, row.errors.gradient)]
        cells += [time_in_words(row.first)] if first else []
        lines.append("| " + " | ".join(cells) + " |")
    lines += [f"\nNot compared: {row.entry.label}: {row.reason.rstrip('.')}." for row in rows if row.reason]
    return "\n".join(lines)


def with_block(page, name, text):
    """The page with the text between its two markers of this name, which must be there."""
    begin, end = f"<!-- measured: {name} -->\n", f"<!-- end: {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise SystemExit(f"error: the page has no {begin.strip()} and {end} after it")
    before, rest = page.split(begin)
    return before + begin + "\n" + text.strip() + "\n\n" + end + rest.split(end)[1]


def machine():
    facts = {"model": platform.processor() or platform.machine(), "vectors": ""}
    try:
        cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
        facts["model"] = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M).group(1)
        flags = re.search(r"^flags\s*: (.*)$", cpuinfo, re.M).group(1).split()
        facts["vectors"] = ", ".join(flag for flag in ("avx2", "fma", "avx512f", "avx512vl") if flag in flags)
    except (OSError, AttributeError):
        pass
    return (f"{facts['model']}, {os.cpu_count()} processors{', ' + facts['vectors'] if facts['vectors'] else ''}; "
            f"{platform.system()}, {platform.machine()}; load when it began: {os.getloadavg()[0]:.0f}")


def facts_in_words(programs, workloads, rounds):
    lines = [f"- **Machine.** {machine()}. One thread each, on one processor.",
             f"- **Medians** of {rounds} rounds ({ROUNDS_OF_LONG} where a call takes more than {LONG:g} s)."]
    names = dict.fromkeys(entry.program for workload in workloads for entry in workload.entries)
    versions = {name: programs.version(name) for name in names}
    said = dict.fromkeys(f"{who(name)} is {text}" if text.startswith("not compared") else text for name, text in versions.items())
    return "\n".join(lines + [f"- {text}." for text in said])


def who(program):
    return program.removeprefix("with_").removesuffix(".py")


def run(arguments):
    chosen = [w for w in WORKLOADS if not arguments.only or any(name in w.name for name in arguments.only)]
    if not chosen:
        raise SystemExit("error: --only takes a part of one of: " + ", ".join(w.name for w in WORKLOADS))
    programs = Programs(arguments.programs, arguments.python)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    page = arguments.page.read_text() if arguments.page else None
    facts = facts_in_words(programs, chosen, arguments.rounds)
    print(facts)
    if page:
        page = with_block(page, "machine", facts)
    tell = functools.partial(print, file=sys.stderr, flush=True)
    for workload in chosen:
        sections = [workload.what]
        workers, known = {}, {}

        def worker_of(entry):
            if entry.program not in workers:
                workers[entry.program] = Worker(programs.command(entry.program), workload.name)
            return workers[entry.program]

        def ask(entry, argument):
            return worker_of(entry).ask(entry.name, argument)

        def spent(entry):
            return worker_of(entry).spent()

        def ask_once(entry, argument):  # tolerances are tried for each target
            key = entry.program, entry.name, argument
            if key not in known:
                try:
                    known[key] = ask(entry, argument)
                except NoResult as reason:
                    known[key] = reason
            if isinstance(known[key], NoResult):
                raise known[key]
            return known[key]

        cases = [(None, a) for a in workload.measured + (workload.large if arguments.large else ())]
        if workload.targets:
            cases = [(target, 0) for target in workload.targets]
        try:
            for target, argument in cases:
                tell(f"{workload.name} {target or argument or ''}")
                rows = measure(workload, argument, target, ask, arguments.rounds, tell, ask_once, spent)
                if target:
                    sections.append(f"**Error of the {workload.judged} at most {target:.0e}:**".replace("e-0", "e-"))
                elif argument:
                    sections.append(f"**{argument:,} {workload.argument}:**")
                sections.append(table(workload, rows))
        finally:
            for worker in workers.values():
                worker.end()
        text = "\n\n".join(sections)
        print(f"\n## {workload.title}\n\n{text}", flush=True)
        if page:
            page = with_block(page, workload.name, text)
            arguments.page.write_text(page)


def try_ours(program):
    """Each entry of one of our programs once, held against the reference: a test."""
    name = program.name.removeprefix("peers_")
    failed = tried = 0
    for workload in WORKLOADS:
        entries = [entry for entry in workload.entries if entry.program == name]
        if not entries:
            continue
        worker = Worker([str(program)], workload.name)
        for entry in entries:
            tried += 1
            argument = workload.tried if not workload.targets else STEPS[-1] if entry.in_equal_steps else 1e-9
            try:
                errors = agreed(worker.ask(entry.name, argument), workload, entry, 0 if workload.targets else argument)
                if workload.targets and max(errors.value, errors.gradient) > 1e-6:
                    raise NoResult(f"at {argument:g} it is off by {errors.gradient:.1e}")
                print(f"{workload.name}, {entry.label}: off by {errors.value:.1e} and {errors.gradient:.1e}")
            except NoResult as reason:
                failed += 1
                print(f"{workload.name}, {entry.label}: {reason}")
        worker.end()
    if not tried:
        raise SystemExit(f"error: no workload is computed by {name}")
    return failed


def main():
    parser = argparse.ArgumentParser(prog="script/bench --peers", description="Times other libraries beside this one.")
    parser.add_argument("--rounds", type=int, default=15, help="how often each program is asked (15)")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="only workloads with this in their names, on the screen and on no page; may be repeated: " +
                             ", ".join(w.name for w in WORKLOADS))
    parser.add_argument("--large", action="store_true", help="ensembles of 100,000 problems as well")
    parser.add_argument("--page", type=pathlib.Path, help="where to write (docs/peers.md, unless --only)")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/bench/benchmarks"), help=argparse.SUPPRESS)
    parser.add_argument("--python", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--try", dest="tried", type=pathlib.Path, metavar="PROGRAM", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.tried:
        sys.exit(1 if try_ours(arguments.tried) else 0)
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not arguments.page and not arguments.only:
        arguments.page = pathlib.Path("docs/peers.md")
    run(arguments)


if __name__ == "__main__":
    main()
