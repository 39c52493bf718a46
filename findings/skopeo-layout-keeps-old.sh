#!/usr/bin/env bash
# Copying a new image over a tag of an OCI layout leaves the old image in it, untagged and whole.
#
# Versions:   skopeo 1.9.3+ds1-1+b10 (Debian 12).
# Guess:      `skopeo copy … oci:layout:latest` replaces "latest": the layout holds one image afterwards.
# Happens:    The old manifest stays in index.json without its name, and its configuration and layers stay in blobs/. No command of
#             skopeo removes them.
# Matters:    The size of a layout folder is not the size of its tags. Layouts that are pushed as a whole, cached in CI or served
#             as they are carry every image ever copied there: untagged bytes, which a tag sum does not see.
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
for version in old new; do # two images in the `dir` form, made by hand
  mkdir $version files
  head -c 100000 /dev/urandom > files/content
  tar -C files -cf - . | gzip -n > layer
  rm -r files
  layer=$(sha256sum < layer | cut -d' ' -f1)
  printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$(gzip -dc layer | sha256sum | cut -d' ' -f1)" > config
  config=$(sha256sum < config | cut -d' ' -f1)
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":%d,"digest":"sha256:%s"},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":%d,"digest":"sha256:%s"}]}' \
    "$(stat -c %s config)" "$config" "$(stat -c %s layer)" "$layer" > $version/manifest.json
  mv layer "$version/$layer"
  mv config "$version/$config"
  echo 'Directory Transport Version: 1.1' > $version/version
done
images() { jq -c '[.manifests[].annotations["org.opencontainers.image.ref.name"]]' layout/index.json; }
blobs() { find layout/blobs -type f -size +50k | wc -l; }

skopeo copy -q dir:old oci:layout:latest
check "names, layers after the first copy" "$(images) $(blobs)" '["latest"] 1'
skopeo copy -q dir:new oci:layout:latest
check "names, layers after the second copy" "$(images) $(blobs)" '[null,"latest"] 2'
