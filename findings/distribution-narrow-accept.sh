#!/usr/bin/env bash
# One tag has two digests in Docker's registry, by what the client accepts; "q=0" counts as accepting.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      A tag names one manifest. A client that cannot read lists gets an error (404 or 406), and "q=0" refuses a type.
# Happens:    A client that accepts only images gets, under the tag of a list, the amd64 image with that image's digest and
#             200. With "LIST;q=0" in Accept, which refuses lists, the list comes.
# Matters:    Two tools, or two versions of one, report different digests and sizes for the same tag: one counts one
#             platform, the other all. A history of tags then shows moves that never happened.
# Documented: The choice of amd64 is in the specification of image manifests version 2; that HEAD's digest changes with it,
#             and that weights are ignored, is not.
set -euo pipefail
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
debian() { # NAME=VERSION ...: unpacks Debian packages here, installs nothing
  apt-get download -qq "$@" 2>apt.log || { cat apt.log >&2; exit 2; }
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { for _ in {1..100}; do curl -s -o /dev/null "$1" && return; sleep 0.1; done; echo "no answer from $1" >&2; exit 2; }
image_type=application/vnd.docker.distribution.manifest.v2+json
list_type=application/vnd.docker.distribution.manifest.list.v2+json
push_blob() { # REPOSITORY FILE: prints the digest
  local digest location
  digest=sha256:$(sha256sum < "$2" | cut -d' ' -f1)
  location=$(curl -fsS -X POST -D - -o reply "$api/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //p')
  curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" "$location&digest=$digest"
  echo "$digest"
}
push_manifest() { # REPOSITORY REFERENCE TYPE FILE: prints the digest
  curl -fsS -X PUT -H "Content-Type: $3" --data-binary "@$4" "$api/$1/manifests/$2"
  echo "sha256:$(sha256sum < "$4" | cut -d' ' -f1)"
}
push_image() { # REPOSITORY TAG LAYER.tar.gz [ARCHITECTURE]: a Docker image of one layer, left in image.json; prints the digest
  local config layer
  printf '{"architecture":"%s","os":"linux","config":{},"history":[{"created_by":"COPY"}],"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "${4:-amd64}" "$(gzip -dc "$3" | sha256sum | cut -d' ' -f1)" > config.json
  config=$(push_blob "$1" config.json)
  layer=$(push_blob "$1" "$3")
  printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":"%s"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":%d,"digest":"%s"}]}' \
    $image_type "$(stat -c %s config.json)" "$config" "$(stat -c %s "$3")" "$layer" > image.json
  push_manifest "$1" "$2" $image_type image.json
}
layer() { mkdir -p files; head -c "$2" /dev/urandom > files/content; tar -C files -cf - . | gzip -n > "$1"; } # FILE BYTES
list_of() { # DIGEST SIZE ARCHITECTURE ...: a Docker manifest list on standard output
  local entries=
  while [ $# -gt 0 ]; do
    entries+=${entries:+,}$(printf '{"mediaType":"%s","digest":"%s","size":%d,"platform":{"architecture":"%s","os":"linux"}}' $image_type "$1" "$2" "$3")
    shift 3
  done
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' $list_type "$entries"
}
debian docker-registry=2.8.2+ds1-1
port=$(free_port)
api=http://127.0.0.1:$port/v2
cat > config.yml <<EOF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/store}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"}
EOF
usr/bin/docker-registry serve config.yml > registry.log 2>&1 &
pids+=($!)
answers "$api/"
usr/bin/docker-registry --version
layer one.tar.gz 1000
amd=$(push_image app amd one.tar.gz amd64)
size=$(stat -c %s image.json)
arm=$(push_image app arm one.tar.gz arm64)
list_of "$arm" "$(stat -c %s image.json)" arm64 "$amd" "$size" amd64 > list.json
list=$(push_manifest app multi $list_type list.json)
echo "list $list"
echo "amd64 image $amd"

digest() { curl -fsSI -H "Accept: $1" "$api/app/manifests/multi" | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip'; }
check "digest of the tag, lists accepted" "$(digest "$list_type, $image_type")" "$list"
check "digest of the tag, images accepted" "$(digest "$image_type")" "$amd"
check "digest of the tag, lists refused by q=0" "$(digest "$list_type;q=0, $image_type")" "$list"
