#!/usr/bin/env bash
# With --layers, buildah's annotation of the base's digest names an image that no registry has.
#
# Versions:   buildah 1.28.2+ds1-3+deb12u1+b3 (Debian 12; `podman build` works this way by default).
# Guess:      org.opencontainers.image.base.digest is the digest of the image in FROM, as the specification defines it, and
#             base.name its name.
# Happens:    base.name is right. base.digest is that of the last intermediate image of the local cache. History names intermediate
#             images too, as comments "FROM <12 hex digits>", which look like references.
# Matters:    Matching by base.digest finds nothing; matching by the comments invents bases with hexadecimal names. Layers are
#             better evidence, and the annotation counts only if its digest is known.
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
annotation() { jq -r ".annotations[\"org.opencontainers.image.base.$1\"]" manifest.json; }
echo "base $base"
build plain child.dockerfile
check "without --layers, base.digest is the base" "$([ "$(annotation digest)" = "$base" ] && echo yes || echo no)" yes
build layers child.dockerfile --layers
check "with --layers, base.name" "$(annotation name)" "127.0.0.1:$port/base:latest"
echo "base.digest $(annotation digest)"
check "with --layers, base.digest is the base" "$([ "$(annotation digest)" = "$base" ] && echo yes || echo no)" no
check "that digest in the registry" "$(curl -s -o /dev/null -w '%{http_code}' "$api/base/manifests/$(annotation digest)")" 404
check "first layer is the base's" "$([ "$(jq -r '.layers[0].digest' manifest.json)" = "$(curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$api/base/manifests/latest" | jq -r '.layers[0].digest')" ] && echo yes || echo no)" yes
jq -r '.history[].comment // empty' config.json
check "comments with an intermediate image" "$(jq '[.history[].comment // empty | select(test("^FROM [0-9a-f]{12}$"))] | length' config.json)" 3
