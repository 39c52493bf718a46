#!/usr/bin/env bash
# Notifications report a full pull for a HEAD request, for a range of ten bytes, and for a 304 response.
#
# Versions:   docker-registry 2.8.2+ds1-1 (Debian 12).
# Guess:      A pull event tells of a pull: none for HEAD, none for 304, ten bytes for ten bytes. For manifests a 304 sends none.
# Happens:    Each of the three sends a pull event with the whole size of the blob. Only the method tells HEAD apart; nothing
#             tells the range or the 304 from a real download.
# Matters:    Transfer summed from notifications is an upper bound. podman reads zstd:chunked layers by ranges, caches
#             revalidate, crawlers use HEAD: each would be billed as whole layers.
# Documented: The page on notifications says a pull event is sent when a blob is pulled. HEAD, ranges and 304 are not named.
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
debian docker-registry=2.8.2+ds1-1
cat > listener.py <<'EOF'
import http.server, json, sys
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for event in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["events"]:
            with open("events", "a") as out:
                print(event["action"], event["request"]["method"], event["target"].get("size"), file=out)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Listener).serve_forever()
EOF
listener=$(free_port)
python3 listener.py "$listener" &
pids+=($!)
answers "http://127.0.0.1:$listener/"
port=$(free_port)
api=http://127.0.0.1:$port/v2
cat > config.yml <<EOF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/store}}
notifications: {endpoints: [{name: here, url: "http://127.0.0.1:$listener/", timeout: 1s, threshold: 5, backoff: 1s}]}
http: {addr: "127.0.0.1:$port"}
EOF
usr/bin/docker-registry serve config.yml > registry.log 2>&1 &
pids+=($!)
answers "$api/"
usr/bin/docker-registry --version
layer layer.tar.gz 20000
size=$(stat -c %s layer.tar.gz)
image=$(push_image app 1 layer.tar.gz)
blob=sha256:$(sha256sum < layer.tar.gz | cut -d' ' -f1)

after() { # COMMAND ...: the events that the command sends
  sleep 1; : > events
  "$@" > answer
  sleep 1; paste -sd, events
}
check "size of the layer" "$(after true)$size" "$size"
check "HEAD" "$(after curl -fsSI "$api/app/blobs/$blob")" "pull HEAD $size"
check "ten bytes" "$(after curl -fsS -r 0-9 "$api/app/blobs/$blob")" "pull GET $size"
check "bytes received" "$(stat -c %s answer)" 10
check "304 for the blob" "$(after curl -fsS -w '%{http_code}' -H "If-None-Match: \"$blob\"" "$api/app/blobs/$blob")" "pull GET $size"
check "status" "$(cat answer)" 304
check "304 for the manifest" "$(after curl -fsS -w '%{http_code}' -H "Accept: $image_type" -H "If-None-Match: \"$image\"" "$api/app/manifests/1")" ""
check "status" "$(cat answer)" 304
