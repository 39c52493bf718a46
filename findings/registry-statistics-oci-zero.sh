#!/usr/bin/env bash
# A tool for a registry's disk usage counts repositories of OCI images as 0 bytes, and none of their bytes as untagged.
#
# Versions:   docker-registry-statistics 0.1.0 (PyPI) on a store of docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      A reader of the registry's disk sees every image: an OCI manifest has the same fields as Docker's.
# Happens:    Only manifests whose `mediaType` is Docker's are images; OCI manifests and all lists are taken for configurations. A
#             repository pushed by podman or buildah has one tag and 0 B. The blobs appear only in the grand total.
# Matters:    Per-repository figures do not sum to the total and no line says why. A peer's figure is no reference before its sum
#             has been compared with the disk.
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
python_packages() { # NAME==VERSION ...: into a virtual environment of this folder
  python3 -m venv --without-pip venv
  python3 -m pip --python venv/bin/python install -q --disable-pip-version-check "$@"
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
python_packages docker-registry-statistics==0.1.0 'attrs==18.2.0'
layer docker.tar.gz 100000
push_image docker 1 docker.tar.gz > pushed
layer oci.tar.gz 300000
push_image oci docker oci.tar.gz > pushed
sed "s#$image_type#application/vnd.oci.image.manifest.v1+json#; s#vnd.docker.container.image.v1#vnd.oci.image.config.v1#; s#vnd.docker.image.rootfs.diff.tar.gzip#vnd.oci.image.layer.v1.tar+gzip#" image.json > oci.json
curl -fsS -X DELETE "$api/oci/manifests/sha256:$(sha256sum < image.json | cut -d' ' -f1)"
push_manifest oci 1 application/vnd.oci.image.manifest.v1+json oci.json > pushed
usr/bin/docker-registry garbage-collect config.yml > gc.log 2>&1

venv/bin/docker-registry-statistics store statistics 2>&1 | sed 's/^.*INFO //' > report
cat report
line() { sed -n "/Repository '$1'/,/Un-tagged/p" report | sed -n "s/^>> $2 images: //p"; }
check "tags of oci" "$(curl -fsS "$api/oci/tags/list" | jq -c .tags)" '["1"]'
check "oci, tagged" "$(line oci Tagged)" "Count: 1, Size: 0B"
check "docker, tagged" "$(line docker Tagged | sed 's/,.*//')" "Count: 1"
check "untagged in all" "$(sed -n 's/^>> Un-tagged images size: //p' report)" 0B
check "blobs on disk" "$(find store -name data -path '*/blobs/*' | wc -l)" 6
