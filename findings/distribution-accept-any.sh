#!/usr/bin/env bash
# For "Accept: */*" Docker's registry converts an image to a schema 1 manifest, and answers 404 for a list without amd64.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      "*/*", which curl and most HTTP libraries send, gets what is stored.
# Happens:    Only full media types are looked for. A Docker image is rewritten as a schema 1 manifest, with a digest that is
#             stored nowhere: asking for that digest is 404. It has no sizes. A list that
#             holds no amd64 image is 404 although the tag is listed.
# Matters:    A tool that forgets one header counts such a tag as gone, or sizes a document that does not exist.
# Documented: The specification lets a registry choose; the conversion is mentioned for old clients, not for "*/*".
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
layer layer.tar.gz 1000
stored=$(push_image app image layer.tar.gz)
arm=$(push_image app arm layer.tar.gz arm64)
list_of "$arm" "$(stat -c %s image.json)" arm64 > list.json
push_manifest app list $list_type list.json > pushed

get() { curl -sS -D headers -o body -w '%{http_code}' -H "Accept: $2" "$api/app/manifests/$1"; } # REFERENCE ACCEPT
header() { tr -d '\r' < headers | sed -n "s/^$1: //Ip"; }
check "the image, by its media type" "$(get image $image_type) $(header docker-content-digest)" "200 $stored"
check "the image, by */*" "$(get image '*/*') $(header content-type)" "200 application/vnd.docker.distribution.manifest.v1+prettyjws"
invented=$(header docker-content-digest)
echo "digest of the answer: $invented"
check "is it the stored one" "$([ "$invented" = "$stored" ] && echo yes || echo no)" no
check "sizes in it" "$(jq '[.. | objects | select(has("size"))] | length' body)" 0
check "the digest that the answer named" "$(get "$invented" '*/*')" 404
check "tags" "$(curl -fsS "$api/app/tags/list" | jq -c '.tags | sort')" '["arm","image","list"]'
check "the list, by its media type" "$(get list $list_type)" 200
check "the list, by */*" "$(get list '*/*') $(jq -r '.errors[0].code' body)" "404 MANIFEST_UNKNOWN"
