#!/usr/bin/env bash
# The clean-up policy file that gcloud documents is not what the client library of Artifact Registry reads.
#
# Versions:   google-cloud-artifact-registry 1.23.0 (PyPI).
# Guess:      The JSON of a policy is the JSON of the API's CleanupPolicy, so the library's type reads the file.
# Happens:    The file has `name`, an action {"type": "Delete"}, "tagged" and "30d"; the type has `id`, the action "DELETE", "TAGGED" and
#             "2592000s". Each of the four alone is a ParseError.
# Matters:    A saved policy comes in either form, by who saved it: from the file that was applied, or from the API. A reader must know
#             both, and what Tare writes for people to apply must be the file's form.
# Documented: Each form is, on its own page; the difference is not.
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
python_packages google-cloud-artifact-registry==1.23.0
cat > read.py <<'PYTHON'
import json
from google.cloud.artifactregistry_v1 import CleanupPolicy
from google.protobuf.json_format import ParseError

def read(**policy):
    try:
        CleanupPolicy.from_json(json.dumps(policy))
        return "read"
    except ParseError:
        return "ParseError"

old = {"tagState": "TAGGED", "tagPrefixes": ["alpha"], "olderThan": "2592000s"}
print("file", read(name="old", action={"type": "Delete"}, condition={"tagState": "tagged", "tagPrefixes": ["alpha"], "olderThan": "30d"}))
print("api", read(id="old", action="DELETE", condition=old))
print("name", read(name="old", action="DELETE", condition=old))
print("action", read(id="old", action={"type": "Delete"}, condition=old))
print("state", read(id="old", action="DELETE", condition={**old, "tagState": "tagged"}))
print("age", read(id="old", action="DELETE", condition={**old, "olderThan": "30d"}))
PYTHON
venv/bin/python read.py > seen
seen() { sed -n "s/^$1 //p" seen; }
check "the API's form" "$(seen api)" read
check "the file's form" "$(seen file)" ParseError
for part in name action state age; do check "only $part as in the file" "$(seen $part)" ParseError; done
