#!/usr/bin/env bash
# univers, the version library of package URLs, refuses Alpine versions of snapshots.
#
# Versions:   univers 32.0.1 (PyPI).
# Guess:      AlpineLinuxVersion reads every version of an Alpine index.
# Happens:    "_alpha", "_rc" and "_p" are read; "_git" with a date, the suffix of packages built from a repository, and "_cvs" are an
#             InvalidVersion.
# Matters:    The gcc of Alpine 3.20 is 13.2.1_git20240309-r0, so any index of a release has such versions. A comparison of packages ends at
#             the first of them unless each version is tried alone.
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
python_packages univers==32.0.1
cat > compare.py <<'EOF'
from univers.versions import AlpineLinuxVersion, InvalidVersion
for text in ("1.2.3_rc1-r0", "1.2.3_p1-r0", "13.2.1_git20240309-r0", "1.2.3_cvs1-r0", "20240705-r0"):
    try:
        AlpineLinuxVersion(text)
        print(text, "read")
    except InvalidVersion:
        print(text, "InvalidVersion")
EOF
venv/bin/python compare.py | tee seen
check "versions refused" "$(sed -n 's/ InvalidVersion$//p' seen | paste -sd' ')" "13.2.1_git20240309-r0 1.2.3_cvs1-r0"
check "versions read" "$(sed -n 's/ read$//p' seen | paste -sd' ')" "1.2.3_rc1-r0 1.2.3_p1-r0 20240705-r0"
