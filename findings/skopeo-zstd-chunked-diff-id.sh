#!/usr/bin/env bash
# `skopeo copy --dest-compress-format zstd:chunked` writes a layer whose content does not match the image's diff id.
#
# Versions:   skopeo 1.9.3+ds1-1+b10 (Debian 12), GNU tar's default padding.
# Guess:      Compression changes a layer's digest and size, and not its diff id: unpacked, it is the same tar.
# Happens:    The tar is taken apart and written anew without the zero blocks at its end. Of a layer made by GNU tar, which pads to
#             10 KiB, the result is shorter: its digest is not the diff id in the configuration, which is kept. Exit status 0.
# Matters:    Diff ids tie layers of different compression together and find bases. After such a copy they name a content that is
#             stored nowhere; a pull that verifies diff ids must fail.
# Documented: No.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
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
mkdir source files
seq 100000 > files/a
seq 200000 > files/b
tar -C files -cf layer . # as GNU tar does by default, padded to 10 KiB
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
name=$(skopeo inspect --raw oci:layout:1 | jq -r '.layers[0].digest')
zstd -dcq < "layout/blobs/sha256/${name#sha256:}" > unpacked
recorded=$(skopeo inspect --config oci:layout:1 | jq -r '.rootfs.diff_ids[0]')
echo "diff id in the configuration: $recorded"
echo "digest of the unpacked layer: sha256:$(sha256sum < unpacked | cut -d' ' -f1)"
check "the configuration has the source's diff id" "$([ "$recorded" = "sha256:$layer" ] && echo yes || echo no)" yes
check "the unpacked layer has it" "$([ "$recorded" = "sha256:$(sha256sum < unpacked | cut -d' ' -f1)" ] && echo yes || echo no)" no
echo "bytes before $size, after $(stat -c %s unpacked)"
check "it is the source less zeros at the end" "$(cmp -n "$(stat -c %s unpacked)" "source/$layer" unpacked && tail -c +$(($(stat -c %s unpacked) + 1)) "source/$layer" | tr -d '\0' | wc -c)" 0
