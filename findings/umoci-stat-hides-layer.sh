#!/usr/bin/env bash
# `umoci stat` lists an image's layers by its history: a layer without an entry is not shown, nor its size.
#
# Versions:   umoci 0.4.7+ds-3+b7 (Debian 12).
# Guess:      A table of layers and sizes has a row for every layer of the manifest.
# Happens:    It has a row for every step of history. After `umoci repack --no-history` the image has two layers, and the table one.
# Matters:    The sum of the table is less than what is stored, here by the larger layer. History is a comment: only the manifest
#             says what an image weighs, and a tool must not pair the two lists before it has counted both.
# Documented: umoci warns on repacking that a layer without history confuses tools; that it is one of them is not said.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
debian() { # NAME=VERSION ...: unpacks Debian packages here, installs nothing
  apt-get download -qq "$@" 2>apt.log || { cat apt.log >&2; exit 2; }
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
debian umoci=0.4.7+ds-3+b7
umoci() { usr/bin/umoci "$@"; }
umoci --version
umoci init --layout layout
umoci new --image layout:0
repack() { # FROM TO FILE BYTES [OPTION]
  umoci unpack --rootless --image "layout:$1" bundle
  head -c "$4" /dev/urandom > "bundle/rootfs/$3"
  umoci repack ${5:-} --image "layout:$2" bundle > repack.log 2>&1
  rm -rf bundle
}
repack 0 1 small 1000
repack 1 2 large 500000 --no-history
blob() { cat "layout/blobs/sha256/${1#sha256:}"; }
blob "$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "2").digest' layout/index.json)" > manifest.json
umoci stat --image layout:2 | tee table
check "layers in the manifest" "$(jq '.layers | length' manifest.json)" 2
check "layers in the table" "$(grep -c '^sha256:' table)" 1
large=$(jq -r '.layers | max_by(.size) | .digest' manifest.json)
check "the larger layer in the table" "$(grep -c "$large" table || true)" 0
