"""Of peers.py: what it reads, refuses, measures and writes, with programs that answer canned lines; and references that are cheap to compute."""

import dataclasses
import math
import pathlib
import sys
import tempfile
import unittest

import peers
import references
import workloads
from peers import Answer, Entry, NoResult, Workload

OURS = Entry("ours", "ours_canned", "quick")
THEIRS = Entry("theirs", "with_canned.py", "slow", note="a note")
WRONG = Entry("wrong", "with_canned.py", "wrong")
FORGIVEN = Entry("forgiven", "with_canned.py", "wrong", allowed=0.5)
REFUSING = Entry("refusing", "with_canned.py", "refusing")
CANNED = Workload(name="canned", title="Canned", what="Nothing.", allowed=1e-6, entries=(OURS, THEIRS, WRONG, FORGIVEN, REFUSING),
                  references={0: (2.0, (1.0, -4.0))})


def canned(entry, argument):
    if entry.name == "refusing":
        raise NoResult("no wheel for this Python")
    gradient = (1.0, -5.0) if entry.name == "wrong" else (1.0, -4.0)
    return Answer(2.0, gradient, {"quick": 1e-3, "slow": 12e-3, "wrong": 5e-3}[entry.name])


class Lines(unittest.TestCase):
    def test_a_line_is_name_value_gradient_and_seconds(self):
        self.assertEqual(peers.parsed("rk4 1.5 -2 3e-1 0.25\n", "rk4"), Answer(1.5, (-2.0, 0.3), 0.25))
        self.assertEqual(peers.parsed("rk4 1.5 0.25", "rk4"), Answer(1.5, (), 0.25))

    def test_what_is_no_such_line_is_no_result(self):
        for line in ("", "rk5 1 2 3", "rk4", "rk4 1", "rk4 1 two 3", "rk4 1 nan 3", "rk4 inf 1", "rk4 1 1 -3"):
            with self.subTest(line), self.assertRaises(NoResult):
                peers.parsed(line, "rk4")

    def test_a_reason_is_told(self):
        with self.assertRaisesRegex(NoResult, "^too many steps$"):
            peers.parsed("rk4 ! too many steps\n", "rk4")


class Agreement(unittest.TestCase):
    def test_errors_are_relative_to_the_largest_entry(self):
        errors = peers.errors_of(Answer(2.2, (1.4, -4.0), 1.0), CANNED, 0)
        self.assertAlmostEqual(errors.value, 0.1)
        self.assertAlmostEqual(errors.gradient, 0.1)

    def test_a_state_is_one_vector(self):
        workload = dataclasses.replace(CANNED, judged="state")
        errors = peers.errors_of(Answer(2.2, (1.0, -4.0), 1.0), workload, 0)
        self.assertAlmostEqual(errors.gradient, 0.05)

    def test_what_disagrees_is_refused(self):
        for answer in (Answer(2.0, (1.0, -4.1), 1.0), Answer(2.1, (1.0, -4.0), 1.0), Answer(2.0, (1.0,), 1.0)):
            with self.subTest(answer), self.assertRaises(NoResult):
                peers.agreed(answer, CANNED, OURS, 0)
        peers.agreed(Answer(2.0, (1.0, -4.0), 1.0), CANNED, OURS, 0)
        peers.agreed(Answer(2.0, (1.0, -5.0), 1.0), CANNED, FORGIVEN, 0)


class Tables(unittest.TestCase):
    def test_only_what_agrees_is_timed_and_in_turn(self):
        asked = []

        def ask(entry, argument):
            asked.append(entry.label)
            return canned(entry, argument)

        rows = peers.measure(CANNED, 0, None, ask, 3)
        self.assertEqual(asked, [e.label for e in CANNED.entries] + 3 * ["ours", "theirs", "forgiven"])
        by_label = {row.entry.label: row for row in rows}
        self.assertAlmostEqual(by_label["theirs"].ratio, 12)
        self.assertTrue(by_label["wrong"].reason.startswith("disagrees: "))
        self.assertEqual(by_label["wrong"].ratios, [])
        text = peers.table(CANNED, rows)
        self.assertIn("| ours | 1.00 | 1 ms | 0 | 0 |", text.replace("0e+00", "0"))
        self.assertIn("| *theirs* (a note) | 12 | 12 ms |", text)
        self.assertNotIn("| *wrong*", text)
        self.assertIn("Not compared: wrong: disagrees: ", text)
        self.assertIn("Not compared: refusing: no wheel for this Python.", text)

    def test_ratios_are_of_one_round(self):
        seconds = iter([1e-3, 1e-3, 1e-3, 2e-3, 4e-3, 8e-3, 1e-3, 3e-3])
        workload = dataclasses.replace(CANNED, entries=(OURS, THEIRS))
        rows = peers.measure(workload, 0, None, lambda entry, _: Answer(2.0, (1.0, -4.0), next(seconds)), 3)
        self.assertEqual([round(ratio, 9) for ratio in rows[1].ratios], [2, 2, 3])

    def test_where_ours_disagrees_nothing_is_compared(self):
        workload = dataclasses.replace(CANNED, entries=(dataclasses.replace(OURS, name="wrong"), THEIRS))
        rows = peers.measure(workload, 0, None, canned, 3)
        self.assertEqual([row.ratios for row in rows], [[], []])

    def test_long_calls_are_made_in_few_rounds(self):
        workload = dataclasses.replace(CANNED, entries=(OURS, THEIRS))
        rows = peers.measure(workload, 0, None, lambda entry, _: Answer(2.0, (1.0, -4.0), 1.0 if entry is OURS else 100.0), 9)
        self.assertEqual([len(row.ratios) for row in rows], [9, peers.ROUNDS_OF_LONG])

    def test_numbers_are_written_in_three_digits(self):
        self.assertEqual([peers.time_in_words(s) for s in (12.345, 0.5, 3.21e-5, 4e-9)], ["12.3 s", "500 ms", "32.1 µs", "4 ns"])
        self.assertEqual([peers.ratio_in_words(r) for r in (0.456, 12.7, 1234.0)], ["0.46", "13", "1,200"])


class Ladder(unittest.TestCase):
    def ask(self, error):
        return lambda entry, tolerance: Answer(2.0, (1.0, -4.0 * (1 + error(tolerance))), 1.0)

    def test_the_loosest_tolerance_that_reaches_the_target(self):
        tolerance, errors = peers.loosest(self.ask(lambda tolerance: 10 * tolerance), CANNED, OURS, 1.001e-6)
        self.assertAlmostEqual(math.log10(tolerance), -7)
        self.assertLess(errors.gradient, 1.001e-6)

    def test_the_fewest_equal_steps_that_reach_the_target(self):
        entry = dataclasses.replace(OURS, in_equal_steps=True)
        steps, errors = peers.loosest(self.ask(lambda steps: steps**-4.0), CANNED, entry, 1.001e-8)
        self.assertEqual(steps, 100)
        self.assertLessEqual(errors.gradient, 1.001e-8)
        workload = dataclasses.replace(CANNED, entries=(OURS, dataclasses.replace(entry, label="equal")), targets=(1e-8,))
        rows = peers.measure(workload, 0, 1.001e-8, self.ask(lambda argument: argument**-4.0 if argument > 1 else argument), 3)
        self.assertIn("| equal | 1.00 | 1 s | 100 steps |", peers.table(workload, rows))

    def test_a_lucky_hit_is_passed_over(self):
        def error(tolerance):
            return 0 if abs(math.log10(tolerance) + 5) < 0.1 else 10 * tolerance

        tolerance, _ = peers.loosest(self.ask(error), CANNED, OURS, 1.001e-6)
        self.assertAlmostEqual(math.log10(tolerance), -7)

    def test_what_never_gets_there_tells_its_best(self):
        with self.assertRaisesRegex(NoResult, "its best error is 1.0e-05"):
            peers.loosest(self.ask(lambda tolerance: max(tolerance, 1e-5)), CANNED, OURS, 1e-6)


class Page(unittest.TestCase):
    PAGE = "Before.\n<!-- measured: a -->\nold\n<!-- end: a -->\nAfter.\n"

    def test_a_block_is_replaced_and_the_rest_kept(self):
        once = peers.with_block(self.PAGE, "a", "new")
        self.assertEqual(once, "Before.\n<!-- measured: a -->\n\nnew\n\n<!-- end: a -->\nAfter.\n")
        self.assertEqual(peers.with_block(once, "a", "new"), once)

    def test_a_page_without_the_markers_is_left_alone(self):
        with self.assertRaises(SystemExit):
            peers.with_block(self.PAGE, "b", "new")

    def test_the_page_has_a_block_for_each_workload(self):
        page = (peers.HERE.parent.parent / "docs" / "peers.md").read_text()
        for name in ["machine", *(workload.name for workload in workloads.WORKLOADS)]:
            peers.with_block(page, name, "")


class Workers(unittest.TestCase):
    def started(self, text):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        program = pathlib.Path(self.folder.name) / "program.py"
        program.write_text(text)
        worker = peers.Worker([sys.executable, str(program)], "canned")
        self.addCleanup(worker.end)
        return worker

    def test_a_program_is_asked_and_answers(self):
        worker = self.started("import sys\nfor line in sys.stdin:\n"
                              "  name, argument = line.split()\n"
                              "  print(name, len(sys.argv[1]), argument, 0.5, flush=True)\n")
        self.assertEqual(worker.ask("a", 1e-9), Answer(6.0, (1e-9,), 0.5))
        self.assertEqual(worker.ask("b", 3), Answer(6.0, (3.0,), 0.5))

    def test_one_that_does_not_start_says_why(self):
        worker = self.started("import a_library_that_is_not_here\n")
        with self.assertRaisesRegex(NoResult, "No module named 'a_library_that_is_not_here'"):
            worker.ask("a")

    def test_entries_of_workloads_have_programs(self):
        for workload in workloads.WORKLOADS:
            self.assertTrue(workload.entries[0].is_ours)
            for entry in workload.entries:
                source = entry.program if entry.program.endswith(".py") else entry.program + ".cpp"
                self.assertTrue((peers.HERE / source).exists(), source)
                self.assertIn(f'"{entry.name}"', (peers.HERE / source).read_text(), f"{source} has no {entry.name}")
            for argument in (*workload.measured, *workload.large, workload.tried):
                self.assertIn(0 if workload.targets else argument, workload.references)


class References(unittest.TestCase):
    """Those that take a second."""

    def same(self, numbers, workload):
        reference = next(w for w in workloads.WORKLOADS if w.name == workload).references[0]
        for number, expected in zip(numbers, (reference[0], *reference[1]), strict=True):
            self.assertAlmostEqual(float(number) / expected, 1, delta=1e-13)

    def test_w1(self):
        self.same(references.w1(), "w1")

    def test_lorenz(self):
        self.same(references.lorenz(), "lorenz_equal_steps")


if __name__ == "__main__":
    unittest.main()
