"""A registry whose every text tries to be more than text: steps, labels and tags written by whoever could push."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCRIPT = "<script>alert('run')</script>"
IMAGE = "<img src=x onerror=alert('loaded')>"
# Writes what follows it from right to left.
BACKWARDS = "\u202eteam\u202c"
LABELS = {"team": IMAGE, "cost-centre": '=HYPERLINK("http://127.0.0.1:9/")', "environment": BACKWARDS}
# Names that objects of JavaScript have from birth, and one that is as long as names may be.
REPOSITORIES = ["constructor/prototype", "valueof", "a" * 120 + "/" + "b" * 120]
STEPS = [
    "/bin/sh -c #(nop) ADD file:0123 in / ",
    f'/bin/sh -c echo "{SCRIPT}" {IMAGE} > /index.html',
    "/bin/sh -c : " + "x" * 3000,
]
TAG = "__proto__"
# The labels mean something to Tare.
SETTINGS = """
[crawl]
team_label = "com.example.team"
cost_centre_label = "com.example.cost-centre"
environment_label = "com.example.environment"
"""


def blob(document):
    content = json.dumps(document).encode()
    return f"sha256:{hashlib.sha256(content).hexdigest()}", content


def image(repository):
    """A manifest with its configuration."""
    layers = [hashlib.sha256(f"{repository} {step}".encode()).hexdigest() for step in range(len(STEPS))]
    config_digest, config = blob(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-11-01T00:00:00Z",
            "config": {"Labels": {f"com.example.{name}": text for name, text in LABELS.items()}},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
            "history": [{"created": "2026-11-01T00:00:00Z", "created_by": step} for step in STEPS],
        }
    )
    media = "application/vnd.oci.image"
    manifest_digest, manifest = blob(
        {
            "schemaVersion": 2,
            "mediaType": f"{media}.manifest.v1+json",
            "config": {"mediaType": f"{media}.config.v1+json", "digest": config_digest, "size": len(config)},
            "layers": [
                {"mediaType": f"{media}.layer.v1.tar+gzip", "digest": f"sha256:{layer}", "size": 10_000_000}
                for layer in layers
            ],
            "annotations": {"org.opencontainers.image.base.name": IMAGE},
        }
    )
    return manifest_digest, manifest, config_digest, config


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, content, kind="application/json", status=200, digest=None):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        if digest:
            self.send_header("docker-content-digest", digest)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/v2/":
            return self.answer(b"{}")
        if path == "/v2/_catalog":
            return self.answer(json.dumps({"repositories": REPOSITORIES}).encode())
        for repository in REPOSITORIES:
            rest = path.removeprefix(f"/v2/{repository}/")
            if rest == path:
                continue
            manifest_digest, manifest, config_digest, config = image(repository)
            if rest == "tags/list":
                return self.answer(json.dumps({"name": repository, "tags": [TAG]}).encode())
            if rest in (f"manifests/{TAG}", f"manifests/{manifest_digest}"):
                return self.answer(
                    manifest, "application/vnd.oci.image.manifest.v1+json", digest=manifest_digest
                )
            if rest == f"blobs/{config_digest}":
                return self.answer(config, "application/octet-stream", digest=config_digest)
        return self.answer(b'{"errors": []}', status=404)

    do_HEAD = do_GET


def serve(handler=Handler):
    """Starts the registry; ends with `shutdown`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
