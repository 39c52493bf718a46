#!/usr/bin/env bash
# On S3 an upload that was broken off is billed, and neither a listing of the bucket nor garbage collection shows it.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12), moto 5.2.5 as S3, boto3 1.44.8 (PyPI).
# Guess:      What is stored is the sum of the objects in the bucket. A layer that was sent in part is an object under _uploads.
# Happens:    The part is in a multipart upload of S3, which is no object: three small files under _uploads are all that a listing has.
#             garbage-collect frees nothing of it.
# Matters:    S3 bills parts like objects. Every push that breaks off adds up to a layer, and the difference between the bucket's bill
#             and the sum of its objects has no other trace. It shows in ListMultipartUploads.
# Documented: By S3, for itself; not by the registry.
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
cat > bucket.py <<'PYTHON'
import sys, boto3
s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="a", aws_secret_access_key="a")
objects = s3.list_objects_v2(Bucket="bucket").get("Contents", [])
parts = sum(part["Size"] for upload in s3.list_multipart_uploads(Bucket="bucket").get("Uploads", [])
            for part in s3.list_parts(Bucket="bucket", Key=upload["Key"], UploadId=upload["UploadId"]).get("Parts", []))
print("small" if sum(entry["Size"] for entry in objects) < 2000 else "large", parts)
PYTHON
bucket() { venv/bin/python bucket.py "http://127.0.0.1:$s3_port"; }
printf '{}' > config.json
push_blob app config.json > config.digest
type=application/vnd.docker.distribution.manifest.v2+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"%s"},"layers":[]}' \
  $type "$(cat config.digest)" > image.json
curl -fsS -o reply -X PUT -H "Content-Type: $type" --data-binary @image.json "$api/app/manifests/1"
check "an image without layers: size of all objects, bytes in parts" "$(bucket)" "small 0"
head -c 20000000 /dev/urandom > part
location=$(curl -fsS -X POST -D - -o reply "$api/app/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //p')
curl -fsS -o reply -X PATCH -H 'Content-Type: application/octet-stream' --data-binary @part "$location"
check "after 20 MB of a layer" "$(bucket)" "small 20000000"
usr/bin/docker-registry garbage-collect --delete-untagged config.yml > collect.log 2>&1 || { cat collect.log >&2; exit 2; }
check "after garbage-collect" "$(bucket)" "small 20000000"
