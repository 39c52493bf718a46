#!/usr/bin/env bash
# After a collection, a running Docker registry says by HEAD that a deleted blob is there, and GET gives 200 and no bytes.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12), with the blob cache that Debian's config.yml switches on.
# Guess:      HEAD of a blob asks the storage: 404 once the file is gone.
# Happens:    The descriptor comes from the in-memory cache: HEAD is 200 with the full Content-Length, GET is 200 with the full
#             Content-Length and an empty body. Only a restart tells the truth.
# Matters:    HEAD of blobs is the usual cheap proof that bytes are stored. Here it is no proof until the server restarts, and a
#             push that trusts HEAD uploads nothing.
# Documented: The page on garbage collection asks for read-only mode or a stopped registry; what readers see otherwise is not said.
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
check "Debian's setting" "$(grep -A1 'cache:' etc/docker/registry/config.yml | tr -d ' ' | paste -sd' ')" "cache: blobdescriptor:inmemory"
port=$(free_port)
api=http://127.0.0.1:$port/v2
cat > config.yml <<EOF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {cache: {blobdescriptor: inmemory}, filesystem: {rootdirectory: $work/store}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"}
EOF
serve() { usr/bin/docker-registry serve config.yml > registry.log 2>&1 & pids=($!); answers "$api/"; }
serve
usr/bin/docker-registry --version
layer layer.tar.gz 50000
size=$(stat -c %s layer.tar.gz)
image=$(push_image app 1 layer.tar.gz)
blob=sha256:$(sha256sum < layer.tar.gz | cut -d' ' -f1)
curl -fsS -X DELETE "$api/app/manifests/$image"
usr/bin/docker-registry garbage-collect config.yml > gc.log 2>&1
check "files of the layer" "$(find store -path "*${blob#sha256:}/data" | wc -l)" 0

head() { curl -sSI "$api/app/blobs/$blob" | tr -d '\r' | awk '/^HTTP/ {s = $2} /^Content-Length/ {l = $2} END {print s, l}'; }
get() { curl -s -o body -w '%{http_code} %{size_download}' "$api/app/blobs/$blob" || true; }
check "HEAD: status, length" "$(head)" "200 $size"
check "GET:  status, bytes" "$(get)" "200 0"
kill "${pids[0]}"; wait "${pids[0]}" 2>/dev/null || true
serve
check "GET after a restart" "$(get | cut -d' ' -f1)" 404
