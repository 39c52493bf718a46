#!/usr/bin/env bash
# FROM ${BASE:-debian:12} has the base image ":-debian:12}" in dockerfile-parse.
#
# Versions:   dockerfile-parse 2.0.1 (PyPI).
# Guess:      The form with a default, which the Dockerfile reference describes, is resolved; or an error says that it is not.
# Happens:    The name is replaced by nothing and the rest stays: ":-debian:12}". The forms $BASE and ${BASE} are resolved. A global ARG
#             that uses another one is not: "${PART}ian:12".
# Matters:    The value looks like a reference and lands in a table of bases. A name must be checked against the grammar of references
#             before it counts as one.
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
cat > parse.py <<'EOF'
import io
from dockerfile_parse import DockerfileParser
for text in (
    "ARG BASE=debian:12\nFROM $BASE\n",
    "ARG BASE=debian:12\nFROM ${BASE}\n",
    "FROM ${BASE:-debian:12}\n",
    "ARG PART=deb\nARG BASE=${PART}ian:12\nFROM $BASE\n",
):
    print(DockerfileParser(fileobj=io.BytesIO(text.encode())).baseimage)
EOF
venv/bin/python parse.py > seen
check "\$BASE" "$(sed -n 1p seen)" debian:12
check "\${BASE}" "$(sed -n 2p seen)" debian:12
check "\${BASE:-debian:12}" "$(sed -n 3p seen)" ':-debian:12}'
check "an ARG in an ARG" "$(sed -n 4p seen)" '${PART}ian:12'
