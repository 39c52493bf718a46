#!/usr/bin/env bash
# An alias of python-dxf is a Docker image whose configuration is its first file: adding up its parts counts that file twice.
#
# Versions:   python-dxf 12.1.1 (PyPI) against docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      A tool that keeps files in a registry writes an artifact: an empty configuration, a media type of its own.
# Happens:    The manifest is a Docker image by every media type. Its `config`, typed as a container's configuration, has the digest
#             of the first layer, so it is that file, of any content.
# Matters:    size(config) + sizes(layers) counts one blob twice: bytes must be summed by digest even within one manifest. And a
#             configuration that is no JSON is not a fault of the registry: nothing is broken, nothing is to be deleted.
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
python_packages python-dxf==12.1.1
venv/bin/python -c 'from importlib.metadata import version; print("python-dxf", version("python-dxf"))'
export DXF_HOST=127.0.0.1:$port DXF_INSECURE=1
seq 10000 > model.txt
size=$(stat -c %s model.txt)
digest=$(venv/bin/dxf push-blob files model.txt)
venv/bin/dxf set-alias files v1 "$digest" > alias.json
curl -fsS -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "$api/files/manifests/v1" | jq . > manifest.json
cat manifest.json
check "type of the configuration" "$(jq -r .config.mediaType manifest.json)" application/vnd.docker.container.image.v1+json
check "configuration and layer are one blob" "$(jq '.config.digest == .layers[0].digest' manifest.json)" true
check "sum of the parts, for a file of $size bytes" "$(jq '.config.size + .layers[0].size' manifest.json)" $((2 * size))
check "first bytes of the configuration" "$(curl -fsS "$api/files/blobs/$(jq -r .config.digest manifest.json)" | head -c 5 | paste -sd' ')" "1 2 3"
