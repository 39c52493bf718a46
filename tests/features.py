#!/usr/bin/env python3
"""Whether the packages of the program are compiled with the same features when tests are built.

What only the tests depend on turns features on in packages that the program uses too. The tests would then test
another program than the one that `cargo run` builds, and both would be compiled. Prints each such feature; the exit
status says whether there is none.
"""
import subprocess, sys


def features(edges):
    """The sets of features that each package is compiled with."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--edges", edges, "--format", "{p}|{f}"]
    sets = {}
    for line in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        package, _, names = line.removesuffix(" (*)").partition("|")
        sets.setdefault(package, set()).add(frozenset(filter(None, names.split(","))))
    return sets


program, tests = features("normal"), features("normal,dev")
differing = 0
for package in sorted(program):
    alone, added = frozenset().union(*program[package]), tests[package] - program[package]
    for names in added:
        differing += 1
        print(f"{package}: the tests turn on {', '.join(sorted(names - alone)) or 'another set of features'}")
if differing:
    print("Name these features in [dependencies] of Cargo.toml too.")
else:
    print(f"{len(program)} packages, compiled alike for the program and for the tests")
sys.exit(bool(differing))
