#!/usr/bin/env bash
# The in-toto library refuses the statements that BuildKit writes, and makes whole numbers in them floating point.
#
# Versions:   in-toto-attestation 0.9.3, protobuf 7.36.2 (PyPI).
# Guess:      The bindings of the in-toto project read attestations as they are in registries, and give a predicate back as it was.
# Happens:    "https://in-toto.io/Statement/v0.1", which BuildKit writes, is "Wrong statement type"; only v1 validates. A predicate's
#             numbers become floating point: 10737418240 is written as 10737418240.0, and 9007199254740993 loses its last digit.
# Matters:    An SBOM or provenance attached to an image is such a statement. A reader by this library finds none, and one that writes it
#             again changes its digest. Read the JSON, accept both types.
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
python_packages in-toto-attestation==0.9.3 protobuf==7.36.2
cat > read.py <<'PYTHON'
import json, sys
from google.protobuf.json_format import MessageToDict, Parse
from in_toto_attestation.v1.statement import Statement
import in_toto_attestation.v1.statement_pb2 as statement_pb2

def statement(version):
    return json.dumps({"_type": "https://in-toto.io/Statement/" + version, "predicateType": "https://spdx.dev/Document",
        "subject": [{"name": "pkg:docker/app@1?platform=linux%2Famd64", "digest": {"sha256": "0" * 64}}],
        "predicate": {"spdxVersion": "SPDX-2.3", "bytes": 10737418240, "exact": 9007199254740993}})

def validate(version):
    try:
        Statement.copy_from_pb(Parse(statement(version), statement_pb2.Statement())).validate()
        return "valid"
    except ValueError as error:
        return error

print("v1", validate("v1"))
print("v0.1", validate("v0.1"))
predicate = MessageToDict(Parse(statement("v1"), statement_pb2.Statement()))["predicate"]
print("bytes", predicate["bytes"])
print("exact", int(predicate["exact"]))
PYTHON
venv/bin/python read.py > seen
seen() { sed -n "s/^$1 //p" seen; }
check "Statement/v1" "$(seen v1)" valid
check "Statement/v0.1" "$(seen 'v0\.1')" "Wrong statement type"
check "10737418240 in the predicate" "$(seen bytes)" 10737418240.0
check "9007199254740993 in the predicate" "$(seen exact)" 9007199254740992
