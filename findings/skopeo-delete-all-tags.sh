#!/usr/bin/env bash
# `skopeo delete` of one tag deletes every tag of the same image.
#
# Versions:   skopeo 1.9.3+ds1-1+b10 against docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      The tag that was named goes; "1.0", which names the same image, stays. (The specification has a request for that.)
# Happens:    The tag is resolved to its digest and the digest is deleted: "latest" and "1.0" are gone as well. Nothing is said.
# Matters:    A clean-up planned by tags ("delete the old ones, keep the released ones") frees more than planned, and deletes
#             released images. Tags must be grouped by digest before anything is deleted.
# Documented: Yes, as a warning in the manual page of skopeo-delete, which blames the version; the command itself says nothing.
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
debian docker-registry=2.8.2+ds1-1 skopeo=1.9.3+ds1-1+b10 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5
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
export LD_LIBRARY_PATH=$work/usr/lib/$(uname -m)-linux-gnu
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > policy.json
# Not as root, since root's cache of known blobs is not in the home folder but in the machine's /var/lib/containers.
unprivileged=()
if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$work"; unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
skopeo() { "${unprivileged[@]}" env HOME="$work" "$work/usr/bin/skopeo" --policy "$work/policy.json" --tmpdir "$work" "$@"; }
skopeo --version
layer layer.tar.gz 1000
for tag in 1.0 latest nightly; do push_image app $tag layer.tar.gz > pushed; done
layer other.tar.gz 1000
push_image app other other.tar.gz > pushed

tags() { curl -fsS "$api/app/tags/list" | jq -r '.tags | sort | join(" ")'; }
check "tags before" "$(tags)" "1.0 latest nightly other"
skopeo delete --tls-verify=false "docker://127.0.0.1:$port/app:nightly"
check "tags after deleting nightly" "$(tags)" "other"
