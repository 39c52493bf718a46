#!/usr/bin/env bash
# docker-registry-purger says that it deletes tags, ends well, and has deleted nothing.
#
# Versions:   docker-registry-purger 0.1.1, isodate 0.6.0 (PyPI), docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      "Deleting app:old" is followed by a deletion, or by an error.
# Happens:    The tag stays. The purger asks for manifests without naming a type, gets one of schema 1 that the registry makes up, and
#             deletes by its digest, which is stored nowhere: 404, which it does not look at. OCI images have no age for it; they are as
#             new as today for ever.
# Matters:    A clean-up that "ran" is no evidence that bytes were freed; what is stored before and after is. Forecasts with "retention
#             as it is" must come from what vanished, not from a policy.
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
debian() { # NAME=VERSION ...: unpacks Debian packages here, installs nothing
  apt-get download -qq "$@" 2>apt.log || { cat apt.log >&2; exit 2; }
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
python_packages() { # NAME==VERSION ...: into a virtual environment of this folder
  python3 -m venv --without-pip venv
  python3 -m pip --python venv/bin/python install -q --disable-pip-version-check "$@"
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
push_image() { # REPOSITORY TAG YEAR MANIFEST-TYPE CONFIG-TYPE LAYER-TYPE
  local config layer
  seq 1000 > text
  tar -cf - text | gzip -n > layer.tar.gz
  printf '{"architecture":"amd64","os":"linux","created":"%s-01-01T00:00:00Z","config":{},"history":[{"created":"%s-01-01T00:00:00Z","created_by":"COPY"}],"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$3" "$3" "$(gzip -dc layer.tar.gz | sha256sum | cut -d' ' -f1)" > config.json
  config=$(push_blob "$1" config.json)
  layer=$(push_blob "$1" layer.tar.gz)
  printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","size":%d,"digest":"%s"},"layers":[{"mediaType":"%s","size":%d,"digest":"%s"}]}' \
    "$4" "$5" "$(stat -c %s config.json)" "$config" "$6" "$(stat -c %s layer.tar.gz)" "$layer" > image.json
  curl -fsS -X PUT -H "Content-Type: $4" --data-binary @image.json "$api/$1/manifests/$2"
}
debian docker-registry=2.8.2+ds1-1
python_packages docker-registry-purger==0.1.1 isodate==0.6.0
port=$(free_port)
api=http://127.0.0.1:$port/v2
cat > config.yml <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/store}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"}
YAML
usr/bin/docker-registry serve config.yml > registry.log 2>&1 &
pids+=($!)
answers "$api/"
usr/bin/docker-registry --version
docker=application/vnd.docker
oci=application/vnd.oci.image
push_image docker old 2016 $docker.distribution.manifest.v2+json $docker.container.image.v1+json $docker.image.rootfs.diff.tar.gzip
push_image oci old 2016 $oci.manifest.v1+json $oci.config.v1+json $oci.layer.v1.tar+gzip
purge() { # [--dry-run]: its exit status, the tags that it says it deletes
  local status=0
  venv/bin/docker-registry-purger --min-kept 0 "$@" "http://127.0.0.1:$port" > purge.log 2>&1 || status=$?
  echo "$status $(grep -oE 'Deleting [a-z:]+' purge.log | cut -d' ' -f2 | paste -sd' ')"
}
tags() { for repository in docker oci; do curl -fsS "$api/$repository/tags/list" | jq -r '"\(.name):\(.tags[])"'; done | paste -sd' '; }
check "would be deleted" "$(purge --dry-run)" "0 docker:old"
check "is deleted, it says" "$(purge)" "0 docker:old"
check "tags afterwards" "$(tags)" "docker:old oci:old"
