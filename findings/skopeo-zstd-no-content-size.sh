#!/usr/bin/env bash
# The zstd layers that skopeo writes do not say how large they are uncompressed; its gzip layers do.
#
# Versions:   skopeo 1.9.3+ds1-1+b10, zstd 1.5.4+dfsg2-5 (Debian 12), zstandard 0.25.0 (PyPI).
# Guess:      A zstd frame begins with the size of its content, as `zstd FILE` writes it, so the first bytes of a layer tell the size.
# Happens:    The size is left out, since the layer is compressed as a stream: `zstd -l` has no figure, the library says -1. What zstd
#             writes for the same tar has it. A gzip layer by the same skopeo ends with the right size (modulo 2^32).
# Matters:    Asking a registry for some bytes of each layer gives the uncompressed size for gzip and nothing for zstd, and a "0" from a
#             reader that does not know the difference is a wrong answer. Such layers need an estimate, marked as one.
# Documented: The format has the field as optional; that skopeo leaves it out, no.
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
debian() { # NAME=VERSION ...: unpacks Debian packages here, installs nothing
  apt-get download -qq "$@" 2>apt.log || { cat apt.log >&2; exit 2; }
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
cat > layout.py <<'PYTHON'
import gzip, hashlib, io, json, os, tarfile

def layer(files, folders=True):  # {name: content}: a tar, with or without entries for the folders
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        made = set()
        for name, content in files.items():
            parts = name.split("/")[:-1]
            for path in ("/".join(parts[: n + 1]) for n in range(len(parts))):
                if folders and path not in made:
                    made.add(path)
                    entry = tarfile.TarInfo(path)
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(entry)
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()

def image(path, layers):  # an OCI layout of one image with gzip layers
    os.makedirs(path + "/blobs/sha256")
    def put(media_type, content):
        digest = hashlib.sha256(content).hexdigest()
        with open(f"{path}/blobs/sha256/{digest}", "wb") as blob:
            blob.write(content)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}
    oci = "application/vnd.oci.image."
    stored = [put(oci + "layer.v1.tar+gzip", gzip.compress(tar, mtime=0)) for tar in layers]
    config = {"architecture": "amd64", "os": "linux", "config": {}, "history": [{"created_by": "COPY"} for _ in layers],
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest() for tar in layers]}}
    manifest = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json",
                "config": put(oci + "config.v1+json", json.dumps(config).encode()), "layers": stored}
    entry = put(oci + "manifest.v1+json", json.dumps(manifest).encode())
    entry["platform"] = {"architecture": "amd64", "os": "linux"}
    entry["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    with open(path + "/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [entry]}, file)
    with open(path + "/oci-layout", "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    with open(path + ".manifest.json", "w") as file:
        json.dump(manifest, file)

release = b'ID=debian\nVERSION_ID="12"\n'

def package(name, version, status="install ok installed"):
    return (f"Package: {name}\nStatus: {status}\nInstalled-Size: 100\nMaintainer: A <a@example.com>\nArchitecture: amd64\n"
            f"Version: {version}\nDescription: {name}\n\n").encode()
PYTHON
debian skopeo=1.9.3+ds1-1+b10 zstd=1.5.4+dfsg2-5 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5
python_packages zstandard==0.25.0
export LD_LIBRARY_PATH=$work/usr/lib/$(uname -m)-linux-gnu
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > policy.json
# Not as root, since root's cache of known blobs is not in the home folder but in the machine's /var/lib/containers.
unprivileged=()
if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$work"; unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
skopeo() { "${unprivileged[@]}" env HOME="$work" "$work/usr/bin/skopeo" --policy "$work/policy.json" --tmpdir "$work" "$@"; }
skopeo --version
cat > make.py <<'PYTHON'
import hashlib, json, tarfile, io
from layout import layer
tar = layer({"text": b"".join(b"%d\n" % n for n in range(300_000))})
open("layer.tar", "wb").write(tar)
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "history": [{"created_by": "COPY"}],
                     "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}).encode()
manifest = json.dumps([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": ["layer.tar"]}]).encode()
with tarfile.open("app.tar", "w") as out:
    for name, content in (("layer.tar", tar), ("config.json", config), ("manifest.json", manifest)):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        out.addfile(entry, io.BytesIO(content))
PYTHON
python3 make.py
for format in gzip zstd; do skopeo copy -q --dest-compress-format $format docker-archive:app.tar oci:$format:1; done
usr/bin/zstd -q layer.tar -o layer.tar.zst
blob_of() { # LAYOUT: the layer's file
  local manifest=$1/blobs/sha256/$(jq -r '.manifests[0].digest | ltrimstr("sha256:")' "$1/index.json")
  echo "$1/blobs/sha256/$(jq -r '.layers[0].digest | ltrimstr("sha256:")' "$manifest")"
}
header_size() { # FILE: the content size that the frame header tells, -1 for none
  head -c 18 "$1" > head
  venv/bin/python -c 'import sys, zstandard; print(zstandard.frame_content_size(open("head", "rb").read()))'
}
trailer_size() { tail -c 4 "$1" | od -An -t u4 --endian=little | tr -d ' '; }
size=$(stat -c %s layer.tar)
check "content of skopeo's zstd layer" "$(usr/bin/zstd -dqc "$(blob_of zstd)" | wc -c)" "$size"
check "size in the header of zstd's own file" "$(header_size layer.tar.zst)" "$size"
check "size in the header of skopeo's zstd layer" "$(header_size "$(blob_of zstd)")" -1
check "size at the end of skopeo's gzip layer" "$(trailer_size "$(blob_of gzip)")" "$size"
