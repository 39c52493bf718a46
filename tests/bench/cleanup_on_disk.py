#!/usr/bin/env python3
"""Compares what `tare cleanup` says with what a real registry's disk loses.

Takes the storage folder of a CNCF Distribution registry that Tare has crawled. For each policy, the folder is copied with
hard links, docker-registry serves the copy, the manifests that Tare names are deleted through its API, and
`docker-registry garbage-collect` runs. The bytes of the blobs before and after must differ by `freed_bytes`.

    DATABASE_URL=… tests/bench/cleanup_on_disk.py --folder DIR --registry 127.0.0.1:5001 --tare target/release/tare

Needs Debian's docker-registry. Not part of the test suite.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POLICIES = [
    ["--delete", "*windows*"],
    ["--delete", "*", "--repository", "**/python"],
    ["--older-than", "365d", "--keep-newest", "40"],
    ["--keep-newest-minors", "2", "--repository", "{node,ruby,golang}"],
    ["--delete", "*-slim"],
    ["--delete", "*alpine*", "--keep", "3*"],
    ["--keep-newest-patches", "1"],
    ["--older-than", "400d", "--keep", "*alpine*", "--keep-newest", "10"],
    ["--keep-newest", "5"],
    ["--delete", "*", "--keep", "latest"],
]


def stored(folder: Path) -> int:
    blobs = folder / "docker/registry/v2/blobs"
    return sum(data.stat().st_size for data in blobs.rglob("data"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def measured(folder: Path, answer: dict) -> tuple[int, int]:
    """The bytes before, and those that are lost."""
    before = stored(folder)
    port = free_port()
    settings = folder / "cleanup.yml"
    settings.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f'storage: {{filesystem: {{rootdirectory: "{folder}"}}, delete: {{enabled: true}}}}\n'
        f'http: {{addr: "127.0.0.1:{port}"}}\n'
    )
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(["docker-registry", "serve", settings], **quiet)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for repository in answer["repositories"]:
            for digest in repository["manifest_digests"]:
                connection.request("DELETE", f"/v2/{repository['repository']}/manifests/{digest}")
                reply = connection.getresponse()
                reply.read()
                if reply.status != 202:
                    sys.exit(f"{repository['repository']}@{digest}: {reply.status}")
    finally:
        server.terminate()
        server.wait()
    subprocess.run(["docker-registry", "garbage-collect", settings], check=True, **quiet)
    return before, before - stored(folder)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--registry", required=True)
    parser.add_argument("--tare", default="tare")
    parser.add_argument("--work", type=Path, help="where copies are made; on the same file system")
    options = parser.parse_args()
    differences = 0
    for policy in POLICIES:
        begun = time.monotonic()
        command = [options.tare, "cleanup", "--format", "json", "--registry", options.registry, *policy]
        answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        took = time.monotonic() - begun
        with tempfile.TemporaryDirectory(dir=options.work or options.folder.parent) as copy:
            target = Path(copy) / "registry"
            shutil.copytree(options.folder, target, copy_function=os.link)
            before, lost = measured(target, answer)
        difference = lost - answer["freed_bytes"]
        differences += difference != 0 or before != answer["stored_bytes"]
        print(
            f"{' '.join(policy)}: {len(answer['tags'])} tags, {answer['manifests']} manifests; says "
            f"{answer['freed_bytes']} of {answer['stored_bytes']}, the disk lost {lost} of {before}: "
            f"difference {difference}; {took:.1f} s",
            flush=True,
        )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
