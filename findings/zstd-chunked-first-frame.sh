#!/usr/bin/env bash
# Python's zstandard unpacks the first of a zstd:chunked layer's frames and reports success.
#
# Versions:   skopeo 1.9.3+ds1-1+b10 (Debian 12) writes the layer, zstandard 0.25.0 (PyPI) reads it.
# Guess:      decompress() gives the whole content or an error; for gzip, members behind the first are read too.
# Happens:    A zstd:chunked layer has a frame for each file, so that clients can fetch parts. decompress() and decompressobj() stop
#             after the first frame: some hundred bytes of a tar of a megabyte, no error. A frame header even gives that size as
#             the content size. The stream reader reads all.
# Matters:    A diff id computed this way matches no configuration, and an uncompressed size is wrong by orders of magnitude: layers
#             seem unshared and tiny.
# Documented: zstandard's manual says that one frame is read; that layers have many is in another project's documents.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
debian skopeo=1.9.3+ds1-1+b10 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5
export LD_LIBRARY_PATH=$work/usr/lib/$(uname -m)-linux-gnu
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > policy.json
# Not as root, since root's cache of known blobs is not in the home folder but in the machine's /var/lib/containers.
unprivileged=()
if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$work"; unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
skopeo() { "${unprivileged[@]}" env HOME="$work" "$work/usr/bin/skopeo" --policy "$work/policy.json" --tmpdir "$work" "$@"; }
skopeo --version
python_packages zstandard==0.25.0
mkdir source files
seq 100000 > files/a
seq 200000 > files/b
tar -b 1 -C files -cf layer . # without padding, see skopeo-zstd-chunked-diff-id.sh
layer=$(sha256sum < layer | cut -d' ' -f1)
size=$(stat -c %s layer)
printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" > config
config=$(sha256sum < config | cut -d' ' -f1)
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":%d,"digest":"sha256:%s"},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":%d,"digest":"sha256:%s"}]}' \
  "$(stat -c %s config)" "$config" "$size" "$layer" > source/manifest.json
mv layer "source/$layer"
mv config "source/$config"
echo 'Directory Transport Version: 1.1' > source/version
skopeo copy -q --dest-compress-format zstd:chunked dir:source oci:layout:1
skopeo inspect --raw oci:layout:1 | jq -c '.layers[0]' > layer.json
cat layer.json
cat > read.py <<'EOF'
import hashlib, json, zstandard
name = json.load(open("layer.json"))["digest"].split(":")[1]
path = f"layout/blobs/sha256/{name}"
data = open(path, "rb").read()
whole = zstandard.ZstdDecompressor().stream_reader(open(path, "rb"), read_across_frames=True).read()
print(hashlib.sha256(whole).hexdigest())
for part in (zstandard.ZstdDecompressor().decompress(data), zstandard.ZstdDecompressor().decompressobj().decompress(data)):
    print(len(part))
print(zstandard.get_frame_parameters(data).content_size)
EOF
venv/bin/python read.py > seen
echo "plain tar: $size bytes"
check "diff id of all frames is right" "$([ "$(sed -n 1p seen)" = "$layer" ] && echo yes || echo no)" yes
first=$(sed -n 4p seen)
check "content size of the first frame is less than a hundredth" "$([ "$first" -lt $((size / 100)) ] && echo yes || echo no)" yes
check "bytes from decompress()" "$(sed -n 2p seen)" "$first"
check "bytes from decompressobj()" "$(sed -n 3p seen)" "$first"
