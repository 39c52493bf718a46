#!/usr/bin/env bash
# An image squashed by buildah names a base image but contains none of its layers, and its history omits the base's steps.
#
# Versions:   buildah 1.28.2+ds1-3+deb12u1+b3 (Debian 12).
# Guess:      --squash merges the new steps on top of the base. Or it merges everything, and removes the base annotations.
# Happens:    One layer with the base's files and the own ones. base.name and base.digest name the base, of which no layer is left;
#             the base's steps are gone from history, which begins with the first own step.
# Matters:    The annotation is no proof of sharing: this image stores its own copy of the base's bytes. A tool that subtracts the base
#             by the annotation counts them as shared; one that looks for them by layers finds an image without a base.
# Documented: The manual page says that all layers become one; of annotations it does not speak.
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
debian docker-registry=2.8.2+ds1-1 buildah=1.28.2+ds1-3+deb12u1+b3 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5
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
: > empty.conf
export CONTAINERS_CONF=$work/empty.conf
# buildah keeps a cache of known blobs outside its own folders: removed at the end if it was not there before.
[ -e /var/lib/containers ] || trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work" /var/lib/containers' EXIT
store() { usr/bin/buildah --root "$work/images" --runroot "$work/run" --storage-driver vfs --registries-conf "$work/empty.conf" "$@"; }
build() { # NAME DOCKERFILE [OPTION ...]: builds, pushes, and leaves manifest.json and config.json
  local name=127.0.0.1:$port/$1 file=$2
  shift 2
  store bud -q --isolation chroot --signature-policy policy.json --tls-verify=false "$@" -t "$name" -f "$file" context > built
  store push -q --signature-policy policy.json --tls-verify=false "$name"
  curl -fsS -D headers -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$api/${name#*/}/manifests/latest" > manifest.json
  digest=$(tr -d '\r' < headers | sed -n 's/^Docker-Content-Digest: //Ip')
  curl -fsS "$api/${name#*/}/blobs/$(jq -r .config.digest manifest.json)" > config.json
}
store --version
mkdir context
head -c 300000 /dev/urandom > context/os
head -c 200000 /dev/urandom > context/app
printf 'FROM scratch\nCOPY os /os\n' > base.dockerfile
printf 'FROM 127.0.0.1:%s/base\nENV A=1\nCOPY app /app\nLABEL team=a\nCMD ["/app"]\n' "$port" > child.dockerfile
build base base.dockerfile
base=$digest
base_layer=$(jq -r '.layers[0].digest' manifest.json)
base_size=$(jq -r '.layers[0].size' manifest.json)
build squashed child.dockerfile --squash
check "base.digest is the base" "$([ "$(jq -r '.annotations["org.opencontainers.image.base.digest"]' manifest.json)" = "$base" ] && echo yes || echo no)" yes
check "layers" "$(jq '.layers | length' manifest.json)" 1
check "layers of the base among them" "$(jq --arg layer "$base_layer" '[.layers[] | select(.digest == $layer)] | length' manifest.json)" 0
echo "base's layer $base_size bytes, the squashed one $(jq '.layers[0].size' manifest.json)"
check "larger than the base's layer" "$(jq --argjson base "$base_size" '.layers[0].size > $base' manifest.json)" true
check "first step of history" "$(jq -r '.history[0].created_by' config.json)" "/bin/sh -c #(nop) ENV A=1"
