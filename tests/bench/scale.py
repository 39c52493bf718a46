#!/usr/bin/env python3
"""Measures how Tare's time and memory grow with a registry, and draws it:

    tests/bench/scale.py --tare target/release/tare --database postgres://postgres@localhost/postgres

For each size it serves a generated registry (`tare demo --registry-only --tags N`), crawls it into a new database of the
server, makes a report, and starts a service that answers from saved answers. The figures go to scale.csv in the folder
of documents, one row for each size and command; scale.svg and scale.md are made from that file. Sizes that are measured
again replace their rows. The databases are removed, unless --keep is given.

    --sizes N ...     tags, ascending (default: 4000 16000 40000 100000 400000)
    --registry TARE   serves the registry, if another build is measured than the one that generates
    --keep            keeps the databases, named tare_scale_N
    --draw            measures nothing: makes scale.svg and scale.md from scale.csv again
"""

import argparse
import csv
import json
import math
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

DOCS = pathlib.Path(__file__).parents[2] / "docs"
COLUMNS = ["tags", "command", "processor_seconds", "seconds", "peak_megabytes", "requests", "build"]
COMMANDS = {"crawl": "first crawl", "crawl again": "crawl without changes", "report": "report", "replica": "start of a replica"}
COLOURS = {"crawl": "#1f6feb", "crawl again": "#8250df", "report": "#bf3989", "replica": "#1a7f37"}
# Figures below these are mostly the start of the process, so that their growth says nothing.
SMALLEST = {"processor_seconds": 0.2, "peak_megabytes": 1}


class Run:
    """A finished command: what it printed, and what it took."""

    def __init__(self, arguments, environment):
        with tempfile.TemporaryFile() as output:
            start = time.monotonic()
            process = subprocess.Popen(arguments, env=environment, stdout=output, stderr=subprocess.PIPE)
            said = process.stderr.read().decode(errors="replace")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.seconds = time.monotonic() - start
            if process.returncode != 0:
                raise SystemExit(f"{' '.join(arguments)}: status {process.returncode}\n{said[-2000:]}")
            self.processor_seconds = usage.ru_utime + usage.ru_stime
            self.peak_megabytes = usage.ru_maxrss / 1024
            output.seek(0)
            self.output = output.read()


class Registry:
    """A generated registry that is being served."""

    def __init__(self, program, tags):
        self.process = subprocess.Popen(
            [program, "demo", "--registry-only", "--tags", str(tags), "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r"http://\S+", line)
        if not found:
            raise SystemExit(f"no registry: {line}")
        self.url = found[0]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Service:
    """`tare serve --role api`, until it answers."""

    ASKED = "/v1/repositories?limit=50"

    def __init__(self, tare, environment):
        start = time.monotonic()
        self.process = subprocess.Popen([tare, "serve", "--role", "api", "--listen", "127.0.0.1:0"], env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        url = None
        while not url:
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit("the service does not start")
            url = re.search(r"http://[\d.]+:\d+", line)
        self.url = url[0]
        while not self.answers():
            time.sleep(0.02)
        self.seconds = time.monotonic() - start
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        self.peak_megabytes = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.processor_seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def answers(self):
        try:
            with urllib.request.urlopen(self.url + self.ASKED, timeout=60) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()


def measure(arguments, tags):
    """The rows of one size."""
    said = subprocess.run([arguments.tare, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    build = said.removeprefix("tare ")
    server = urllib.parse.urlsplit(arguments.database)
    name = f"tare_scale_{tags}"
    psql = ["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", arguments.database, "-c"]
    subprocess.run([*psql, f"DROP DATABASE IF EXISTS {name}"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True)
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ["PATH"],
                       "DATABASE_URL": urllib.parse.urlunsplit(server._replace(path="/" + name))}
        registry = Registry(arguments.registry or arguments.tare, tags)
        try:
            for command in ("crawl", "crawl again"):
                run = Run([arguments.tare, "crawl", registry.url, "--json", "--requests-per-minute", "0"], environment)
                yield row(build, tags, command, run, requests_of(json.loads(run.output)))
        finally:
            registry.stop()
        yield row(build, tags, "report", Run([arguments.tare, "report", "--format", "json"], environment))
        # The first process that answers saves the answers, which a replica then reads.
        Service(arguments.tare, environment).stop()
        replica = Service(arguments.tare, environment)
        replica.stop()
        yield row(build, tags, "replica", replica)
    if not arguments.keep:
        subprocess.run([*psql, f"DROP DATABASE {name}"], check=True)


def requests_of(crawl):
    """The number of requests in a crawl's result."""
    found = re.search(r'"requests": *\{[^{}]*?"total": *(\d+)', json.dumps(crawl))
    return int(found[1]) if found else ""


def row(build, tags, command, measured, requests=""):
    values = [tags, command, f"{measured.processor_seconds:.2f}", f"{measured.seconds:.2f}",
              f"{measured.peak_megabytes:.0f}", requests, build]
    print(*values, sep="\t", flush=True)
    return dict(zip(COLUMNS, map(str, values)))


def read(file):
    if not file.exists():
        return []
    with file.open() as lines:
        return list(csv.DictReader(lines))


def write(file, rows):
    rows = sorted(rows, key=lambda row: (int(row["tags"]), list(COMMANDS).index(row["command"])))
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def series(rows, command, figure):
    """The points of one curve: tags and figure."""
    return [(int(row["tags"]), float(row[figure])) for row in rows if row["command"] == command]


def growth(points, smallest):
    """From about ten times the smallest size to the largest: by which factor a figure grows faster than the registry.
    `None` if the sizes or the figures are too small to tell."""
    if len(points) < 2:
        return None
    first = points[0][0]
    from_size, from_figure = next(((size, figure) for size, figure in points if size >= 10 * first), points[0])
    to_size, to_figure = points[-1]
    if to_size <= from_size or from_figure < smallest:
        return None
    return (to_figure / from_figure) / (to_size / from_size), from_size, to_size


def draw(rows):
    """Both figures over the size, each with logarithmic axes: straight lines at 45 degrees grow as the registry does."""
    panels = [("processor_seconds", "processor time (s)"), ("peak_megabytes", "peak memory (MB)")]
    width, height, left, top = 380, 300, 70, 50
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * (width + left) + 40} {height + 130}" '
             'font-family="sans-serif" font-size="12" role="img" aria-labelledby="title">',
             '<title id="title">Processor time and peak memory over the number of tags</title>',
             '<rect width="100%" height="100%" fill="white"/>']
    sizes = sorted({int(row["tags"]) for row in rows})
    for place, (figure, label) in enumerate(panels):
        x0 = left + place * (width + left)
        points = [value for row in rows if (value := float(row[figure])) > 0]
        low, high = math.floor(math.log10(min(points))), math.ceil(math.log10(max(points)))
        first, last = math.log10(sizes[0]), math.log10(sizes[-1])

        def at(size, value, x0=x0, low=low, high=high, first=first, last=last):
            x = x0 + width * ((math.log10(size) - first) / ((last - first) or 1))
            return x, top + height * (1 - (math.log10(max(value, 10 ** low)) - low) / ((high - low) or 1))

        parts.append(f'<text x="{x0}" y="{top - 20}" font-weight="bold">{label}</text>')
        for power in range(low, high + 1):
            y = at(sizes[0], 10 ** power)[1]
            parts.append(f'<path d="M{x0} {y:.1f}h{width}" stroke="#ddd"/>'
                         f'<text x="{x0 - 8}" y="{y + 4:.1f}" text-anchor="end">{10 ** power:g}</text>')
        for size in sizes:
            x = at(size, 10 ** low)[0]
            parts.append(f'<path d="M{x:.1f} {top}v{height}" stroke="#eee"/>'
                         f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{size:,}</text>')
        parts.append(f'<text x="{x0 + width / 2}" y="{top + height + 38}" text-anchor="middle">tags</text>')
        for command, colour in COLOURS.items():
            line = [at(*point) for point in series(rows, command, figure)]
            if line:
                path = "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
                parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
                parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in line]
    for place, (command, colour) in enumerate(COLOURS.items()):
        x = left + place * 200
        parts.append(f'<path d="M{x} {top + height + 62}h24" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{x + 30}" y="{top + height + 66}">{COMMANDS[command]}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def table(rows):
    """The document: the figures, and how they grow."""
    lines = ["# Time and memory by size", "",
             "Made by `tests/bench/scale.py` from [scale.csv](scale.csv): do not edit. Generated registries",
             "(`tare demo --registry-only --tags N`) were crawled into a PostgreSQL server on the same machine with 2 processors.",
             "The registry, the database and other work shared it, which the time shows. Processor time and memory are those of",
             "the Tare process alone.",
             f"Builds: {', '.join(sorted({row['build'] for row in rows}))}.", "",
             "![Processor time and peak memory over the number of tags, on logarithmic axes](scale.svg)", "",
             "| tags | command | processor time (s) | time (s) | peak memory (MB) | requests | processor time per request (µs) |",
             "|--:|---|--:|--:|--:|--:|--:|"]
    for row in rows:
        each = ""
        if row["requests"]:
            each = f"{float(row['processor_seconds']) / int(row['requests']) * 1e6:.0f}"
        requests = f"{int(row['requests']):,}" if row["requests"] else ""
        lines.append(f"| {int(row['tags']):,} | {COMMANDS[row['command']]} | {row['processor_seconds']} | {row['seconds']} "
                     f"| {int(row['peak_megabytes']):,} | {requests} | {each} |")
    lines += ["", "How much faster than the registry a figure grows: 1 is linear, less is better.", "",
              "| command | figure | from (tags) | to (tags) | growth |", "|---|---|--:|--:|--:|"]
    for command, title in COMMANDS.items():
        for figure, label in (("processor_seconds", "processor time"), ("peak_megabytes", "peak memory")):
            grown = growth(series(rows, command, figure), SMALLEST[figure])
            if grown:
                factor, low, high = grown
                lines.append(f"| {title} | {label} | {low:,} | {high:,} | {factor:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tare", help="the program that is measured")
    parser.add_argument("--database", help="a database of the PostgreSQL server, whose role may create others")
    parser.add_argument("--registry", metavar="TARE")
    parser.add_argument("--sizes", type=int, nargs="+", default=[4000, 16000, 40000, 100000, 400000])
    parser.add_argument("--into", type=pathlib.Path, default=DOCS, help="the folder of documents")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--draw", action="store_true")
    arguments = parser.parse_args()
    if not arguments.draw and not (arguments.tare and arguments.database):
        parser.error("--tare and --database are needed to measure")
    file = arguments.into / "scale.csv"
    for tags in [] if arguments.draw else arguments.sizes:
        measured = list(measure(arguments, tags))
        write(file, [row for row in read(file) if int(row["tags"]) != tags] + measured)
    rows = read(file)
    (arguments.into / "scale.svg").write_text(draw(rows))
    (arguments.into / "scale.md").write_text(table(rows))


if __name__ == "__main__":
    main()
