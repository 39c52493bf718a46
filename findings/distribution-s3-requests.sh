#!/usr/bin/env bash
# A registry on S3 makes four requests for each manifest that is asked for, one of them a listing, and 47 for a push.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12), moto 5.2.5 as S3 (PyPI).
# Guess:      HEAD of a tag reads the tag's link and the manifest; a push of an image with one layer writes some eight files.
# Happens:    HEAD and GET of a tag are three reads and a listing each, by digest one read less. HEAD of a layer is seven requests, four of
#             them listings, since S3 has no other way to ask for a folder. The push is 47 requests: 19 for each blob, 9 for the manifest.
# Matters:    S3 prices a listing like a write, about twelve times a read. Crawls of many tags, scanners and pulls by tag cost requests
#             that no sum of bytes shows; a digest that is known need not be asked for again.
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
answers() { for _ in {1..200}; do curl -s -o /dev/null "$1" && return; sleep 0.1; done; echo "no answer from $1" >&2; exit 2; }
push_blob() { # REPOSITORY FILE: prints the digest
  local digest location
  digest=sha256:$(sha256sum < "$2" | cut -d' ' -f1)
  location=$(curl -fsS -X POST -D - -o reply "$api/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //p')
  curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" "$location&digest=$digest"
  echo "$digest"
}
unset AWS_CA_BUNDLE # docker-registry takes no bundle from the environment
debian docker-registry=2.8.2+ds1-1
python_packages moto==5.2.5 flask==3.1.3 flask-cors==6.0.5 boto3==1.44.8
s3_port=$(free_port)
venv/bin/moto_server -H 127.0.0.1 -p "$s3_port" > s3.log 2>&1 &
pids+=($!)
answers "http://127.0.0.1:$s3_port/"
curl -fsS -o reply -X PUT "http://127.0.0.1:$s3_port/bucket"
port=$(free_port)
api=http://127.0.0.1:$port/v2
cat > config.yml <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  s3: {region: us-east-1, regionendpoint: "http://127.0.0.1:$s3_port", bucket: bucket, accesskey: a, secretkey: a, secure: false}
  delete: {enabled: true}
http: {addr: "127.0.0.1:$port"}
YAML
usr/bin/docker-registry serve config.yml > registry.log 2>&1 &
pids+=($!)
answers "$api/"
usr/bin/docker-registry --version
calls() { # COMMAND ...: the requests to S3 that it causes: all, listings
  local before
  sleep 1
  before=$(wc -l < s3.log)
  "$@" > reply
  sleep 1
  tail -n "+$((before + 1))" s3.log > calls.log
  echo "$(grep -c ' HTTP/1.1' calls.log) $(grep -cE '"GET /bucket\?[^ ]*(list-type|prefix)=' calls.log)"
}
head -c 1000000 /dev/urandom > layer
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' > config.json
type=application/vnd.docker.distribution.manifest.v2+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":"sha256:%s"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":%d,"digest":"sha256:%s"}]}' \
  $type "$(stat -c %s config.json)" "$(sha256sum < config.json | cut -d' ' -f1)" "$(stat -c %s layer)" "$(sha256sum < layer | cut -d' ' -f1)" > image.json
digest=sha256:$(sha256sum < image.json | cut -d' ' -f1)
check "push of a layer: requests, listings among them" "$(calls push_blob app layer)" "19 7"
check "push of a configuration" "$(calls push_blob app config.json)" "19 7"
check "push of the manifest" "$(calls curl -fsS -X PUT -H "Content-Type: $type" --data-binary @image.json "$api/app/manifests/1")" "9 3"
check "HEAD of the tag" "$(calls curl -fsS -I -H "Accept: $type" "$api/app/manifests/1")" "4 1"
check "GET of the tag" "$(calls curl -fsS -H "Accept: $type" "$api/app/manifests/1")" "4 1"
check "GET by digest" "$(calls curl -fsS -H "Accept: $type" "$api/app/manifests/$digest")" "3 1"
check "HEAD of the layer" "$(calls curl -fsS -I "$api/app/blobs/sha256:$(sha256sum < layer | cut -d' ' -f1)")" "7 4"
