#!/usr/bin/env bash
# A registry answers 404 to a page size, lists digests among the tags, and calls a repository that never was an empty one.
#
# Versions:   zuul-registry 1.3.0 (PyPI), filled by skopeo 1.9.3+ds1-1+b10 from docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      An unknown parameter is ignored. Tags are tags. 404 means that there is no such repository.
# Happens:    tags/list?n=100 is 404 where tags/list is 200. The child of an index, pushed by digest, is listed as a tag called
#             "sha256:…". A name that was never pushed has an empty list and 200. There is no catalogue.
# Matters:    The 404 must be tried again without `n` before a repository is called gone, names with a colon must be skipped
#             without a fault, and 200 is no proof that a repository exists.
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
list_of() { # DIGEST SIZE ARCHITECTURE ...: a Docker manifest list on standard output
  local entries=
  while [ $# -gt 0 ]; do
    entries+=${entries:+,}$(printf '{"mediaType":"%s","digest":"%s","size":%d,"platform":{"architecture":"%s","os":"linux"}}' $image_type "$1" "$2" "$3")
    shift 3
  done
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' $list_type "$entries"
}
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
python_packages zuul-registry==1.3.0
layer layer.tar.gz 1000
image=$(push_image app image layer.tar.gz)
list_of "$image" "$(stat -c %s image.json)" amd64 > list.json
push_manifest app multi $list_type list.json > pushed
zuul=$(free_port)
cat > zuul.yaml <<EOF
registry:
  address: 127.0.0.1
  port: $zuul
  public-url: http://127.0.0.1:$zuul
  secret: for-this-test-only
  users: [{name: tester, pass: tester, access: write}]
  storage: {driver: filesystem, root: $work/zuul}
EOF
venv/bin/zuul-registry -c zuul.yaml serve > zuul.log 2>&1 &
pids+=($!)
answers "http://127.0.0.1:$zuul/v2/"
skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false --dest-creds tester:tester "docker://127.0.0.1:$port/app:multi" "docker://127.0.0.1:$zuul/app:multi"
token=$(curl -fsS -u tester:tester "http://127.0.0.1:$zuul/auth/token?scope=repository:app:pull&account=tester" | jq -r .token)
get() { curl -sS -o body -w '%{http_code}' -H "Authorization: Bearer $token" "http://127.0.0.1:$zuul/v2/$1"; }
check "tags" "$(get app/tags/list) $(jq -c .tags body)" "200 [\"multi\",\"$image\"]"
check "tags with n=100" "$(get 'app/tags/list?n=100')" 404
check "tags with last=a" "$(get 'app/tags/list?last=a')" 404
check "tags of a name never pushed" "$(get nothing/tags/list) $(jq -c .tags body)" "200 []"
check "catalogue" "$(get _catalog)" 404
