#!/usr/bin/env bash
# moto's ECR makes up digests, takes the size of the configuration for the image's, and loses the image whose tag moved.
#
# Versions:   moto 5.2.5, boto3 1.44.8 (PyPI).
# Guess:      A stand-in for ECR keeps what is pushed: the digest is the SHA-256 of the manifest, imageSizeInBytes the bytes of its layers,
#             and an image whose tag moves to another stays without a tag.
# Happens:    The digest is another one, also in describe_images, though the manifest comes back byte for byte. The size is the
#             configuration's 1,000 bytes, whatever the layers are. The image that had the tag before is gone.
# Matters:    Tests of a registry's size, of untagged bytes and of clean-up pass on moto with figures that ECR never gives: nothing is
#             ever untagged, and a client that verifies digests refuses every manifest. Test against a real registry.
# Documented: No.
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
python_packages moto==5.2.5 boto3==1.44.8
cat > ecr.py <<'PYTHON'
import hashlib, json, boto3
from moto import mock_aws

def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()

def manifest(name):
    oci = "application/vnd.oci.image."
    return json.dumps({"schemaVersion": 2, "mediaType": oci + "manifest.v1+json",
        "config": {"mediaType": oci + "config.v1+json", "size": 1000, "digest": digest(b"config" + name)},
        "layers": [{"mediaType": oci + "layer.v1.tar+gzip", "size": 50_000_000, "digest": digest(b"layer" + name)}]})

@mock_aws
def main():
    ecr = boto3.client("ecr", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="a")
    ecr.create_repository(repositoryName="app")
    images = lambda: ecr.describe_images(repositoryName="app")["imageDetails"]
    first, second = manifest(b"1"), manifest(b"2")
    put = ecr.put_image(repositoryName="app", imageManifest=first, imageTag="latest")["image"]
    again = ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "latest"}])["images"][0]
    print("manifest unchanged", again["imageManifest"] == first)
    print("digest of the manifest", put["imageId"]["imageDigest"] == digest(first.encode()))
    print("the same digest in describe_images", images()[0]["imageDigest"] == put["imageId"]["imageDigest"])
    print("size", images()[0]["imageSizeInBytes"])
    ecr.put_image(repositoryName="app", imageManifest=second, imageTag="latest")
    print("images after the tag moved", len(images()))
    ecr.put_image(repositoryName="app", imageManifest=manifest(b"3"))
    print("images after a push without a tag", len(images()))

main()
PYTHON
venv/bin/python ecr.py > seen
seen() { sed -n "s/^$1 //p" seen; }
check "the manifest comes back unchanged" "$(seen 'manifest unchanged')" True
check "its digest is the SHA-256 of it" "$(seen 'digest of the manifest')" False
check "describe_images has that digest" "$(seen 'the same digest in describe_images')" True
check "size of an image with a layer of 50 MB" "$(seen size)" 1000
check "images after the tag moved" "$(seen 'images after the tag moved')" 1
check "images after a push without a tag" "$(seen 'images after a push without a tag')" 2
