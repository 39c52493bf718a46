#!/usr/bin/env python3
"""Runs all tests in several processes, which take one class after another. Much of a test is waiting for a browser or a
server, so two processes are faster even where the machine has something else to do.

    tests/browser/run [PATH OF tare]        # starts this
"""

import io
import os
import subprocess
import sys
import tempfile
import time
import unittest

PROCESSES = int(os.environ.get("PAGE_TEST_PROCESSES", "2"))
# These take longest: begun last, one process would wait for them alone.
LONGEST_FIRST = ("EveryView", "WhatIf", "SubPath")


def classes():
    """The tests of each class, by its name."""
    found = {}

    def add(suite):
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                add(test)
            else:
                found.setdefault(type(test).__qualname__, unittest.TestSuite()).addTest(test)

    add(unittest.defaultTestLoader.discover(os.path.dirname(os.path.abspath(__file__))))
    order = [name for name in LONGEST_FIRST if name in found]
    return {name: found[name] for name in [*order, *sorted(found.keys() - set(order))]}


def claims(folder, name):
    """Whether this process is the first to want a class."""
    try:
        open(os.path.join(folder, f"{name}.claimed"), "x").close()
    except FileExistsError:
        return False
    return True


def work(folder):
    """Runs classes until none is left; the exit status is 1 if a test failed, and standard output ends with their number."""
    ran, failed = 0, False
    for name, tests in classes().items():
        if not claims(folder, name):
            continue
        # Lines of two processes are not mixed: each class is shown when it ends.
        text, begin = io.StringIO(), time.monotonic()
        result = unittest.TextTestRunner(text, verbosity=2).run(tests)
        sys.stderr.write(f"\n{name}, {time.monotonic() - begin:.0f} s\n{text.getvalue()}")
        sys.stderr.flush()
        ran += result.testsRun
        failed = failed or not result.wasSuccessful()
    print(ran)
    sys.exit(int(failed))


def main():
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, os.path.abspath(__file__), folder]
        environment = {**os.environ, "PAGE_TEST_FOLDER": folder}
        processes = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
        ]
        said = [process.communicate()[0] for process in processes]
    # A process that broke off says no number.
    ran = sum(int(text.split()[-1]) for text in said if text.split())
    failed = any(process.returncode for process in processes)
    print(f"\nRan {ran} tests in {time.monotonic() - begin:.0f} s in {PROCESSES} processes: {'FAILED' if failed else 'OK'}")
    sys.exit(int(failed))


if __name__ == "__main__":
    work(sys.argv[1]) if len(sys.argv) == 2 else main()
