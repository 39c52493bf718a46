#!/usr/bin/env bash
# deb-version-compare orders Debian versions otherwise than dpkg does, and contradicts itself.
#
# Versions:   deb-version-compare 1.2.1 (npm), dpkg of the machine.
# Guess:      It compares as Debian's policy says, so as dpkg does: epoch, version, revision; "~" before everything.
# Happens:    Epochs and "~" are right. A version without a revision is equal to the same one with any revision, except "-0", which is
#             equal by the policy and greater here. "1.00" is less than "1.0", and "1.0" is less than "1.00".
# Matters:    Native packages have no revision, and a security update often adds one. "Which is newer" and "is it the same" are asked
#             when the packages of two images are compared.
# Documented: No; the README says that it follows the policy.
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
npm_packages deb-version-compare@1.2.1
jq -r '"deb-version-compare \(.version)"' node_modules/deb-version-compare/package.json
cat > compare.mjs <<'JS'
import compare from "deb-version-compare";
const sign = Math.sign(compare(process.argv[2], process.argv[3]));
console.log({ "-1": "lt", 0: "eq", 1: "gt" }[sign]);
JS
dpkg_order() { for op in lt eq gt; do if dpkg --compare-versions "$1" $op "$2"; then echo $op; fi; done; }
both() { # A B: the library's order, then dpkg's
  echo "$(node compare.mjs "$1" "$2") $(dpkg_order "$1" "$2")"
}
check "1:0.9 and 2.0" "$(both 1:0.9 2.0)" "gt gt"
check "1.0~rc1 and 1.0" "$(both 1.0~rc1 1.0)" "lt lt"
check "2025a and 2025a-1" "$(both 2025a 2025a-1)" "eq lt"
check "1.0 and 1.0-1+deb12u3" "$(both 1.0 1.0-1+deb12u3)" "eq lt"
check "1.0-0 and 1.0" "$(both 1.0-0 1.0)" "gt eq"
check "1.00 and 1.0" "$(both 1.00 1.0)" "lt eq"
check "1.0 and 1.00" "$(both 1.0 1.00)" "lt eq"
