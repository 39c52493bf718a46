#!/usr/bin/env python3
"""Counts the requests that a crawl of an unchanged Azure registry costs, with two builds of Tare on the same stand-in:

    tests/bench/azure_requests.py OLD/tare NEW/tare

The stand-in answers as Azure Container Registry does: its own listings of manifests and tags, counts, and tokens with
the wildcard. It has 1,000 repositories with 100 tags each. Each build crawls it twice into a database of its own; the
requests of the second crawl are counted by kind. Exit status 1 if the new build does not need at most a fiftieth.
"""

import asyncio
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

REPOSITORIES = 1000
TAGS = 100
# How many times fewer requests the new build has to need.
WANTED = 50
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def images():
    """The images that every repository has, one for each tag, with their configurations."""
    manifests, blobs = {}, {}
    for number in range(TAGS):
        config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "history": [],
                             "rootfs": {"type": "layers", "diff_ids": [digest(b"%d" % number)]}}).encode()
        blobs[digest(config)] = config
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                 "digest": digest(b"layer %d" % number), "size": 1000 + number}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                               "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                                          "digest": digest(config), "size": len(config)},
                               "layers": [layer]}).encode()
        manifests[digest(manifest)] = manifest
    return manifests, blobs


class Registry:
    """The stand-in."""

    def __init__(self):
        self.manifests, self.blobs = images()
        self.tags = {f"v{number:03}": held for number, held in enumerate(self.manifests)}
        self.names = [f"team-{number % 20}/app-{number:04}" for number in range(REPOSITORIES)]
        self.known = set(self.names)
        self.requests = collections.Counter()
        self.port = None

    def answer(self, method, target, authorization):
        path, _, query = target.partition("?")
        path, query = urllib.parse.unquote(path), dict(urllib.parse.parse_qsl(query))
        if path == "/oauth2/token":
            self.requests["tokens"] += 1
            return 200, {}, json.dumps({"access_token": "token", "expires_in": 3600}).encode()
        if authorization != b"Bearer token":
            self.requests["refused"] += 1
            realm = f"http://127.0.0.1:{self.port}/oauth2/token"
            return 401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="stand-in"'}, b"{}"
        if path in ("/v2/_catalog", "/acr/v1/_catalog"):
            self.requests["catalogue pages"] += 1
            return self.page("repositories", self.names, path, query)
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|referrers|tags)/([^/]+)", path)
        if found and found[1] in self.known:
            return self.content(method, *found.groups(), path, query)
        found = re.fullmatch(r"/acr/v1/(.+)/(_manifests|_tags)", path)
        if found and found[1] in self.known:
            self.requests[f"pages of {found[2]}"] += 1
            return self.rows(found[2], path, query)
        if path.startswith("/acr/v1/") and path[8:] in self.known:
            self.requests["attributes"] += 1
            return 200, {}, json.dumps({"tagCount": TAGS, "manifestCount": len(self.manifests)}).encode()
        self.requests["unknown"] += 1
        return 404, {}, b'{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}'

    def content(self, method, _name, kind, reference, path, query):
        if kind == "tags":
            self.requests["pages of tags/list"] += 1
            return self.page("tags", list(self.tags), path, query)
        self.requests[f"{method} {kind}"] += 1
        if kind == "referrers":
            return 200, {"Content-Type": "application/vnd.oci.image.index.v1+json"}, json.dumps(
                {"schemaVersion": 2, "manifests": []}).encode()
        held = self.tags.get(reference, reference)
        body = (self.manifests if kind == "manifests" else self.blobs).get(held)
        if body is None:
            return 404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'
        return 200, {"Content-Type": MANIFEST, "Docker-Content-Digest": held}, body

    def rows(self, kind, path, query):
        times = {"createdTime": "2026-11-01T00:00:00Z", "lastUpdateTime": "2026-11-01T00:00:00Z"}
        if kind == "_tags":
            return self.page("tags", [{"name": tag, "digest": held, **times} for tag, held in self.tags.items()],
                             path, query, key="name")
        by_digest = {held: tag for tag, held in self.tags.items()}
        rows = [{"digest": held, "imageSize": len(body), "mediaType": MANIFEST, "tags": [by_digest[held]], **times}
                for held, body in sorted(self.manifests.items())]
        return self.page("manifests", rows, path, query, key="digest")

    @staticmethod
    def page(member, entries, path, query, key=None):
        names = [entry[key] if key else entry for entry in entries]
        start = names.index(query["last"]) + 1 if query.get("last") in names else 0
        end = start + int(query.get("n", 100))
        headers = {}
        if end < len(entries):
            last = urllib.parse.quote(names[end - 1], safe="")
            headers["Link"] = f'<{path}?last={last}&n={query.get("n", 100)}&orderby=>; rel="next"'
        return 200, headers, json.dumps({member: entries[start:end]}).encode()

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.split(b"\r\n")
                method, target, _ = lines[0].decode().split(" ", 2)
                headers = {line.split(b":", 1)[0].lower(): line.split(b":", 1)[1].strip()
                           for line in lines[1:] if b":" in line}
                if length := int(headers.get(b"content-length", 0)):
                    await reader.readexactly(length)
                status, extra, body = self.answer(method, target, headers.get(b"authorization"))
                extra = {"Content-Type": "application/json", "Content-Length": str(len(body)), **extra}
                text = f"HTTP/1.1 {status} x\r\n" + "".join(f"{name}: {value}\r\n" for name, value in extra.items())
                writer.write(text.encode() + b"\r\n" + (b"" if method == "HEAD" else body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def start(self):
        ready = threading.Event()

        async def run():
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()

        threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
        ready.wait()


def crawl(program, registry, folder):
    """Crawls, and returns the requests by kind and the seconds."""
    settings = os.path.join(folder, "tare.toml")
    with open(settings, "w", encoding="utf-8") as file:
        file.write(f'[[registry]]\nurl = "http://127.0.0.1:{registry.port}"\nuntagged = "always"\n')
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "TARE_CONFIG": settings}
    registry.requests.clear()
    before = time.monotonic()
    # The names are read from the catalogue. Without credentials, tokens are for everybody.
    done = subprocess.run([program, "--data-dir", os.path.join(folder, "data"), "crawl"], env=environment,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program} crawl: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return dict(registry.requests), time.monotonic() - before


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    registry = Registry()
    registry.start()
    totals = []
    for program in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            for turn in ("first", "again"):
                counted, seconds = crawl(program, registry, folder)
                print(f"{program}, {turn}: {sum(counted.values())} requests in {seconds:.1f} s: {counted}")
        totals.append(sum(counted.values()))
    old, new = totals
    print(f"unchanged: {old} and {new} requests, {old / new:.1f} times fewer")
    sys.exit(0 if old >= WANTED * new else 1)


if __name__ == "__main__":
    main()
