#!/usr/bin/env bash
# Python's and JavaScript's package URL libraries write one image as two strings, so joins by string find nothing.
#
# Versions:   packageurl-python 0.17.6 (PyPI), packageurl-js 2.0.1 (npm).
# Guess:      There is one canonical form, and from_string().to_string() of a canonical purl gives it back in either language.
# Happens:    In qualifiers Python writes "platform=linux/amd64" and "repository_url=ghcr.io/debian", JavaScript "linux%2Famd64" and
#             "ghcr.io%2Fdebian". BuildKit writes %2F in provenance. Each keeps its own form and changes the other's.
# Matters:    Bases from provenance are matched by purl: a base table written by one library and attestations read by the other share
#             no key. Compare the parsed parts.
# Documented: Neither README mentions the difference.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
npm_packages() { # NAME@VERSION ...: into node_modules of this folder
  echo '{"private": true}' > package.json
  npm install --silent --no-fund --no-audit "$@"
}
python_packages() { # NAME==VERSION ...: into a virtual environment of this folder
  python3 -m venv --without-pip venv
  python3 -m pip --python venv/bin/python install -q --disable-pip-version-check "$@"
}
python_packages packageurl-python==0.17.6
npm_packages packageurl-js@2.0.1
cat > rewrite.py <<'EOF'
import sys
from packageurl import PackageURL
print(PackageURL.from_string(sys.argv[1]).to_string())
EOF
cat > rewrite.cjs <<'EOF'
console.log(require("packageurl-js").PackageURL.fromString(process.argv[2]).toString());
EOF
for purl in 'pkg:docker/alpine@3.20?platform=linux%2Famd64' 'pkg:oci/debian@sha256:0a1b?repository_url=ghcr.io%2Fdebian'; do
  check "Python" "$(venv/bin/python rewrite.py "$purl")" "${purl/\%2F//}"
  check "JavaScript" "$(node rewrite.cjs "$purl")" "$purl"
  check "JavaScript, from Python's" "$(node rewrite.cjs "${purl/\%2F//}")" "$purl"
done
