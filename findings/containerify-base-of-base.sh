#!/usr/bin/env bash
# An image built by containerify names the base of its base as its own, and a label given erases all inherited ones.
#
# Versions:   containerify 4.1.0 (npm) against docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      Annotations describe one manifest, so a child does not inherit them; labels are merged with the base's, as in every builder.
# Happens:    The manifest's annotations are copied: base.name, base.digest and version are those of the parent. Labels are inherited
#             if none is given, and replaced as a whole if one is.
# Matters:    base.name skips a generation: the bytes of the parent are taken for the child's own, and a switch is proposed for the
#             wrong image. The owner by label (team, cost centre) vanishes when a build adds any other label.
# Documented: No.
set -euo pipefail
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
npm_packages() { # NAME@VERSION ...: into node_modules of this folder
  echo '{"private": true}' > package.json
  npm install --silent --no-fund --no-audit "$@"
}
debian() { # NAME=VERSION ...: unpacks Debian packages here, installs nothing
  apt-get download -qq "$@" 2>apt.log || { cat apt.log >&2; exit 2; }
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { for _ in {1..100}; do curl -s -o /dev/null "$1" && return; sleep 0.1; done; echo "no answer from $1" >&2; exit 2; }
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
npm_packages containerify@4.1.0
jq -r '"containerify \(.version)"' node_modules/containerify/package.json
mkdir files
head -c 100000 /dev/urandom > files/os
tar -C files -cf - . | gzip -n > layer.tar.gz
printf '{"architecture":"amd64","os":"linux","config":{"Labels":{"team":"payments"}},"history":[{"created_by":"COPY"}],"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  "$(gzip -dc layer.tar.gz | sha256sum | cut -d' ' -f1)" > config.json
config=$(push_blob node config.json)
layer=$(push_blob node layer.tar.gz)
oci=application/vnd.oci.image
printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","size":%d,"digest":"%s"},"layers":[{"mediaType":"%s.layer.v1.tar+gzip","size":%d,"digest":"%s"}],"annotations":{"org.opencontainers.image.base.name":"debian:12","org.opencontainers.image.version":"22"}}' \
  $oci $oci "$(stat -c %s config.json)" "$config" $oci "$(stat -c %s layer.tar.gz)" "$layer" > manifest.json
push_manifest node 22 $oci.manifest.v1+json manifest.json > pushed

mkdir -p app/node_modules
echo '{"name":"app","version":"1.0.0","dependencies":{}}' > app/package.json
echo 'console.log(1)' > app/server.js
build() { # TAG [OPTION ...]: leaves child.json and child-config.json
  local tag=$1
  shift
  node_modules/.bin/containerify --fromRegistry "$api/" --toRegistry "$api/" --fromImage node:22 --toImage "app:$tag" --folder app/ --allowNoPushAuth "$@" > build.log
  curl -fsS -H "Accept: $oci.manifest.v1+json" "$api/app/manifests/$tag" > child.json
  curl -fsS "$api/app/blobs/$(jq -r .config.digest child.json)" > child-config.json
}
build 1
check "base.name of the child of node:22" "$(jq -r '.annotations["org.opencontainers.image.base.name"]' child.json)" debian:12
check "version of the child" "$(jq -r '.annotations["org.opencontainers.image.version"]' child.json)" 22
check "first layer is node's" "$(jq -r '.layers[0].digest' child.json)" "$layer"
check "labels, none given" "$(jq -c .config.Labels child-config.json)" '{"team":"payments"}'
build 2 --label stage=test
check "labels, stage=test given" "$(jq -c .config.Labels child-config.json)" '{"stage":"test"}'
