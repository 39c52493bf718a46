#!/usr/bin/env bash
# HEAD of a blob makes a pull-through cache download and store all of it; its tag list names what it does not hold.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12), one instance as `proxy` of another.
# Guess:      HEAD reads. A cache lists what it has cached.
# Happens:    The tags are the upstream's, though nothing is stored and the catalogue is empty. HEAD of a manifest stores the
#             manifest. HEAD of a layer fetches and stores the whole layer, and only then is the repository in the catalogue.
# Matters:    A tool that asks a cache for sizes by HEAD fills its disk and causes the transfer that it wanted to measure; one
#             that multiplies tags by sizes counts bytes that are not stored.
# Documented: No. The page on mirrors says that content is stored when it is pulled.
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
layer layer.tar.gz 2000000
size=$(stat -c %s layer.tar.gz)
push_image app 1 layer.tar.gz > pushed
push_image app 2 layer.tar.gz > pushed
blob=sha256:$(sha256sum < layer.tar.gz | cut -d' ' -f1)

mirror=$(free_port)
cat > mirror.yml <<EOF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/mirror}}
proxy: {remoteurl: "http://127.0.0.1:$port"}
http: {addr: "127.0.0.1:$mirror"}
EOF
usr/bin/docker-registry serve mirror.yml > mirror.log 2>&1 &
pids+=($!)
cache=http://127.0.0.1:$mirror/v2
answers "$cache/"
stored() { sleep 1; find mirror -name data -path '*/blobs/*' -printf '%s\n' 2>/dev/null | sort -n | paste -sd' '; }
catalogue() { curl -fsS "$cache/_catalog" | jq -c .repositories; }

check "tags" "$(curl -fsS "$cache/app/tags/list" | jq -c '.tags | sort')" '["1","2"]'
check "files stored" "$(stored)" ""
check "catalogue" "$(catalogue)" "[]"
curl -fsSI -H "Accept: $image_type" "$cache/app/manifests/1" > headers
check "files stored after HEAD of a manifest" "$(stored)" "$(stat -c %s image.json)"
check "catalogue" "$(catalogue)" "[]"
curl -fsSI "$cache/app/blobs/$blob" > headers
check "files stored after HEAD of a layer" "$(stored)" "$(stat -c %s image.json) $size"
check "catalogue" "$(catalogue)" '["app"]'
