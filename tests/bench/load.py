#!/usr/bin/env python3
"""Asks a running service at a fixed rate and prints how long the answers took:

    tests/bench/load.py http://127.0.0.1:8080 --rate 500 --seconds 60 /v1/summary '/v1/repositories?limit=50'

The paths are asked in turns. Requests are sent when they are due, however long earlier answers take, and a time counts
from when its request was due: a service that falls behind shows it. Exit status 1 if an answer is no 200, or if the
99th percentile of a path is above --most milliseconds.
"""

import argparse
import asyncio
import collections
import time
import urllib.parse


class Connections:
    """Kept connections to one server: as many as there are requests at the same time."""

    def __init__(self, host, port):
        self.host, self.port, self.idle = host, port, []

    async def get(self, path):
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection(self.host, self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: application/json\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), None)
        if length:
            await reader.readexactly(int(length.split(":")[1]))
        else:
            while size := int(await reader.readline(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        self.idle.append((reader, writer))
        return int(head.split(" ")[1])


async def load(arguments):
    address = urllib.parse.urlsplit(arguments.url)
    connections = Connections(address.hostname, address.port or 80)
    times, statuses = collections.defaultdict(list), collections.Counter()

    async def ask(path, due):
        statuses[await connections.get(path)] += 1
        times[path].append(time.monotonic() - due)

    start, tasks = time.monotonic() + 0.1, set()
    for number in range(int(arguments.rate * arguments.seconds)):
        due = start + number / arguments.rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        task = asyncio.create_task(ask(arguments.paths[number % len(arguments.paths)], due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    too_slow = False
    for path, taken in times.items():
        taken.sort()
        p50, p99 = (taken[int(len(taken) * part)] * 1000 for part in (0.5, 0.99))
        print(f"{path}: {len(taken)} answers, median {p50:.1f} ms, p99 {p99:.1f} ms, longest {taken[-1] * 1000:.1f} ms")
        too_slow |= arguments.most is not None and p99 > arguments.most
    print(f"statuses: {dict(statuses)}")
    return too_slow or set(statuses) != {200}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--most", type=float, help="milliseconds")
    raise SystemExit(int(asyncio.run(load(parser.parse_args()))))


if __name__ == "__main__":
    main()
