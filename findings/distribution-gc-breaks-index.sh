#!/usr/bin/env bash
# `garbage-collect --delete-untagged` deletes the images of a tagged index and leaves the index.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      What a tagged index names is in use, so "untagged" means: reached by no tag.
# Happens:    Only manifests with a tag of their own are kept. The children of a tagged multi-platform image are removed
#             with their layers. The tag still answers 200 with the same digest; pulling any platform is 404.
# Matters:    The digest of a tag that did not move proves nothing about its children. A tool that skips known digests
#             keeps counting deleted bytes, and reports a tag as sound that cannot be pulled.
# Documented: No. The option's help says "manifests that are not currently referenced via tag".
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
layer layer.tar.gz 50000
child=$(push_image app tmp layer.tar.gz)
list_of "$child" "$(stat -c %s image.json)" amd64 > list.json
list=$(push_manifest app latest $list_type list.json)
# The child loses its own tag to another image, as a pushed multi-platform build leaves it.
layer other.tar.gz 10
push_image app tmp other.tar.gz > pushed

blob=sha256:$(sha256sum < layer.tar.gz | cut -d' ' -f1)
status() { curl -s -o /dev/null -w '%{http_code}' -H "Accept: $list_type, $image_type" "$api/app/$1"; }
digest() { curl -fsSI -H "Accept: $list_type" "$api/app/manifests/latest" | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip'; }
check "before: tag, child, layer" "$(status manifests/latest) $(status "manifests/$child") $(status "blobs/$blob")" "200 200 200"
usr/bin/docker-registry garbage-collect --delete-untagged config.yml > gc.log 2>&1
check "after:  tag, child, layer" "$(status manifests/latest) $(status "manifests/$child") $(status "blobs/$blob")" "200 404 404"
check "digest of the tag moved" "$([ "$(digest)" = "$list" ] && echo no || echo yes)" no
