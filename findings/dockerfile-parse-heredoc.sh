#!/usr/bin/env bash
# A file written by COPY <<EOF is read as instructions by dockerfile-parse: a FROM in it becomes the base image.
#
# Versions:   dockerfile-parse 2.0.1 (PyPI).
# Guess:      The text of a here-document is the content of a file, as BuildKit has had it since 2021.
# Happens:    Its lines are instructions. A template that contains "FROM nothing:1" adds a stage; `baseimage`, the base of the last
#             stage, is "nothing:1". Shell lines become instructions called SET and EOF. No error.
# Matters:    A survey of base images from Dockerfiles reports an image that is not used, and misses the real base.
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
python_packages dockerfile-parse==2.0.1
cat > Dockerfile <<'EOF'
FROM debian:12
COPY <<END /templates/Dockerfile
FROM nothing:1
END
RUN <<END
set -e
apt-get update
END
EOF
cat > parse.py <<'EOF'
from dockerfile_parse import DockerfileParser
parser = DockerfileParser("Dockerfile")
print(parser.baseimage)
print(parser.is_multistage)
print(" ".join(step["instruction"] for step in parser.structure))
EOF
venv/bin/python parse.py > seen
check "base image" "$(sed -n 1p seen)" nothing:1
check "several stages" "$(sed -n 2p seen)" True
check "instructions" "$(sed -n 3p seen)" "FROM COPY FROM END RUN SET APT-GET END"
