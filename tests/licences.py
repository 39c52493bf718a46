#!/usr/bin/env python3
"""Whether every dependency may be used under a licence that asks nothing of Tare's users.

Reads `cargo metadata` for the machine at hand, with all features. Each package's SPDX expression has to
hold with the licences below alone. Prints what does not; the exit status says whether all is well.
"""
import json, re, subprocess, sys

PERMITTED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "PostgreSQL", "Unicode-3.0", "Unlicense", "Zlib",
    # Copyleft for its own files alone, which are used unchanged.
    "MPL-2.0",
}

# Packages that state a file in place of an expression, and what somebody read in it.
READ = {("saffron", "0.1.0"): "BSD-3-Clause"}


def expression(package):
    return package["license"] or READ.get((package["name"], package["version"]))


def holds(text):
    """An SPDX expression's value where a licence is true if it is permitted."""
    # crates.io long allowed a slash for OR.
    words = re.findall(r"\(|\)|[^\s()]+", text.replace("/", " OR "))
    position = 0

    def either():
        nonlocal position
        value = both()
        while position < len(words) and words[position] == "OR":
            position += 1
            value = both() or value
        return value

    def both():
        nonlocal position
        value = one()
        while position < len(words) and words[position] == "AND":
            position += 1
            value = one() and value
        return value

    def one():
        nonlocal position
        word = words[position]
        position += 1
        if word == "(":
            value = either()
            position += 1
            return value
        if position < len(words) and words[position] == "WITH":
            word = f"{word} WITH {words[position + 1]}"
            position += 2
        return word in PERMITTED

    return either() and position == len(words)


def main():
    host = re.search(r"^host: (.+)$", subprocess.check_output(["rustc", "-vV"], text=True), re.M).group(1)
    metadata = json.loads(subprocess.check_output(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", host]))
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    packages = [package for package in metadata["packages"] if package["id"] in used]
    wrong = [
        f"{package['name']} {package['version']}: {expression(package) or 'no licence stated'}"
        for package in packages
        if not (expression(package) and holds(expression(package)))
    ]
    print("\n".join(sorted(wrong) or [f"{len(packages)} packages, all under permitted licences"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
